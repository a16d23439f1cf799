"""The trace: all batches above and below one, with their names and inputs, beside a walk that asks batch by batch."""

import functools
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from bench import naive_trace, recall  # noqa: F401 - the rows of recalls register themselves
from bench.runner import Comparison, Contender, Row, benchmark, compare, seconds
from tests import factories
from traceability.db import Database
from traceability.domain import traces
from traceability.domain.ownership import EVERYTHING

WIDE = 40
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def web(database: Database, size: int, seed: int = 1) -> str:
    """A graph of `size` batches, half of them above the one whose id is answered and half below: each level is as wide
    as 40 batches, each batch is made of one to three of the level before, and all goes through the one in the middle.
    """
    rng = random.Random(seed)
    owner = factories.producer(database)
    one = factories.harvest(database, owner, 1000)
    with database.reading(EVERYTHING) as session:
        tables = SQLModel.metadata.tables
        batch = dict(session.connection().execute(sa.select(tables["batch"])).mappings().one())
        event = dict(session.connection().execute(sa.select(tables["event"])).mappings().one())
    ids = [one.id, *("".join(rng.choices(_ALPHABET, k=16)) for _number in range(size - 1))]
    middle = (size - 1) // 2
    batches, edges = [], []
    for number, row_id in enumerate(ids[1:], start=1):
        batches.append(batch | {"id": row_id, "lot": f"B{number:07}"})
    place = ids
    for source, made in _edges(size, middle, rng):
        edges.append(
            {
                "id": "".join(rng.choices(_ALPHABET, k=16)),
                "revision": 1,
                "record_key": None,
                "created_at": batch["created_at"],
                "producer_id": owner.id,
                "batch_id": place[made],
                "source_batch_id": place[source],
                "event_id": event["id"],
                "grams": rng.randrange(1, 1_000_000),
                "material": "",
                "supplier": "",
            }
        )
    with database.engine.connect().execution_options(write=True) as connection:
        for name, rows in (("batch", batches), ("batch_input", edges)):
            for start in range(0, len(rows), 5_000):
                connection.execute(sa.insert(tables[name]), rows[start : start + 5_000])
        connection.commit()
    return place[middle]


def _edges(size: int, middle: int, rng: random.Random) -> Iterator[tuple[int, int]]:
    """Pairs of positions: sources lie before what is made of them."""
    for number in range(
        middle
    ):  # each goes on into one to three of the next level, the last level into the middle
        level = number // WIDE + 1
        ahead = range(level * WIDE, min((level + 1) * WIDE, middle))
        for made in rng.sample(ahead, min(len(ahead), rng.randint(1, 3))) or [middle]:
            yield number, made
    for number in range(
        middle + 1, size
    ):  # each is made of one to three of the level before, the first of the middle
        level = (number - middle - 1) // WIDE
        behind = range(middle + 1 + (level - 1) * WIDE, middle + 1 + level * WIDE)
        for source in rng.sample(behind, rng.randint(1, 3)) if level else [middle]:
            yield source, number


class Made:
    """Databases with such graphs, each made once."""

    def __init__(self, folder: Path, *sizes: int) -> None:
        self.databases: dict[int, tuple[Database, str]] = {}
        for size in sizes:
            database = Database(f"sqlite:///{folder / str(size)}.db")
            database.migrate()
            self.databases[size] = (database, web(database, size))

    def ours(self, size: int) -> Any:
        """Our trace of the whole graph."""
        database, root = self.databases[size]
        with database.reading(EVERYTHING) as session:
            found = traces.trace(session, root)
            assert len(found.batches) == size
            return found

    def naive(self, size: int) -> Any:
        """The same, batch by batch."""
        database, root = self.databases[size]
        with database.reading(EVERYTHING) as session:
            found, _inputs = naive_trace.trace(session, root)
            assert len(found) == size
            return found

    def per_batch(self, size: int, times: int) -> float:
        """Microseconds of CPU of a batch of the graph."""

        def all_times() -> None:
            for _time in range(times):
                self.ours(size)

        return seconds(all_times) / times / size * 1e6

    def close(self) -> None:
        for database, _root in self.databases.values():
            database.close()


@benchmark("graph")
def trace() -> Iterator[Row]:
    """The whole trace of 10,000 batches, and what a batch costs in a graph of 100,000 beside one of 100."""
    folder = Path(tempfile.mkdtemp(prefix="bench-graph-"))
    made = Made(folder, 100, 10_000, 100_000)
    try:
        ours = Contender("trace", lambda: seconds(functools.partial(made.ours, 10_000)))
        naive = Contender("a walk batch by batch", lambda: seconds(functools.partial(made.naive, 10_000)))
        yield Row.of(
            "graph_10k_seconds", "s", compare(ours, naive, rounds=3),
            "10,000 batches with names, states, levels and inputs",
        )  # fmt: skip
        growth: Comparison = compare(
            Contender("100,000", lambda: made.per_batch(100_000, 1)),
            Contender("a graph of 100", lambda: made.per_batch(100, 100)),
            rounds=3,
        )
        yield Row.of("graph_growth", "us/batch", growth, "100,000 batches")
    finally:
        made.close()
        shutil.rmtree(folder)
