"""Recalled goods to the gram: what came back, what was done with it, and the report that closes the recall."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories, rolls
from tests.recalled import compulsory, made_of, person, state
from traceability.db import Database
from traceability.domain import (
    provenance,
    recall_balance,
    recall_goods,
    recall_reports,
    recalls,
    received_stock,
    records,
    returns,
    rule_flags,
    wastes,
)
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.agencies import Agency
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.events import CorrectionInput, correct
from traceability.domain.ownership import PUBLIC
from traceability.domain.producers import Producer
from traceability.domain.recall_goods import HandleInput, RecoverInput, WithdrawInput
from traceability.domain.recall_records import (
    Recall,
    RecallHandling,
    RecallRecovery,
    RecallState,
    ReportState,
    Way,
)
from traceability.domain.recall_reports import AcceptInput, ReportInput, SendBackInput
from traceability.domain.received_stock import GiveBackInput
from traceability.domain.returns import ReturnInput, ReturnReason
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.wastes import WasteInput
from traceability.keys import Keyring

REPORT = {
    "cause": "Phun thuốc quá sát ngày thu hoạch",
    "prevention": "Ghi nhật ký và kiểm tra thời gian cách ly",
}


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def agency(database: Database) -> Actor:
    return person(database, factories.agency(database, Permission.REQUEST_RECALL))


@pytest.fixture
def manager(database: Database, owner: Producer) -> Actor:
    return person(database, owner)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner, 100)


@pytest.fixture
def sold(database: Database, batch: Batch) -> Delivery:
    return factories.sent(database, batch, 60, customer="Chợ Vĩnh Long", customer_contact="0270 3822 123")


@pytest.fixture
def recall(database: Database, batch: Batch, sold: Delivery, agency: Actor) -> Recall:
    return compulsory(database, agency, batch)


def recover(
    database: Database, actor: Actor, recall: Recall, delivery: Delivery, kilograms: Any, **changes: Any
) -> RecallRecovery:
    value: dict[str, Any] = {"recall_id": recall.id, "delivery_id": delivery.id, "kilograms": kilograms}
    with database.transaction(actor) as session:
        return recall_goods.recover(session, actor, RecoverInput(**value | {"on_day": today()} | changes))


def handle(
    database: Database, actor: Actor, recall: Recall, batch: Batch, kilograms: Any, way: Way, **changes: Any
) -> RecallHandling:
    value: dict[str, Any] = {
        "recall_id": recall.id,
        "batch_id": batch.id,
        "way": way,
        "kilograms": kilograms,
        "on_day": today(),
        "evidence": "Biên bản tiêu hủy số 03/BB",
    }
    with database.transaction(actor) as session:
        return recall_goods.handle(session, actor, HandleInput(**value | changes))


def reread(database: Database, batch: Batch) -> Batch:
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, Batch, batch.id)


def test_no_more_comes_back_than_went_out(
    database: Database, manager: Actor, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    recover(database, manager, recall, sold, 25, evidence="Phiếu nhập kho 7")
    with pytest.raises(RuleBroken, match="back_exceeds"):
        recover(database, manager, recall, sold, "35001 g")
    recover(database, manager, recall, sold, 35)
    with pytest.raises(RuleBroken, match="back_exceeds"):
        recover(database, manager, recall, sold, "1 g")
    with database.reading(SYSTEM.scope) as session:
        reach = recall_balance.account(session, recall)
    (line,) = reach.batches
    assert (line.made_g, line.located_g, line.recovered_g, line.missing_g) == (100_000, 40_000, 60_000, 0)
    after = reread(database, batch)
    assert (after.on_hand_g, after.shipped_g) == (100_000, 0)


def test_what_another_producer_took_into_its_stock_it_gives_back_first(
    database: Database, owner: Producer, manager: Actor, agency: Actor
) -> None:
    batch, buyer = factories.harvest(database, owner, 100), factories.producer(database)
    arrived = factories.received(database, factories.sent(database, batch, 60, buyer), 58)
    made_of(database, buyer, 18, f"delivery:{arrived.id}")
    waiting = factories.sent(database, batch, 5, buyer)
    recall = compulsory(database, agency, batch)
    with pytest.raises(RuleBroken, match="not_received_yet"):
        recover(database, manager, recall, waiting, 5)
    with pytest.raises(RuleBroken, match="back_exceeds"):
        recover(database, manager, recall, arrived, 41)
    with pytest.raises(RuleBroken, match="not_given_back"):
        recover(database, manager, recall, arrived, 40)
    there = person(database, buyer)
    with database.transaction(there) as session:
        back = GiveBackInput(
            delivery_id=arrived.id, kilograms=40, happened_at=now(), reason=ReturnReason.RECALLED
        )
        received_stock.give_back(session, there, back)
    with database.reading(SYSTEM.scope) as session:
        root = recall_balance.account(session, recall).batches[0]
    assert (root.outside_g, root.recovered_g, root.missing_g) == (45_000, 0, 45_000)
    row = recover(database, manager, recall, arrived, 40)
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, Delivery, arrived.id).remaining_g == 0
        root = recall_balance.account(session, recall).batches[0]
    assert (root.outside_g, root.recovered_g, root.passed_on_g, root.located_g) == (
        45_000,
        40_000,
        18_000,
        37_000,
    )
    assert reread(database, batch).on_hand_g == 35_000 + 40_000
    value = WithdrawInput(recall_id=recall.id, entry_id=row.id, reason="Ghi nhầm lần giao")
    with database.transaction(manager) as session:
        recall_goods.withdraw_recovery(session, manager, value)
    with pytest.raises(RuleBroken, match="withdrawn_already"), database.transaction(manager) as session:
        recall_goods.withdraw_recovery(session, manager, value)
    assert reread(database, batch).on_hand_g == 35_000


def test_wrong_deliveries_and_days_are_refused(
    database: Database, owner: Producer, manager: Actor, recall: Recall, sold: Delivery
) -> None:
    other = factories.sent(database, factories.harvest(database, owner), 10)
    foreign = factories.sent(database, factories.harvest(database, factories.producer(database)), 10)
    for delivery in (other, foreign):
        with pytest.raises(RuleBroken, match="delivery_unknown"):
            recover(database, manager, recall, delivery, 1)
    with pytest.raises(RuleBroken, match="day_in_future"):
        recover(database, manager, recall, sold, 1, on_day=today() + timedelta(days=1))
    with pytest.raises(RuleBroken, match="back_before_sent"):
        recover(database, manager, recall, sold, 1, on_day=sold.sent_on - timedelta(days=1))
    stranger = person(database, factories.producer(database))
    with pytest.raises(NotFound):
        recover(database, stranger, recall, sold, 1)


@pytest.mark.parametrize("way", [Way.DESTROY, Way.CHANGE_USE, Way.RE_EXPORT])
def test_goods_that_leave_the_stock_leave_the_account_of_the_batch(
    database: Database, manager: Actor, recall: Recall, batch: Batch, way: Way
) -> None:
    with pytest.raises(RuleBroken, match="handled_exceeds"):
        handle(database, manager, recall, batch, "40001 g", way)
    row = handle(database, manager, recall, batch, 40, way)
    after = reread(database, batch)
    assert (after.on_hand_g, after.lost_g, after.state) == (0, 40_000, BatchState.RECALLED)
    assert row.event_id is not None
    value = WithdrawInput(recall_id=recall.id, entry_id=row.id, reason="Ghi nhầm lô")
    with database.transaction(manager) as session:
        recall_goods.withdraw_handling(session, manager, value)
    assert reread(database, batch).on_hand_g == 40_000


def test_destroying_what_is_recalled_leaves_no_stamps_too_many_until_the_recall_is_lifted(
    database: Database, tmp_path: Path, agency: Actor
) -> None:
    mint = rolls.Mint(database, Keyring(tmp_path, demo=True))
    stamped = mint.batch(140)
    mint.activate(mint.downloaded(stamped, 100), 0, 99)
    with database.transaction(mint.actor(stamped)) as session:  # a loss before: its flag stands, and stays
        lost = WasteInput(
            batch_id=stamped.id, kilograms="14", happened_at=now(), reason="spoiled", handling="composted"
        )
        wastes.throw_away(session, mint.actor(stamped), lost)
    before = standing_flags(database, stamped)
    assert [(flag.rule, flag.evidence["units"]) for flag in before] == [(RuleCode.STAMP_OVERUSE, 90)]
    order = compulsory(database, agency, stamped)
    handle(database, mint.actor(stamped), order, stamped, 100, Way.DESTROY)
    assert [flag.revision for flag in standing_flags(database, stamped)] == [before[0].revision]

    clean = mint.batch(140)
    mint.activate(mint.downloaded(clean, 100), 0, 99)
    order = compulsory(database, agency, clean)
    handle(database, mint.actor(clean), order, clean, 100, Way.DESTROY)
    assert standing_flags(database, clean) == []
    with database.transaction(agency) as session:
        recalls.ask_lift(session, agency, recalls.LiftInput(recall_id=order.id, reason="Mẫu đối chứng đạt"))
    with database.reading(SYSTEM.scope) as session:
        second = person(database, records.find(session, Agency, agency.agency_id or ""))
    with database.transaction(second) as session:
        recalls.lift(session, second, recalls.ConfirmInput(recall_id=order.id))
    (flag,) = standing_flags(database, clean)  # 40 kg are on sale again, under 100 stamps
    assert (flag.rule, flag.evidence["units"]) == (RuleCode.STAMP_OVERUSE, 28)


def standing_flags(database: Database, batch: Batch) -> list[RuleFlag]:
    with database.reading(SYSTEM.scope) as session:
        return [flag for flag in rule_flags.of_batch(session, batch.id) if flag.stands]


def test_goods_put_right_stay_on_hand_and_wait_no_more(
    database: Database, manager: Actor, recall: Recall, batch: Batch
) -> None:
    handle(database, manager, recall, batch, 15, Way.FIX, evidence="Dán lại nhãn, biên bản 4")
    assert reread(database, batch).on_hand_g == 40_000
    with pytest.raises(RuleBroken, match="handled_exceeds"):
        handle(database, manager, recall, batch, 26, Way.DESTROY)
    handle(database, manager, recall, batch, 25, Way.DESTROY)
    with database.reading(SYSTEM.scope) as session:
        assert recall_balance.waiting_of(session, recall) == []
        assert recall_balance.ways(session, recall.id)[Way.FIX] == 15_000


def test_a_wrong_entry_of_what_came_back_is_a_return_that_never_was(
    database: Database, manager: Actor, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    back = recover(database, manager, recall, sold, 30)
    value = WithdrawInput(recall_id=recall.id, entry_id=back.id, reason="Ghi nhầm khách hàng")
    with database.transaction(manager) as session:
        recall_goods.withdraw_recovery(session, manager, value)
    after = reread(database, batch)
    assert (after.on_hand_g, after.shipped_g) == (40_000, 60_000)
    recover(database, manager, recall, sold, 60)


def test_what_an_entry_wrote_down_is_only_taken_back_with_the_entry(
    database: Database, manager: Actor, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    back = recover(database, manager, recall, sold, 30)
    gone = handle(database, manager, recall, batch, 70, Way.DESTROY)
    for event_id in (back.event_id, gone.event_id):
        for changes in ({"reason": "did_not_occur"}, {"reason": "incorrect_data", "place": "Kho 2"}):
            value = CorrectionInput(event_id=event_id, explanation="Ghi nhầm", **changes)  # type: ignore[arg-type]
            with (
                pytest.raises(RuleBroken, match=r"recalls\.entry_stays"),
                database.transaction(manager) as session,
            ):
                correct(session, manager, value)
    for row, use_case in [(gone, recall_goods.withdraw_handling), (back, recall_goods.withdraw_recovery)]:
        entry = WithdrawInput(recall_id=recall.id, entry_id=row.id, reason="Ghi nhầm lô")
        with database.transaction(manager) as session:
            use_case(session, manager, entry)  # type: ignore[operator]
    after = reread(database, batch)
    assert (after.on_hand_g, after.shipped_g) == (40_000, 60_000)


def test_what_came_back_before_the_recall_is_not_outside(
    database: Database, manager: Actor, agency: Actor, batch: Batch, sold: Delivery
) -> None:
    value = ReturnInput(delivery_id=sold.id, kilograms=20, happened_at=now(), reason=ReturnReason.UNSOLD)
    with database.transaction(manager) as session:
        returns.take_back(session, manager, value)
    recall = compulsory(database, agency, batch)
    with pytest.raises(RuleBroken, match="back_exceeds"):
        recover(database, manager, recall, sold, 41)
    recover(database, manager, recall, sold, 40)
    with database.reading(SYSTEM.scope) as session:
        (line,) = recall_balance.account(session, recall).batches
    assert (line.made_g, line.located_g, line.outside_g, line.recovered_g) == (
        100_000,
        60_000,
        40_000,
        40_000,
    )


def test_what_came_back_is_dealt_with_once(
    database: Database, manager: Actor, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    back = recover(database, manager, recall, sold, 30)
    with pytest.raises(RuleBroken, match="handled_exceeds"):
        handle(database, manager, recall, batch, 71, Way.DESTROY)
    handle(database, manager, recall, batch, 70, Way.DESTROY)
    after = reread(database, batch)
    assert (after.on_hand_g, after.shipped_g, after.lost_g) == (0, 30_000, 70_000)
    value = WithdrawInput(recall_id=recall.id, entry_id=back.id, reason="Ghi nhầm")
    with pytest.raises(RuleBroken, match="handled_already"), database.transaction(manager) as session:
        recall_goods.withdraw_recovery(session, manager, value)


def test_closing_needs_an_outcome_and_two_persons(
    database: Database, manager: Actor, agency: Actor, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    value = ReportInput(recall_id=recall.id, **REPORT)
    closing = {"missing_confirmed": True, "closing_reason": "Hàng đã tiêu thụ hết, có bảng kê bán lẻ"}

    def file(**changes: Any) -> Any:
        with database.transaction(manager) as session:
            return recall_reports.file(session, manager, value.model_copy(update=changes))

    def accept(actor: Actor, **changes: Any) -> Any:
        with database.transaction(actor) as session:
            return recall_reports.accept(session, actor, AcceptInput(recall_id=recall.id, **changes))

    with pytest.raises(RuleBroken, match="report_missing"):
        accept(agency)
    with pytest.raises(RuleBroken, match="goods_waiting"):
        file()
    handle(database, manager, recall, batch, 40, Way.DESTROY)
    recover(database, manager, recall, sold, 50)
    with pytest.raises(RuleBroken, match="goods_waiting"):
        file()
    handle(database, manager, recall, batch, 50, Way.DESTROY)
    with pytest.raises(RuleBroken, match="missing_unexplained") as caught:
        file()
    assert caught.value.field == "missing_reason"
    with pytest.raises(RuleBroken, match="missing_unconfirmed") as caught:
        file(missing_reason="Đã bán lẻ và dùng hết")
    said = {name: str(text).replace("\u00a0", " ") for name, text in caught.value.facts.items()}
    assert said == {"made": "100 kg", "located": "40 kg", "recovered": "50 kg", "missing": "10 kg"}
    report = file(missing_reason="Đã bán lẻ và dùng hết", missing_confirmed=True)
    assert (report.made_g, report.located_g, report.recovered_g, report.missing_g) == (
        100_000,
        40_000,
        50_000,
        10_000,
    )
    assert report.figures["ways"]["destroy"] == 90_000
    with pytest.raises(RuleBroken, match="filed_already"):
        file(missing_reason="x", missing_confirmed=True)
    with pytest.raises(RuleBroken, match="not_permitted"):
        accept(manager)
    with database.transaction(agency) as session:
        back = SendBackInput(recall_id=recall.id, reason="Thiếu biên bản tiêu hủy")
        recall_reports.send_back(session, agency, back)
    report = file(missing_reason="Đã bán lẻ và dùng hết, có bảng kê", missing_confirmed=True)
    assert report.state is ReportState.FILED
    recover(database, manager, recall, sold, 1)
    handle(database, manager, recall, batch, 1, Way.DESTROY)
    with pytest.raises(RuleBroken, match="figures_moved"):
        accept(agency)
    with database.transaction(agency) as session:
        recall_reports.send_back(session, agency, back)
    file(missing_reason="Đã bán lẻ và dùng hết, có bảng kê", missing_confirmed=True)
    with pytest.raises(RuleBroken, match="closing_unexplained"):
        accept(agency, missing_confirmed=True)
    with pytest.raises(RuleBroken, match="missing_unconfirmed"):
        accept(agency, closing_reason=closing["closing_reason"])
    closed_with = accept(agency, **closing)
    assert (closed_with.state, closed_with.remark) == (ReportState.ACCEPTED, closing["closing_reason"])
    with database.reading(PUBLIC) as session:
        closed = records.find(session, Recall, recall.id)
        story = provenance.of_batch(session, batch.id, today())
    assert closed.state is RecallState.CLOSED
    assert state(database, batch) is BatchState.RECALLED
    assert [row.number for row in story.recalls] == [recall.number]
    outcome = story.recalls[0].outcome
    assert outcome is not None
    assert outcome.closed_on == today()
    figures = (outcome.made_g, outcome.located_g, outcome.recovered_g, outcome.missing_g)
    assert figures == (100_000, 40_000, 51_000, 9_000)
    with pytest.raises(RuleBroken, match="not_open"):
        recover(database, manager, recall, sold, 1)
    with pytest.raises(RuleBroken, match="not_open"), database.transaction(agency) as session:
        recalls.ask_lift(session, agency, recalls.LiftInput(recall_id=recall.id, reason="muộn rồi"))


def test_whoever_files_a_report_does_not_accept_it(
    database: Database, owner: Producer, manager: Actor, agency: Actor
) -> None:
    batch = factories.harvest(database, owner, 10)
    recall = compulsory(database, agency, batch)
    handle(database, manager, recall, batch, 10, Way.DESTROY)
    with database.transaction(agency) as session:
        recall_reports.file(session, agency, ReportInput(recall_id=recall.id, **REPORT))
    with pytest.raises(RuleBroken, match="same_person_closes"), database.transaction(agency) as session:
        recall_reports.accept(session, agency, AcceptInput(recall_id=recall.id))


def test_a_batch_stays_recalled_by_a_closed_recall_when_another_is_lifted(
    database: Database, owner: Producer, manager: Actor, agency: Actor
) -> None:
    batch = factories.harvest(database, owner, 10)
    first = compulsory(database, agency, batch)
    handle(database, manager, first, batch, 10, Way.FIX)
    second = recalls_again(database, manager, batch)
    with database.transaction(manager) as session:
        recall_reports.file(session, manager, ReportInput(recall_id=first.id, **REPORT))
    with database.transaction(agency) as session:
        recall_reports.accept(session, agency, AcceptInput(recall_id=first.id))
    with database.transaction(manager) as session:
        lift = recalls.LiftInput(recall_id=second.id, reason="Không cần nữa")
        recalls.ask_lift(session, manager, lift)
    with database.transaction(agency) as session:
        recalls.lift(session, agency, recalls.ConfirmInput(recall_id=second.id))
    assert state(database, batch) is BatchState.RECALLED


def test_goods_put_right_for_one_recall_wait_for_the_next_all_the_same(
    database: Database, owner: Producer, manager: Actor, agency: Actor
) -> None:
    batch = factories.harvest(database, owner, 10)
    first = compulsory(database, agency, batch)
    handle(database, manager, first, batch, 10, Way.FIX)
    second = recalls_again(database, manager, batch)
    with database.reading(SYSTEM.scope) as session:
        assert recall_balance.waiting_of(session, first) == []
        assert [row.stock_g for row in recall_balance.waiting_of(session, second)] == [10_000]
    with pytest.raises(RuleBroken, match="goods_waiting"), database.transaction(manager) as session:
        recall_reports.file(session, manager, ReportInput(recall_id=second.id, **REPORT))
    handle(database, manager, second, batch, 10, Way.DESTROY)
    with database.transaction(manager) as session:
        recall_reports.file(session, manager, ReportInput(recall_id=second.id, **REPORT))


def recalls_again(database: Database, manager: Actor, batch: Batch) -> Recall:
    value = recalls.RecallInput(batch_id=batch.id, kind=recalls.RecallKind.VOLUNTARY, reason="Nhầm nhãn")
    with database.transaction(manager) as session:
        return recalls.open_recall(session, manager, value)


def taken_back_by_four(database: Database, owner: Producer, recall: Recall, sold: Delivery) -> int:
    """Grams that four writers took back at once, three times 13 kg each as far as they were let."""
    actors = [person(database, owner) for _ in range(4)]
    start = Barrier(len(actors))

    def try_it(actor: Actor) -> int:
        start.wait()
        back = 0
        for _ in range(3):
            with contextlib.suppress(RuleBroken, IntegrityError):
                back += recover(database, actor, recall, sold, 13).grams
        return back

    with ThreadPoolExecutor(len(actors)) as pool:
        return sum(pool.map(try_it, actors))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_without_its_locks_more_would_come_back_than_went_out(
    database: Database, owner: Producer, recall: Recall, sold: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "lock", records.find)
    assert taken_back_by_four(database, owner, recall, sold) > 60_000


def test_writers_at_the_same_moment_never_take_back_more_than_went_out(
    database: Database, owner: Producer, recall: Recall, batch: Batch, sold: Delivery
) -> None:
    assert taken_back_by_four(database, owner, recall, sold) == 52_000
    after = reread(database, batch)
    assert (after.on_hand_g, after.shipped_g) == (92_000, 8_000)
