"""Suspensions: who may stop what, what stops with it, and how it comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from tests import factories
from traceability.db import Database
from traceability.domain import (
    ledger,
    records,
    scans,
    stamp_ranges,
    stamp_suspensions,
    stamp_voids,
    suspensions,
)
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.areas import AreaCode, AreaCodeChange, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.notices import Notice
from traceability.domain.ownership import Reach, Scope
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.stamps import RangeState, StampOrder, StampRange, VoidReason
from traceability.domain.suspensions import SUSPENDERS, SuspendedKind, Suspension, SuspensionInput

REASON = "Phát hiện vi phạm khi kiểm tra"


def _act(
    database: Database, actor: Actor, act: Callable[..., Any], kind: SuspendedKind, subject: Any
) -> Suspension:
    value = SuspensionInput(subject_kind=kind, subject_id=subject.id, reason=REASON)
    with database.transaction(actor) as session:
        made: Suspension = act(session, actor, value)
    return made


def suspend(database: Database, kind: SuspendedKind, subject: Any, actor: Actor | None = None) -> Suspension:
    return _act(database, actor or factories.officer(*SUSPENDERS[kind]), suspensions.suspend, kind, subject)


def lift(database: Database, kind: SuspendedKind, subject: Any) -> Suspension:
    return _act(database, factories.officer(*SUSPENDERS[kind]), suspensions.lift, kind, subject)


def find(database: Database, row: Any) -> Any:
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, type(row), row.id)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def area(database: Database, owner: Producer) -> GrowingArea:
    return factories.area(database, owner)


def stamped(database: Database, batch: Batch, count: int = 100) -> StampOrder:
    """An order whose stamps are all active, without a mint."""
    with database.transaction(SYSTEM) as session:
        order = StampOrder(
            producer_id=batch.producer_id, number=f"PC-{batch.lot}"[:20], batch_id=batch.id, quantity=count,
            epoch_number=1, first_serial=1000, layout="a4", url_prefix="HTTPS://X/S/",
        )  # fmt: skip
        session.add(order)
        session.flush()
        stamps = StampRange(
            producer_id=batch.producer_id, order_id=order.id, batch_id=batch.id, epoch_number=1,
            first_serial=1000, last_serial=999 + count, state=RangeState.ACTIVE,
        )  # fmt: skip
        session.add(stamps)
        ledger.record(session, "stamps.ordered", order, stamps)
    return order


def ranges(database: Database, order: StampOrder) -> list[tuple[int, int, str]]:
    with database.reading(SYSTEM.scope) as session:
        rows = session.exec(
            select(StampRange).where(StampRange.order_id == order.id).order_by(StampRange.first_serial)
        ).all()
    return [(row.first_serial - 1000, row.last_serial - 1000, row.state.value) for row in rows]


def test_a_suspended_growing_area_takes_no_new_batches(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    product = factories.product(database, owner)
    old = factories.harvest(database, owner, area_id=area.id, product_id=product.id)
    suspend(database, SuspendedKind.AREA, area)
    with pytest.raises(RuleBroken) as caught:
        factories.harvest(database, owner, area_id=area.id, product_id=product.id, harvested_on=today())
    assert caught.value.code == "rules.suspended_area"
    assert find(database, old).page_version > old.page_version, "the public page must be made anew"
    lift(database, SuspendedKind.AREA, area)
    assert find(database, area).state is AreaState.APPROVED
    factories.harvest(database, owner, area_id=area.id, product_id=product.id)


def test_a_suspended_code_takes_no_new_batches_and_keeps_its_history(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    code = factories.area_code(database, area)
    suspend(database, SuspendedKind.AREA_CODE, code)
    with pytest.raises(RuleBroken) as caught:
        factories.harvest(database, owner, area_id=area.id, area_code=code.code, harvested_on=today())
    assert caught.value.code == "rules.suspended_area"
    lift(database, SuspendedKind.AREA_CODE, code)
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, AreaCode, code.id).state is CodeState.GRANTED
        lines = session.exec(select(AreaCodeChange).order_by(AreaCodeChange.at)).all()
    assert [line.state.value for line in lines] == ["applied", "granted", "suspended", "granted"]
    assert lines[2].reason == REASON


def test_a_held_batch_comes_back_to_the_state_before(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    suspend(database, SuspendedKind.BATCH, batch)
    assert find(database, batch).state is BatchState.HELD
    with pytest.raises(RuleBroken) as caught:
        factories.sent(database, batch, 1)
    assert caught.value.code == "batches.held"
    with pytest.raises(RuleBroken) as caught:
        suspend(database, SuspendedKind.BATCH, batch)
    assert caught.value.code == "suspensions.already"
    suspension = lift(database, SuspendedKind.BATCH, batch)
    assert (find(database, batch).state, find(database, batch).state_before) == (BatchState.OPEN, None)
    assert suspension.lift_reason == REASON
    with pytest.raises(RuleBroken) as caught:
        lift(database, SuspendedKind.BATCH, batch)
    assert caught.value.code == "suspensions.not_suspended"


def test_a_suspended_producer_and_product_make_no_batches(database: Database, owner: Producer) -> None:
    product = factories.product(database, owner)
    for kind, subject, code in (
        (SuspendedKind.PRODUCT, product, "products.suspended"),
        (SuspendedKind.PRODUCER, owner, "batches.producer_suspended"),
    ):
        suspend(database, kind, subject)
        with pytest.raises(RuleBroken) as caught:
            factories.harvest(database, owner, product_id=product.id)
        assert caught.value.code == code
        lift(database, kind, subject)
    assert find(database, owner).state is ProducerState.APPROVED


def test_the_producer_is_told_at_once_with_the_reason(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    suspend(database, SuspendedKind.AREA, area)
    with database.reading(SYSTEM.scope) as session:
        notice = session.exec(select(Notice).where(Notice.code == "suspended_area")).one()
    assert (notice.producer_id, notice.facts["reason"]) == (owner.id, REASON)


@pytest.mark.parametrize("kind", list(SuspendedKind))
def test_each_kind_needs_its_own_permission(database: Database, owner: Producer, kind: SuspendedKind) -> None:
    others = frozenset(Permission) - set(SUSPENDERS[kind])
    actor = Actor(role=None, permissions=others, scope=SYSTEM.scope)
    with pytest.raises(RuleBroken) as caught:
        suspend(database, kind, owner, actor)
    assert caught.value.code == "access.not_permitted"


def test_what_lies_outside_the_scope_is_not_found(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    narrow = Scope(Reach.AGENCY, categories=frozenset({"thuy-san"}))
    with pytest.raises(NotFound):
        suspend(database, SuspendedKind.BATCH, batch, factories.officer(Permission.INSPECT, scope=narrow))


def test_one_stamp_is_suspended_and_the_rest_of_the_roll_goes_on(database: Database, owner: Producer) -> None:
    batch = factories.release(database, factories.harvest(database, owner))
    order = stamped(database, batch)
    officer = factories.officer(Permission.VOID_STAMPS)
    with database.transaction(officer) as session:
        stamp_suspensions.suspend_code(session, officer, 1, 1050, REASON)
    assert ranges(database, order) == [(0, 49, "active"), (50, 50, "suspended"), (51, 99, "active")]
    with database.reading(SYSTEM.scope) as session:
        verdicts = [scans.resolve(session, 1, serial, today()).verdict for serial in (1049, 1050, 1051)]
    assert [verdict.value for verdict in verdicts] == ["active", "suspended", "active"]
    with database.transaction(officer) as session:
        stamp_suspensions.lift_code(session, officer, 1, 1050, REASON)
    assert {state for _first, _last, state in ranges(database, order)} == {"active"}


def test_a_part_of_a_suspended_run_can_be_let_go(database: Database, owner: Producer) -> None:
    order = stamped(database, factories.harvest(database, owner))
    officer = factories.officer(Permission.INSPECT)
    run = stamp_suspensions.RunInput(order_id=order.id, first_serial=1010, last_serial=1019, reason=REASON)
    with database.transaction(officer) as session:
        stamp_suspensions.suspend_run(session, officer, run)
    with database.transaction(officer) as session:
        stamp_suspensions.lift_code(session, officer, 1, 1012, REASON)
    assert ranges(database, order) == [
        (0, 9, "active"),
        (10, 11, "suspended"),
        (12, 12, "active"),
        (13, 19, "suspended"),
        (20, 99, "active"),
    ]
    with database.transaction(officer) as session:
        assert len(stamp_suspensions.lift_run(session, officer, run)) == 2
    with pytest.raises(RuleBroken) as caught, database.transaction(officer) as session:
        stamp_suspensions.lift_run(session, officer, run)
    assert caught.value.code == "suspensions.not_suspended"


def test_stamps_of_another_order_cannot_be_cut(database: Database, owner: Producer) -> None:
    order = stamped(database, factories.harvest(database, owner))
    officer = factories.officer(Permission.INSPECT)
    run = stamp_suspensions.RunInput(order_id=order.id, first_serial=1090, last_serial=1100, reason=REASON)
    with pytest.raises(RuleBroken) as caught, database.transaction(officer) as session:
        stamp_suspensions.suspend_run(session, officer, run)
    assert caught.value.code == "stamp_ranges.outside_order"


def test_a_suspended_stamp_that_is_made_void_is_no_longer_suspended(
    database: Database, owner: Producer
) -> None:
    order = stamped(database, factories.harvest(database, owner))
    officer = factories.officer(Permission.VOID_STAMPS)
    with database.transaction(officer) as session:
        stamp_suspensions.suspend_code(session, officer, 1, 1050, REASON)
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, StampOrder, order.id)
        found = stamp_ranges.locked(session, order.id)
        stopped = [stamps for stamps in found if stamps.state is RangeState.SUSPENDED]
        stamp_voids.end(session, row, stopped, VoidReason.STOLEN, "")
    with database.reading(SYSTEM.scope) as session:
        assert not suspensions.standing(session)
    assert (50, 50, "void") in ranges(database, order)


def test_only_who_ordered_a_suspension_or_stands_above_lifts_it(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    above = factories.agency(database, Permission.INSPECT)
    placing = factories.agency(database, Permission.INSPECT, parent_id=above.id)
    other = factories.agency(database, Permission.INSPECT)
    first, second, third = (
        factories.actor_of(database, factories.account(database, agency))
        for agency in (placing, other, above)
    )
    suspend(database, SuspendedKind.BATCH, batch, first)
    with pytest.raises(RuleBroken, match="other_agency") as caught:
        _act(database, second, suspensions.lift, SuspendedKind.BATCH, batch)
    assert caught.value.facts["agency"] == placing.name
    for actor in (third, first):
        _act(database, actor, suspensions.lift, SuspendedKind.BATCH, batch)
        suspend(database, SuspendedKind.BATCH, batch, first)
