"""The real server under eight writers: killed, stopped, frozen. What was acknowledged stands, the rest is done once."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlmodel import select

from tests import factories
from tests.databases import POSTGRESQL_ONLY
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import api_tokens, verification
from traceability.domain.actors import Role
from traceability.domain.api_tokens import TokenInput
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.ownership import EVERYTHING

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 8


class Server:
    """gunicorn with two workers over a database, in a process group of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environ = os.environ | {
            "TRACE_MODE": "demo",
            "DATABASE_URL": settings.database_url,
            "TRACE_DATA_DIR": str(settings.data_dir),
            "TRACE_KEY_DIR": str(settings.key_dir),
            "PORT": str(settings.port),
        }
        self.start()

    def start(self) -> float:
        """Starts it; the seconds until it takes writes."""
        command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{self.settings.port}"]
        command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        command += ["--log-level", "critical", "--no-control-socket", "--graceful-timeout", "20"]
        began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, start_new_session=True)
        while time.monotonic() - began < 120:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not come up")

    def signal(self, number: signal.Signals) -> None:
        """To every process of the server."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Takes the power from every process at once."""
        self.signal(signal.SIGKILL)
        self.process.wait(20)
        while self.is_listening():
            time.sleep(0.02)

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.settings.port)) == 0

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        wait: float = 30,
    ) -> tuple[int, dict[str, Any]]:
        """One request on a connection of its own. Raises `OSError` or `HTTPException` if the server goes away."""
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=wait)
        try:
            sent = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(
                method, path, json.dumps(body) if body is not None else None, sent | (headers or {})
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()


@dataclass
class Writers:
    """Eight programs that register batches, each under a key and a reference of its own."""

    server: Server
    secret: str
    body: dict[str, Any]
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    refused: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, reference: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": reference}
        return self.server.ask("POST", "/api/v1/batches", self.body | {"external_ref": reference}, headers)

    def run(self, name: str, until: int, during: Any) -> None:
        """Writes with all until so many were acknowledged, then calls `during`, and stops when that is over."""
        stop = threading.Event()

        def write(writer: int) -> None:
            number = 0
            while not stop.is_set():
                reference = f"{name}-{writer}-{number}"
                number += 1
                try:
                    status, said = self.send(reference)
                except (OSError, http.client.HTTPException, ValueError):
                    with self.lock:
                        self.unknown.add(reference)
                    time.sleep(0.05)
                    continue
                with self.lock:
                    if status == 201:
                        self.acknowledged[reference] = said
                    else:
                        self.unknown.add(reference)
                        self.refused.append((status, said))

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
        before = len(self.acknowledged)
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while len(self.acknowledged) < before + until and time.monotonic() - began < 60:
            time.sleep(0.01)
        try:
            during()
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def settle(self) -> None:
        """Sends again, under the same key, whatever had no answer. Died claims are taken over after their lease."""
        for reference in sorted(self.unknown):
            for _try in range(400):
                status, said = self.send(reference)
                if status == 201:
                    self.acknowledged[reference] = said
                    break
                assert status in (409, 503), said
                time.sleep(0.1)
            else:
                raise AssertionError(f"{reference} was never done")
        self.unknown.clear()


@pytest.fixture
def writers(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    owner = factories.producer(database)
    area, product = factories.area(database, owner), factories.product(database, owner)
    actor = factories.actor_of(database, factories.account(database, producer_id=owner.id, role=Role.MANAGER))
    with database.transaction(actor) as session:
        value = TokenInput(name="cân", scopes=list(api_tokens.SCOPES), days=5)
        _token, secret = api_tokens.issue(session, actor, value)
    day = (today() - timedelta(days=1)).isoformat()
    body = {"area_id": area.id, "product_id": product.id, "harvested_on": day, "kilograms": 1}
    server = Server(settings)
    yield Writers(server, secret, body)
    server.signal(signal.SIGCONT)
    server.kill()


def must_be_whole(writers: Writers, database: Database) -> None:
    """Every acknowledged write is there as it was answered, once, and the log verifies."""
    with database.reading(EVERYTHING) as session:
        found = session.exec(select(Batch.external_ref, Batch.id, Batch.lot)).all()
    by_reference = {reference: (batch_id, lot) for reference, batch_id, lot in found}
    assert len(by_reference) == len(found)
    for reference, said in writers.acknowledged.items():
        assert by_reference[reference] == (said["id"], said["lot"])
    assert by_reference.keys() == writers.acknowledged.keys()
    with database.one_state() as session:
        verification.verify(session, [])


def test_what_was_acknowledged_survives_a_kill_and_the_rest_is_done_once(
    writers: Writers, database: Database
) -> None:
    for turn in range(2):
        writers.run(f"kill{turn}", 20, writers.server.kill)
        writers.server.start()  # by itself, without a manual step
    writers.settle()
    must_be_whole(writers, database)


def test_a_server_that_is_stopped_answers_what_it_has_begun(writers: Writers, database: Database) -> None:
    def stop() -> None:
        writers.server.process.send_signal(signal.SIGTERM)
        writers.server.process.wait(40)

    writers.run("term", 20, stop)
    writers.server.start()
    assert [refused for refused in writers.refused if refused[0] != 503] == []
    writers.settle()
    must_be_whole(writers, database)


def test_a_server_that_was_frozen_goes_on(writers: Writers, database: Database) -> None:
    def freeze() -> None:
        writers.server.signal(signal.SIGSTOP)
        time.sleep(1.0)
        writers.server.signal(signal.SIGCONT)
        time.sleep(0.5)

    writers.run("freeze", 10, freeze)
    assert writers.refused == []
    writers.settle()
    must_be_whole(writers, database)


@POSTGRESQL_ONLY
def test_a_database_server_that_was_started_anew_is_found_again(writers: Writers, database: Database) -> None:
    """For this database what a restart is: every connection is cut, and for a second none is taken."""
    url = make_url(database.url).set(drivername="postgresql")
    name = url.database
    address = url.set(database="postgres").render_as_string(hide_password=False)

    def restart() -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
            connection.execute(cut, [name])
            time.sleep(1.0)
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
        was, end = len(writers.acknowledged), time.monotonic() + 20
        while len(writers.acknowledged) < was + 10 and time.monotonic() < end:
            time.sleep(0.01)
        assert len(writers.acknowledged) >= was + 10

    writers.run("restart", 20, restart)
    assert {status for status, _said in writers.refused} == {503}
    writers.settle()
    must_be_whole(writers, database)
