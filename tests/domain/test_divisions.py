"""The split: lots out of a batch, and not one gram more than is left of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from tests import factories
from tests.domain import goods
from tests.domain.goods import again, split
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import balance, divisions, laboratory, lineage, provenance, records
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import EventType
from traceability.domain.laboratory import LabTestInput
from traceability.domain.ledger import LogLeaf
from traceability.domain.moments import start_of
from traceability.domain.ownership import PUBLIC
from traceability.domain.producers import Producer
from traceability.domain.rule_facts import BatchFacts
from traceability.domain.stamps import VoidReason
from traceability.keys import Keyring


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner, "1000003 g")


def test_a_batch_becomes_lots_and_what_is_left_of_it_is_exact(database: Database, batch: Batch) -> None:
    first, second = split(
        database, batch, "400001 g", {"kilograms": "2 tạ", "lot": "LE-01", "units": "1.250"}
    )
    assert [(lot.origin, lot.made_g, lot.on_hand_g) for lot in (first, second)] == [
        (Origin.SPLIT, 400_001, 400_001),
        (Origin.SPLIT, 200_000, 200_000),
    ]
    assert (first.lot, second.lot, second.unit_count) == (f"{batch.lot}-1", "LE-01", 1250)
    assert (first.harvested_on, first.best_before_on) == (batch.harvested_on, batch.best_before_on)
    assert first.area_id is None  # the graph tells it
    source: Batch = again(database, batch)
    assert (source.made_g, source.on_hand_g, source.used_g) == (1_000_003, 400_002, 600_001)
    with database.reading(SYSTEM.scope) as session:
        for row in (source, first, second):
            assert balance.account(session, row).on_hand_g == row.on_hand_g


def test_a_split_is_one_event_of_all_its_batches_and_one_fact(database: Database, batch: Batch) -> None:
    with database.reading(SYSTEM.scope) as session:
        before = len(session.exec(select(LogLeaf.position)).all())
    first, second = split(database, batch, 1, 2)
    with database.reading(SYSTEM.scope) as session:
        kinds = session.exec(select(LogLeaf.kind).order_by(LogLeaf.position)).all()[before:]
    assert kinds == ["batch.split"]
    (event,) = goods.told(database, first)
    assert goods.told(database, second) == [event]
    assert goods.told(database, batch)[-1] == event
    assert (event.type, event.input_g, event.output_g) == (EventType.SPLIT, 3000, 3000)


def test_a_second_split_over_the_remainder_is_refused_and_nothing_of_it_is_done(
    database: Database, batch: Batch
) -> None:
    split(database, batch, 600)
    with pytest.raises(RuleBroken) as caught:
        split(database, batch, 100, "300004 g")
    assert (caught.value.code, caught.value.field) == ("batches.not_enough", "parts-1-kilograms")
    assert (caught.value.facts["lot"], caught.value.facts["left"]) == (batch.lot, "400,003\u00a0kg")
    assert again(database, batch).on_hand_g == 400_003
    with database.reading(SYSTEM.scope) as session:
        assert len(session.exec(select(Batch)).all()) == 2


@pytest.mark.parametrize("state", [BatchState.HELD, BatchState.RECALLED, BatchState.CLOSED])
def test_only_goods_that_may_move_are_split(database: Database, batch: Batch, state: BatchState) -> None:
    goods.put(database, batch, state)
    with pytest.raises(RuleBroken) as caught:
        split(database, batch, 1)
    assert (caught.value.code, caught.value.facts["lot"]) == (f"batches.{state.value}", batch.lot)


def test_days_stand_in_order(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner, harvested_on=today() - timedelta(days=5))
    for moment, refusal in [
        (now() + timedelta(hours=1), "events.in_future"),
        (start_of(today() - timedelta(days=6)), "successors.source_younger"),
    ]:
        with pytest.raises(RuleBroken) as caught:
            split(database, batch, 1, happened_at=moment)
        assert (caught.value.code, caught.value.field) == (refusal, "happened_at")
    factories.sent(database, batch, 900)
    with pytest.raises(
        RuleBroken, match="not_enough"
    ):  # what left today was there three days ago, and is spoken for
        split(database, batch, 101, happened_at=start_of(today() - timedelta(days=3)))
    (lot,) = split(database, batch, 100, happened_at=start_of(today() - timedelta(days=3)))
    with pytest.raises(RuleBroken, match="sent_before_harvest"):
        factories.sent(database, lot, 1, sent_on=today() - timedelta(days=4))


def test_a_new_lot_does_not_hide_that_the_best_before_day_has_passed(
    database: Database, owner: Producer
) -> None:
    batch = factories.harvest(database, owner, harvested_on=today() - timedelta(days=60))
    with pytest.raises(RuleBroken) as caught:
        split(database, batch, 1)
    assert caught.value.code == "successors.past_best_before"
    (early,) = split(database, batch, 1, happened_at=start_of(today() - timedelta(days=50)))
    assert early.best_before_on == batch.best_before_on


@pytest.mark.parametrize(
    ("part", "refusal"),
    [
        ({"kilograms": "0"}, "weight_zero"),
        ({"kilograms": "-5"}, "weight_negative"),
        ({"kilograms": "12 yến"}, "weight_unreadable"),
        ({"kilograms": "1e400"}, "weight_unreadable"),
        ({"kilograms": "1", "units": "nhiều"}, "packages_unreadable"),
        ({"kilograms": "1", "lot": "Lô số 1"}, "lot_characters"),
        ({}, "missing"),
    ],
)
def test_a_part_has_a_weight_above_zero(part: dict[str, Any], refusal: str) -> None:
    with pytest.raises(ValidationError) as caught:
        divisions.SplitInput(batch_id="a", happened_at=now(), parts=[part])  # type: ignore[list-item]
    assert caught.value.errors()[0]["type"] == refusal


def test_a_lot_number_is_given_once(database: Database, batch: Batch) -> None:
    with pytest.raises(RuleBroken) as caught:
        split(database, batch, {"kilograms": 1, "lot": "A-1"}, {"kilograms": 1, "lot": "A-1"})
    assert (caught.value.code, caught.value.field) == ("batches.lot_taken", "parts-1-lot")


def test_a_neighbour_splits_nothing(database: Database, batch: Batch) -> None:
    stranger = factories.manager_of(factories.producer(database))
    value = divisions.SplitInput(batch_id=batch.id, happened_at=now(), parts=[{"kilograms": 1}])  # type: ignore[list-item]
    with database.transaction(stranger) as session, pytest.raises(RuleBroken, match="unknown"):
        divisions.split(session, stranger, value)


def test_a_stamped_batch_is_split_only_as_far_as_its_goods_carry_no_stamps(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.ready(batch, 510)  # 500 units and two in a hundred
    split(database, batch, 700)
    with pytest.raises(RuleBroken) as caught:
        split(database, batch, "1,4")
    assert (caught.value.code, caught.value.field) == ("stamps.exceed_rest", "parts-0-kilograms")
    mint.void(order, 0, 509, VoidReason.RETURNED)
    split(database, batch, 700)


def test_a_split_that_never_happened_gives_the_goods_back(database: Database, batch: Batch) -> None:
    first, second = split(database, batch, 300, 200)
    event = goods.told(database, batch)[-1]
    goods.never_happened(database, event)
    assert again(database, batch).on_hand_g == 1_000_003
    for lot in (first, second):
        row = again(database, lot)
        assert (row.made_g, row.on_hand_g, row.state) == (0, 0, BatchState.CLOSED)
        with database.reading(SYSTEM.scope) as session:
            assert balance.account(session, records.find(session, Batch, lot.id)).made_g == 0
    with pytest.raises(RuleBroken, match="corrected_already"):
        goods.never_happened(database, event)


def test_what_something_has_happened_to_did_happen(database: Database, batch: Batch) -> None:
    for number, act in enumerate(
        [
            lambda lot: factories.sent(database, lot, 1),
            lambda lot: split(database, lot, 1),
            lambda lot: goods.throw_away(database, lot, 1),
            lambda lot: factories.release(database, lot),
            lambda lot: goods.put(database, lot, BatchState.HELD),
        ]
    ):
        (lot,) = split(database, batch, 10)
        act(lot)
        event = next(
            event
            for event in goods.told(database, lot)
            if event.type is EventType.SPLIT and event.batch_id == batch.id
        )
        with pytest.raises(RuleBroken) as caught:
            goods.never_happened(database, event)
        expected = {3: "undoings.published", 4: "batches.held"}.get(number, "undoings.touched")
        assert (caught.value.code, caught.value.facts["lot"]) == (expected, lot.lot)


def test_what_was_found_out_about_a_lot_holds_for_what_was_split_off_it(
    database: Database, owner: Producer
) -> None:
    batch = factories.harvest(database, owner, harvested_on=today() - timedelta(days=4))
    (lot,) = split(database, batch, 100, happened_at=start_of(today() - timedelta(days=2)))
    merged = goods.merge(database, (lot, 50), (batch, 50))
    values: dict[str, Any] = {"batch_id": batch.id, "laboratory": "Phòng thử nghiệm (minh họa)"}
    values |= {"results": [{"name": "Cadimi", "value": "0,01", "passed": "1"}], "reported_on": today()}
    for number, ago in [("KQ-1", 3), ("KQ-2", 1)]:
        sample = values | {"report_no": number, "sampled_on": today() - timedelta(days=ago)}
        with database.transaction(SYSTEM) as session:
            laboratory.record(session, SYSTEM, LabTestInput(**sample))
    with database.reading(SYSTEM.scope) as session:
        for row, expected in [(lot, ["KQ-1"]), (merged, ["KQ-1", "KQ-2"]), (batch, ["KQ-1", "KQ-2"])]:
            facts = BatchFacts(session, records.find(session, Batch, row.id))
            assert sorted(report.report_no for report in facts.reports) == expected
        assert lineage.same_goods(session, merged) == sorted([batch.id, lot.id, merged.id])


def test_the_public_reads_of_a_split_where_the_new_lot_begins(database: Database, batch: Batch) -> None:
    (lot,) = split(database, batch, 100)
    with database.reading(PUBLIC) as session:
        whole = provenance.of_batch(session, lot.id, today())
        rest = provenance.of_batch(session, batch.id, today())
    above, own = whole.chapters
    assert [step.type for step in above.steps] == [EventType.HARVEST]
    assert [step.type for step in own.steps] == [EventType.SPLIT]
    assert [step.type for step in rest.chapters[0].steps] == [EventType.HARVEST, EventType.SPLIT]
    assert [(source.lot, source.percent) for source in whole.sources] == [(batch.lot, 100)]
