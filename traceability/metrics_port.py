"""Where the numbers are read: an address of this machine only (`TRACE_METRICS_ADDRESS`), never the public one.

One of the workers listens; if it ends, another takes its place within seconds. The application itself has no page for
it, so no proxy in front of the application can give it away.
"""

import fcntl
import logging
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client import CONTENT_TYPE_LATEST

from traceability import metrics

_log = logging.getLogger(__name__)

#: Seconds between two beats.
BEAT = 5.0
_UNIX = "unix:"


class _Server(ThreadingHTTPServer):
    """Answers `/metrics` and nothing else."""

    daemon_threads = True
    text: Any = None


class _UnixServer(_Server):
    address_family = socket.AF_UNIX
    lock: Any = None

    def server_bind(self) -> None:
        """Takes the place of a socket file whose process has ended; a lock tells whether it has."""
        path = Path(str(self.server_address))
        self.lock = path.with_name(f".{path.name}.lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        self.socket.bind(str(path))
        path.chmod(0o660)
        self.server_name, self.server_port = "localhost", 0

    def server_close(self) -> None:
        super().server_close()
        if self.lock is not None:
            self.lock.close()


class _Answer(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        found = self.path.split("?", 1)[0] == "/metrics"
        body = self.server.text() if found else b"only /metrics is here\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST if found else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "-"

    def log_message(self, format: str, *args: Any) -> None:
        """Whoever scrapes is no news."""


class MetricsPort:
    """The port of one process: it beats, and listens unless another process does already."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._beat = metrics.Beat(app)
        self.address: str = app.extensions["settings"].metrics_address
        self.server: _Server | None = None

    def start(self) -> None:
        """Begins in a thread of its own, in each worker after the fork; nothing where no address is set."""
        if self.address:
            threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def listen(self) -> bool:
        """Listens from now on. False while another process does."""
        try:
            if self.address.startswith(_UNIX):
                server: _Server = _UnixServer(self.address.removeprefix(_UNIX), _Answer)  # type: ignore[arg-type]
            else:
                host, _, port = self.address.rpartition(":")
                kind = _SixServer if ":" in host else _Server
                server = kind((host.strip("[]"), int(port)), _Answer)
        except OSError:
            return False
        server.text = self._text
        self.server = server
        threading.Thread(target=server.serve_forever, name="metrics-port", daemon=True).start()
        return True

    def close(self) -> None:
        """Stops listening."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def _text(self) -> bytes:
        self._beat()
        return metrics.text_of(self._app)

    def _run(self) -> None:
        owner = os.getpid()
        while os.getpid() == owner:
            try:
                if self.server is None:
                    self.listen()
                self._beat()
            except Exception:
                _log.exception("the numbers could not be kept")
            time.sleep(BEAT)


class _SixServer(_Server):
    address_family = socket.AF_INET6
