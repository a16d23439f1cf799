"""Batches: how they begin, how they are named, what stands between them and the public."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from tests import factories
from traceability.db import Database
from traceability.domain import batches, ledger, records, releases, suspensions
from traceability.domain.actors import ON_BEHALF_GRANTS, SYSTEM, Permission
from traceability.domain.batches import Batch, BatchState, HarvestInput
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import EventType, history
from traceability.domain.releases import ReleaseInput
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.domain.text import sought


def refused(database: Database, owner: Any, **changes: Any) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        factories.harvest(database, owner, **changes)
    return caught.value


def test_a_harvest_becomes_a_batch_with_its_first_event(database: Database) -> None:
    owner = factories.producer(database)
    batch = factories.harvest(database, owner, "1.234,5", details={"brix": "11,5"})
    assert (batch.made_g, batch.on_hand_g, batch.lost_g) == (1_234_500, 1_234_500, 0)
    assert batch.lot == f"L{today() - timedelta(days=1):%y%m%d}01"
    assert batch.best_before_on == today() + timedelta(days=44)
    with database.reading(SYSTEM.scope) as session:
        events = history(session, batch.id)
    assert [(event.type, event.output_g, event.details) for event in events] == [
        (EventType.HARVEST, 1_234_500, {"brix": "11,5"})
    ]


def test_lots_of_one_product_are_told_apart(database: Database) -> None:
    owner = factories.producer(database)
    first = factories.harvest(database, owner)
    same = {"area_id": first.area_id, "product_id": first.product_id}
    assert factories.harvest(database, owner, **same).lot == first.lot[:-2] + "02"
    error = refused(database, owner, lot=first.lot, **same)
    assert (error.code, error.field, error.facts["suggestion"]) == (
        "batches.lot_taken",
        "lot",
        first.lot[:-2] + "03",
    )
    assert factories.harvest(database, owner, lot=first.lot).lot == first.lot  # of another product


def test_a_lot_with_vietnamese_letters_is_refused_with_what_it_would_become() -> None:
    with pytest.raises(ValidationError) as caught:
        HarvestInput(area_id="a", product_id="b", harvested_on=today(), kilograms=1, lot="Lô Bưởi 7")
    (problem,) = caught.value.errors()
    assert (problem["type"], problem["ctx"]["suggestion"]) == ("lot_characters", "LO-BUOI-7")


@pytest.mark.parametrize(
    ("field", "typed", "refusal"),
    [
        ("kilograms", "", "weight_missing"),
        ("kilograms", "-5", "weight_negative"),
        ("kilograms", "0", "weight_zero"),
        ("kilograms", "NaN", "weight_unreadable"),
        ("kilograms", float("nan"), "weight_unreadable"),
        ("kilograms", "9" * 30, "weight_too_large"),
        ("harvested_on", "31/02/2026", "day_no_such"),
        ("harvested_on", "01/01/9999", "day_year_out_of_range"),
        ("harvested_on", "31/12/1899", "day_year_out_of_range"),
        ("harvested_on", "hôm qua", "day_unreadable"),
        ("area_id", "x' OR 1=1", "string_pattern_mismatch"),
        ("area_id", "a\x00b", "string_pattern_mismatch"),
        ("picker", "Tổ\x00 2", "text_control"),
        ("picker", "Tổ \ud83d 2", "text_surrogate"),
        ("picker", "Tổ \u202e 2", "text_bidi"),
        ("picker", "x" * 201, "text_too_long"),
        ("note", "x" * 1001, "too_long"),
        ("lot", "L" * 21, "lot_too_long"),
        ("details", {"brix": "x" * 81}, "text_too_long"),
        ("details", {"colour": "red"}, "extra_forbidden"),
        ("surprise", "1", "extra_forbidden"),
    ],
)
def test_bad_input_of_a_harvest_is_refused_by_its_field(field: str, typed: Any, refusal: str) -> None:
    values = {"area_id": "a", "product_id": "b", "harvested_on": "24/11/2026", "kilograms": "5"}
    with pytest.raises(ValidationError) as caught:
        HarvestInput(**values | {field: typed})
    (problem,) = caught.value.errors()
    assert (problem["loc"][0], problem["type"]) == (field, refusal)


def test_decomposed_letters_are_stored_composed(database: Database) -> None:
    owner = factories.producer(database)
    assert factories.harvest(database, owner, picker="Tổ 2").picker == "Tổ 2"


def test_a_harvest_in_the_future_is_refused(database: Database) -> None:
    owner = factories.producer(database)
    tomorrow = today() + timedelta(days=1)
    assert refused(database, owner, harvested_on=tomorrow).code == "batches.harvest_in_future"
    factories.harvest(database, owner, harvested_on=today())


def test_only_an_approved_area_of_the_same_crop_and_producer_gives_batches(database: Database) -> None:
    owner, neighbour = factories.producer(database), factories.producer(database)
    draft = factories.area(database, owner, approved=False)
    oranges = factories.area(database, owner, crop_id="cam_sanh")
    foreign = factories.area(database, neighbour)
    for area, refusal in [
        (draft.id, "areas.still_draft"),
        (oranges.id, "areas.other_crop"),
        (foreign.id, "batches.area_unknown"),
        ("0000000000000000", "batches.area_unknown"),
    ]:
        error = refused(database, owner, area_id=area)
        assert (error.code, error.field) == (refusal, "area_id")
    stranger = factories.product(database, neighbour)
    assert refused(database, owner, product_id=stranger.id).code == "batches.product_unknown"


def test_a_suspended_growing_area_takes_no_harvest_of_a_day_on_which_it_was_suspended(
    database: Database,
) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner)
    value = SuspensionInput(
        subject_kind=SuspendedKind.AREA,
        subject_id=area.id,
        reason="Không giữ hồ sơ",
        from_on=today() - timedelta(days=3),
    )
    with database.transaction(SYSTEM) as session:
        suspensions.suspend(session, SYSTEM, value)
    refusal = refused(database, owner, area_id=area.id, harvested_on=today() - timedelta(days=3))
    assert refusal.code == "rules.suspended_area"
    assert refusal.facts["rule"] == "SUSPENDED_AREA"
    factories.harvest(database, owner, area_id=area.id, harvested_on=today() - timedelta(days=4))


def test_a_batch_claims_only_a_granted_code_of_its_own_area(database: Database) -> None:
    owner = factories.producer(database)
    area, other = factories.area(database, owner), factories.area(database, owner)
    granted = factories.area_code(database, area, "VN-VLOR-9001")
    factories.area_code(database, area, "VN-VLOR-9002", granted=False)
    factories.area_code(database, other, "VN-VLOR-9003")
    batch = factories.harvest(database, owner, area_id=area.id, area_code=granted.code)
    assert batch.area_code == "VN-VLOR-9001"
    for code, rule in [
        ("VN-VLOR-9002", "expired_area_code"),
        ("VN-VLOR-9003", "puc_mismatch"),
        ("X", "puc_mismatch"),
    ]:
        assert refused(database, owner, area_id=area.id, area_code=code).code == f"rules.{rule}"


def test_the_gate_names_everything_that_a_public_page_still_lacks(database: Database) -> None:
    owner = factories.producer(database, approved=False)
    product = factories.product(database, owner, approved=False, standards=[])
    batch = factories.harvest(database, owner, product_id=product.id)
    with database.reading(SYSTEM.scope) as session:
        assert releases.missing(session, batch) == [
            "producer_approved",
            "product_approved",
            "product_picture",
            "product_standard",
        ]
    with database.transaction(SYSTEM) as session, pytest.raises(RuleBroken, match="producer_approved"):
        releases.release(session, SYSTEM, ReleaseInput(batch_id=batch.id))


def test_a_batch_is_published_once_the_gate_holds(database: Database) -> None:
    owner = factories.producer(database)
    batch = factories.harvest(database, owner)
    published = factories.release(database, batch)
    assert published.state is BatchState.RELEASED
    assert published.released_at is not None
    with pytest.raises(RuleBroken, match="released_already"):
        factories.release(database, batch)


def test_only_a_batch_with_nothing_left_is_closed(database: Database) -> None:
    owner = factories.producer(database)
    batch = factories.harvest(database, owner, 50)
    closing = releases.CloseInput(batch_id=batch.id)
    with database.transaction(SYSTEM) as session, pytest.raises(RuleBroken, match="still_on_hand"):
        releases.close(session, SYSTEM, closing)
    factories.sent(database, batch, 50)
    with database.transaction(SYSTEM) as session:
        assert releases.close(session, SYSTEM, closing).state is BatchState.CLOSED


def test_batches_are_found_without_accents_and_by_state_page_by_page(database: Database) -> None:
    owner = factories.producer(database)
    first = factories.harvest(database, owner, lot="BUOI-7")
    factories.harvest(database, owner)
    with database.reading(SYSTEM.scope) as session:
        assert [batch.id for batch, _ in batches.listed(session, text=sought("Bưởi-7"))[0]] == [first.id]
        assert len(batches.listed(session, text=sought("bưởi năm roi"))[0]) == 2
        assert batches.listed(session, text=sought("100%_"))[0] == []
        assert batches.listed(session, state=BatchState.HELD)[0] == []
        rows, pages = batches.listed(session, page=99)
        assert (len(rows), pages) == (2, 1)


def test_the_schema_holds_the_sum_for_ever(database: Database) -> None:
    batch = factories.harvest(database, factories.producer(database), 10)
    with pytest.raises(IntegrityError, match="conserved"), database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.on_hand_g -= 1
        ledger.record(session, "batch.changed", row)


def test_an_agency_that_records_for_a_producer_is_named_beside_it(database: Database) -> None:
    owner, agency = factories.producer(database), factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF)
    area, product = factories.area(database, owner), factories.product(database, owner)
    clerk = factories.account(database, agency)
    actor = replace(
        factories.manager_of(owner),
        user_id=clerk.id,
        agency_id=agency.id,
        on_behalf=True,
        permissions=ON_BEHALF_GRANTS,
    )
    value = HarvestInput(area_id=area.id, product_id=product.id, harvested_on=today(), kilograms=5)
    with database.transaction(actor) as session:
        batch = batches.register(session, actor, value)
    assert (batch.producer_id, batch.recorded_by_id) == (owner.id, clerk.id)
    assert batch.on_behalf_agency_id == agency.id


def test_the_log_names_a_harvest_without_its_weight_or_people(database: Database) -> None:
    batch = factories.harvest(database, factories.producer(database), "1.234,5", picker="Tổ thu hái bí mật")
    with database.reading(SYSTEM.scope) as session:
        leaf = session.exec(select(ledger.LogLeaf).where(ledger.LogLeaf.kind == "batch.registered")).one()
    assert batch.lot.encode() in leaf.body
    assert b"1234500" not in leaf.body
    assert "bí mật".encode() not in leaf.body
