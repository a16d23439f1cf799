"""The trace shows all inputs at any depth, and of other producers only what is public."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.domain.test_shares import made_of
from traceability.db import Database
from traceability.domain import ledger, records, traces
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.errors import NotFound
from traceability.domain.ownership import EVERYTHING, Scope
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.traces import Direction, Trace


@dataclass
class Chain:
    """A grower's harvest and an own one of a packer, merged with sugar; the packer's lot went on to a third."""

    grower: Producer
    packer: Producer
    maker: Producer
    harvest: Batch
    own: Batch
    merged: Batch
    worked: Batch


@pytest.fixture
def chain(database: Database) -> Chain:
    grower, packer, maker = (factories.producer(database) for _number in range(3))
    harvest, own = factories.harvest(database, grower), factories.harvest(database, packer)
    delivery = factories.received(database, factories.sent(database, harvest, 300, packer))
    merged = made_of(
        database,
        packer,
        450,
        {"delivery_id": delivery.id, "kilograms": 200},
        {"batch_id": own.id, "kilograms": 200},
        {"material": "Đường", "supplier": "Nhà máy đường A", "kilograms": 50},
    )
    onward = factories.received(database, factories.sent(database, merged, 100, maker))
    worked = made_of(database, maker, 80, {"delivery_id": onward.id, "kilograms": 90})
    return Chain(grower, packer, maker, harvest, own, merged, worked)


def seen(database: Database, batch: Batch, scope: Scope, direction: Direction = Direction.BOTH) -> Trace:
    with database.reading(scope) as session:
        return traces.trace(session, batch.id, direction)


def test_all_inputs_are_listed_own_batches_deliveries_and_materials(database: Database, chain: Chain) -> None:
    found = seen(database, chain.merged, Scope.of_producer(chain.packer.id), Direction.UP)
    assert {
        (one.source_id, one.material, one.supplier, one.grams, one.delivered) for one in found.inputs
    } == {
        (chain.harvest.id, "", "", 200_000, True),
        (chain.own.id, "", "", 200_000, False),
        (None, "Đường", "Nhà máy đường A", 50_000, False),
    }
    assert {one: (batch.steps, batch.level) for one, batch in found.batches.items()} == {
        chain.harvest.id: (-1, -1),
        chain.own.id: (-1, -1),
        chain.merged.id: (0, 0),
    }
    assert list(found.by_batch()) == [chain.merged.id]


def test_of_a_neighbour_only_lot_product_and_producer_are_told_and_never_a_weight(
    database: Database, chain: Chain
) -> None:
    factories.release(database, chain.worked)
    found = seen(database, chain.merged, Scope.of_producer(chain.packer.id))
    above, below = found.batches[chain.harvest.id], found.batches[chain.worked.id]
    for foreign, owner in ((above, chain.grower), (below, chain.maker)):
        assert (foreign.producer, foreign.within) == (owner.name, False)
        assert (foreign.made_g, foreign.on_hand_g, foreign.state, foreign.others) == (None, None, None, 0)
    assert (above.lot, below.lot) == (chain.harvest.lot, chain.worked.lot)
    assert next(one for one in found.inputs if one.batch_id == chain.worked.id).grams is None


def test_what_a_buyer_made_and_has_not_published_is_only_counted(database: Database, chain: Chain) -> None:
    below = seen(database, chain.merged, Scope.of_producer(chain.packer.id)).batches[chain.worked.id]
    assert below.is_hidden
    assert (below.lot, below.goods, below.producer, below.area, below.started_on) == ("", "", "", "", None)


def test_the_buyer_sees_the_whole_way_up_without_the_weights_of_others(
    database: Database, chain: Chain
) -> None:
    found = seen(database, chain.worked, Scope.of_producer(chain.maker.id))
    assert [one.lot for one in found.batches.values() if one.steps == -2] == sorted(
        [chain.harvest.lot, chain.own.lot]
    )
    weights = {(one.batch_id, one.grams, one.supplier) for one in found.inputs}
    assert weights == {(chain.worked.id, 90_000, ""), (chain.merged.id, None, "")}


def test_an_overseer_of_all_sees_all(database: Database, chain: Chain) -> None:
    found = seen(database, chain.own, EVERYTHING)
    assert [found.batches[one].steps for one in (chain.merged.id, chain.worked.id)] == [1, 2]
    assert found.batches[chain.merged.id].others == 2  # the delivery and the sugar are not on this way
    assert (found.count(-1), found.count(1)) == (0, 2)


def test_a_held_or_recalled_lot_of_another_is_shown_as_such(database: Database, chain: Chain) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, chain.harvest.id)
        row.state = BatchState.RECALLED
        ledger.record(session, "batch.recalled", row)
    found = seen(database, chain.merged, Scope.of_producer(chain.packer.id))
    assert found.batches[chain.harvest.id].is_stopped


def test_a_household_is_told_by_its_code(database: Database) -> None:
    household = factories.producer(database, legal_form=LegalForm.HOUSEHOLD)
    packer = factories.producer(database)
    harvest = factories.harvest(database, household)
    delivery = factories.received(database, factories.sent(database, harvest, 300, packer))
    merged = made_of(database, packer, 100, {"delivery_id": delivery.id, "kilograms": 100})
    above = seen(database, merged, Scope.of_producer(packer.id)).batches[harvest.id]
    assert (above.producer, above.area) == (household.code, "")


def test_a_foreign_batch_is_as_good_as_missing(database: Database, chain: Chain) -> None:
    with pytest.raises(NotFound):
        seen(database, chain.harvest, Scope.of_producer(chain.packer.id))


# --- The shape -------------------------------------------------------------------------------------------

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda e: e[0] < e[1]), max_size=30)


def ways(root: str, onward: dict[str, list[str]]) -> dict[str, set[int]]:
    """The lengths of all ways from the root to each batch, walked one by one."""
    lengths: dict[str, set[int]] = {}

    def walk(here: str, length: int) -> None:
        lengths.setdefault(here, set()).add(length)
        for there in set(onward.get(here, ())):
            walk(there, length + 1)

    walk(root, 0)
    return lengths


@settings(max_examples=80)
@given(edges=EDGES, root=st.integers(0, 11))
def test_steps_are_the_shortest_and_levels_the_longest_ways(edges: list[tuple[int, int]], root: int) -> None:
    named = [(str(source), str(made)) for source, made in edges]
    sources, uses = traces.neighbours(named)
    for onward, back, sign in ((sources, uses, -1), (uses, sources, 1)):
        lengths = ways(str(root), onward)
        steps = {str(root): 0, **traces.distances(str(root), onward, sign)}
        levels = traces.heights(str(root), onward, back, sign)
        assert steps == {one: min(found) * sign for one, found in lengths.items()}
        assert levels == {one: max(found) * sign for one, found in lengths.items()}


def test_a_circle_is_an_error_and_no_endless_walk() -> None:
    sources, uses = traces.neighbours([("a", "b"), ("b", "a")])
    with pytest.raises(RuntimeError, match="circle"):
        traces.heights("a", sources, uses, -1)
