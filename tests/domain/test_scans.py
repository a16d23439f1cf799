"""What a scan means, and what is kept of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, func, select

from tests import stamped
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import recalls, scans
from traceability.domain.actors import SYSTEM, VISITOR
from traceability.domain.batches import BatchState
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.ownership import PUBLIC
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.scans import (
    DayVisitor,
    Resolution,
    Scan,
    ScanDay,
    Sighting,
    StampCount,
    Verdict,
    VisitorKey,
)
from traceability.domain.stamps import RangeState, VoidReason
from traceability.domain.suspensions import SuspendedKind, SuspensionInput, suspend

NOON = datetime(2026, 11, 24, 12, 0, 42, tzinfo=VIETNAM)


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    return stamped.lot(database, settings.keyring())


def resolve(database: Database, lot: Lot, number: int) -> Resolution | None:
    with database.reading(PUBLIC) as session:
        return scans.resolve(session, lot.key.epoch_id, lot.order.first_serial + number, today())


def verdict(database: Database, lot: Lot, number: int) -> Verdict:
    found = resolve(database, lot, number)
    assert found is not None
    return found.verdict


def seen(lot: Lot, number: int = 0, **changes: object) -> Sighting:
    values = {
        "epoch": lot.key.epoch_id,
        "serial": lot.order.first_serial + number,
        "batch_id": lot.batch.id,
        "at": NOON,
        "verdict": Verdict.ACTIVE,
        "network": "203.0.113.0/24",
        "agent": "Mozilla/5.0",
        "device": "phone",
    }
    return Sighting(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("batch", "stamps", "past_its_date", "expected"),
    [
        (BatchState.RECALLED, RangeState.VOID, True, Verdict.RECALLED),
        (BatchState.HELD, RangeState.VOID, True, Verdict.VOID),
        (BatchState.HELD, RangeState.PRINTED, True, Verdict.SUSPENDED),
        (BatchState.RELEASED, RangeState.SUSPENDED, True, Verdict.SUSPENDED),
        (BatchState.RELEASED, RangeState.PRINTED, True, Verdict.INACTIVE),
        (BatchState.OPEN, RangeState.ACTIVE, True, Verdict.INACTIVE),
        (BatchState.RELEASED, RangeState.ACTIVE, True, Verdict.EXPIRED),
        (BatchState.RELEASED, RangeState.ACTIVE, False, Verdict.ACTIVE),
        (BatchState.CLOSED, RangeState.CLOSED, False, Verdict.ACTIVE),
    ],
)
def test_the_first_verdict_that_applies_is_given(
    batch: BatchState, stamps: RangeState, past_its_date: bool, expected: Verdict
) -> None:
    end = today() - timedelta(days=1 if past_its_date else -1)
    assert scans.verdict_of(batch, stamps, end, today()) is expected


def test_on_its_last_day_a_lot_has_not_expired() -> None:
    assert scans.verdict_of(BatchState.RELEASED, RangeState.ACTIVE, today(), today()) is Verdict.ACTIVE


def test_each_stamp_of_an_order_speaks_for_itself(database: Database, lot: Lot) -> None:
    stamped.put(database, lot, 0, 4, RangeState.ACTIVE)
    stamped.put(database, lot, 2, 2, RangeState.VOID, VoidReason.STOLEN)
    assert [verdict(database, lot, number) for number in (0, 1, 2, 3, 4, 5, 19)] == [
        Verdict.ACTIVE,
        Verdict.ACTIVE,
        Verdict.VOID,
        Verdict.ACTIVE,
        Verdict.ACTIVE,
        Verdict.INACTIVE,
        Verdict.INACTIVE,
    ]
    void = resolve(database, lot, 2)
    assert void is not None
    assert void.void_reason is VoidReason.STOLEN
    assert void.demo


def test_a_serial_that_no_order_holds_is_not_on_record(database: Database, lot: Lot) -> None:
    assert resolve(database, lot, 20) is None


def test_a_held_batch_suspends_its_stamps_and_a_recall_goes_before_all(database: Database, lot: Lot) -> None:
    stamped.put(database, lot, 0, 0, RangeState.ACTIVE)
    stamped.put(database, lot, 1, 1, RangeState.VOID, VoidReason.LOST)
    with database.transaction(SYSTEM) as session:
        value = SuspensionInput(
            subject_kind=SuspendedKind.BATCH, subject_id=lot.batch.id, reason="Nghi nhiễm bẩn"
        )
        suspend(session, SYSTEM, value)
    assert [verdict(database, lot, number) for number in (0, 1)] == [Verdict.SUSPENDED, Verdict.VOID]
    with database.transaction(SYSTEM) as session:
        wanted = RecallInput(
            batch_id=lot.batch.id,
            kind=RecallKind.COMPULSORY,
            reason="Dư lượng",
            decision_no="12/QĐ",
            decided_on=today(),
        )
        recalls.open_recall(session, SYSTEM, wanted)
    assert [verdict(database, lot, number) for number in (0, 1, 9)] == [Verdict.RECALLED] * 3


def test_a_scan_is_counted_for_its_stamp_and_its_day(database: Database, lot: Lot) -> None:
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen(lot), seen(lot, 1)])
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen(lot, at=NOON + timedelta(hours=2), verdict=Verdict.RECALLED)])
    found = resolve(database, lot, 0)
    assert found is not None
    assert found.opened == 2
    assert found.first_opened_at == NOON.replace(second=0)
    with database.reading(PUBLIC) as session:
        days = {row.verdict: row.opened for row in session.exec(select(ScanDay))}
        assert days == {Verdict.ACTIVE: 2, Verdict.RECALLED: 1}
        assert {row.at.second for row in session.exec(select(Scan))} == {0}


def test_a_visitor_s_mark_is_good_for_one_stamp_and_one_day(database: Database, lot: Lot) -> None:
    rows = [
        seen(lot),
        seen(lot),
        seen(lot, agent="another"),
        seen(lot, 1),
        seen(lot, at=NOON + timedelta(days=1)),
    ]
    with database.transaction(VISITOR) as session:
        scans.record(session, rows)
        marks = [row.visitor for row in session.exec(select(Scan).order_by(Scan.id))]  # type: ignore[arg-type]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def test_each_visitor_counts_once_a_day_for_one_stamp(database: Database, lot: Lot) -> None:
    tomorrow = NOON + timedelta(days=1)
    for rows in (
        [seen(lot), seen(lot), seen(lot, 1), seen(lot, agent="another")],
        [seen(lot, at=NOON + timedelta(hours=3)), seen(lot, at=tomorrow), seen(lot, at=tomorrow)],
    ):
        with database.transaction(VISITOR) as session:
            scans.record(session, rows)
    counts = [resolve(database, lot, number) for number in (0, 1)]
    assert [(found.opened, found.visitors) for found in counts if found] == [(6, 3), (1, 1)]


def test_the_number_of_visitors_stays_when_their_marks_are_gone(database: Database, lot: Lot) -> None:
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen(lot, at=now() - timedelta(days=40)), seen(lot, at=now())])
        assert len(session.exec(select(DayVisitor)).all()) == 2
    with database.transaction(VISITOR) as session:
        scans.forget(session, today())
        assert [row.day for row in session.exec(select(DayVisitor))] == [today()]
        scans.forget(session, today() + timedelta(days=1))
        assert session.exec(select(DayVisitor)).all() == []
    found = resolve(database, lot, 0)
    assert found is not None
    assert found.visitors == 2


def test_of_a_stamp_that_was_opened_before_visitors_were_counted_no_number_is_made_up(
    database: Database, lot: Lot
) -> None:
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen(lot)])
        session.exec(select(StampCount)).one().visitors = None
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen(lot, agent="another")])
    found = resolve(database, lot, 0)
    assert found is not None
    assert (found.opened, found.visitors) == (2, None)


def test_a_day_that_is_over_loses_its_key_and_old_scans_become_numbers(database: Database, lot: Lot) -> None:
    old = [seen(lot, at=now() - timedelta(days=days)) for days in (40, 2, 0)]
    with database.transaction(VISITOR) as session:
        scans.record(session, old)
    with database.transaction(VISITOR) as session:
        scans.forget(session, today())
    with database.reading(PUBLIC) as session:
        assert session.exec(select(col(VisitorKey.day))).all() == [today()]
        assert session.exec(select(func.count()).select_from(Scan)).one() == 2
        assert session.exec(select(StampCount.opened)).one() == 3
        assert session.exec(select(func.sum(ScanDay.opened))).one() == 3


def test_many_writers_count_every_scan(database: Database, lot: Lot) -> None:
    def write(number: int) -> None:
        rows = [seen(lot, (number + place) % 5, at=now()) for place in range(5)]
        with database.transaction(VISITOR) as session:
            scans.record(session, rows)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(12)))
    with database.reading(PUBLIC) as session:
        assert session.exec(select(StampCount.opened)).all() == [12] * 5
        assert session.exec(select(StampCount.visitors)).all() == [1] * 5
