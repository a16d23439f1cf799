"""Grams are conserved: whatever is recorded in whatever order, and however many write at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from tests import factories
from traceability.db import Database
from traceability.domain import balance, deliveries, events, records, transforms
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery, ShipInput
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput, EventInput
from traceability.domain.history import history, standing
from traceability.domain.quantities import Grams
from traceability.domain.transforms import TransformInput

WRITERS = 8
EACH_G = 200_000  # of 1,000 kg: five of eight writers are served


def draw_at_once(database: Database, batch: Batch) -> int:
    """Eight writers draw 200 kg each at the same moment. How many were told that it was done."""
    start = threading.Barrier(WRITERS)

    def draw(_number: int) -> bool:
        start.wait()
        with suppress(RuleBroken, SQLAlchemyError), database.transaction(SYSTEM) as session:
            value = ShipInput(
                batch_id=batch.id, kilograms=Grams(EACH_G), sent_on=today(), customer="Chợ đầu mối"
            )
            deliveries.ship(session, SYSTEM, value)
            return True
        return False

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(draw, range(WRITERS)))


def sent_g(database: Database, batch: Batch) -> int:
    with database.reading(SYSTEM.scope) as session:
        return sum(session.exec(select(Delivery.sent_g).where(Delivery.batch_id == batch.id)).all())


def test_eight_writers_at_once_never_overdraw_a_batch(database: Database) -> None:
    batch = factories.harvest(database, factories.producer(database))
    served = draw_at_once(database, batch)
    assert served == 5
    assert sent_g(database, batch) == 1_000_000
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, Batch, batch.id)
        assert (row.on_hand_g, row.shipped_g) == (0, 1_000_000)
        assert balance.account(session, row).on_hand_g == 0


def test_without_the_lock_the_same_writers_do_overdraw_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the test above can fail: all read before anybody writes."""
    batch = factories.harvest(database, factories.producer(database))
    together, account = threading.Barrier(WRITERS), balance.account

    def read_together(session: Session, batch: Batch) -> balance.Account:
        found = account(session, batch)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=10)
        return found

    monkeypatch.setattr(records, "lock", records.find)
    monkeypatch.setattr(balance, "account", read_together)
    careless = without_begin(database) if database.is_sqlite else database
    draw_at_once(careless, batch)
    assert sent_g(database, batch) > 1_000_000
    careless.close()


def without_begin(database: Database) -> Database:
    """The same SQLite file without BEGIN IMMEDIATE: each statement for itself, as the driver's default reads."""
    careless = Database(database.url)
    careless.engine.dispose()
    careless.engine = sa.create_engine(
        database.url, connect_args={"check_same_thread": False, "timeout": 15}, isolation_level="AUTOCOMMIT"
    )

    @event.listens_for(careless.engine, "connect")
    def _no_waiting(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return careless


# --- Any order of acts -----------------------------------------------------------------------------------

GRAMS = st.integers(1, 700_000)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["weigh", "lose", "add", "ship", "use", "correct", "undo"]), GRAMS, st.integers(0, 9)
    ),
    max_size=12,
)


def act(session: Session, batch: Batch, product_id: str, kind: str, grams: int, which: int) -> None:
    """One act on the batch; the rules may refuse it."""
    weight = Grams(grams)
    if kind in ("weigh", "lose", "add"):
        by_kind: dict[str, dict[str, Any]] = {
            "weigh": {"output_kg": weight},
            "lose": {"loss_kg": weight},
            "add": {"material": "Đường", "material_kg": weight},
        }
        fields = by_kind[kind]
        events.record(
            session, SYSTEM, EventInput(batch_id=batch.id, type="transform", happened_at=now(), **fields)
        )
    elif kind == "ship":
        value = ShipInput(batch_id=batch.id, kilograms=weight, sent_on=today(), customer="Chợ")
        deliveries.ship(session, SYSTEM, value)
    elif kind == "use":
        rows: Any = [{"batch_id": batch.id, "kilograms": weight}]
        made = TransformInput(product_id=product_id, started_on=today(), output_kg=weight, inputs=rows)
        transforms.transform(session, SYSTEM, made)
    else:
        stands = standing(history(session, batch.id))
        reason: Any = "did_not_occur" if kind == "undo" else "incorrect_data"
        values = CorrectionInput(
            event_id=stands[which % len(stands)].id,
            reason=reason,
            explanation="Ghi nhầm",
            output_kg=weight,
            loss_kg=weight,
        )
        events.correct(session, SYSTEM, values)


@pytest.fixture
def product_of(sqlite_database: Database) -> Callable[[], tuple[Batch, str]]:
    owner = factories.producer(sqlite_database)
    juice = factories.product(sqlite_database, owner).id
    area, pomelo = factories.area(sqlite_database, owner).id, factories.product(sqlite_database, owner).id
    return lambda: (factories.harvest(sqlite_database, owner, area_id=area, product_id=pomelo), juice)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_any_order_of_acts_conserves_every_gram(
    sqlite_database: Database, product_of: Callable[[], tuple[Batch, str]], acts: list[tuple[str, int, int]]
) -> None:
    batch, juice = product_of()
    for kind, grams, which in acts:
        with suppress(RuleBroken, ValidationError), sqlite_database.transaction(SYSTEM) as session:
            act(session, batch, juice, kind, grams, which)
        with sqlite_database.reading(SYSTEM.scope) as session:
            row = records.find(session, Batch, batch.id)
            told = balance.account(session, row)
        totals = (row.made_g, row.on_hand_g, row.shipped_g, row.used_g, row.lost_g)
        assert totals == (told.made_g, told.on_hand_g, told.shipped_g, told.used_g, told.lost_g)
        assert row.on_hand_g + row.shipped_g + row.used_g + row.lost_g == row.made_g
        assert min(totals) >= 0
