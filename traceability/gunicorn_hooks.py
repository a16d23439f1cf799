"""What gunicorn calls: in each worker the threads begin that send to webhooks, that prepare orders which were
left and that count for a monitor."""

import os
import shutil
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from traceability.courier import Courier
from traceability.metrics import SHARED
from traceability.metrics_port import MetricsPort
from traceability.unprepared import Preparer


def post_worker_init(worker: Any) -> None:
    """The worker has the application and is about to serve."""
    app = worker.app.wsgi()
    database, settings = app.extensions["database"], app.extensions["settings"]
    Courier(database, settings).start()
    Preparer(database, settings).start()
    MetricsPort(app).start()


def child_exit(_server: Any, worker: Any) -> None:
    """A worker has ended: what waited in it waits no more."""
    if SHARED in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """The server has ended: its counts end with it."""
    if SHARED in os.environ:
        shutil.rmtree(os.environ[SHARED], ignore_errors=True)
