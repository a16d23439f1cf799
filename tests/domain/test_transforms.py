"""Transforms: several inputs become one batch, and every gram is drawn from where it lies."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import select

from tests import factories
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import balance, ledger, lineage, records, successors, transforms
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.history import history
from traceability.domain.lineage import BatchInput
from traceability.domain.producers import Producer
from traceability.domain.stamps import VoidReason
from traceability.domain.transforms import TransformInput
from traceability.keys import Keyring


def transform(
    database: Database, owner: Producer, inputs: list[dict[str, Any]], output: Any, **changes: Any
) -> Batch:
    product = changes.pop("product_id", None) or factories.product(database, owner).id
    values = {"product_id": product, "started_on": today(), "output_kg": output, "inputs": inputs}
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        return transforms.transform(session, actor, TransformInput(**values | changes))


def find(database: Database, row: Any) -> Any:
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, type(row), row.id)


def hold(database: Database, batch: Batch) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.state = BatchState.HELD
        ledger.record(session, "batch.held", row)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def test_several_inputs_become_one_batch_and_the_loss_is_derived(database: Database, owner: Producer) -> None:
    own, sender = factories.harvest(database, owner, 500), factories.producer(database)
    foreign = factories.harvest(database, sender, 300)
    delivery = factories.received(database, factories.sent(database, foreign, 200, owner))
    made = transform(
        database,
        owner,
        [
            {"batch_id": own.id, "kilograms": 100},
            {"source": f"delivery:{delivery.id}", "kilograms": 150},
            {"source": f"batch:{own.id}", "kilograms": 50},
            {"material": "Đường", "supplier": "NCC (minh họa)", "kilograms": "12,5"},
        ],
        "250",
    )
    assert (made.origin, made.made_g, made.on_hand_g) == (Origin.TRANSFORM, 250_000, 250_000)
    source: Batch = find(database, own)
    assert (source.on_hand_g, source.used_g) == (350_000, 150_000)
    assert find(database, delivery).remaining_g == 50_000
    with database.reading(SYSTEM.scope) as session:
        inputs = lineage.inputs_of(session, made.id)
        assert sum(row.grams for row in inputs) == 312_500
        assert [row.batch_id for row in lineage.uses_of(session, foreign.id)] == [made.id]


def test_no_input_gives_more_than_is_left_of_it(database: Database, owner: Producer) -> None:
    own = factories.harvest(database, owner, 100)
    rows = [{"batch_id": own.id, "kilograms": 60}, {"batch_id": own.id, "kilograms": "40001 g"}]
    with pytest.raises(RuleBroken) as caught:
        transform(database, owner, rows, 50)
    assert (caught.value.code, caught.value.facts["left"]) == ("batches.not_enough", "100\u00a0kg")
    assert find(database, own).on_hand_g == 100_000


def test_more_cannot_come_out_than_went_in(database: Database, owner: Producer) -> None:
    own = factories.harvest(database, owner, 100)
    with pytest.raises(RuleBroken) as caught:
        transform(database, owner, [{"batch_id": own.id, "kilograms": 100}], "100001 g")
    assert (caught.value.code, caught.value.field) == ("transforms.output_exceeds_inputs", "output_kg")


def test_held_and_recalled_inputs_are_refused_also_those_of_another_producer(
    database: Database, owner: Producer
) -> None:
    own, foreign = (
        factories.harvest(database, owner),
        factories.harvest(database, factories.producer(database)),
    )
    delivery = factories.received(database, factories.sent(database, foreign, 200, owner))
    hold(database, own)
    hold(database, foreign)
    with pytest.raises(RuleBroken, match=r"batches\.held"):
        transform(database, owner, [{"batch_id": own.id, "kilograms": 1}], 1)
    with pytest.raises(RuleBroken, match="source_withdrawn"):
        transform(database, owner, [{"delivery_id": delivery.id, "kilograms": 1}], 1)


def test_only_what_is_in_stock_on_that_day_can_be_used(database: Database, owner: Producer) -> None:
    stranger = factories.producer(database)
    foreign = factories.harvest(database, stranger)
    on_its_way = factories.sent(database, foreign, 10, owner)
    own = factories.harvest(database, owner, harvested_on=today())
    for row, refusal in [
        ({"batch_id": foreign.id}, "transforms.input_unknown"),
        ({"delivery_id": on_its_way.id}, "transforms.delivery_not_received"),
        ({"batch_id": "0000000000000000"}, "transforms.input_unknown"),
    ]:
        with pytest.raises(RuleBroken) as caught:
            transform(database, owner, [row | {"kilograms": 1}], 1)
        assert (caught.value.code, caught.value.field) == (refusal, "inputs-0-source")
    yesterday = today() - timedelta(days=1)
    with pytest.raises(RuleBroken, match="input_younger"):
        transform(database, owner, [{"batch_id": own.id, "kilograms": 1}], 1, started_on=yesterday)
    with pytest.raises(RuleBroken, match="in_future"):
        transform(
            database, owner, [{"batch_id": own.id, "kilograms": 1}], 1, started_on=today() + timedelta(days=1)
        )


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"kilograms": "1"}, "transforms.one_source"),
        ({"source": "batch:aaaa", "material": "Đường", "kilograms": "1"}, "transforms.one_source"),
        ({"source": "area:aaaa", "kilograms": "1"}, "transforms.source_unknown"),
        ({"source": "batch:a\x00", "kilograms": "1"}, "string_pattern_mismatch"),
        ({"source": "batch:aaaa", "kilograms": "0"}, "weight_zero"),
        ({"source": "batch:aaaa"}, "missing"),
    ],
)
def test_an_input_names_one_source_and_its_weight(row: dict[str, Any], refusal: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TransformInput(product_id="a", started_on=today(), output_kg=1, inputs=[row])  # type: ignore[list-item]
    assert caught.value.errors()[0]["type"] == refusal


def test_deliveries_are_the_receivers_to_use_only(database: Database, owner: Producer) -> None:
    foreign = factories.harvest(database, factories.producer(database))
    delivery: Delivery = factories.received(database, factories.sent(database, foreign, 10, owner))
    thief = factories.producer(database)
    with pytest.raises(RuleBroken, match="input_unknown"):
        transform(database, thief, [{"delivery_id": delivery.id, "kilograms": 1}], 1)


def test_goods_leave_a_batch_only_when_their_unused_stamps_are_void(
    database: Database, owner: Producer, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    source = mint.batch(1400)
    order = mint.ready(source, 1000)
    with database.reading(SYSTEM.scope) as session:
        holder = records.find(session, Producer, source.producer_id)
    inputs = [{"batch_id": source.id, "kilograms": 1400}]
    with pytest.raises(RuleBroken, match="exceed_rest") as refused:
        transform(database, holder, inputs, 1400, product_id=source.product_id)
    assert (refused.value.field, refused.value.facts["ordered"]) == ("inputs-0-kilograms", "1.000")
    mint.void(order, 0, 999, VoidReason.RETURNED)
    assert transform(database, holder, inputs, 1400, product_id=source.product_id).on_hand_g == 1_400_000


def test_one_work_makes_several_products_and_every_gram_of_every_source_is_found_in_them(
    database: Database, owner: Producer
) -> None:
    first, second = factories.harvest(database, owner, 700), factories.harvest(database, owner, "300001 g")
    juice, peel, pulp = (factories.product(database, owner).id for _ in range(3))
    inputs = [
        {"batch_id": first.id, "kilograms": 700},
        {"batch_id": second.id, "kilograms": "300001 g"},
        {"material": "Đường", "kilograms": "3 g"},
    ]
    further = [
        {"product_id": peel, "kilograms": 210, "by_product": True},
        {"product_id": pulp, "kilograms": "33333 g", "lot": "BA-01"},
    ]
    made = transform(database, owner, inputs, 600, product_id=juice, further=further)
    with database.reading(SYSTEM.scope) as session:
        edges = session.exec(
            select(BatchInput).where(BatchInput.event_id == events_of(session, made)[0].id)
        ).all()
        lots = {row.batch_id for row in edges}
        assert len(lots) == 3
        for source in (first, second):
            assert sum(row.grams for row in edges if row.source_batch_id == source.id) == source.made_g
            assert {row.batch_id for row in edges if row.source_batch_id == source.id and row.grams} == lots
        assert [row.grams for row in edges if row.material] == [1, 1, 1]
        event = events_of(session, made)[0]
        assert (event.input_g, event.output_g, event.loss_g) == (1_000_004, 843_333, 156_671)
        for lot_id in lots:  # one event is the beginning of all three
            assert events_of(session, records.find(session, Batch, lot_id)) == [event]
            row = records.find(session, Batch, lot_id)
            assert balance.account(session, row).on_hand_g == row.on_hand_g == row.made_g
    with pytest.raises(RuleBroken) as caught:
        transform(database, owner, [{"material": "Nước", "kilograms": 1}], 1, further=further[:1])
    assert (caught.value.code, caught.value.field) == ("transforms.output_exceeds_inputs", "output_kg")
    with pytest.raises(RuleBroken) as caught:
        foreign = factories.product(database, factories.producer(database)).id
        transform(
            database,
            owner,
            [{"material": "Nước", "kilograms": 9}],
            1,
            further=[{"product_id": foreign, "kilograms": 1}],
        )
    assert (caught.value.code, caught.value.field) == ("batches.product_unknown", "further-0-product_id")


def test_a_source_of_fewer_grams_than_there_are_outputs_is_refused_by_name(
    database: Database, owner: Producer
) -> None:
    own, peel = factories.harvest(database, owner, 100), factories.product(database, owner).id
    rows = [{"batch_id": own.id, "kilograms": 50}, {"material": "Muối", "kilograms": "1 g"}]
    with pytest.raises(RuleBroken) as caught:
        transform(database, owner, rows, 20, further=[{"product_id": peel, "kilograms": 5}])
    assert (caught.value.code, caught.value.field) == (
        "successors.too_little_to_divide",
        "inputs-1-kilograms",
    )
    assert caught.value.facts["source"] == "Muối"
    assert (find(database, own).used_g, find(database, own).on_hand_g) == (0, 100_000)
    assert transform(database, owner, rows, 20).made_g == 20_000


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=10), st.integers(0, 10**10))
def test_every_source_is_in_every_output_and_no_gram_is_lost_on_the_way(
    weights: list[int], more: int
) -> None:
    parts = successors.divided(len(weights) + more, weights)
    assert min(parts) >= 1
    assert (len(parts), sum(parts)) == (len(weights), len(weights) + more)


def events_of(session: Any, batch: Batch) -> list[Any]:
    return history(session, batch.id)
