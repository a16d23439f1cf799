"""A failed sample holds the lots of its plot at once, tells who has to know, and lists what had left."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests import factories
from traceability.db import Database
from traceability.domain import failed_samples, laboratory, notices, records, transforms
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.failed_samples import ReleaseHoldInput
from traceability.domain.laboratory import LabTest, LabTestInput, ResultInput
from traceability.domain.ledger import LogLeaf
from traceability.domain.producers import Producer
from traceability.domain.transforms import TransformInput, TransformSource


def report(database: Database, batch: Batch, *, passed: bool = False, **changes: Any) -> LabTest:
    values: dict[str, Any] = {
        "batch_id": batch.id,
        "laboratory": "Phòng thử nghiệm (minh họa)",
        "report_no": "KQ-1",
        "sampled_on": today() - timedelta(days=1),
        "reported_on": today(),
        "results": [ResultInput(name="Dư lượng", value="0,9", limit="0,1", passed=passed)],
    }
    with database.transaction(SYSTEM) as session:
        return laboratory.record(session, SYSTEM, LabTestInput(**values | changes))


def state(database: Database, batch: Batch) -> BatchState:
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, Batch, batch.id).state


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def test_all_lots_of_the_plot_and_what_was_made_of_them_are_held_in_one_act(
    database: Database, owner: Producer
) -> None:
    ground, product = factories.area(database, owner), factories.product(database, owner)
    here = {"area_id": ground.id, "product_id": product.id}
    bad, beside = factories.harvest(database, owner, **here), factories.harvest(database, owner, **here)
    old = factories.harvest(database, owner, harvested_on=today() - timedelta(days=40), **here)
    elsewhere = factories.harvest(database, owner)
    factories.sent(database, bad, 300, customer="Chợ đầu mối Bình Minh")
    packer = factories.producer(database)
    sent = factories.sent(database, beside, 100, packer)
    factories.received(database, sent)
    actor = factories.manager_of(packer)
    value = TransformInput(
        product_id=factories.product(database, packer).id,
        started_on=today(),
        output_kg=90,
        inputs=[TransformSource(delivery_id=sent.id, kilograms=100)],
    )
    with database.transaction(actor) as session:
        made = transforms.transform(session, actor, value)
    holder = factories.producer(database)
    kept = factories.received(database, factories.sent(database, bad, 50, holder))
    keeper = factories.manager_of(holder)
    agency = factories.agency(database, Permission.INSPECT)
    before = len(leaves(database))

    test = report(database, bad)

    assert [state(database, one) for one in (bad, beside, made)] == [BatchState.HELD] * 3
    assert [state(database, one) for one in (old, elsewhere)] == [BatchState.OPEN] * 2
    kinds = leaves(database)[before:]
    assert kinds.count("lab_test.held") == 1
    officer = factories.actor_of(database, factories.account(database, agency))
    for reader, code in (
        (factories.manager_of(owner), "sample_failed"),
        (actor, "sample_failed"),
        (officer, "sample_failed_there"),
    ):
        with database.reading(reader.scope) as session:
            assert code in {notice.code for notice in notices.inbox(session, reader)}
    with database.reading(keeper.scope) as session:
        told = {notice.code: notice for notice in notices.inbox(session, keeper)}
        assert told["sample_failed_received"].subject_id == kept.id
    with database.reading(SYSTEM.scope) as session:
        found = failed_samples.look(session, test.id)
        assert {batch.id for _row, batch, _still in found.holds} == {bad.id, beside.id, made.id}
        assert ("Chợ đầu mối Bình Minh", 300_000) in {
            (one.name, one.outside_g) for one in found.reach.receivers
        }
    with pytest.raises(RuleBroken, match=r"batches\.held"):
        factories.sent(database, bad, 1)
    with database.reading(
        actor.scope
    ) as session:  # the packer sees its own lot and the report, not the others' lots
        assert [batch.id for _row, batch, _still in failed_samples.look(session, test.id).holds] == [made.id]
        assert laboratory.readable(session, test.id).report_no == "KQ-1"
    stranger = factories.manager_of(factories.producer(database))
    with database.reading(stranger.scope) as session, pytest.raises(NotFound):
        laboratory.readable(session, test.id)


def leaves(database: Database) -> list[str]:
    with database.reading(SYSTEM.scope) as session:
        return list(session.exec(select(LogLeaf.kind).order_by(LogLeaf.position)).all())  # type: ignore[arg-type]


def test_a_harvest_of_the_plot_written_down_afterwards_is_held_until_the_lots_may_go(
    database: Database, owner: Producer
) -> None:
    ground, product = factories.area(database, owner), factories.product(database, owner)
    here = {"area_id": ground.id, "product_id": product.id}
    agency = factories.agency(database, Permission.INSPECT)
    test = report(database, factories.harvest(database, owner, **here))
    late = factories.harvest(database, owner, **here)
    assert state(database, late) is BatchState.HELD
    assert state(database, factories.harvest(database, owner)) is BatchState.OPEN
    officer = factories.actor_of(database, factories.account(database, agency))
    with database.transaction(officer) as session:
        value = ReleaseHoldInput(lab_test_id=test.id, reason="Mẫu lưu kiểm lại đạt")
        assert late.id in {row.batch_id for row in failed_samples.release(session, officer, value)}
    assert state(database, late) is BatchState.OPEN
    assert state(database, factories.harvest(database, owner, **here)) is BatchState.OPEN


def test_a_report_that_passes_holds_nothing(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    report(database, batch, passed=True)
    assert state(database, batch) is BatchState.OPEN


def test_a_hold_that_cannot_be_written_takes_the_report_with_it(
    database: Database, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = factories.harvest(database, owner)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(failed_samples, "_tell", broken)
    with pytest.raises(RuntimeError):
        report(database, batch)
    assert state(database, batch) is BatchState.OPEN
    with database.reading(SYSTEM.scope) as session:
        assert laboratory.of_batch(session, batch.id) == []


def test_an_agency_lets_all_lots_go_with_a_reason_and_the_producer_cannot(
    database: Database, owner: Producer
) -> None:
    ground, product = factories.area(database, owner), factories.product(database, owner)
    lots = [factories.harvest(database, owner, area_id=ground.id, product_id=product.id) for _ in range(2)]
    agency = factories.agency(database, Permission.INSPECT)
    test = report(database, lots[0])
    value = ReleaseHoldInput(lab_test_id=test.id, reason="Mẫu lưu kiểm lại đạt")
    manager = factories.manager_of(owner)
    with database.transaction(manager) as session, pytest.raises(RuleBroken, match="not_permitted"):
        failed_samples.release(session, manager, value)
    officer = factories.actor_of(database, factories.account(database, agency))
    with database.transaction(officer) as session:
        assert len(failed_samples.release(session, officer, value)) == 2
    assert {state(database, lot) for lot in lots} == {BatchState.OPEN}
    with database.transaction(officer) as session, pytest.raises(RuleBroken, match="nothing_held"):
        failed_samples.release(session, officer, value)
