"""The recall: how long opening one takes, and how soon every scan says so, on a generated province.

The province has 61 products, 5,000 batches and 2,000,000 stamps. Opening is measured on a fresh copy of it each time.
Scans go through the real server: the recall is opened by a click in the producer's panel, and each scan that is sent
after the answer to that click must already show it.
"""

import os
import random
import re
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import select

from bench import naive_recall, province
from bench.million import PASSWORD, Visitor, _signed_in
from bench.province import Province
from bench.runner import Contender, Row, benchmark, compare
from tests import factories
from tests.databases import TestDatabases, end_run, new_run_folder
from traceability import config
from traceability.db import Database
from traceability.domain import mock_recalls, recalls, records, stamp_codes
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.mock_recalls import MockInput
from traceability.domain.producers import Producer
from traceability.domain.recalls import RecallInput, RecallKind

BATCHES, STAMPS = 5_000, 2_000_000
CONNECTIONS = 8
SCANS = 4_000
_AGENT = "Mozilla/5.0 (Linux; Android 14) Mobile"


def open_one(database: Database, batch_id: str) -> float:
    """Seconds of the clock that opening takes, from the first lock to the end of the commit."""
    value = RecallInput(
        batch_id=batch_id,
        kind=RecallKind.COMPULSORY,
        reason="Dư lượng vượt ngưỡng",
        decision_no="12/QĐ-CCQLCL",
        decided_on=today(),
    )
    start = time.perf_counter()
    with database.transaction(SYSTEM) as session:
        recalls.open_recall(session, SYSTEM, value)
    return time.perf_counter() - start


def open_naively(database: Database, batch_id: str) -> float:
    """The same, batch by batch."""
    start = time.perf_counter()
    with database.transaction(SYSTEM) as session:
        naive_recall.open_recall(session, batch_id)
    return time.perf_counter() - start


def rehearse(database: Database, batch_id: str) -> float:
    """A mock recall: it measures what a recall would reach, and changes nothing."""
    start = time.perf_counter()
    with database.transaction(SYSTEM) as session:
        mock_recalls.run(session, SYSTEM, MockInput(batch_id=batch_id))
    return time.perf_counter() - start


@benchmark("graph")
def opening() -> Iterator[Row]:
    """Opening a recall of the hub of the province, beside a walk that goes batch by batch; SQLite and PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="bench-recall-"))
    run = new_run_folder()
    try:
        whole = Database(f"sqlite:///{folder / 'whole.db'}")
        whole.migrate()
        made = province.build(whole, batches=BATCHES, stamps=STAMPS)
        reached = len(made.below(made.hub_id))
        whole.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        whole.close()

        def on_sqlite(way: str) -> float:
            copy = folder / "copy.db"
            for name in ("", "-wal", "-shm"):
                Path(f"{copy}{name}").unlink(missing_ok=True)
            shutil.copyfile(folder / "whole.db", copy)
            database = Database(f"sqlite:///{copy}")
            took = {"ours": open_one, "naive": open_naively, "mock": rehearse}[way](database, made.hub_id)
            database.close()
            return took

        ours = Contender("recall", lambda: on_sqlite("ours"))
        naive = Contender("a walk batch by batch", lambda: on_sqlite("naive"))
        note = f"{reached} of {BATCHES} batches, their receivers, leaf and notices; SQLite, durable"
        yield Row.of("recall_open_seconds", "s", compare(ours, naive, rounds=5), note, reached=reached)
        mock, earnest = Contender("mock recall", lambda: on_sqlite("mock")), "opening it in earnest"
        told = compare(mock, Contender(earnest, lambda: on_sqlite("ours")), rounds=5)
        yield Row.of("mock_recall_seconds", "s", told, f"{reached} batches, figures kept", reached=reached)
        yield from _on_postgresql(run, reached)
    finally:
        end_run(run)
        shutil.rmtree(folder)


def _on_postgresql(run: Path, reached: int) -> Iterator[Row]:
    hub: list[str] = []

    def fill(url: str) -> None:
        database = Database(url)
        database.migrate()
        hub.append(province.build(database, batches=BATCHES, stamps=STAMPS).hub_id)
        database.close()

    servers = TestDatabases(run)
    servers.make_template("postgresql", "province", fill)

    def on_postgresql(way: str) -> float:
        with servers.fresh("postgresql", "province") as url:
            database = Database(url)
            took = (open_one if way == "ours" else open_naively)(database, hub[0])
            database.close()
            return took

    ours = Contender("recall", lambda: on_postgresql("ours"))
    naive = Contender("a walk batch by batch", lambda: on_postgresql("naive"))
    note = f"{reached} of {BATCHES} batches; PostgreSQL, which does not wait for the disk here"
    yield Row.of("recall_open_postgresql_seconds", "s", compare(ours, naive, rounds=3), note, reached=reached)


class Town:
    """The province behind a real server of two workers, with the manager of the hub's owner signed in."""

    def __init__(self, root: str, port: int, made: Province, manager: Visitor, database: Database) -> None:
        self.root, self.port, self.made, self.manager, self.database = root, port, made, manager, database
        self.below = made.below(made.hub_id)
        self.random = random.Random(7)

    def codes(self, of_recall: bool, number: int) -> list[str]:
        """Codes of stamps of reached batches, or of batches that have nothing to do with it."""
        assert self.made.key is not None
        batches = [one for one in self.made.stamps if (one in self.below) is of_recall]
        found = []
        for _ in range(number):
            first, last = self.made.stamps[self.random.choice(batches)]
            found.append(stamp_codes.mint(self.made.key, self.random.randint(first, last)))
        return found

    def click(self) -> tuple[str, float]:
        """Opens the recall in the panel; answers its number and how long the click took, sign-in left out."""
        path = f"/producer/recalls/new/{self.made.hub_id}"
        self.manager.get(path)
        start = time.perf_counter()
        page = self.manager.send(
            path, reason="Dư lượng vượt ngưỡng", public_text="Không dùng, mang trả nơi mua."
        )
        took = time.perf_counter() - start
        with self.database.reading(SYSTEM.scope) as session:
            return records.find(session, recalls.Recall, page.rsplit("/", 1)[1]).number, took


@contextmanager
def town(batches: int = BATCHES, stamps: int = STAMPS) -> Iterator[Town]:
    """A town in a temporary folder, served by gunicorn until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-recall-") as folder:
        environment = {"TRACE_DATA_DIR": folder, "PORT": str(port), "TRACE_MODE": "demo", "PYTHONPATH": "."}
        settings = config.load(environment)
        database = Database(settings.database_url)
        database.migrate()
        made = province.build(database, batches=batches, stamps=stamps, keyring=settings.keyring())
        with database.reading(SYSTEM.scope) as session:
            hub = records.find(session, Batch, made.hub_id)
            owner = session.exec(select(Producer).where(Producer.id == hub.producer_id)).one()
        manager = factories.account(database, owner, role=Role.MANAGER, password=PASSWORD)
        command = [sys.executable, "-m", "gunicorn", "bench.scan_server:app", "--bind", f"127.0.0.1:{port}"]
        command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
        command += ["--log-level", "error", "--no-control-socket", "--keep-alive", "30", "--timeout", "120"]
        server = subprocess.Popen(
            command, cwd=Path(__file__).resolve().parent.parent, env=os.environ | environment
        )
        try:
            visitor = _signed_in(settings.public_root, manager.username)
            yield Town(settings.public_root, port, made, visitor, database)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
            database.close()


def scan_all(port: int, codes: list[str]) -> list[tuple[float, bytes]]:
    """Scans each code once, over 8 connections; seconds and page of each."""
    waiting = list(reversed(codes))
    found: list[tuple[float, bytes]] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(min(CONNECTIONS, len(codes))):
            connection = socket.create_connection(("127.0.0.1", port))
            selector.register(connection, selectors.EVENT_READ, _sent(connection, waiting.pop()))
        while selector.get_map():
            for key, _events in selector.select(30):
                connection = key.fileobj  # type: ignore[assignment]
                key.data[1] += connection.recv(1 << 16)
                head, gap, body = key.data[1].partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                if not gap or length is None or len(body) < int(length[1]):
                    continue
                found.append((time.perf_counter() - key.data[0], body))
                if waiting:
                    key.data[:] = _sent(connection, waiting.pop())
                else:
                    selector.unregister(connection)
                    connection.close()
    return found


def _sent(connection: socket.socket, code: str) -> list[object]:
    asked = f"GET /s/{code} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {_AGENT}\r\nAccept: text/html\r\n\r\n"
    start = time.perf_counter()
    connection.sendall(asked.encode())
    return [start, b""]


@benchmark("graph")
def scans_after_the_click() -> Iterator[Row]:
    """Scans sent after the click: those of reached stamps show the recall, no others do; how long they take."""
    with town() as place:
        reached, others = place.codes(True, SCANS), place.codes(False, SCANS // 4)
        before = scan_all(place.port, reached[: SCANS // 2])
        number, clicked = place.click()
        after = scan_all(place.port, reached)
        shown = sum(number.encode() in page for _took, page in after)
        wrong = sum(number.encode() in page for _took, page in scan_all(place.port, others))
        if shown != len(after) or wrong:
            raise AssertionError(f"{shown} of {len(after)} reached stamps show the recall, {wrong} others do")
        p95 = [statistics.quantiles([took for took, _page in part], n=20)[18] for part in (after, before)]
        note = (
            f"{len(after)} reached stamps of {len(place.below)} batches all show it, of {len(others)} others none; "
            f"the click itself took {clicked:.2f} s; 2 workers, {CONNECTIONS} connections"
        )
        yield Row.single(
            "recall_scan_p95_seconds", "s", p95[0], p95[1], "the same pages before the click", note
        )
