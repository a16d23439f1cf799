"""Locks on PostgreSQL: who changes a row neither keeps others from naming it, nor waits for them in a circle."""

from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import ledger, logistic_units, records, stamp_suspensions, suspensions, transforms
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.logistic_units import (
    ContentInput,
    LogisticUnit,
    OpenInput,
    PackInput,
    UnitKind,
    UnitState,
)
from traceability.domain.quantities import Grams
from traceability.domain.stamp_suspensions import RunInput
from traceability.domain.suspensions import SuspendedKind, Suspension, SuspensionInput
from traceability.domain.transforms import TransformInput, TransformSource
from traceability.keys import Keyring

#: SQLite has one writer at a time and therefore no locks of rows.
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


def impatient(session: Any) -> None:
    """Waits for a lock for two seconds at most."""
    session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))


def test_who_holds_a_batch_does_not_keep_its_stamps_from_being_suspended(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch()
    order = mint.downloaded(batch, 100)
    first = order.first_serial
    reason = "Tem bị nghi là sao chép"
    value = RunInput(order_id=order.id, first_serial=first + 10, last_serial=first + 19, reason=reason)
    officer = factories.officer(Permission.VOID_STAMPS)
    with database.transaction(SYSTEM) as holder:  # an activation that will want the order next
        records.lock(holder, Batch, batch.id)
        with database.transaction(officer) as session:
            impatient(session)
            assert stamp_suspensions.suspend_run(session, officer, value)


def test_a_suspension_and_a_recall_lock_batches_in_one_order(database: Database) -> None:
    parent, child = _with_an_older_child(database)
    officer = factories.officer(Permission.INSPECT)
    value = SuspensionInput(
        subject_kind=SuspendedKind.BATCH, subject_id=parent.id, reason="Chờ kết quả kiểm nghiệm"
    )

    def suspend() -> Suspension:
        with database.transaction(officer) as session:
            return suspensions.suspend(session, officer, value)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as recall:  # as a recall does: in the order of the ids
            records.lock(recall, Batch, child.id)
            waiting = pool.submit(suspend)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            impatient(recall)
            records.lock(recall, Batch, parent.id)
        assert waiting.result(10).subject_id == parent.id


def test_two_who_pack_the_same_stamps_at_once_do_not_both(database: Database, tmp_path: Path) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch()
    order, keys, actor = mint.downloaded(batch, 100), mint.keys, mint.actor(batch)
    row = ContentInput(first_code=mint.code(order, 0), last_code=mint.code(order, 9))
    value = PackInput(kind=UnitKind.CARTON, happened_at=now(), contents=[row])

    def pack() -> str:
        try:
            with database.transaction(actor) as session:
                return logistic_units.pack(session, actor, value, keys=keys, demo=True).sscc
        except RuleBroken as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        with database.transaction(SYSTEM) as holder:  # both come as far as the lock of the lot
            records.lock(holder, Batch, batch.id)
            packing = [pool.submit(pack) for _ in range(2)]
            with pytest.raises(TimeoutError):
                packing[0].result(1)
        said = [one.result(10) for one in packing]
    assert said.count("units.stamps_elsewhere") == 1


def test_who_opens_a_carton_and_who_sends_it_do_not_wait_in_a_circle(database: Database) -> None:
    batch = factories.harvest(database, factories.producer(database), 100)
    row = ContentInput(batch_id=batch.id, kilograms=Grams(10_000))
    value = PackInput(kind=UnitKind.CARTON, happened_at=now(), contents=[row])
    with database.transaction(SYSTEM) as session:
        unit = logistic_units.pack(session, SYSTEM, value, demo=True)

    def open_it() -> LogisticUnit:
        with database.transaction(SYSTEM) as session:
            return logistic_units.open_unit(session, SYSTEM, OpenInput(unit_id=unit.id))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as sender:  # as one does who ships: the lots, then the unit
            records.lock(sender, Batch, batch.id)
            opening = pool.submit(open_it)
            with pytest.raises(TimeoutError):
                opening.result(2)
            impatient(sender)
            gone = records.lock(sender, LogisticUnit, unit.id)
            gone.state = UnitState.SENT
            ledger.record(sender, "unit.shipped", gone)
        with pytest.raises(RuleBroken, match=r"records\.changed"):
            opening.result(10)


def _with_an_older_child(database: Database) -> tuple[Batch, Batch]:
    """A batch, and one made of it whose random id comes first."""
    owner = factories.producer(database)
    harvests = [factories.harvest(database, owner) for _ in range(3)]
    parent, product = max(harvests, key=lambda batch: batch.id), factories.product(database, owner)
    source = TransformSource(batch_id=parent.id, kilograms=1)
    value = TransformInput(product_id=product.id, started_on=today(), output_kg=1, inputs=[source])
    while True:
        with database.transaction(SYSTEM) as session:
            child = transforms.transform(session, SYSTEM, value)
        if child.id < parent.id:
            return parent, child
