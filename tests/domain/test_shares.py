"""The share of each source in a batch is exact, over every step and every producer."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from traceability.db import Database
from traceability.domain import events, shares, transforms
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound
from traceability.domain.events import EventInput
from traceability.domain.producers import Producer
from traceability.domain.shares import Node, SourceShare
from traceability.domain.transforms import TransformInput


def made_of(database: Database, owner: Producer, output: Any, *inputs: dict[str, Any]) -> Batch:
    value = TransformInput(
        product_id=factories.product(database, owner).id,
        started_on=today(),
        output_kg=output,
        inputs=list(inputs),  # type: ignore[arg-type]
    )
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        return transforms.transform(session, actor, value)


def sources(database: Database, batch: Batch) -> list[SourceShare]:
    with database.reading(SYSTEM.scope) as session:
        return shares.sources(session, batch.id)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def test_a_harvest_is_all_of_its_area(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner, 300)
    assert sources(database, batch) == [
        SourceShare(batch.area_id, owner.id, "", 300_000, Fraction(1), (batch.id,))
    ]


def test_a_merged_batch_keeps_the_share_of_each_area_of_each_producer(
    database: Database, owner: Producer
) -> None:
    """620 kg and 380 kg in; what is lost takes from both alike, and a second step changes no share."""
    neighbour = factories.producer(database)
    own, foreign = factories.harvest(database, owner), factories.harvest(database, neighbour)
    delivery = factories.received(database, factories.sent(database, foreign, 380, owner))
    first = made_of(
        database,
        owner,
        900,
        {"batch_id": own.id, "kilograms": 620},
        {"delivery_id": delivery.id, "kilograms": 380},
    )
    second = made_of(database, owner, 100, {"batch_id": first.id, "kilograms": 150})
    found = sources(database, second)
    assert [(one.area_id, one.producer_id, one.share, one.grams) for one in found] == [
        (own.area_id, owner.id, Fraction(62, 100), 62_000),
        (foreign.area_id, neighbour.id, Fraction(38, 100), 38_000),
    ]
    assert found[1].batch_ids == (foreign.id,)


def test_materials_and_what_was_added_to_a_harvest_have_their_share(
    database: Database, owner: Producer
) -> None:
    harvest = factories.harvest(database, owner, 90)
    with database.transaction(SYSTEM) as session:
        value = EventInput(
            batch_id=harvest.id, type="transform", happened_at=now(), material="Đường", material_kg=10
        )
        events.record(session, SYSTEM, value)
    made = made_of(
        database,
        owner,
        50,
        {"batch_id": harvest.id, "kilograms": 100},
        {"material": "Nước", "kilograms": 100},
    )
    assert {(one.area_id, one.material): one.share for one in sources(database, made)} == {
        (None, "Nước"): Fraction(1, 2),
        (harvest.area_id, ""): Fraction(9, 20),
        (None, "Đường"): Fraction(1, 20),
    }


def test_two_ways_of_one_harvest_add_up_and_two_harvests_of_one_area_are_one_source(
    database: Database, owner: Producer
) -> None:
    first = factories.harvest(database, owner, 100)
    again = factories.harvest(
        database,
        owner,
        100,
        area_id=first.area_id,
        product_id=first.product_id,
        harvested_on=today() - timedelta(days=2),
    )
    half = made_of(database, owner, 10, {"batch_id": first.id, "kilograms": 40})
    both = made_of(
        database,
        owner,
        30,
        {"batch_id": half.id, "kilograms": 10},
        {"batch_id": first.id, "kilograms": 10},
        {"batch_id": again.id, "kilograms": 10},
    )
    (only,) = sources(database, both)
    assert (only.area_id, only.share, only.grams) == (first.area_id, Fraction(1), 30_000)
    assert only.batch_ids == tuple(sorted([first.id, again.id]))


def test_a_missing_batch_has_no_sources(database: Database) -> None:
    with database.reading(SYSTEM.scope) as session, pytest.raises(NotFound):
        shares.sources(session, "0" * 16)


# --- Against an oracle -----------------------------------------------------------------------------------


def told(nodes: dict[str, Node], batch_id: str) -> dict[tuple[str | None, str], Fraction]:
    """The plainest way to say it: a batch is its inputs, each in its proportion; asked again for each way."""
    node, found = nodes[batch_id], dict[tuple[str | None, str], Fraction]()

    def add(key: tuple[str | None, str], share: Fraction) -> None:
        found[key] = found.get(key, Fraction(0)) + share

    parts = sum(grams for _source, grams in (*node.inputs, *node.materials))
    total = node.made_g if node.is_harvest else parts
    if not total:
        add((None, ""), Fraction(1))
    elif node.is_harvest:
        add((node.area_id, ""), Fraction(total - parts, total))
    for source, grams in node.inputs if total else ():
        for key, share in told(nodes, source).items():
            add(key, share * Fraction(grams, total))
    for material, grams in node.materials if total else ():
        add((None, material), Fraction(grams, total))
    return {key: share for key, share in found.items() if share}


GRAMS = st.integers(0, 10**9)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Node]:
    """Any graph of up to 12 batches: each is made of some that stood before it."""
    nodes: dict[str, Node] = {}
    for number in range(draw(st.integers(1, 12))):
        inputs = draw(st.lists(st.tuples(st.sampled_from(sorted(nodes)), GRAMS), max_size=4)) if nodes else []
        materials = draw(st.lists(st.tuples(st.sampled_from(["Đường", "Nước"]), GRAMS), max_size=2))
        harvest = draw(st.booleans()) and not inputs
        added = sum(grams for _name, grams in materials)
        made = draw(GRAMS) + (added if harvest else 0)
        area = draw(st.sampled_from(["a", "b"])) if harvest else None
        nodes[f"{number:02}"] = Node("p", area, made, harvest, inputs, materials)
    return nodes


def reachable(nodes: dict[str, Node], root: str) -> dict[str, Node]:
    kept, waiting = dict[str, Node](), [root]
    while waiting:
        batch_id = waiting.pop()
        if batch_id not in kept:
            kept[batch_id] = nodes[batch_id]
            waiting += [source for source, _grams in nodes[batch_id].inputs]
    return kept


@settings(max_examples=60)
@given(nodes=graphs())
def test_the_pass_over_the_graph_says_what_the_oracle_says(nodes: dict[str, Node]) -> None:
    root = max(nodes)
    nodes = reachable(nodes, root)
    found = shares.spread(nodes, root)
    assert {(one.area_id, one.material): one.share for one in found} == told(nodes, root)
    assert sum(one.share for one in found) == 1
    assert sum(one.grams for one in found) == nodes[root].made_g
    assert all(abs(one.grams - one.share * nodes[root].made_g) < 1 for one in found)


def test_a_circle_in_the_rows_is_an_error_and_no_endless_walk() -> None:
    nodes = {"a": Node("p", None, 1, False, [("b", 1)]), "b": Node("p", None, 1, False, [("a", 1)])}
    with pytest.raises(RuntimeError, match="circle"):
        shares.spread(nodes, "a")
