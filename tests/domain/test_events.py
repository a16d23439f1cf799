"""Events: what they do to the grams of a batch, and how a wrong one is corrected by declaration."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests import factories
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import balance, events, ledger, records, releases
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput, Event, EventInput
from traceability.domain.history import CorrectionReason, EventType, history, standing
from traceability.domain.moments import is_whole_day, parse_moment
from traceability.keys import Keyring


def record(database: Database, batch: Batch, of_type: str = "transform", **changes: Any) -> Event:
    values = {"batch_id": batch.id, "type": of_type, "happened_at": now()}
    with database.transaction(SYSTEM) as session:
        return events.record(session, SYSTEM, EventInput(**values | changes))


def correct(database: Database, event: Event, **changes: Any) -> Event:
    values = {"event_id": event.id, "reason": "incorrect_data", "explanation": "Ghi nhầm số cân"}
    with database.transaction(SYSTEM) as session:
        return events.correct(session, SYSTEM, CorrectionInput(**values | changes))


def again(database: Database, batch: Batch) -> Batch:
    """The batch as it is now, with the proof that its history tells the same."""
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, Batch, batch.id)
        told = balance.account(session, row)
        assert (told.made_g, told.on_hand_g, told.shipped_g, told.used_g, told.lost_g) == (
            row.made_g,
            row.on_hand_g,
            row.shipped_g,
            row.used_g,
            row.lost_g,
        )
        return row


def first_event(database: Database, batch: Batch) -> Event:
    with database.reading(SYSTEM.scope) as session:
        return history(session, batch.id)[0]


@pytest.fixture
def batch(database: Database) -> Batch:
    """1,000 kg of pomelos harvested yesterday."""
    return factories.harvest(database, factories.producer(database))


def test_what_is_weighed_after_a_step_tells_the_loss(database: Database, batch: Batch) -> None:
    event = record(database, batch, output_kg="912,5", step="Phân loại")
    assert (event.input_g, event.output_g, event.loss_g) == (1_000_000, 912_500, 87_500)
    row = again(database, batch)
    assert (row.made_g, row.on_hand_g, row.lost_g) == (1_000_000, 912_500, 87_500)


def test_a_loss_is_drawn_from_what_is_on_hand(database: Database, batch: Batch) -> None:
    record(database, batch, "lose", loss_kg=10, details={"cause": "dập"})
    assert again(database, batch).on_hand_g == 990_000
    with pytest.raises(RuleBroken) as caught:
        record(database, batch, "lose", loss_kg="990001 g")
    assert caught.value.code == "batches.not_enough"
    assert caught.value.facts["left"] == "990\u00a0kg"


def test_a_step_may_add_a_material_that_has_no_batch(database: Database, batch: Batch) -> None:
    event = record(
        database, batch, output_kg=1150, material="Đường, mạch nha", material_kg=200, supplier="NCC"
    )
    assert (event.input_g, event.output_g, event.loss_g) == (1_000_000, 1_150_000, 50_000)
    assert (again(database, batch).made_g, again(database, batch).on_hand_g) == (1_200_000, 1_150_000)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"output_kg": 1001}, "events.output_exceeds", "output_kg"),
        ({"output_kg": 5, "loss_kg": 5}, "events.output_or_loss", "loss_kg"),
        ({"of_type": "lose"}, "events.loss_missing", "loss_kg"),
        ({"of_type": "harvest"}, "events.not_by_hand", "type"),
        ({"material": "Đường"}, "events.material_incomplete", "material_kg"),
        ({"material_kg": 5}, "events.material_incomplete", "material"),
        ({"happened_at": "2100-01-01T00:00"}, "events.in_future", "happened_at"),
        ({"happened_at": "01/02/2003"}, "events.before_batch", "happened_at"),
        ({"of_type": "pack", "details": {"units": "nhiều"}}, "events.units_unreadable", "details-units"),
        ({"batch_id": "0000000000000000"}, "batches.unknown", "batch_id"),
    ],
)
def test_an_event_that_cannot_be_is_refused(
    database: Database, batch: Batch, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        record(database, batch, **{"of_type": "transform"} | changes)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert again(database, batch).on_hand_g == 1_000_000


def test_a_moment_may_be_typed_in_either_way() -> None:
    typed = parse_moment("24/11/2026 07:30")
    assert typed == parse_moment("2026-11-24T07:30") == parse_moment("2026-11-24T00:30:00Z")
    assert is_whole_day(parse_moment("2026-11-24"))
    assert not is_whole_day(typed)
    for text in (
        "",
        "31/02/2026 07:30",
        "24/11/2026 25:00",
        "x" * 50,
        "24/11/9999",
        "2026-11-24T07:30+99:00",
    ):
        with pytest.raises(ValidationError):
            EventInput(batch_id="a", type="pack", happened_at=text)  # type: ignore[arg-type]


def test_packing_counts_packages_and_starts_the_shelf_life(database: Database, batch: Batch) -> None:
    packed = record(database, batch, "pack", details={"units": "1.250"}, output_kg=990)
    row = again(database, batch)
    assert (row.packed_on, row.unit_count) == (today(), 1250)
    assert row.best_before_on == today() + timedelta(days=45)
    correct(database, packed, details={"units": "1200"})
    assert again(database, batch).unit_count == 1200


def test_a_wrong_event_stays_and_the_account_is_adjusted_exactly(database: Database, batch: Batch) -> None:
    wrong = record(database, batch, "lose", loss_kg=100)
    right = correct(database, wrong, loss_kg="10")
    assert (right.corrects_id, right.correction_reason) == (wrong.id, CorrectionReason.INCORRECT_DATA)
    assert again(database, batch).on_hand_g == 990_000
    with database.reading(SYSTEM.scope) as session:
        kept = records.find(session, Event, wrong.id)
        assert (kept.loss_g, kept.revision) == (100_000, wrong.revision)
        assert wrong.id not in {event.id for event in standing(history(session, batch.id))}
    with pytest.raises(RuleBroken, match="corrected_already"):
        correct(database, wrong, loss_kg="20")
    correct(database, right, reason="did_not_occur")
    assert again(database, batch).on_hand_g == 1_000_000


def test_a_correction_is_refused_when_the_goods_have_left(database: Database, batch: Batch) -> None:
    factories.sent(database, batch, 600)
    harvest = first_event(database, batch)
    with pytest.raises(RuleBroken, match="correction_impossible"):
        correct(database, harvest, output_kg="599999 g")
    correct(database, harvest, output_kg=600)
    row = again(database, batch)
    assert (row.made_g, row.on_hand_g, row.shipped_g) == (600_000, 0, 600_000)


def test_a_correction_leaves_goods_for_all_stamps_that_are_ordered(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.ordered(batch, 1000)
    harvest = first_event(database, batch)
    with pytest.raises(RuleBroken, match="stamps_exceed"):
        correct(database, harvest, output_kg="14")
    mint.void(order, 10, 999)
    correct(database, harvest, output_kg="14")
    assert again(database, batch).made_g == 14_000


def test_more_packages_than_a_batch_can_have_are_refused_in_words(database: Database, batch: Batch) -> None:
    with pytest.raises(RuleBroken, match="units_unreadable"):
        record(database, batch, "pack", details={"units": "999 999 999 999"})


def test_a_shipment_that_never_left_comes_back_unless_it_has_arrived(
    database: Database, batch: Batch
) -> None:
    delivery = factories.sent(database, batch, 600)
    other = factories.sent(database, batch, 300, factories.producer(database))
    with database.reading(SYSTEM.scope) as session:
        ships = {event.delivery_id: event for event in history(session, batch.id) if event.delivery_id}
    correct(database, ships[delivery.id], reason="did_not_occur")
    assert again(database, batch).on_hand_g == 700_000
    correct(database, ships[other.id], output_kg=200)
    factories.received(database, records_of(database, other))
    with pytest.raises(RuleBroken, match="corrected_already"):
        correct(database, ships[other.id], output_kg=100)
    assert again(database, batch).on_hand_g == 800_000


def records_of(database: Database, delivery: Any) -> Any:
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, type(delivery), delivery.id)


def test_a_harvest_can_move_to_another_day_but_not_behind_what_followed(
    database: Database, batch: Batch
) -> None:
    harvest = first_event(database, batch)
    earlier = today() - timedelta(days=3)
    correct(database, harvest, happened_at=earlier)
    row = again(database, batch)
    assert (row.harvested_on, row.best_before_on) == (earlier, earlier + timedelta(days=45))
    record(database, batch, "store", happened_at=parse_moment(today() - timedelta(days=2)))
    with database.reading(SYSTEM.scope) as session:
        newest = next(event for event in history(session, batch.id) if event.corrects_id == harvest.id)
    with pytest.raises(RuleBroken, match="after_others"):
        correct(database, newest, happened_at=today())
    with pytest.raises(RuleBroken, match="beginning_stays"):
        correct(database, newest, reason="did_not_occur")


def test_a_late_entry_cannot_use_what_had_left_by_then(database: Database, batch: Batch) -> None:
    factories.sent(database, batch, 700)
    with pytest.raises(RuleBroken) as caught:
        record(database, batch, "lose", loss_kg=400, happened_at=parse_moment(today() - timedelta(days=1)))
    assert caught.value.facts["left"] == "300\u00a0kg"


def test_held_goods_are_stored_and_lost_but_not_readied_for_sale(database: Database, batch: Batch) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.state = BatchState.HELD
        ledger.record(session, "batch.held", row)
    record(database, batch, "store", details={"temperature": "4"})
    record(database, batch, "lose", loss_kg=1)
    for kind in ("pack", "transform", "treat"):
        with pytest.raises(RuleBroken, match=r"batches\.held"):
            record(database, batch, kind)
    with pytest.raises(RuleBroken, match=r"batches\.held"):
        factories.sent(database, batch, 1)
    with database.transaction(SYSTEM) as session, pytest.raises(RuleBroken, match=r"batches\.held"):
        releases.close(session, SYSTEM, releases.CloseInput(batch_id=batch.id))


def test_a_neighbour_sees_and_corrects_nothing(database: Database, batch: Batch) -> None:
    stranger = factories.manager_of(factories.producer(database))
    event = first_event(database, batch)
    with database.transaction(stranger) as session:
        with pytest.raises(RuleBroken, match="unknown"):
            events.record(
                session, stranger, EventInput(batch_id=batch.id, type=EventType.STORE, happened_at=now())
            )
        with pytest.raises(RuleBroken, match="unknown"):
            value = CorrectionInput(event_id=event.id, reason="did_not_occur", explanation="x")  # type: ignore[arg-type]
            events.correct(session, stranger, value)


def test_another_day_of_harvest_lies_within_the_area_codes_validity(
    database: Database,
) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner)
    code = factories.area_code(database, area, valid_from=today() - timedelta(days=3))
    batch = factories.harvest(database, owner, area_id=area.id, area_code=code.code)
    harvest = first_event(database, batch)
    with pytest.raises(RuleBroken, match="not_yet_valid"):
        correct(database, harvest, happened_at=now() - timedelta(days=5))
    assert correct(database, harvest, happened_at=now() - timedelta(days=2)).corrects_id == harvest.id
