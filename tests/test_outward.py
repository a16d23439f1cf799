"""Requests to addresses that others chose: nothing of our own is reached, and nobody can hold us up."""

import datetime
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from traceability import outward


def anywhere(_address: str) -> bool:
    return True


def _request(visitor: socket.socket) -> bytes:
    """All of a request: closing before it is read would reset the connection."""
    visitor.settimeout(5)
    read = b""
    while True:
        head, gap, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if gap and len(body) >= int(length[1] if length else 0):
            return read
        more = visitor.recv(65536)
        if not more:
            return read
        read += more


class Receiver:
    """A server for one kind of answer; it notes what it was sent."""

    def __init__(self, answer: bytes, *, trickle: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.trickle, self.tls = answer, trickle, tls
        self.asked: list[bytes] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                visitor, _where = self.door.accept()
                if self.tls is not None:
                    visitor = self.tls.wrap_socket(visitor, server_side=True)
                with visitor:
                    self.asked.append(_request(visitor))
                    for byte in self.answer if self.trickle else [self.answer]:
                        visitor.sendall(bytes([byte]) if isinstance(byte, int) else byte)
                        if self.trickle and self.over.wait(0.05):
                            break
            except OSError:
                continue

    def close(self) -> None:
        self.over.set()
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        self.thread.join(5)


@pytest.fixture
def receivers() -> Iterator[Any]:
    made: list[Receiver] = []

    def make(answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n", **how: Any) -> Receiver:
        made.append(Receiver(answer, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "", "khong-co", "1.2.3",
        "fec0::1", "::127.0.0.1", "::1.1.1.1", "::ffff:0:127.0.0.1", "::ffff:0:1.1.1.1", "64:ff9b:1::1", "192.88.99.1",
        "5f00::1", "3fff::1", "2002:c058:6301::",
    ],
)  # fmt: skip
def test_addresses_of_machines_networks_and_clouds_are_not_public(address: str) -> None:
    assert not outward.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "203.113.131.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert outward.is_public(address)


def test_a_name_that_leads_inside_is_not_asked(receivers: Any) -> None:
    inside = receivers()
    address = f"http://ban-do.example:{inside.port}/"
    answer = outward.post(address, b"{}", {}, names=lambda _host, _port: ["127.0.0.1"])
    assert (answer.status, answer.trouble) == (None, "address")
    literal = outward.post(f"http://127.0.0.1:{inside.port}/", b"{}", {})
    assert literal.trouble == "address"
    assert inside.asked == []


def test_what_was_judged_is_what_is_asked(receivers: Any) -> None:
    """The name is resolved once: a second answer that leads inside (DNS rebinding) is never asked for."""
    good, names = receivers(), []

    def resolve(host: str, _port: int) -> list[str]:
        names.append(host)
        return ["10.0.0.1", "127.0.0.1"]

    allowed = {"127.0.0.1"}
    address = f"http://ban-do.example:{good.port}/nhan?a=1"
    answer = outward.post(address, b'{"a":1}', {"X-A": "1"}, names=resolve, may_reach=allowed.__contains__)
    assert (answer.status, answer.trouble, names) == (204, "", ["ban-do.example"])
    head, _, body = good.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /nhan?a=1 HTTP/1.1\r\n")
    assert f"Host: ban-do.example:{good.port}".encode() in head
    assert body == b'{"a":1}'


def test_a_redirect_is_an_answer_and_is_not_followed(receivers: Any) -> None:
    inside = receivers()
    there = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 0\r\n\r\n"
    answer = outward.post(
        f"http://127.0.0.1:{receivers(there.encode()).port}/", b"{}", {}, may_reach=anywhere
    )
    assert answer.status == 302
    assert inside.asked == []


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 400, b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 400]
)
def test_an_answer_that_trickles_does_not_hold_us_up(receivers: Any, answer: bytes) -> None:
    began = time.monotonic()
    address = f"http://127.0.0.1:{receivers(answer, trickle=True).port}/"
    heard = outward.post(address, b"{}", {}, may_reach=anywhere, seconds=0.4)
    assert heard.trouble == "timeout"
    assert time.monotonic() - began < 3


def test_a_name_that_is_slow_to_be_found_does_not_hold_us_up(receivers: Any) -> None:
    over, good = threading.Event(), receivers()

    def resolve(_host: str, _port: int) -> list[str]:
        over.wait(10)
        return ["127.0.0.1"]

    began = time.monotonic()
    address = f"http://cham.example:{good.port}/"
    heard = outward.post(address, b"{}", {}, names=resolve, may_reach=anywhere, seconds=0.2)
    assert (heard.status, heard.trouble) == (None, "timeout")
    assert time.monotonic() - began < 3
    over.set()
    assert good.asked == []


def test_the_time_for_the_name_is_taken_from_the_time_for_the_answer(receivers: Any) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    trickling = receivers(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 400, trickle=True)
    address = f"http://cham.example:{trickling.port}/"
    heard = outward.post(address, b"{}", {}, names=resolve, may_reach=anywhere, seconds=0.6)
    assert heard.trouble == "timeout"
    assert heard.seconds < 0.85


@pytest.mark.parametrize(
    "answer", [b"xin chao\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A" * 70_000]
)
def test_what_is_no_answer_is_told(receivers: Any, answer: bytes) -> None:
    heard = outward.post(
        f"http://127.0.0.1:{receivers(answer).port}/", b"{}", {}, may_reach=anywhere, seconds=3
    )
    assert (heard.status, heard.trouble in ("answer", "connection")) == (None, True)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    assert outward.post(f"http://127.0.0.1:{port}/", b"", {}, may_reach=anywhere).trouble == "connection"

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert outward.post("https://khong-co.example/", b"", {}, names=unknown).trouble == "name"


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows and what a client trusts, for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - datetime.timedelta(days=1))
        .not_valid_after(moment + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + public)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=public.decode())


def test_over_tls_the_name_is_checked_though_an_address_is_asked(receivers: Any, tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "nhan-tin.example")
    port = receivers(tls=server).port
    ask = {"names": lambda _host, _port: ["127.0.0.1"], "may_reach": anywhere}
    right = outward.post(f"https://nhan-tin.example:{port}/", b"{}", {}, trust=trust, **ask)
    assert right.status == 204
    assert outward.post(f"https://ke-khac.example:{port}/", b"{}", {}, trust=trust, **ask).trouble == "tls"
    assert outward.post(f"https://nhan-tin.example:{port}/", b"{}", {}, **ask).trouble == "tls"
