"""How much of a flood of scans is answered, so that it takes nothing from the people who enter things.

Three bounds, each of one process. Nothing is looked at while scans come at an ordinary rate. Under pressure one network
(a /24 or /48: a telephone company puts thousands of phones behind one) has its share, which is far above what shoppers
do. All together have a cap. And what has to be made anew (a page that is not kept ready, a Digital Link) never takes
all threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from traceability import security_log
from traceability.security_log import Kind

#: Scans per second in one process: from here on networks are counted; what one of them may have; what all may have.
PRESSURE, SHARE, MOST = 150, 100, 1500
#: So many answers are made anew at once: the other threads stay free.
SLOW_AT_ONCE = 4
#: What a refused visitor is told to wait (seconds).
RETRY_AFTER = 3


class Load:
    """What came in lately. Kept in memory for a second at most; no whole address is kept."""

    def __init__(self) -> None:
        self.pressure, self.share, self.most = PRESSURE, SHARE, MOST
        self._second = -1
        self._number = 0
        self._networks: dict[str, int] = {}
        #: since the process began; a plain number may miss one in a race of threads, which no one will notice
        self.asked = 0
        self.turned_away = {429: 0, 503: 0}
        self._slow = threading.Semaphore(SLOW_AT_ONCE)

    def excess(self, environ: dict[str, Any]) -> int:
        """Counts a request. 0: it may go on; 429: its network has had its share; 503: all together have."""
        second = int(monotonic())
        if second != self._second:
            self._second, self._number, self._networks = second, 0, {}
        self._number += 1
        self.asked += 1
        if self._number <= self.pressure:
            return 0
        if self._number > self.most:
            return self._turn_away(503)
        network = _network(environ)
        count = self._networks[network] = self._networks.get(network, 0) + 1
        return self._turn_away(429) if count > self.share else 0

    def _turn_away(self, status: int) -> int:
        self.turned_away[status] += 1
        security_log.note_seldom(Kind.LIMIT, f"scans {status}", reason="scans")
        return status

    @contextmanager
    def slow_way(self) -> Iterator[bool]:
        """Room for an answer that has to be made; False when there is none."""
        free = self._slow.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._slow.release()


def _network(environ: dict[str, Any]) -> str:
    """The visitor's network, roughly: quicker than what enters a visitor's mark."""
    address: str = environ.get("REMOTE_ADDR", "")
    forwarded: str = environ.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and address.startswith(("127.", "::1")):
        address = forwarded.rpartition(",")[2].strip()
    if ":" in address:
        return ":".join(address.split(":", 3)[:3])
    return address.rpartition(".")[0]
