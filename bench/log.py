"""What a leaf and a proof cost as the log grows, and how long checking a whole log takes.

append_growth     one fact appended, ours and base the same program: a log of 10^6 leaves against one of 10^3
proof_growth      an audit path and a consistency proof, the same two logs
verify_seconds    verify-log over 10^5 producers, each one fact; base: only hashing the same leaves into a tree
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from bench.runner import Contender, Row, benchmark, compare
from traceability.db import Database
from traceability.domain import ledger, log_tree, merkle, verification
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.producers import LegalForm, Producer

_SMALL, _LARGE = 10**3, 10**6
_APPENDED = 60
_PROVEN = 200
_VERIFIED = 100_000


def _log(path: Path, size: int) -> Database:
    """A database whose log has so many leaves (of nothing), with its tree."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    leaf, moment = SQLModel.metadata.tables["log_leaf"], now()
    with database.engine.connect().execution_options(write=True) as connection:
        for start in range(0, size, 50_000):
            hashes = [secrets.token_bytes(32) for _ in range(min(50_000, size - start))]
            standing = log_tree.tail(connection)
            rows = [
                {
                    "position": start + place,
                    "kind": "bench.leaf",
                    "at": moment,
                    "body": b"{}",
                    "leaf_hash": one,
                }
                for place, one in enumerate(hashes)
            ]
            connection.execute(sa.insert(leaf), rows)
            log_tree.extend(connection, standing, hashes)
        connection.commit()
    return database


def _append(database: Database) -> float:
    """CPU microseconds of one fact with its leaf, its entry and its nodes, the commit included."""
    start = time.process_time()
    for _ in range(_APPENDED):
        with database.transaction(SYSTEM) as session:
            row = Producer(code=secrets.token_hex(4), name="x", legal_form=LegalForm.COOPERATIVE)
            session.add(row)
            ledger.record(session, "producer.registered", row)
    return (time.process_time() - start) / _APPENDED * 1e6


def _prove(database: Database, size: int) -> float:
    """CPU microseconds of an audit path and a consistency proof at random places."""
    start = time.process_time()
    with database.engine.connect() as connection:
        for _ in range(_PROVEN):
            log_tree.inclusion(connection, secrets.randbelow(size), size)
            log_tree.consistency(connection, secrets.randbelow(size) + 1, size)
    return (time.process_time() - start) / _PROVEN * 1e6


@benchmark("log")
def growth() -> Iterator[Row]:
    """The same program on a log of 10^6 leaves and on one of 10^3."""
    folder = Path(tempfile.mkdtemp(prefix="bench-log-"))
    try:
        large, small = _log(folder / "large.db", _LARGE), _log(folder / "small.db", _SMALL)

        def beside(work: Callable[[Database, int], float], id: str, unit: str) -> Row:
            ours = Contender("10^6 leaves", lambda: work(large, _LARGE))
            return Row.of(id, unit, compare(ours, Contender("10^3 leaves", lambda: work(small, _SMALL)), 7))

        yield beside(lambda database, _size: _append(database), "append_growth", "us CPU/fact")
        yield beside(_prove, "proof_growth", "us CPU/two proofs")
        large.close()
        small.close()
    finally:
        shutil.rmtree(folder)


@benchmark("log")
def verify() -> Iterator[Row]:
    """Checking a whole log against its rows."""
    folder = Path(tempfile.mkdtemp(prefix="bench-verify-"))
    try:
        database = Database(f"sqlite:///{folder / 'trace.db'}")
        database.migrate()
        for start in range(0, _VERIFIED, 5_000):
            with database.transaction(SYSTEM) as session:
                for number in range(start, start + 5_000):
                    row = Producer(
                        code=f"F{number}", name=f"Cơ sở {number}", legal_form=LegalForm.COOPERATIVE
                    )
                    session.add(row)
                    ledger.record(session, "producer.registered", row)

        def checked() -> float:
            start = time.perf_counter()
            with database.one_state() as session:
                verification.verify(session, [])
            return time.perf_counter() - start

        def hashed() -> float:
            leaf = SQLModel.metadata.tables["log_leaf"]
            start = time.perf_counter()
            with database.engine.connect() as connection:
                bodies = connection.execute(sa.select(leaf.c.body).order_by(leaf.c.position)).scalars()
                merkle.root(bytes(body) for body in bodies)
            return time.perf_counter() - start

        comparison = compare(
            Contender("ours", checked), Contender("hashing the leaves only", hashed), 3, False
        )
        yield Row.of("verify_seconds", "s", comparison, f"{_VERIFIED:,} leaves and rows")
        database.close()
    finally:
        shutil.rmtree(folder)
