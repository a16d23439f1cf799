"""The graph of batches runs forward: no order of writes can close a circle."""

from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from tests import factories
from tests.domain.test_shares import made_of
from traceability.db import Database
from traceability.domain import ledger, traces
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, Origin
from traceability.domain.history import Event
from traceability.domain.lineage import BatchInput
from traceability.domain.precedence import OutOfOrder


def another(session: Session, like: Batch, number: int) -> Batch:
    """A batch written past the use cases."""
    batch = Batch(
        producer_id=like.producer_id,
        product_id=like.product_id,
        lot=f"N{number}",
        origin=Origin.TRANSFORM,
        started_on=like.started_on,
        made_g=1,
        on_hand_g=1,
    )
    session.add(batch)
    return batch


def edge(like: Batch, event_id: str, source: str, batch: str) -> BatchInput:
    return BatchInput(
        producer_id=like.producer_id, batch_id=batch, source_batch_id=source, event_id=event_id, grams=1
    )


@pytest.fixture
def first(sqlite_database: Database) -> tuple[Batch, str]:
    batch = factories.harvest(sqlite_database, factories.producer(sqlite_database))
    with sqlite_database.reading(SYSTEM.scope) as session:
        return batch, session.exec(select(Event.id).where(Event.batch_id == batch.id)).one()


def test_nothing_goes_into_a_batch_that_stood_already(
    sqlite_database: Database, first: tuple[Batch, str]
) -> None:
    batch, event_id = first
    other = factories.harvest(sqlite_database, factories.producer(sqlite_database))
    with pytest.raises(OutOfOrder), sqlite_database.transaction(SYSTEM) as session:
        session.add(edge(batch, event_id, other.id, batch.id))


def test_an_input_is_never_turned_to_another_batch(sqlite_database: Database) -> None:
    owner = factories.producer(sqlite_database)
    one, two = factories.harvest(sqlite_database, owner), factories.harvest(sqlite_database, owner)
    made_of(sqlite_database, owner, 1, {"batch_id": one.id, "kilograms": 1})
    with pytest.raises(OutOfOrder), sqlite_database.transaction(SYSTEM) as session:
        session.exec(select(BatchInput)).one().source_batch_id = two.id


#: Transactions: how many batches each makes, and pairs of numbers between which it tries to write inputs.
WRITES = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=3)),
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=WRITES)
def test_whatever_is_tried_in_whatever_order_no_circle_ever_stands(
    sqlite_database: Database, first: tuple[Batch, str], writes: list[tuple[int, list[tuple[int, int]]]]
) -> None:
    root, event_id = first
    ids, tried = [root.id], 0
    numbers = factories._counter
    for count, pairs in writes:
        fresh: list[str] = []
        with suppress(OutOfOrder), sqlite_database.transaction(SYSTEM) as session:
            rows: list[Any] = [another(session, root, next(numbers)) for _number in range(count)]
            fresh = [row.id for row in rows]
            every = [*ids, *fresh]
            wanted = {(every[a % len(every)], every[b % len(every)]) for a, b in pairs}
            edges = [edge(root, event_id, source, batch) for source, batch in wanted if source != batch]
            session.add_all(edges)
            session.flush()
            tried += len(edges)
            if rows or edges:
                ledger.record(session, "batch.transformed", *rows, *edges)
        with sqlite_database.reading(SYSTEM.scope) as session:
            ids = [row for row in [*ids, *fresh] if session.get(Batch, row) is not None]
    with sqlite_database.reading(SYSTEM.scope) as session:
        stands = session.exec(select(BatchInput.source_batch_id, BatchInput.batch_id)).all()
    sources: dict[str, set[str]] = defaultdict(set)
    for source, batch in stands:
        sources[batch].add(source or "")
    for batch in list(sources):
        assert batch not in above(sources, batch)
    with sqlite_database.reading(SYSTEM.scope) as session:
        for batch in ids[:3]:
            traces.trace(session, batch)  # would say so


def above(sources: dict[str, set[str]], batch: str) -> set[str]:
    found, waiting = set[str](), list(sources[batch])
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += sources.get(here, ())
    return found
