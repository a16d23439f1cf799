"""Records scans beside the pages, so that reading never waits for writing.

A bounded queue and one thread per process, which writes what has come in as one transaction. When the database takes no
writes, or more comes than can be written, scans go uncounted and that is logged; the page a shopper sees stands. The
thread also forgets what may not be kept once a day is over.
"""

import atexit
import logging
import os
import queue
import threading
import time
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from traceability.db import Database
from traceability.domain import scans
from traceability.domain.actors import VISITOR
from traceability.domain.clock import local_day, today
from traceability.domain.scans import Sighting

_log = logging.getLogger(__name__)

MOST_WAITING = 10_000
_BATCH = 2000
#: How long scans gather before they are written (seconds); and how often the thread looks whether a day is over.
_GATHER = 0.5
_LOOK = 300.0


class ScanRecorder:
    """The queue of one application in one process. The thread starts with the first scan (and anew after a fork)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.Queue[Sighting] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._process: int | None = None
        self._forgotten: date | None = None

    def note(self, sighting: Sighting) -> None:
        """Takes a scan. Never waits and never fails."""
        self._start()
        try:
            self._queue.put_nowait(sighting)
        except queue.Full:
            _log.warning("a scan was not counted: %s are waiting already", MOST_WAITING)

    def drain(self, seconds: float = 10.0) -> bool:
        """Waits until everything taken so far is written (or given up); for the end of a process and for tests."""
        end = time.monotonic() + seconds
        while self._queue.unfinished_tasks:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _start(self) -> None:
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                atexit.register(self.drain, 2.0)
                threading.Thread(target=self._run, name="scans", daemon=True).start()

    def _run(self) -> None:
        while True:
            batch = self._gather()
            try:
                self._write(batch)
            except SQLAlchemyError as error:
                _log.error("%s scans were not counted: %s", len(batch), type(error).__name__)
            except Exception:
                _log.exception("%s scans were not counted", len(batch))
            finally:
                for _ in batch:
                    self._queue.task_done()

    def _gather(self) -> list[Sighting]:
        try:
            batch = [self._queue.get(timeout=_LOOK)]
        except queue.Empty:
            return []
        time.sleep(_GATHER)
        while len(batch) < _BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: list[Sighting]) -> None:
        day = today()
        late = any(local_day(seen.at) < day for seen in batch)
        over = late or day != self._forgotten
        if not batch and not over:
            return
        with self._database.transaction(VISITOR) as session:
            if batch:
                scans.record(session, batch)
            if over:
                scans.forget(session, day)
        self._forgotten = day
