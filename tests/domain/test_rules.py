"""The rules at work: flags that are raised once and closed with their cause, refusals, settings, overrides, locks."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests import factories, rolls
from tests.domain.goods import never_happened, split, throw_away, told
from traceability import signatures
from traceability.db import Database
from traceability.domain import (
    area_grants,
    areas,
    batches,
    certificate_claims,
    code_authorisations,
    corrections,
    divisions,
    events,
    laboratory,
    ledger,
    records,
    rule_figures,
    rule_flags,
    rule_judge,
    rule_overrides,
    rule_refusals,
    rule_settings,
    rules,
    transforms,
    treatments,
    verification,
)
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.areas import AreaCode, AreaInput, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState, HarvestInput
from traceability.domain.certificate_claims import ClaimInput
from traceability.domain.certificates import CertificateInput
from traceability.domain.certificates import add as add_certificate
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.code_authorisations import AuthoriseInput
from traceability.domain.corrections import CorrectionInput
from traceability.domain.divisions import SplitInput, SplitPart
from traceability.domain.errors import RuleBroken
from traceability.domain.events import EventInput
from traceability.domain.history import CorrectionReason, EventType, beginning, history
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.ledger import LogLeaf
from traceability.domain.moments import start_of
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.rule_book import Effect, RuleCode
from traceability.domain.rule_figures import FigureInput, FigureKind
from traceability.domain.rule_flags import CloseReason, FlagState, RuleFlag
from traceability.domain.rule_outcomes import Unknown
from traceability.domain.rule_overrides import OverrideInput
from traceability.domain.rule_settings import SettingInput
from traceability.domain.transforms import TransformInput
from traceability.domain.treatments import InputKind, TreatmentInput
from traceability.keys import Keyring
from traceability.wording import rules as rule_words

POMELO: dict[str, Any] = {
    "yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"},
    "harvest_months_allowed": list(range(1, 13)),
    "conversion_out_in": {"fresh_pack": {"min": 0.8, "max": 0.98}},
}
#: 4.84 ha x 30 t
CAP = 145_200
REASON = "Vườn trồng dày theo đề án đã được nghiệm thu"


def yesterday() -> date:
    """Asked each time: midnight may come while the tests run."""
    return today() - timedelta(days=1)


@pytest.fixture
def owner(database: Database) -> Producer:
    factories.crop(database, **POMELO)
    return factories.producer(database)


@pytest.fixture
def area(database: Database, owner: Producer) -> GrowingArea:
    return factories.area(database, owner)


def flags(database: Database, batch: Batch | None = None) -> list[RuleFlag]:
    with database.reading(SYSTEM.scope) as session:
        statement = select(RuleFlag).order_by(col(RuleFlag.opened_at).desc())
        if batch is not None:
            statement = statement.where(RuleFlag.batch_id == batch.id)
        return list(session.exec(statement).all())


def decide(database: Database, rule: RuleCode, effect: Effect, **changes: Any) -> None:
    values: dict[str, Any] = {"from_on": today(), "reason": "Quyết định của cơ quan quản lý"}
    with database.transaction(SYSTEM) as session:
        rule_settings.decide(session, SYSTEM, SettingInput(rule=rule, effect=effect, **(values | changes)))


def harvest_today(
    database: Database, owner: Producer, area: GrowingArea, kilograms: int, **changes: Any
) -> Batch:
    return factories.harvest(database, owner, kilograms, area_id=area.id, harvested_on=today(), **changes)


# --- flags -----------------------------------------------------------------------------------------------------------


def test_a_harvest_above_the_ceiling_is_flagged_and_its_producer_told(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    assert flags(database, factories.harvest(database, owner, CAP, area_id=area.id)) == []
    heavy = factories.area(database, owner)
    batch = factories.harvest(database, owner, CAP + 1, area_id=heavy.id)
    (flag,) = flags(database, batch)
    assert (flag.rule, flag.state, flag.title) == (RuleCode.OVER_YIELD, FlagState.OPEN, batch.lot)
    assert flag.evidence["ceiling_g"] == CAP * 1000
    with database.reading(SYSTEM.scope) as session:
        assert [notice.code for notice in session.exec(select(Notice)).all()].count("rule_flagged") == 1


def test_a_harvest_day_that_cannot_be_right_is_refused_and_months_and_effect_are_settings(
    database: Database, owner: Producer
) -> None:
    area = factories.area(database, owner, planted_year=today().year - 5)
    product = factories.product(database, owner)

    def harvest(day: date, **changes: Any) -> Batch:
        return factories.harvest(
            database, owner, 100, area_id=area.id, product_id=product.id, harvested_on=day, **changes
        )

    for day in (date(1999, 6, 1), today() - timedelta(days=740)):
        with pytest.raises(RuleBroken, match=r"rules\.implausible_date") as caught:
            harvest(day)
        assert caught.value.field == "harvested_on"
        with database.transaction(SYSTEM) as session:  # a slip of the pen is no attempt
            assert rule_refusals.note(session, SYSTEM, caught.value) is None
    before_planting = date(today().year - 6, 12, 30)
    with pytest.raises(RuleBroken, match=r"rules\.implausible_date_planted"):
        harvest(before_planting, external_ref="LO-CU-0")
    old = harvest(date(today().year - 5, 6, 1), external_ref="LO-CU-1")  # from other books
    assert flags(database, old) == []
    with pytest.raises(
        RuleBroken, match=r"rules\.implausible_date"
    ):  # a name that an import made up is of no books
        harvest(date(today().year - 5, 6, 2), external_ref="sheet-0123-1")
    late = harvest(today() - timedelta(days=100))
    with pytest.raises(RuleBroken, match=r"rules\.implausible_date"), database.transaction(SYSTEM) as session:
        value = CorrectionInput(
            event_id=beginning(history(session, late.id)).id,
            reason=CorrectionReason.INCORRECT_DATA,
            explanation="Sửa ngày thu",
            happened_at=start_of(today() - timedelta(days=4000)),
        )
        corrections.correct(session, SYSTEM, value)
    with database.transaction(SYSTEM) as session:
        figure = FigureInput(
            kind=FigureKind.TOLERANCE,
            name="late_months",
            percent=2,
            valid_from=today(),
            source="Quy định nội bộ",
        )
        rule_figures.set_figure(session, SYSTEM, figure)
    with pytest.raises(RuleBroken, match=r"rules\.implausible_date"):
        harvest(today() - timedelta(days=100))
    with pytest.raises(
        RuleBroken, match=r"rules\.implausible_date"
    ):  # what was decided holds for other books too
        harvest(today() - timedelta(days=100), external_ref="LO-CU-2")
    decide(database, RuleCode.IMPLAUSIBLE_DATE, Effect.FLAG)
    assert [flag.rule for flag in flags(database, harvest(today() - timedelta(days=100)))] == [
        RuleCode.IMPLAUSIBLE_DATE
    ]


def test_out_of_season_names_the_crop_and_the_source_of_its_own_months(database: Database) -> None:
    month = yesterday().month % 12 + 1
    facts = {
        "harvest_months_allowed": [month],
        "season_source": "CHE",
        "season_source_title": "Báo Chè (2023)",
    }
    crop = factories.crop(database, "shan_tea_thu", **facts)
    owner = factories.producer(database)
    where = factories.area(database, owner, crop_id=crop.id)
    product = factories.product(database, owner, crop_id=crop.id)
    batch = factories.harvest(database, owner, 10, area_id=where.id, product_id=product.id)
    (flag,) = flags(database, batch)
    assert flag.evidence["crop"] == crop.name
    assert crop.name in rule_words.told(flag.rule, flag.evidence)
    reason = rule_words.why(flag.rule, flag.evidence)
    assert "Báo Chè (2023)" in reason
    assert "bạc hà" not in reason


def test_a_refused_harvest_is_told_to_wait_and_a_flagged_one_not_to_be_sold(
    database: Database, owner: Producer
) -> None:
    evidence: dict[str, Any] = {
        "substance": "Mancozeb 80 WP",
        "applied_on": yesterday().isoformat(),
        "interval_days": 7,
        "earliest_on": today().isoformat(),
        "harvested_on": yesterday().isoformat(),
    }
    flagged = rule_words.told(RuleCode.PHI_VIOLATION, evidence)
    refused = rule_words.told(RuleCode.PHI_VIOLATION, evidence | {"refused": True})
    assert ("Không bán hàng" in flagged, "Không bán hàng" in refused) == (True, False)
    assert "Hãy chờ đến ngày đó" in refused


def test_declared_hectares_beyond_the_drawn_boundary_yield_nothing(
    database: Database, owner: Producer
) -> None:
    wide = factories.area(database, owner, declared_ha="50")
    batch = factories.harvest(database, owner, CAP * 2, area_id=wide.id)
    assert [flag.rule for flag in flags(database, batch)] == [RuleCode.OVER_YIELD]


def test_many_small_harvests_are_added_up(database: Database, owner: Producer, area: GrowingArea) -> None:
    lots = [factories.harvest(database, owner, CAP // 2, area_id=area.id) for _ in range(3)]
    assert [flag.rule for flag in flags(database)] == [RuleCode.OVER_YIELD_CUMULATIVE]
    assert flags(database)[0].batch_id == lots[2].id


def test_judging_again_changes_nothing(database: Database, owner: Producer, area: GrowingArea) -> None:
    batch = factories.harvest(database, owner, CAP + 1, area_id=area.id)
    with database.transaction(SYSTEM) as session:
        for act in ("register", "correct", "register"):
            rules.judge(session, records.find(session, Batch, batch.id), act)
    (flag,) = flags(database, batch)
    assert flag.revision == 1


def test_a_correction_that_removes_the_cause_closes_the_flag_with_its_reason(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    first = factories.harvest(database, owner, CAP - 1, area_id=area.id)
    second = factories.harvest(database, owner, 1000, area_id=area.id)
    assert [flag.rule for flag in flags(database, second)] == [RuleCode.OVER_YIELD_CUMULATIVE]
    with database.transaction(SYSTEM) as session:
        wrong = beginning(history(session, first.id))
        value = CorrectionInput(
            event_id=wrong.id,
            reason=CorrectionReason.INCORRECT_DATA,
            explanation="Cân nhầm, đã cân lại",
            output_kg=1000,
        )
        corrections.correct(session, SYSTEM, value)
    (flag,) = flags(database, second)
    assert (flag.state, flag.close_reason) == (FlagState.WITHDRAWN, CloseReason.CAUSE_REMOVED)
    assert flag.closed_at is not None


def test_a_treatment_within_the_interval_flags_the_harvest_and_is_never_refused(
    database: Database, owner: Producer
) -> None:
    batch = factories.harvest(database, owner)
    spray(database, batch, yesterday() - timedelta(days=3), interval_days=7)
    (flag,) = flags(database, batch)
    assert flag.rule is RuleCode.PHI_VIOLATION
    assert flag.evidence["earliest_on"] == (yesterday() + timedelta(days=4)).isoformat()


def test_an_interval_that_nobody_wrote_down_is_unknown(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    spray(database, batch, yesterday(), interval_days=None)
    assert flags(database, batch) == []
    with database.reading(SYSTEM.scope) as session:
        said = dict(rule_judge.look(session, records.find(session, Batch, batch.id)))
    assert said[RuleCode.PHI_VIOLATION] == Unknown("interval_missing")


def spray(
    database: Database, batch: Batch, day: date, interval_days: int | None, ingredient: str = "mancozeb"
) -> None:
    value = TreatmentInput(
        batch_id=batch.id,
        kind=InputKind.FUNGICIDE,
        substance="Mancozeb 80 WP",
        active_ingredient=ingredient,
        dose="theo nhãn",
        interval_days=interval_days,
        applied_on=day,
    )
    with database.transaction(SYSTEM) as session:
        treatments.record(session, SYSTEM, value)


def test_an_ingredient_is_judged_by_the_list_of_its_day(database: Database, owner: Producer) -> None:
    old, new = factories.harvest(database, owner), factories.harvest(database, owner)
    entries = [
        {"ingredient": "mancozeb"},
        {
            "ingredient": "Mancozeb",
            "banned": True,
            "valid_from": (yesterday() - timedelta(days=20)).isoformat(),
        },
    ]
    with database.transaction(SYSTEM) as session:
        assert rule_figures.load_ingredients(session, SYSTEM, entries) == 2
        assert rule_figures.load_ingredients(session, SYSTEM, entries) == 0
    spray(database, old, yesterday() - timedelta(days=21), 0)
    spray(database, new, yesterday() - timedelta(days=20), 0)
    strange = factories.harvest(database, owner)
    spray(database, strange, yesterday() - timedelta(days=20), 0, ingredient="chất lạ")
    assert flags(database, old) == []
    assert [flag.rule for flag in flags(database, new)] == [RuleCode.BANNED_INGREDIENT]
    assert [flag.rule for flag in flags(database, strange)] == [RuleCode.UNREGISTERED_INGREDIENT]


def failed_after_shipping(database: Database, owner: Producer) -> Batch:
    batch = factories.harvest(database, owner, harvested_on=today())
    factories.sent(database, batch, 100)
    value = LabTestInput(
        batch_id=batch.id,
        laboratory="Phòng thử nghiệm (minh họa)",
        report_no="KQ-1",
        sampled_on=today(),
        reported_on=today(),
        results=[ResultInput(name="Dư lượng", value="vượt", passed=False)],
    )
    with database.transaction(SYSTEM) as session:
        laboratory.record(session, SYSTEM, value)
        found = records.find(session, Batch, batch.id)
        found.state = BatchState.OPEN  # its hold is another matter
        session.flush()
        ledger.record(session, "batch.held", found)
    return batch


def test_goods_shipped_before_their_failed_result_are_flagged_and_no_more_may_leave(
    database: Database, owner: Producer
) -> None:
    batch = factories.harvest(database, owner)
    factories.sent(database, batch, 100, sent_on=yesterday())
    result = ResultInput(name="Dư lượng", value="vượt", passed=False)
    value = LabTestInput(
        batch_id=batch.id,
        laboratory="Phòng thử nghiệm (minh họa)",
        report_no="KQ-1",
        sampled_on=yesterday(),
        reported_on=today(),
        results=[result],
    )
    with database.transaction(SYSTEM) as session:
        laboratory.record(session, SYSTEM, value)
    assert [flag.rule for flag in flags(database, batch)] == [RuleCode.LAB_FAIL_SHIPPED]
    with pytest.raises(RuleBroken):
        factories.sent(database, batch, 100)


def test_a_market_without_a_code_of_any_area_is_flagged_on_the_delivery(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    factories.area_code(database, area, "VN-VLOR-9001", "CN")
    batch = factories.harvest(database, owner, area_id=area.id)
    fine = factories.sent(database, batch, 10, market="CN")
    home = factories.sent(database, batch, 10)
    wrong = factories.sent(database, batch, 10, market="US")
    (flag,) = flags(database, batch)
    assert (flag.rule, flag.subject_id) == (RuleCode.MARKET_WITHOUT_CODE, wrong.id)
    assert flag.subject_id not in (fine.id, home.id)


def worked_up(database: Database, owner: Producer, kilograms: int, *sources: str) -> Batch:
    """A lot made of as much out of each source, without any loss."""
    value = TransformInput(
        product_id=factories.product(database, owner).id,
        started_on=today(),
        output_kg=kilograms * len(sources),
        inputs=[{"source": source, "kilograms": kilograms} for source in sources],  # type: ignore[misc]
    )
    with database.transaction(factories.manager_of(owner)) as session:
        return transforms.transform(session, factories.manager_of(owner), value)


def test_a_transform_of_one_lot_into_one_does_not_wash_its_areas_away(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    factories.area_code(database, area, "VN-VLOR-9001", "CN")
    grower = factories.producer(database)
    stranger = factories.area(database, grower)
    factories.area_code(database, stranger, "VN-VLOR-9002", "CN", valid_from=today())  # after its harvest
    bought = factories.sent(database, factories.harvest(database, grower, area_id=stranger.id), 100, owner)
    own = factories.harvest(database, owner, area_id=area.id)
    again = worked_up(database, owner, 100, f"batch:{worked_up(database, owner, 100, f'batch:{own.id}').id}")
    factories.sent(database, again, 10, market="CN")
    assert flags(database) == []
    wrong = factories.sent(database, again, 10, market="US")
    (flag,) = flags(database, again)
    assert (flag.rule, flag.subject_id) == (RuleCode.MARKET_WITHOUT_CODE, wrong.id)
    assert flag.evidence["harvested_on"] == yesterday().isoformat()
    factories.received(database, bought)
    mixed = worked_up(database, owner, 50, f"batch:{own.id}", f"delivery:{bought.id}")
    factories.sent(database, mixed, 10, market="CN")
    (flag,) = flags(database, mixed)
    assert (flag.rule, flag.evidence["area"]) == (RuleCode.MARKET_WITHOUT_CODE, "VN-VLOR-9002")


def test_goods_of_another_s_code_go_abroad_only_with_its_holder_s_word(
    database: Database, owner: Producer, tmp_path: Path
) -> None:
    grower = factories.producer(database)
    ground = factories.area(database, grower)
    code = factories.area_code(database, ground, "VN-VLOR-9002", "CN")
    harvest = factories.harvest(database, grower, area_id=ground.id)
    factories.sent(database, harvest, 10, market="CN")  # the holder itself
    bought = factories.received(database, factories.sent(database, harvest, 100, owner))
    made = worked_up(database, owner, 100, f"delivery:{bought.id}")
    wrong = factories.sent(database, made, 10, market="CN")
    (flag,) = flags(database)
    assert (flag.rule, flag.subject_id) == (RuleCode.MARKET_WITHOUT_CODE, wrong.id)
    assert flag.evidence == {"market": "CN", "unsigned_area": "VN-VLOR-9002"}
    signer = factories.manager_of(grower)
    lent: dict[str, Any] = {"code_id": code.id, "to_producer": owner.code, "kilograms": 100, "market": "CN"}
    value = AuthoriseInput(**lent, from_on=today(), to_on=today())
    keyring = Keyring(tmp_path, demo=True)
    with database.transaction(signer) as session:
        given = code_authorisations.authorise(session, signer, value, seal=partial(signatures.sign, keyring))
    with database.transaction(factories.manager_of(owner)) as session:
        code_authorisations.accept(session, factories.manager_of(owner), given.id)
    factories.sent(database, made, 10, market="CN")
    factories.sent(database, made, 10)
    assert [flag.subject_id for flag in flags(database)] == [wrong.id]


def test_an_expired_certificate_may_not_be_claimed_without_a_flag(
    database: Database, owner: Producer
) -> None:
    batch = factories.harvest(database, owner)
    actor = factories.manager_of(owner)
    value = CertificateInput(
        scheme="VietGAP",
        number="01",
        issuer="Tổ chức chứng nhận (minh họa)",
        covered_id=owner.id,
        issued_on=date(2024, 1, 1),
        expires_on=yesterday() - timedelta(days=1),
    )
    with database.transaction(actor) as session:
        paper = add_certificate(session, actor, value)
        claim = certificate_claims.claim(
            session, actor, ClaimInput(batch_id=batch.id, certificate_id=paper.id)
        )
    (flag,) = flags(database, batch)
    assert flag.rule is RuleCode.EXPIRED_CERT
    with database.transaction(actor) as session:
        certificate_claims.take_back(session, actor, claim.id)
    assert flags(database, batch)[0].close_reason is CloseReason.CAUSE_REMOVED


def test_areas_that_share_ground_are_flagged_and_wait_where_the_rule_blocks(
    database: Database, owner: Producer
) -> None:
    place = factories.square(106.4, 10.2)
    first = factories.area(database, owner, geometry=place)
    second = factories.area(database, factories.producer(database), geometry=place, approved=False)
    (flag,) = flags(database)
    assert (flag.rule, flag.subject_id) == (RuleCode.AREA_OVERLAP, second.id)
    assert flag.evidence["other"] == first.name
    decide(database, RuleCode.AREA_OVERLAP, Effect.BLOCK)
    with pytest.raises(RuleBroken, match=r"rules\.area_overlap"), database.transaction(SYSTEM) as session:
        areas.approve(session, SYSTEM, second.id)
    code = factories.area_code(database, first, "VN-VLOR-9001", granted=False)
    factories.area_code(database, factories.area(database, owner), "VN-VLOR-9002")  # ground of its own
    with pytest.raises(RuleBroken, match=r"rules\.area_overlap"), database.transaction(SYSTEM) as session:
        area_grants.grant_code(session, SYSTEM, code.id, today())
    with database.reading(EVERYTHING) as session:
        assert records.find(session, AreaCode, code.id).state is CodeState.APPLIED


def test_a_lot_that_was_divided_before_it_was_dried_is_judged_by_what_went_in(
    database: Database, owner: Producer
) -> None:
    factories.crop(database, **POMELO | {"conversion_out_in": {"fresh_pack": {"min": 0.19, "max": 0.26}}})
    batch = factories.harvest(database, owner, 1000)
    wither = EventInput(
        batch_id=batch.id, type=EventType.STORE, happened_at=start_of(yesterday()), output_kg=700
    )
    with database.transaction(SYSTEM) as session:
        events.record(session, SYSTEM, wither)
        parts = [SplitPart(kilograms=350), SplitPart(kilograms=350)]
        value = SplitInput(batch_id=batch.id, happened_at=start_of(today()), parts=parts)
        fine, mixed = divisions.split(session, SYSTEM, value)
    for lot, kilograms in ((fine, 115), (mixed, 240)):
        pack = EventInput(batch_id=lot.id, type=EventType.PACK, happened_at=now(), output_kg=kilograms)
        with database.transaction(SYSTEM) as session:
            events.record(session, SYSTEM, pack)
    assert flags(database, fine) == []  # 700 of 1000, then 115 of 350: 23 of a hundred
    (flag,) = flags(database, mixed)
    assert (flag.rule, flag.evidence["ratio_per100"]) == (RuleCode.BAD_CONVERSION, "48.00")


def test_a_boundary_drawn_anew_frees_the_area_that_shared_its_ground(
    database: Database, owner: Producer
) -> None:
    place = factories.square(106.5, 10.2)
    first = factories.area(database, owner, geometry=place)
    factories.area(database, factories.producer(database), geometry=place)
    assert [flag.state for flag in flags(database)] == [FlagState.OPEN]
    actor = factories.manager_of(owner)
    value = AreaInput(
        name=first.name,
        crop_id=first.crop_id,
        declared_ha="4,84",
        geometry=factories.square(106.6, 10.2),
        commune_code="29770",
        commune_name="Phường Cái Vồn",
        province_code="86",
    )
    with database.transaction(actor) as session:
        areas.revise(session, actor, first.id, value)
    assert [flag.close_reason for flag in flags(database)] == [CloseReason.CAUSE_REMOVED]


# --- what a rule does ------------------------------------------------------------------------------------------------


def test_a_rule_that_blocks_refuses_and_leaves_nothing(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    decide(database, RuleCode.OVER_YIELD, Effect.BLOCK)
    with pytest.raises(RuleBroken) as caught:
        harvest_today(database, owner, area, CAP + 1)
    assert (caught.value.code, caught.value.field) == ("rules.over_yield", "kilograms")
    assert caught.value.facts["rule"] == "OVER_YIELD"
    assert flags(database) == []


def test_a_decision_holds_from_its_day_on_for_its_crop(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    factories.crop(database, "xoai")
    decide(database, RuleCode.OVER_YIELD, Effect.BLOCK, crop_id="xoai")
    harvest_today(database, owner, area, CAP + 1)
    decide(database, RuleCode.OVER_YIELD, Effect.BLOCK, crop_id=factories.POMELO)
    factories.harvest(database, owner, CAP + 1, area_id=factories.area(database, owner).id)  # of yesterday
    with pytest.raises(RuleBroken):
        harvest_today(database, owner, factories.area(database, owner), CAP + 1)


def test_a_decision_for_a_market_stops_goods_on_their_way_there(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner, harvested_on=today())
    spray(database, batch, yesterday(), interval_days=7)
    decide(database, RuleCode.PHI_VIOLATION, Effect.BLOCK, market="EU")
    factories.sent(database, batch, 10)
    with pytest.raises(RuleBroken, match=r"rules\.phi_violation"):
        factories.sent(database, batch, 10, market="EU")


def test_a_rule_switched_off_closes_its_flags_when_it_is_asked_again(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    batch = harvest_today(database, owner, area, CAP + 1)
    decide(database, RuleCode.OVER_YIELD, Effect.OFF)
    with database.transaction(SYSTEM) as session:
        rules.judge(session, records.find(session, Batch, batch.id), "register")
    assert flags(database, batch)[0].close_reason is CloseReason.SWITCHED_OFF


@pytest.mark.parametrize(
    ("rule", "changes", "code"),
    [
        (RuleCode.STAMP_OVERUSE, {}, "rules.fixed"),
        (RuleCode.SHIPPED_BEFORE_RESULT, {"effect": Effect.BLOCK}, "rules.never_stops"),
        (RuleCode.OVER_YIELD, {"from_on": yesterday()}, "rules.setting_past"),
        (RuleCode.OVER_YIELD, {"crop_id": "khong-co"}, "rules.crop_unknown"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    database: Database, rule: RuleCode, changes: dict[str, Any], code: str
) -> None:
    values: dict[str, Any] = {"effect": Effect.OFF, "from_on": today(), "reason": "Thử nghiệm"} | changes
    with pytest.raises(RuleBroken, match=code), database.transaction(SYSTEM) as session:
        rule_settings.decide(session, SYSTEM, SettingInput(rule=rule, **values))


def test_a_figure_set_today_leaves_what_was_judged_of_yesterday(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    value = FigureInput(
        kind=FigureKind.CEILING,
        crop_id=factories.POMELO,
        per_unit_kg="10000",
        cycles="1",
        valid_from=today(),
        source="Quyết định của Sở Nông nghiệp và Môi trường",
    )
    with database.transaction(SYSTEM) as session:
        rule_figures.set_figure(session, SYSTEM, value)
    before = factories.harvest(database, owner, 60_000, area_id=area.id)
    after = harvest_today(database, owner, factories.area(database, owner), 60_000)
    assert flags(database, before) == []
    assert [flag.rule for flag in flags(database, after)] == [RuleCode.OVER_YIELD]


# --- overrides -------------------------------------------------------------------------------------------------------


def test_an_override_needs_an_agency_and_a_reason_and_is_public(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    batch = factories.harvest(database, owner, CAP + 1, area_id=area.id)
    (flag,) = flags(database, batch)
    value = OverrideInput(flag_id=flag.id, reason=REASON)
    with pytest.raises(RuleBroken, match="needs_agency"), database.transaction(SYSTEM) as session:
        rule_overrides.override(session, factories.officer(Permission.INSPECT), value)
    agency = factories.agency(database, Permission.INSPECT)
    officer = factories.actor_of(database, factories.account(database, agency))
    with database.transaction(officer) as session:
        rule_overrides.override(session, officer, value)
    (flag,) = flags(database, batch)
    assert flag.state is FlagState.OVERRIDDEN
    with database.reading(SYSTEM.scope) as session:
        ((row, said_by),) = rule_overrides.public_of(session, batch.id)
        assert (row.reason, said_by.id) == (REASON, agency.id)
        assert records.find(session, Batch, batch.id).page_version > batch.page_version
    with database.transaction(SYSTEM) as session:  # it still stands, and is not raised a second time
        rules.judge(session, records.find(session, Batch, batch.id), "register")
    assert [found.state for found in flags(database, batch)] == [FlagState.OVERRIDDEN]


def test_a_refused_attempt_is_noted_once_and_can_be_let_pass(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    decide(database, RuleCode.OVER_YIELD, Effect.BLOCK)
    actor = factories.manager_of(owner)
    product = factories.product(database, owner)
    for more in (1, 1, 2, 700):  # other figures are no other attempt
        with pytest.raises(RuleBroken) as caught:
            harvest_today(database, owner, area, CAP + more, product_id=product.id)
        with database.transaction(actor) as session:
            rule_refusals.note(session, actor, caught.value)
    (flag,) = flags(database)
    first = flag.evidence
    with time_machine.travel(now() + timedelta(minutes=61)), database.transaction(actor) as session:
        assert rule_refusals.note(session, actor, caught.value) is not None, "an hour later it is told again"
    assert first in [one.evidence for one in flags(database)]
    assert (flag.state, flag.subject_id, flag.batch_id) == (FlagState.REFUSED, area.id, None)
    agency = factories.agency(database, Permission.INSPECT)
    officer = factories.actor_of(database, factories.account(database, agency))
    with database.transaction(officer) as session:
        rule_overrides.override(session, officer, OverrideInput(flag_id=flag.id, reason=REASON, days=1))
    batch = harvest_today(database, owner, area, CAP + 1, product_id=product.id)
    assert [found.state for found in flags(database, batch)] == [FlagState.OVERRIDDEN]


def test_failed_goods_leave_only_on_the_days_that_the_override_names(
    database: Database, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = failed_after_shipping(database, owner)
    (flag,) = flags(database, batch)
    officer = factories.actor_of(
        database, factories.account(database, factories.agency(database, Permission.INSPECT))
    )
    value = OverrideInput(flag_id=flag.id, reason=REASON, days=1)
    with database.transaction(officer) as session:
        rule_overrides.override(session, officer, value)
    factories.sent(database, batch, 100)
    for module in (rule_judge, rule_overrides):
        monkeypatch.setattr(module, "today", lambda: today() + timedelta(days=1))
    with pytest.raises(RuleBroken, match=r"rules\.lab_fail_shipped"):
        factories.sent(database, batch, 100)
    with database.transaction(officer) as session:
        rule_overrides.override(session, officer, value)
    factories.sent(database, batch, 100)
    for module in (rule_judge, rule_overrides):
        monkeypatch.setattr(module, "today", lambda: today() + timedelta(days=2))
    decide(database, RuleCode.LAB_FAIL_SHIPPED, Effect.FLAG)
    factories.sent(database, batch, 100)  # a rule that only flags says so anew
    (flag,) = flags(database, batch)
    assert (flag.state, flag.override_id) == (FlagState.OPEN, None)


def test_goods_lost_under_their_stamps_are_flagged_until_goods_or_stamps_are_set_right(
    database: Database, tmp_path: Path
) -> None:
    mint = rolls.Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.downloaded(batch, 1000)
    mint.activate(order, 0, 999)
    assert flags(database, batch) == []
    throw_away(database, batch, 1300)  # never refused: it has happened
    (flag,) = flags(database, batch)
    assert (flag.rule, flag.state) == (RuleCode.STAMP_OVERUSE, FlagState.OPEN)
    assert flag.evidence == {"ordered": 1000, "units": 71, "allowance": 1}
    with database.transaction(mint.actor(batch)) as session:
        loss: dict[str, Any] = {"batch_id": batch.id, "happened_at": now(), "loss_kg": "10"}
        events.record(session, mint.actor(batch), EventInput(type=EventType.LOSE, **loss))
    factories.sent(database, batch, 50)
    (flag,) = flags(database, batch)
    assert (flag.evidence["units"], flag.stands) == (64, 1)
    mint.void(order, 0, 899)
    (flag,) = flags(database, batch)
    assert (flag.evidence["ordered"], flag.stands) == (100, 1)
    mint.void(order, 900, 939)
    assert [flag.state for flag in flags(database, batch)] == [FlagState.WITHDRAWN]


def test_a_loss_corrected_to_more_and_a_split_taken_back_are_judged_against_the_stamps_too(
    database: Database, tmp_path: Path
) -> None:
    mint = rolls.Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    mint.activate(mint.downloaded(batch, 500), 0, 499)
    split(database, batch, 600)
    assert flags(database, batch) == []
    waste = throw_away(database, batch, 1)
    value = CorrectionInput(
        event_id=waste.id, reason="incorrect_data", explanation="Cân lại", output_kg="500", loss_kg="300"
    )  # type: ignore[arg-type]
    with database.transaction(mint.actor(batch)) as session:
        corrections.correct(session, mint.actor(batch), value)
    (flag,) = flags(database, batch)
    assert (flag.rule, flag.state) == (RuleCode.STAMP_OVERUSE, FlagState.OPEN)
    (made,) = [event for event in told(database, batch) if event.type is EventType.SPLIT]
    never_happened(database, made)
    assert [flag.state for flag in flags(database, batch)] == [FlagState.WITHDRAWN]


def test_the_log_does_not_tell_the_public_who_was_flagged(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    batch = factories.harvest(database, owner, CAP + 1, area_id=area.id)
    with database.transaction(SYSTEM) as session:
        rule_flags.revise(
            session, records.find(session, RuleFlag, flags(database, batch)[0].id), {"made_g": 1}
        )
    decide(database, RuleCode.OVER_YIELD, Effect.BLOCK)
    product = factories.product(database, owner)
    with pytest.raises(RuleBroken) as caught:
        harvest_today(database, owner, factories.area(database, owner), CAP + 1, product_id=product.id)
    actor = factories.actor_of(database, factories.account(database, producer_id=owner.id, role=Role.MANAGER))
    with database.transaction(actor) as session:
        assert rule_refusals.note(session, actor, caught.value) is not None
    with database.reading(SYSTEM.scope) as session:
        told = session.exec(select(LogLeaf).where(sa.column("kind").like("rule.%"))).all()
        known = [owner.id, actor.user_id, batch.id, area.id, batch.lot]
    assert [leaf.kind for leaf in told] == ["rule.flag_revised", "rule.setting_made", "rule.refused"]
    for leaf in (told[0], told[2]):  # alone in their transactions
        assert (leaf.tenant, leaf.actor, local_time(leaf.at)) == (None, None, "00:00:00.000000")
        assert not [name for name in known if str(name).encode() in leaf.body]
    with database.one_state() as session:
        verification.verify(session, [])


def local_time(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%H:%M:%S.%f")


def test_nobody_can_tell_from_the_log_which_act_raised_a_flag(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    product = factories.product(database, owner).id
    fine, heavy = (
        factories.harvest(database, owner, weight, area_id=area.id, product_id=product)
        for weight in (1, CAP + 1)
    )
    (flag,) = flags(database)
    assert flag.batch_id == heavy.id
    with database.reading(SYSTEM.scope) as session:
        told = session.exec(select(LogLeaf).where(LogLeaf.kind == "batch.registered")).all()
        last = session.exec(select(LogLeaf).order_by(col(LogLeaf.position).desc())).first()
    first, second = (json.loads(leaf.body) for leaf in told)
    assert [first["id"], second["id"], last and last.position] == [fine.id, heavy.id, told[1].position]
    assert told[1].position == told[0].position + 1
    assert (first.keys(), [row["fields"].keys() for row in first["rows"]]) == (
        second.keys(),
        [row["fields"].keys() for row in second["rows"]],
    )
    assert len(first["veil"]) == len(second["veil"]) == 64
    assert not [leaf for leaf in told if b"rule_flag" in leaf.body or flag.id.encode() in leaf.body]


def test_a_flag_that_is_removed_with_all_traces_beside_the_leaf_is_missed_by_the_veil(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    factories.harvest(database, owner, CAP + 1, area_id=area.id)
    with database.one_state() as session:
        verification.verify(session, [])
    with database.engine.connect().execution_options(write=True) as connection:
        for table in ("log_entry WHERE table_name = 'rule_flag'", "rule_flag"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.commit()
    with database.one_state() as session, pytest.raises(verification.Tampered, match="under its veil"):
        verification.verify(session, [])


def test_overseers_find_flags_within_their_scope(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    batch = factories.harvest(database, owner, CAP + 1, area_id=area.id)
    agency = factories.agency(database, Permission.INSPECT)
    elsewhere = factories.agency(database, Permission.INSPECT, provinces=["08"])
    for office, seen in ((agency, 1), (elsewhere, 0)):
        officer = factories.actor_of(database, factories.account(database, office))
        with database.reading(officer.scope) as session:
            rows, count, _pages = rule_flags.listed(session, rule=RuleCode.OVER_YIELD, text=batch.lot)
            assert len(rows) == count == seen
            assert rule_flags.counts(session) == ({RuleCode.OVER_YIELD: 1} if seen else {})


# --- cost and concurrency --------------------------------------------------------------------------------------------


@contextmanager
def counted(database: Database) -> Any:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def test_judging_a_batch_costs_the_same_however_much_there_is(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    product = factories.product(database, owner)
    batch = factories.harvest(database, owner, 100, area_id=area.id, product_id=product.id)

    def cost() -> int:
        with database.transaction(SYSTEM) as session, counted(database) as asked:
            rules.judge(session, records.find(session, Batch, batch.id), "correct")
        return len(asked)

    before = cost()
    for _more in range(6):
        factories.harvest(database, owner, 100, area_id=area.id, product_id=product.id)
        spray(database, batch, yesterday() - timedelta(days=30), 7)
    factories.sent(database, batch, 1)
    assert cost() <= before + 1


def _two_at_once(database: Database, owner: Producer, area: GrowingArea) -> list[str]:
    """Two harvests at once, of two products so that only the area can hold one back; what each was told."""
    products = [factories.product(database, owner) for _ in range(2)]
    together = Barrier(2, timeout=20)

    def register(product_id: str) -> str:
        value = HarvestInput(
            area_id=area.id, product_id=product_id, harvested_on=today(), kilograms=CAP * 3 // 5
        )
        together.wait()
        try:
            with database.transaction(SYSTEM) as session:
                batches.register(session, SYSTEM, value)
                if (
                    not database.is_sqlite
                ):  # SQLite's second transaction cannot begin before the first has ended
                    time.sleep(0.7)
        except RuleBroken as refusal:
            return refusal.code
        return "registered"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(register, [product.id for product in products]))


def test_of_two_corrections_at_once_the_second_is_flagged(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    lots = [
        factories.harvest(
            database, owner, CAP // 5, area_id=area.id, product_id=factories.product(database, owner).id
        )
        for _ in range(2)
    ]
    together = Barrier(2, timeout=20)

    def more(batch: Batch) -> None:
        with database.reading(EVERYTHING) as session:
            event = beginning(history(session, batch.id))
        assert event is not None
        value = CorrectionInput(
            event_id=event.id,
            reason=CorrectionReason.INCORRECT_DATA,
            explanation="Cân lại",
            output_kg=CAP * 3 // 5,
        )
        together.wait()
        with database.transaction(SYSTEM) as session:
            events.correct(session, SYSTEM, value)
            if not database.is_sqlite:
                time.sleep(0.7)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(more, lots))
    with database.reading(EVERYTHING) as session:
        flagged = session.exec(
            select(RuleFlag.batch_id).where(RuleFlag.rule == RuleCode.OVER_YIELD_CUMULATIVE)
        ).all()
    assert len(flagged) == 1


def test_two_harvests_at_once_cannot_both_pass_a_ceiling_that_blocks(
    database: Database, owner: Producer, area: GrowingArea
) -> None:
    decide(database, RuleCode.OVER_YIELD_CUMULATIVE, Effect.BLOCK)
    assert _two_at_once(database, owner, area) == ["registered", "rules.over_yield_cumulative"]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_without_the_lock_on_the_area_both_would_pass(
    database: Database, owner: Producer, area: GrowingArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(database, RuleCode.OVER_YIELD_CUMULATIVE, Effect.BLOCK)
    monkeypatch.setattr(records, "lock", records.find)
    assert _two_at_once(database, owner, area) == ["registered", "registered"]
