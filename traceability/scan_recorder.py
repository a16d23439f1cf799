"""Records scans beside the pages, so that reading never waits for writing.

A bounded queue and one thread per process, which writes what has come in as one transaction. While the database takes
no writes the scans wait and are tried again, at growing intervals; only when the queue is full are scans lost, and how
many stands in `lost` (and in the answer of `/healthz`). The page a shopper sees stands in any case. The thread also
forgets what may not be kept once a day is over.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from traceability import visitors
from traceability.db import Database
from traceability.domain import scans
from traceability.domain.actors import VISITOR
from traceability.domain.clock import local_day, today
from traceability.domain.scans import Sighting, Verdict

_log = logging.getLogger(__name__)

MOST_WAITING = 20_000
#: Rows of one transaction: few, because building them keeps the pages of this process waiting.
_BATCH = 500
#: How long scans gather before they are written (seconds); and how often the thread looks whether a day is over.
_GATHER = 0.5
_LOOK = 300.0
#: After a refused write: the first wait and the longest (seconds).
_AGAIN, _LONGEST = 0.5, 30.0
#: Between two lines of the log about lost scans (seconds).
_SAY = 60.0


class Glimpse(NamedTuple):
    """A scan as the page notes it: nothing is worked out while somebody waits. `at`: seconds since 1970."""

    verdict: Verdict
    batch_id: str
    epoch: int
    serial: int
    at: float
    remote: str
    forwarded: str
    agent: str
    language: str


class ScanRecorder:
    """The queue of one application in one process. The thread starts with the first scan (and anew after a fork).

    `lost` counts the scans that were not counted because the queue was full, or because the database refused them for
    what they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Glimpse] = deque()
        #: what was taken from the queue and is not written yet
        self._held: list[Sighting] = []
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._process: int | None = None
        self._forgotten: date | None = None
        self._said_at = -_SAY
        #: whether the last write was put off
        self._refused = False
        self.lost = 0
        #: how many were written, and how often a write was put off
        self.recorded = 0
        self.retries = 0

    @property
    def waiting(self) -> int:
        """How many scans wait to be written."""
        return len(self._waiting) + len(self._held)

    def note(self, glimpse: Glimpse) -> None:
        """Takes a scan. Never waits and never fails."""
        if self._process != os.getpid():
            self._start()
        if len(self._waiting) >= MOST_WAITING:
            self._lose(1, f"{MOST_WAITING} are waiting already")
            return
        self._waiting.append(glimpse)
        if not self._woken.is_set():
            self._woken.set()

    def drain(self, seconds: float = 10.0) -> bool:
        """Waits until everything taken so far is written (or given up); for the end of a process and for tests."""
        end = time.monotonic() + seconds
        while self._waiting or self._held:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._held = []  # a fork's parent writes its own
                self._process = os.getpid()
                atexit.register(self._end)
                threading.Thread(target=self._run, name="scans", daemon=True).start()

    def _end(self) -> None:
        if not self._refused:  # a database that takes nothing will not begin to now
            self.drain(2.0)

    def _run(self) -> None:
        pause = _AGAIN
        while True:
            if not self._held and not self._waiting:
                self._woken.wait(_LOOK)
            if len(self._waiting) < _BATCH:
                time.sleep(_GATHER)  # so that what comes together is written together
            self._woken.clear()
            self._gather()
            try:
                self._write(self._held)
            except (OperationalError, InterfaceError, TimeoutError) as error:  # its own state, not the rows
                if not self._refused:
                    _log.warning("scans wait until the database takes writes: %s", type(error).__name__)
                self._refused = True
                self.retries += 1
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST)
                continue
            except Exception:
                _log.exception("scans were refused")
                self._lose(len(self._held), "refused")
            else:
                self.recorded += len(self._held)
            self._held, self._refused, pause = [], False, _AGAIN

    def _gather(self) -> None:
        """Takes what waits, up to a batch. From here on nobody's whole address is held."""
        held, waiting = self._held, self._waiting
        minutes: dict[int, datetime] = {}
        while waiting and len(held) < _BATCH:
            seen = waiting[0]
            minute = int(seen.at) // 60
            if minute not in minutes:
                minutes[minute] = datetime.fromtimestamp(minute * 60, UTC)
            sighting = Sighting(
                epoch=seen.epoch,
                serial=seen.serial,
                batch_id=seen.batch_id,
                at=minutes[minute],
                verdict=seen.verdict,
                network=visitors.network(seen.remote, seen.forwarded),
                agent=visitors.agent(seen.agent),
                device=visitors.device(seen.agent),
                language=seen.language,
            )
            held.append(sighting)  # before it leaves the queue: `drain` must see it in one of them
            waiting.popleft()

    def _write(self, batch: list[Sighting]) -> None:
        day = today()
        late = any(local_day(moment) < day for moment in {seen.at for seen in batch})
        over = late or day != self._forgotten
        if not batch and not over:
            return
        with self._database.transaction(VISITOR) as session:
            if batch:
                scans.record(session, batch)
            if over:
                scans.forget(session, day)
        self._forgotten = day

    def _lose(self, number: int, why: str) -> None:
        self.lost += number
        moment = time.monotonic()
        if moment - self._said_at >= _SAY:
            self._said_at = moment
            _log.error("scans were not counted: %s so far (%s)", self.lost, why)
