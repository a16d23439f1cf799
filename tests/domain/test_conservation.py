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
from traceability.domain import (
    balance,
    deliveries,
    divisions,
    events,
    logistic_units,
    mergers,
    records,
    repacks,
    transforms,
    wastes,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery, ShipInput
from traceability.domain.divisions import SplitInput
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput, EventInput
from traceability.domain.history import history, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.logistic_units import PackInput, UnitContent, UnitKind
from traceability.domain.mergers import MergeInput
from traceability.domain.quantities import Grams
from traceability.domain.repacks import RepackInput, Rework
from traceability.domain.transforms import TransformInput
from traceability.domain.wastes import WasteHandling, WasteInput, WasteReason

WRITERS = 8
EACH_G = 200_000  # of 1,000 kg: five of eight writers are served


def _ship(session: Session, batch: Batch, _other: Batch) -> None:
    value = ShipInput(batch_id=batch.id, kilograms=Grams(EACH_G), sent_on=today(), customer="Chợ đầu mối")
    deliveries.ship(session, SYSTEM, value)


def _split(session: Session, batch: Batch, _other: Batch) -> None:
    rows: Any = [{"kilograms": Grams(EACH_G), "lot": records.new_id().upper()}]
    divisions.split(session, SYSTEM, SplitInput(batch_id=batch.id, happened_at=now(), parts=rows))


def _merge(session: Session, batch: Batch, other: Batch) -> None:
    rows: Any = [
        {"batch_id": batch.id, "kilograms": Grams(EACH_G)},
        {"batch_id": other.id, "kilograms": Grams(1)},
    ]
    mergers.merge(session, SYSTEM, MergeInput(sources=rows, happened_at=now()))


def _repack(session: Session, batch: Batch, _other: Batch) -> None:
    rows: Any = [{"kilograms": Grams(EACH_G)}]
    value = RepackInput(
        batch_id=batch.id, what=Rework.REPACK, happened_at=now(), kilograms=Grams(EACH_G), parts=rows
    )
    repacks.rework(session, SYSTEM, value)


def _transform(session: Session, batch: Batch, other: Batch) -> None:
    rows: Any = [{"batch_id": batch.id, "kilograms": Grams(EACH_G)}]
    value = TransformInput(
        product_id=other.product_id, started_on=today(), output_kg=Grams(EACH_G), inputs=rows
    )
    transforms.transform(session, SYSTEM, value)


def _waste(session: Session, batch: Batch, _other: Batch) -> None:
    value = WasteInput(
        batch_id=batch.id,
        kilograms=Grams(EACH_G),
        happened_at=now(),
        reason=WasteReason.SPOILED,
        handling=WasteHandling.COMPOSTED,
    )
    wastes.throw_away(session, SYSTEM, value)


def _pack(session: Session, batch: Batch, _other: Batch) -> None:
    rows: Any = [{"batch_id": batch.id, "kilograms": Grams(EACH_G)}]
    value = PackInput(kind=UnitKind.CARTON, happened_at=now(), contents=rows)
    logistic_units.pack(session, SYSTEM, value, demo=True)


DRAWS = {draw.__name__[1:]: draw for draw in (_ship, _split, _merge, _repack, _transform, _waste, _pack)}


def goods(database: Database) -> tuple[Batch, Batch]:
    """1,000 kg, and another lot of the product."""
    owner = factories.producer(database)
    batch = factories.harvest(database, owner)
    return batch, factories.harvest(database, owner, product_id=batch.product_id)


def draw_at_once(database: Database, batch: Batch, other: Batch, *kinds: str) -> int:
    """Eight writers draw 200 kg each at the same moment. How many were told that it was done."""
    start = threading.Barrier(WRITERS)

    def draw(number: int) -> bool:
        start.wait()
        with suppress(RuleBroken, SQLAlchemyError), database.transaction(SYSTEM) as session:
            DRAWS[kinds[number % len(kinds)]](session, batch, other)
            return True
        return False

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(draw, range(WRITERS)))


def drawn_g(database: Database, batch: Batch) -> int:
    """What left a batch as the single records tell it, whatever its account says."""
    with database.reading(SYSTEM.scope) as session:
        sent = session.exec(select(Delivery.sent_g).where(Delivery.batch_id == batch.id)).all()
        used = session.exec(select(BatchInput.grams).where(BatchInput.source_batch_id == batch.id)).all()
        lost = [event.loss_g or 0 for event in history(session, batch.id) if event.type == "waste"]
        packed = session.exec(select(UnitContent.grams).where(UnitContent.batch_id == batch.id)).all()
        return sum((*sent, *used, *lost, *packed))


@pytest.mark.parametrize("kind", ["ship", "split", "merge", "pack", "all"])
def test_eight_writers_at_once_never_overdraw_a_batch(database: Database, kind: str) -> None:
    batch, other = goods(database)
    served = draw_at_once(database, batch, other, *(DRAWS if kind == "all" else [kind]))
    assert served == 5
    assert drawn_g(database, batch) == 1_000_000
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, Batch, batch.id)
        assert row.loose_g == 0
        assert row.on_hand_g + row.shipped_g + row.used_g + row.lost_g == 1_000_000
        assert balance.account(session, row).on_hand_g == row.on_hand_g


@pytest.mark.parametrize("kind", ["ship", "split", "waste"])
def test_without_the_lock_the_same_writers_do_overdraw_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The proof that the test above can fail: all read before anybody writes."""
    batch, other = goods(database)
    together, account = threading.Barrier(WRITERS), balance.account

    def read_together(session: Session, batch: Batch) -> balance.Account:
        found = account(session, batch)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=10)
        return found

    monkeypatch.setattr(records, "lock", records.find)
    monkeypatch.setattr(balance, "account", read_together)
    careless = without_begin(database) if database.is_sqlite else database
    draw_at_once(careless, batch, other, kind)
    assert drawn_g(database, batch) > 1_000_000
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
