"""A million stamps over HTTP: from an empty form through gunicorn to the last byte of the file, codes included.

A clerk orders, a manager approves as the second person, the file is asked for and read to its end: the very requests of
a browser, on an installation of its own in a temporary folder.
"""

import html
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

from bench.runner import Contender, Row, benchmark, compare
from tests import factories
from traceability import config
from traceability.db import Database
from traceability.domain.actors import Role

MILLION = 1_000_000
PASSWORD = "bưởi năm roi bình minh"  # of this folder alone
_PIECE = 1 << 20
_ROUNDS = 3


class Visitor:
    """Somebody with a browser: cookies, and the token of the last form."""

    def __init__(self, root: str) -> None:
        self.root, self._page = root, ""
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        """Opens a page."""
        with self._opener.open(self.root + path, timeout=120) as answer:
            self._page = answer.read().decode()
        return self._page

    def send(self, path: str, **typed: str) -> str:
        """Sends a form of the last page, follows to the next page, and answers its address."""
        data = urllib.parse.urlencode(self._form(typed)).encode()
        with self._opener.open(self.root + path, data, timeout=300) as answer:
            self._page = answer.read().decode()
            return str(urllib.parse.urlsplit(answer.url).path)

    def fetch(self, path: str) -> int:
        """Sends a form whose answer is a file; reads the file to its end and answers its length in bytes."""
        data = urllib.parse.urlencode(self._form({})).encode()
        length = 0
        with self._opener.open(self.root + path, data, timeout=300) as answer:
            while piece := answer.read(_PIECE):
                length += len(piece)
        return length

    def _form(self, typed: dict[str, str]) -> dict[str, str]:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self._page)
        return typed | {"csrf_token": html.unescape(found[1]) if found else ""}


@dataclass
class Installation:
    """A running server with a batch that may have millions of stamps, and its two people."""

    root: str
    batch_id: str
    clerk: Visitor
    manager: Visitor

    def order(self) -> int:
        """A fresh order of a million stamps, approved and read to the last byte; answers the file's length."""
        self.clerk.get(f"/producer/stamp-orders/new?batch_id={self.batch_id}")
        page = self.clerk.send(
            f"/producer/stamp-orders/new?batch_id={self.batch_id}",
            batch_id=self.batch_id,
            quantity=str(MILLION),
            layout="a4-5x13-30x20",
            dpi="203",
            proof=PASSWORD,
        )
        self.manager.get(page)
        self.manager.send(page + "/approve")
        self.clerk.get(page)
        return self.clerk.fetch(page + "/download")


@contextmanager
def installation() -> Iterator[Installation]:
    """An installation in a temporary folder, served by gunicorn until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TRACE_DATA_DIR": folder, "PORT": str(port), "TRACE_MODE": "demo"}
        settings = config.load(environment)
        database = Database(settings.database_url)
        database.migrate()
        owner = factories.producer(database)
        batch = factories.release(database, factories.harvest(database, owner, 10_000_000))
        people = [
            factories.account(database, owner, role=role, password=PASSWORD)
            for role in (Role.CLERK, Role.MANAGER)
        ]
        database.close()
        server = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "wsgi:app",
                    "--bind",
                    f"127.0.0.1:{port}",
                    "--workers",
                    "1",
                ),
                *("--worker-class", "gthread", "--threads", "4", "--timeout", "300", "--log-level", "error"),
                "--no-control-socket",
            ],
            cwd=Path(__file__).resolve().parent.parent,
            env=os.environ | environment,
        )
        try:
            root = settings.public_root
            visitors = [_signed_in(root, person.username) for person in people]
            yield Installation(root, batch.id, *visitors)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _signed_in(root: str, username: str) -> Visitor:
    visitor = Visitor(root)
    for _ in range(100):
        try:
            visitor.get("/account/sign-in")
            break
        except OSError:
            time.sleep(0.2)
    visitor.send("/account/sign-in", username=username, password=PASSWORD)
    return visitor


@benchmark("labels")
def million_http() -> Iterator[Row]:
    """A million stamps over HTTP from a fresh order, beside a plain write of as many bytes to disk."""
    with installation() as place, tempfile.TemporaryDirectory() as folder:
        length, file, piece = 0, Path(folder) / "plain", bytes(_PIECE)

        def ours() -> float:
            nonlocal length
            start = time.perf_counter()
            length = place.order()
            return time.perf_counter() - start

        def plain() -> float:
            start = time.perf_counter()
            with file.open("wb") as written:
                for _ in range(length // _PIECE):
                    written.write(piece)
            return time.perf_counter() - start

        ours()  # also says how many bytes the base has to write
        base = Contender("a plain write of the same bytes", plain)
        found = compare(Contender("ours", ours), base, rounds=_ROUNDS, warm_up=False)
        note = f"{length / MILLION:.0f} bytes a stamp; two people, password, preparation and codes included"
        yield Row.of("million_http", "s", found, note=note)
