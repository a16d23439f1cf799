"""What is found out about a lot holds for those that were made of it: flags come to them, and go from them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests import factories
from tests.domain.goods import merge, never_happened, rework, split, told
from traceability.db import Database
from traceability.domain import (
    corrections,
    events,
    laboratory,
    rule_judge,
    rule_overrides,
    transforms,
    treatments,
)
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.events import EventInput
from traceability.domain.history import CorrectionReason, Event, EventType
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.moments import start_of
from traceability.domain.notices import Notice
from traceability.domain.producers import Producer
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import CloseReason, FlagState, RuleFlag
from traceability.domain.rule_overrides import OverrideInput
from traceability.domain.transforms import TransformInput, TransformSource
from traceability.domain.treatments import InputKind, TreatmentInput

FACTS: dict[str, Any] = {
    "harvest_months_allowed": list(range(1, 13)),
    "conversion_out_in": {"fresh_pack": {"min": 0.8, "max": 0.98}},
}


def yesterday() -> date:
    """Asked each time: midnight may come while the tests run."""
    return today() - timedelta(days=1)


def before() -> date:
    """Long before the harvest."""
    return yesterday() - timedelta(days=20)


@pytest.fixture
def owner(database: Database) -> Producer:
    factories.crop(database, **FACTS)
    return factories.producer(database)


def flags(database: Database, batch: Batch) -> list[RuleFlag]:
    with database.reading(SYSTEM.scope) as session:
        return list(session.exec(select(RuleFlag).where(RuleFlag.batch_id == batch.id)).all())


def standing(database: Database, *batches: Batch) -> list[list[RuleCode]]:
    return [[flag.rule for flag in flags(database, one) if flag.stands] for one in batches]


def spray(database: Database, batch: Batch, day: date, interval_days: int = 7) -> Event:
    value = TreatmentInput(
        batch_id=batch.id,
        kind=InputKind.FUNGICIDE,
        substance="Mancozeb 80 WP",
        interval_days=interval_days,
        applied_on=day,
    )
    with database.transaction(SYSTEM) as session:
        return treatments.record(session, SYSTEM, value)


def correct(database: Database, event: Event, **changes: Any) -> Event:
    value = CorrectionInput(
        event_id=event.id, reason=CorrectionReason.INCORRECT_DATA, explanation="Ghi nhầm ngày", **changes
    )
    with database.transaction(SYSTEM) as session:
        return corrections.correct(session, SYSTEM, value)


def harvest_of(database: Database, batch: Batch) -> Event:
    return next(event for event in told(database, batch) if event.type is EventType.HARVEST)


def worked_up(database: Database, product_id: str, **source: Any) -> Batch:
    """A lot that was made of somebody's goods."""
    value = TransformInput(
        product_id=product_id,
        started_on=today(),
        happened_at=now(),
        output_kg="100",
        inputs=[TransformSource(**source)],
    )
    with database.transaction(SYSTEM) as session:
        return transforms.transform(session, SYSTEM, value)


def chain(database: Database, owner: Producer, **changes: Any) -> tuple[Batch, list[Batch]]:
    """A harvest, a part of it that was split off and sent to another producer, and what that one made of it."""
    harvest = factories.harvest(database, owner, 1000, **changes)
    part, _rest = split(database, harvest, 300, 200)
    other = factories.producer(database)
    juice = factories.product(database, other, form="juice")
    got = factories.received(database, factories.sent(database, part, 200, other))
    made = worked_up(database, juice.id, delivery_id=got.id, kilograms="150")
    return harvest, [part, made]


def test_a_treatment_that_is_corrected_flags_all_that_was_made_of_the_harvest_and_sent_on(
    database: Database, owner: Producer
) -> None:
    harvest, below = chain(database, owner)
    spraying = spray(database, harvest, before())
    assert standing(database, harvest, *below) == [[], [], []]
    right = correct(database, spraying, happened_at=start_of(yesterday() - timedelta(days=2)))
    assert standing(database, harvest, *below) == [[RuleCode.PHI_VIOLATION]] * 3
    for lot in below:
        (flag,) = flags(database, lot)
        assert (flag.producer_id, flag.state) == (lot.producer_id, FlagState.OPEN)
        assert flag.evidence == {
            "from_lot": harvest.lot,
            "from_producer": owner.name,
        }  # and not what was sprayed
    with database.reading(SYSTEM.scope) as session:
        notices = session.exec(select(Notice).where(Notice.code == "rule_flagged_below")).all()
        told_of = {row.producer_id: row.facts["count"] for row in notices}
        assert told_of == {owner.id: 2, below[1].producer_id: 1}  # one word for all its lots
    correct(database, right, happened_at=start_of(before()))
    assert standing(database, harvest, *below) == [[], [], []]
    for lot in below:
        (flag,) = flags(database, lot)
        assert (flag.state, flag.close_reason) == (FlagState.WITHDRAWN, CloseReason.CAUSE_REMOVED)


def test_another_day_of_the_harvest_flags_exports_of_what_was_made_of_it_and_heals_them(
    database: Database, owner: Producer
) -> None:
    area = factories.area(database, owner)
    factories.area_code(database, area, "VN-VLOR-0011", market="CN", valid_from=before())
    harvest = factories.harvest(database, owner, 1000, area_id=area.id)
    part, rest = split(database, harvest, 300, 200)
    again = rework(database, rest)[0]
    sent = [factories.sent(database, lot, 100, market="CN") for lot in (part, again)]
    assert standing(database, harvest, part, again) == [[], [], []]
    right = correct(
        database, harvest_of(database, harvest), happened_at=start_of(before() - timedelta(days=1))
    )
    market = [RuleCode.MARKET_WITHOUT_CODE]
    assert standing(database, harvest, part, again) == [[], market, market]
    with database.reading(SYSTEM.scope) as session:
        found = session.exec(select(RuleFlag.subject_id)).all()
        assert set(found) == {one.id for one in sent}
    correct(database, right, happened_at=start_of(yesterday()))
    assert standing(database, harvest, part, again) == [[], [], []]


def test_what_is_made_of_a_flagged_harvest_carries_its_flag_from_the_first_moment(
    database: Database, owner: Producer
) -> None:
    product = factories.product(database, owner)
    area = factories.area(database, owner)
    bad, good = (
        factories.harvest(database, owner, 500, area_id=area.id, product_id=product.id) for _ in range(2)
    )
    spray(database, bad, yesterday())
    (part,) = split(database, bad, 100)
    assert standing(database, part) == [[RuleCode.PHI_VIOLATION]]
    both = merge(database, (bad, 100), (good, 100))
    assert standing(database, both, good) == [[RuleCode.PHI_VIOLATION], []]
    # a lot keeps the flag as long as one of the harvests in it has it
    spray(database, good, yesterday())
    never_happened(database, next(e for e in told(database, bad) if e.type is EventType.TREAT))
    assert standing(database, bad, part, both) == [[], [], [RuleCode.PHI_VIOLATION]]
    never_happened(database, next(e for e in told(database, good) if e.type is EventType.TREAT))
    assert standing(database, good, both) == [[], []]


def test_what_an_agency_lets_pass_of_a_harvest_passes_in_what_was_made_of_it(
    database: Database, owner: Producer
) -> None:
    harvest, below = chain(database, owner)
    spray(database, harvest, yesterday())
    inspector = factories.actor_of(
        database, factories.account(database, factories.agency(database, Permission.INSPECT))
    )
    (flag,) = flags(database, harvest)
    with database.transaction(inspector) as session:
        value = OverrideInput(flag_id=flag.id, reason="Đã lấy mẫu, dư lượng dưới ngưỡng cho phép")
        made = rule_overrides.override(session, inspector, value)
    (later,) = split(database, harvest, 50)
    for lot in (*below, later):
        (flag,) = flags(database, lot)
        assert (flag.state, flag.override_id) == (FlagState.OVERRIDDEN, made.id)
    with database.reading(SYSTEM.scope) as session:
        assert [row.id for row, _agency in rule_overrides.public_of(session, below[1].id)] == [made.id]


def test_a_weighing_that_is_corrected_is_judged_in_the_lots_into_which_its_goods_were_divided(
    database: Database, owner: Producer
) -> None:
    harvest = factories.harvest(database, owner, 1000)
    with database.transaction(SYSTEM) as session:
        value = EventInput(batch_id=harvest.id, type=EventType.PACK, happened_at=now(), loss_kg="100")
        packing = events.record(session, SYSTEM, value)
    part, _rest = split(database, harvest, 300, 100)
    factories.sent(database, part, 10)
    assert standing(database, part) == [[]]
    right = correct(database, packing, loss_kg="450")
    assert standing(database, part) == [[RuleCode.BAD_CONVERSION]]
    correct(database, right, loss_kg="100")
    assert standing(database, part) == [[]]


def test_a_failed_report_flags_what_had_left_of_lots_split_off_before(
    database: Database, owner: Producer
) -> None:
    harvest = factories.harvest(database, owner, 1000)
    (part,) = split(database, harvest, 300)
    factories.sent(database, part, 10)
    value = LabTestInput(
        batch_id=harvest.id,
        laboratory="Phòng thử nghiệm (minh họa)",
        report_no="KN-1",
        sampled_on=today(),
        reported_on=today(),
        results=[ResultInput(name="Dư lượng", value="vượt", passed=False)],
    )
    with database.transaction(SYSTEM) as session:
        laboratory.record(session, SYSTEM, value)
    assert standing(database, part) == [[RuleCode.LAB_FAIL_SHIPPED]]


def test_each_lot_below_is_judged_once_however_many_ways_lead_to_it(
    database: Database, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = factories.product(database, owner)
    harvest = factories.harvest(database, owner, 900, product_id=product.id)
    parts = split(database, harvest, 100, 100, 100)
    whole = merge(database, *((part, 50) for part in parts))
    judged: list[str] = []
    real = rule_judge._heir
    monkeypatch.setattr(
        rule_judge, "_heir", lambda s, row, read: (judged.append(row.id), real(s, row, read))[1]
    )
    spray(database, harvest, yesterday())
    assert sorted(judged) == sorted(one.id for one in (*parts, whole))
