"""The real server in processes of its own, and eight programs that write to it: for tests that take its power away."""

import base64
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories
from tests.rolls import Mint
from traceability import log_keeper, serving
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import api_tokens, idempotency, merkle, verification
from traceability.domain.actors import Role
from traceability.domain.api_tokens import TokenInput
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.idempotency import RepeatedRequest
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamps import RangeState, SerialCounter, StampActivation, StampOrder, StampRange

ROOT = Path(__file__).resolve().parents[1]
WRITERS = 8
LAYOUT = "a4-5x13-30x20"
#: so many stamps are ordered, or activated, by one write
FEW = 3
_PRINTED = 900

BATCH, ORDER, ACTIVATION = "/api/v1/batches", "/api/v1/stamp-orders", "/api/v1/stamps/activate"


class Server:
    """The server as `serve` starts it, over a database that is there, in a process group of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environ = os.environ | {
            "TRACE_MODE": "demo",
            "DATABASE_URL": settings.database_url,
            "TRACE_DATA_DIR": str(settings.data_dir),
            "TRACE_KEY_DIR": str(settings.key_dir),
            "PORT": str(settings.port),
        }
        self.first_start = self.start()

    def start(self) -> float:
        """Starts it; the seconds until it takes writes."""
        command = [*serving.command(self.settings), "--log-level", "critical"]
        began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, start_new_session=True)
        while time.monotonic() - began < 120:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not come up")

    def start_again(self) -> None:
        """Starts it after a crash: by itself, without a manual step, and within half a minute (on a machine that is
        so busy that every start is slow: within three times the first one's)."""
        assert self.start() <= max(30, 3 * self.first_start)

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
        """One request on a connection of its own: status, and what the answer says; `Retry-After` beside it.

        Raises `OSError` or `HTTPException` if the server goes away.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=wait)
        try:
            sent = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(
                method, path, json.dumps(body) if body is not None else None, sent | (headers or {})
            )
            answer = connection.getresponse()
            said: dict[str, Any] = json.loads(answer.read() or b"{}")
            return answer.status, said | {"Retry-After": answer.headers.get("Retry-After")}
        finally:
            connection.close()

    def text(self, path: str) -> str:
        """What a page says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.settings.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())


@dataclass
class Writers:
    """Eight programs that in turn register a batch, order stamps and activate some, each write under a key of its own.

    Batches and orders carry their key as reference too. The stamps to be activated were printed before.
    """

    server: Server
    database: Database
    secret: str
    #: the body of a batch, the body of an order
    batch: dict[str, Any]
    order: dict[str, Any]
    printed: StampOrder
    #: first and last code of each run that is left to activate, with its first serial
    runs: Iterator[tuple[int, dict[str, str]]]
    #: what was asked under each key: the path, the body, and of an activation the first serial
    asked: dict[str, tuple[str, dict[str, Any], int | None]] = field(default_factory=dict)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    refused: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, key: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": key}
        path, body, _serial = self.asked[key]
        return self.server.ask("POST", path, body, headers)

    def _think_of(self, key: str, turn: int) -> None:
        """What is to be asked under a key."""
        with self.lock:
            run = next(self.runs, None) if turn % 3 == 2 else None
        if run is not None:
            self.asked[key] = (ACTIVATION, run[1], run[0])
        elif turn % 3 == 1:
            self.asked[key] = (ORDER, self.order | {"external_ref": key}, None)
        else:
            self.asked[key] = (BATCH, self.batch | {"external_ref": key}, None)

    def run(self, name: str, until: int, during: Callable[[], None]) -> None:
        """Writes with all until so many were acknowledged, then calls `during`, and stops when that is over."""
        stop = threading.Event()

        def write(writer: int) -> None:
            for number in itertools.count():
                if stop.is_set():
                    return
                key = f"{name}-{writer}-{number}"
                self._think_of(key, writer + number)
                self._try(key, stop)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
        self.checkpoints.append(self.server.text("/log/checkpoint"))
        before = len(self.acknowledged)
        for thread in threads:
            thread.start()
        try:
            self.wait_for(before + until)
            during()
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _try(self, key: str, stop: threading.Event) -> None:
        """One write, once somebody listens; what became of it is written down."""
        try:
            while True:
                try:
                    status, said = self.send(key)
                    break
                except ConnectionRefusedError:
                    if stop.wait(0.05):
                        raise
        except (OSError, http.client.HTTPException, ValueError):
            with self.lock:
                self.unknown.add(key)
            return
        refused = False
        with self.lock:
            if status == 201:
                self.acknowledged[key] = said
            else:
                self.unknown.add(key)
                self.refused.append((status, said))
                refused = True
        if refused:
            stop.wait(0.5)

    def wait_for(self, acknowledged: int) -> None:
        """Until so many writes were acknowledged."""
        end = time.monotonic() + 60
        while len(self.acknowledged) < acknowledged:
            assert time.monotonic() < end, f"{len(self.acknowledged)} of {acknowledged}; {self.refused[:3]}"
            time.sleep(0.01)

    def settle(self) -> None:
        """Sends again, under the same key, whatever had no answer. The claims of those who died are over by then."""
        with self.database.engine.connect().execution_options(write=True) as connection:
            died = sa.update(RepeatedRequest).where(col(RepeatedRequest.status).is_(None))
            connection.execute(died.values(at=now() - idempotency.LEASE))
            connection.commit()
        for key in sorted(self.unknown):
            for _try in range(100):
                status, said = self.send(key)
                if status == 201:
                    self.acknowledged[key] = said
                    break
                assert status in (409, 503), said
                time.sleep(0.1)
            else:
                raise AssertionError(f"{key} was never done")
        self.unknown.clear()

    def must_be_whole(self) -> None:
        """Settled: every write is there as it was answered and once, the log verifies and continues what it was."""
        assert self.acknowledged.keys() == self.asked.keys()
        assert len({said["log_index"] for said in self.acknowledged.values()}) == len(self.acknowledged)
        of_path = Counter(path for path, _body, _serial in self.asked.values())
        assert of_path.keys() == {BATCH, ORDER, ACTIVATION}, "a kind of write was not among them"
        with self.database.reading(EVERYTHING) as session:
            self._must_be_once(BATCH, session.exec(select(Batch.external_ref, Batch.id)).all())
            self._must_be_once(ORDER, session.exec(select(StampOrder.external_ref, StampOrder.id)).all())
            assert all(order.ready_at and order.code_root for order in session.exec(select(StampOrder)).all())
            begun = Counter(session.exec(select(StampActivation.first_serial)).all())
        asked = [serial for path, _body, serial in self.asked.values() if path == ACTIVATION]
        assert begun == Counter(asked)
        for key, said in self.acknowledged.items():
            assert self.asked[key][0] != ACTIVATION or said["activated"] == FEW
        nothing_is_half_done(self.database)
        with self.database.one_state() as session:
            verification.verify(session, [])
        self.checkpoints.append(self.server.text("/log/checkpoint"))
        self._must_continue()

    def _must_be_once(self, path: str, found: Any) -> None:
        of_key = {key: row_id for key, row_id in found if key is not None}
        assert len(of_key) == len([key for key, _row_id in found if key is not None])
        asked = [key for key, (asked_of, _body, _serial) in self.asked.items() if asked_of == path]
        assert of_key == {key: self.acknowledged[key]["id"] for key in asked}

    def _must_continue(self) -> None:
        """Each checkpoint that was given out is the beginning of every later one, by the log's own proof."""
        keys = self.server.text("/log/key").split()
        seen = [log_keeper.read(note, keys) for note in self.checkpoints]
        for old, new in itertools.combinations(seen, 2):
            path = f"/log/proof/consistency?from={old.size}&to={new.size}"
            proof = [base64.b64decode(node) for node in self.server.ask("GET", path)[1]["proof"]]
            assert merkle.extends(old.size, new.size, old.root, new.root, proof), path


def nothing_is_half_done(database: Database) -> None:
    """Each order has its stamps, all of them and its own; each activation let all of its run speak."""
    with database.reading(EVERYTHING) as session:
        orders = session.exec(select(StampOrder).order_by(col(StampOrder.first_serial))).all()
        runs = session.exec(select(StampRange).order_by(col(StampRange.first_serial))).all()
        begun = session.exec(select(StampActivation)).all()
        counter = session.exec(select(SerialCounter)).one()
    end = 0
    for order in orders:
        assert order.first_serial >= end, "a serial was issued twice"
        end = order.first_serial + order.quantity
        place = order.first_serial
        for run in runs:
            if run.order_id == order.id:
                assert run.first_serial == place, "stamps of an order are missing"
                place = run.last_serial + 1
        assert place == end, "stamps of an order are missing"
    assert counter.next_serial >= end
    speaking = sorted((run.first_serial, run.last_serial) for run in runs if run.state is RangeState.ACTIVE)
    assert speaking == sorted((done.first_serial, done.last_serial) for done in begun)


def _printed(database: Database, settings: Settings, owner: Producer) -> tuple[StampOrder, Any]:
    """An order that was printed, and its runs to activate."""
    mint = Mint(database, settings.keyring(), settings.public_root)
    order = mint.downloaded(mint.batch(14_000, owner), _PRINTED)
    first = order.first_serial
    runs = (
        (first + n, {"first_code": mint.code(order, n), "last_code": mint.code(order, n + FEW - 1)})
        for n in range(0, _PRINTED, FEW)
    )
    return order, runs


@contextmanager
def eight_writers(settings: Settings, database: Database) -> Iterator[Writers]:
    """A producer with stamps that were printed, a token, and the server."""
    owner = factories.producer(database)
    printed, runs = _printed(database, settings, owner)
    area, product = factories.area(database, owner), factories.product(database, owner)
    actor = factories.actor_of(database, factories.account(database, producer_id=owner.id, role=Role.MANAGER))
    with database.transaction(actor) as session:
        value = TokenInput(name="cân", scopes=list(api_tokens.SCOPES), days=5)
        _token, secret = api_tokens.issue(session, actor, value)
    day = (today() - timedelta(days=1)).isoformat()
    batch = {"area_id": area.id, "product_id": product.id, "harvested_on": day, "kilograms": 1}
    order = {"batch_id": printed.batch_id, "quantity": FEW, "layout": LAYOUT}
    server = Server(settings)
    try:
        yield Writers(server, database, secret, batch, order, printed, runs)
    finally:
        server.signal(signal.SIGCONT)
        server.kill()
