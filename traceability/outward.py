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
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10.0
_MOST_ADDRESSES = 3
_MOST_READ = 4_096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Public by their number, yet answered by the machine's own host.
_HOSTS_OWN = frozenset({"168.63.129.16"})

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
    try:
        found: Any = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if found.version == 6:
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.ip_address(int(found) & 0xFFFF_FFFF)
        if found.teredo:
            return False
        found = inner or found
    return bool(found.is_global) and not found.is_multicast and str(found) not in _HOSTS_OWN


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

    `trouble` is one of name, address, connection, tls, timeout, answer.
    """
    began = time.monotonic()
    parts = urlsplit(address)
    host, secure = (parts.hostname or "").rstrip("."), parts.scheme == "https"
    status, trouble = None, ""
    try:
        port = parts.port or (443 if secure else 80)
        context = (trust or ssl.create_default_context()) if secure else None
        connection = _Pinned(host, port, _addresses(host, port, names, may_reach), context, seconds)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        status = connection.send_and_hear(target, body, headers)
    except _Trouble as why:
        trouble = str(why)
    return Answer(status, trouble, time.monotonic() - began)


def _addresses(host: str, port: int, names: Resolve, may_reach: Callable[[str], bool]) -> list[str]:
    try:
        found = names(host, port)
    except (OSError, UnicodeError):
        raise _Trouble("name") from None
    allowed = [address for address in found if may_reach(address)]
    if not allowed:
        raise _Trouble("address")
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
