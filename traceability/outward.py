"""Requests to addresses that others chose: they reach public addresses and nothing of our own.

A name is resolved once, each address it has is judged, and the connection is made to an address that passed, so that
what was judged is what is asked. No redirect is followed, the whole takes a bounded time, and little of the answer is
read.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 10.0
_MOST_ADDRESSES = 3
_MOST_READ = 4_096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Global by their number to some version of Python's list, yet leading inside (site-local, IPv4 in old wrappings that a
#: kernel or a router may unwrap: compatible, translated, local NAT64, the 6to4 relay) or to nobody (documentation,
#: SRv6).
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "fec0::/10", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "192.88.99.0/24", "5f00::/16", "3fff::/20",
    )
)  # fmt: skip
#: Public by their number, yet answered by the machine's own host.
_HOSTS_OWN = frozenset({"168.63.129.16"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Answer:
    """What came back: the status, or `trouble` (a code) when nothing did."""

    status: int | None
    trouble: str
    seconds: float


class _Trouble(Exception):
    """Why nothing came back; a code."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not of this machine, a private network or a cloud's inside."""
    found = unwrapped(address)
    if found is None or (found.version == 6 and found.teredo):
        return False
    if any(found in network for network in _NOT_PUBLIC if network.version == found.version):
        return False
    return found.is_global and not found.is_multicast and str(found) not in _HOSTS_OWN


def unwrapped(address: str) -> Address | None:
    """An IP address without its zone, or the IPv4 address that a mapped, 6to4 or NAT64 one means. None: no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if found.version == 4:
        return found
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.ipv4_mapped or found.sixtofour or found


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def post(
    address: str,
    body: bytes,
    headers: dict[str, str],
    *,
    may_reach: Callable[[str], bool] = is_public,
    names: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Sends a body to an https (or http) address. Never raises for what the other side does.

    `seconds` is for the whole: asking for the name's addresses (and `may_reach`), connecting, sending, hearing.
    `trouble` is one of name, address, connection, tls, timeout, answer.
    """
    began = time.monotonic()
    parts = urlsplit(address)
    host, secure = (parts.hostname or "").rstrip("."), parts.scheme == "https"
    status, trouble = None, ""
    try:
        port = parts.port or (443 if secure else 80)
        context = (trust or ssl.create_default_context()) if secure else None
        addresses = _addresses(host, port, names, may_reach, seconds)
        left = max(0.01, seconds - (time.monotonic() - began))
        connection = _Pinned(host, port, addresses, context, left)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        status = connection.send_and_hear(target, body, headers)
    except _Trouble as why:
        trouble = str(why)
    return Answer(status, trouble, time.monotonic() - began)


def _addresses(
    host: str, port: int, names: Resolve, may_reach: Callable[[str], bool], seconds: float
) -> list[str]:
    """The addresses that may be asked. The system's resolver knows no deadline, so a thread asks it and may be left."""
    allowed: list[str] = []
    troubles: list[str] = []

    def ask() -> None:
        try:
            allowed.extend(address for address in names(host, port) if may_reach(address))
            if not allowed:
                troubles.append("address")
        except (OSError, UnicodeError):
            troubles.append("name")

    thread = threading.Thread(target=ask, name="names", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise _Trouble("timeout")
    if troubles or not allowed:
        raise _Trouble(troubles[0] if troubles else "name")
    return allowed[:_MOST_ADDRESSES]


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the addresses that were judged, under the name that was asked for."""

    def __init__(
        self, host: str, port: int, addresses: list[str], context: ssl.SSLContext | None, seconds: float
    ) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = 443 if context else 80  # what is left out of the Host header
        self._addresses, self._context, self._seconds = addresses, context, seconds
        self._is_late = False

    def connect(self) -> None:
        """To the first address that answers."""
        trouble: OSError = OSError("no address")
        for address in self._addresses:
            try:
                self.sock = socket.create_connection(
                    (address, self.port), self._seconds / len(self._addresses)
                )
                break
            except OSError as refused:
                trouble = refused
        else:
            raise trouble
        if self._is_late:
            raise TimeoutError
        self.sock.settimeout(self._seconds)
        if self._context is not None:
            self.sock = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def send_and_hear(self, target: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer. Raises `_Trouble`. A timer ends what trickles: socket timeouts start anew."""
        timer = threading.Timer(self._seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            self.request("POST", target, body, headers)
            answer = self.getresponse()
            answer.read(_MOST_READ)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as wrong:
            raise _Trouble(self._word(wrong)) from None
        finally:
            timer.cancel()
            self.close()
        if self._is_late:
            raise _Trouble("timeout")
        return answer.status

    def _word(self, wrong: Exception) -> str:
        if self._is_late or isinstance(wrong, TimeoutError):
            return "timeout"
        if isinstance(wrong, ssl.SSLError):
            return "tls"
        if isinstance(wrong, http.client.HTTPException) and not isinstance(wrong, OSError):
            return "answer"
        return "connection" if isinstance(wrong, OSError) else "answer"

    def _end(self) -> None:
        self._is_late = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    self.sock, socket.SHUT_RDWR
                )  # past TLS, whose own would confuse the reader
