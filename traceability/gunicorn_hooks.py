"""What gunicorn calls in each worker: the thread that sends to webhooks begins with it, also before any request."""

from typing import Any

from traceability.courier import Courier


def post_worker_init(worker: Any) -> None:
    """The worker has the application and is about to serve."""
    app = worker.app.wsgi()
    Courier(app.extensions["database"], app.extensions["settings"]).start()
