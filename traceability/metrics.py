"""Numbers for whoever watches the machine: requests, scans, the log, the recorder. Nothing of who asked for what.

Every worker counts for itself; files in memory that all of them share (prometheus_client's multiprocess mode) join the
counts. What is counted for each scan is a plain number of its process, and only a beat every few seconds carries it
over: a scan waits for no lock.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from time import monotonic, time
from typing import Any

from flask import Flask, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from traceability import log_keeper
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import log_tree

#: Names the folder of the counts that the processes share; prometheus_client reads it when it is imported.
SHARED = "PROMETHEUS_MULTIPROC_DIR"
_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_REQUESTS = Counter("trace_requests", "Requests that the framework answered.", ("endpoint", "status"))
_SECONDS = Histogram("trace_request_seconds", "Time until an answer began.", ("audience",), buckets=_BOUNDS)
_ASKED = Counter("trace_scans_asked", "Requests for printed codes, forged ones too.")
_TURNED_AWAY = Counter("trace_scans_turned_away", "Scans refused because too many came.", ("status",))
_RECORDED = Counter("trace_scans_recorded", "Scans written down.")
_LOST = Counter("trace_scans_lost", "Scans that were not counted.")
_RETRIES = Counter("trace_scan_write_retries", "Writes of scans put off because the database took none.")
_WAITING = Gauge("trace_scans_waiting", "Scans that wait to be written.", multiprocess_mode="livesum")


class Beat:
    """Carries the plain numbers of this process over to the shared ones."""

    def __init__(self, app: Flask) -> None:
        self._gate = app.extensions["scan_gate"]
        self._carried: dict[Any, int] = {}

    def __call__(self) -> None:
        load, recorder = self._gate.load, self._gate.recorder
        self._carry(_ASKED, load.asked)
        for status, number in tuple(load.turned_away.items()):
            self._carry(_TURNED_AWAY.labels(status), number)
        self._carry(_RECORDED, recorder.recorded)
        self._carry(_LOST, recorder.lost)
        self._carry(_RETRIES, recorder.retries)
        _WAITING.set(recorder.waiting)

    def _carry(self, counter: Counter, number: int) -> None:
        fresh = number - self._carried.get(counter, 0)
        if fresh > 0:
            counter.inc(fresh)
            self._carried[counter] = number


class Installation(Collector):
    """What is asked of the database and the key folder when somebody looks, and not before."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def collect(self) -> Iterator[Metric]:
        size = self._log_size()
        yield _gauge("trace_database_up", "1: the database answers.", int(size is not None))
        if size is not None:
            yield _gauge("trace_log_leaves", "Leaves of the transparency log.", size)
        note = log_keeper.newest_known(self._settings.keyring())
        if note is not None:
            given_out_at = log_keeper.newest_known_at(self._settings.keyring())
            yield _gauge(
                "trace_checkpoint_leaves", "Leaves under the newest checkpoint.", int(note.split("\n")[1])
            )
            yield _gauge(
                "trace_checkpoint_age_seconds",
                "Age of the newest checkpoint.",
                max(0.0, time() - given_out_at),
            )
        free = shutil.disk_usage(self._settings.data_dir).free
        yield _gauge("trace_data_free_bytes", "Room left where the data folder lies.", free)

    def _log_size(self) -> int | None:
        try:
            with self._database.engine.connect() as connection:
                return log_tree.size(connection)
        except SQLAlchemyError:
            return None


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def text_of(app: Flask) -> bytes:
    """All numbers in the text form of Prometheus, of all processes that share the folder."""
    registry = CollectorRegistry()
    if os.environ.get(SHARED):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in (_REQUESTS, _SECONDS, _ASKED, _TURNED_AWAY, _RECORDED, _LOST, _RETRIES, _WAITING):
            registry.register(metric)
    registry.register(Installation(app.extensions["database"], app.extensions["settings"]))
    return generate_latest(registry)


def share() -> None:
    """Names an empty folder, in memory where there is room for it, for the counts of the server about to start."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    os.environ[SHARED] = tempfile.mkdtemp(prefix="trace-numbers-", dir=memory)


def _begin() -> None:
    g.counted_from = monotonic()


def _count(response: Response) -> Response:
    _REQUESTS.labels(request.endpoint or "none", f"{response.status_code // 100}xx").inc()
    if "counted_from" in g:
        _SECONDS.labels(request.blueprint or "none").observe(monotonic() - g.counted_from)
    return response


def init_app(app: Flask) -> None:
    """Counts requests, where somebody is to look at the counts."""
    if app.extensions["settings"].metrics_address:
        app.before_request(_begin)
        app.after_request(_count)
