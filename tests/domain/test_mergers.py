"""The merger: several lots of one product become one, and the share of each is kept."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again, merge, split
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import descent, mergers, shares
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.moments import start_of
from traceability.domain.producers import Producer
from traceability.keys import Keyring


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def lots(database: Database, owner: Producer) -> list[Batch]:
    """Three harvests of one product, from three areas: 620, 380 and 100 kg."""
    product = factories.product(database, owner).id
    return [
        factories.harvest(database, owner, kilograms, product_id=product) for kilograms in (620, 380, 100)
    ]


def test_the_merged_lot_keeps_the_share_of_each_source_down_to_its_area(
    database: Database, lots: list[Batch]
) -> None:
    made = merge(database, (lots[0], None), (lots[1], None), lot="GOP-01")
    assert (made.origin, made.lot, made.made_g) == (Origin.MERGE, "GOP-01", 1_000_000)
    assert [again(database, lot).on_hand_g for lot in lots] == [0, 0, 100_000]
    (half, _rest) = split(database, made, 500, 100)
    with database.reading(SYSTEM.scope) as session:
        for batch in (made, half):
            found = {row.area_id: row.share for row in shares.sources(session, batch.id)}
            assert found == {lots[0].area_id: Fraction(62, 100), lots[1].area_id: Fraction(38, 100)}
        assert set(descent.ancestors(session, half.id)) == {made.id, lots[0].id, lots[1].id}


def test_the_earliest_best_before_day_holds_for_all(database: Database, owner: Producer) -> None:
    product = factories.product(database, owner).id
    old = factories.harvest(database, owner, product_id=product, harvested_on=today() - timedelta(days=9))
    new = factories.harvest(database, owner, product_id=product)
    made = merge(database, (old, 1), (new, 1))
    assert (made.best_before_on, made.harvested_on) == (old.best_before_on, None)
    goods.put(database, made, BatchState.OPEN)
    assert factories.release(database, made).best_before_on == old.best_before_on


@pytest.mark.parametrize("state", [BatchState.HELD, BatchState.RECALLED, BatchState.CLOSED])
def test_a_lot_that_may_not_move_is_not_hidden_among_good_ones(
    database: Database, lots: list[Batch], state: BatchState
) -> None:
    goods.put(database, lots[1], state)
    for weight in (1, None):
        with pytest.raises(RuleBroken) as caught:
            merge(database, (lots[0], 1), (lots[1], weight))
        assert (caught.value.code, caught.value.facts["lot"]) == (f"batches.{state.value}", lots[1].lot)
    assert again(database, lots[0]).on_hand_g == 620_000


def test_a_merger_is_of_two_lots_of_one_product_with_something_in_them(
    database: Database, owner: Producer, lots: list[Batch]
) -> None:
    other = factories.harvest(database, owner)
    foreign = factories.harvest(database, factories.producer(database))
    factories.sent(database, lots[2], 100)
    cases: list[tuple[list[Any], str]] = [
        ([(lots[0], 1)], "mergers.two_needed"),
        ([(lots[0], 1), (lots[0], 2)], "mergers.twice"),
        ([(lots[0], 1), (other, 1)], "mergers.other_product"),
        ([(lots[0], 1), (foreign, 1)], "batches.unknown"),
        ([(lots[0], 1), (lots[2], None)], "mergers.nothing_left"),
        ([(lots[0], 1), (lots[1], "380001 g")], "batches.not_enough"),
    ]
    for sources, refusal in cases:
        with pytest.raises(RuleBroken) as caught:
            merge(database, *sources)
        assert caught.value.code == refusal
    assert [again(database, lot).used_g for lot in lots] == [0, 0, 0]


def test_nothing_is_merged_before_it_is_there(database: Database, lots: list[Batch]) -> None:
    with pytest.raises(RuleBroken, match="source_younger"):
        merge(database, (lots[0], 1), (lots[1], 1), happened_at=start_of(today() - timedelta(days=3)))


def test_stamped_lots_are_merged_when_their_unused_stamps_are_void(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    first = mint.batch(1400)
    order = mint.ready(first, 100)
    owner = Producer(id=first.producer_id)  # type: ignore[call-arg]
    second = factories.harvest(database, owner, 100, product_id=first.product_id)
    merge(database, (first, 1260), (second, 50))
    with pytest.raises(RuleBroken) as caught:
        merge(database, (first, None), (second, 50))
    assert (caught.value.code, caught.value.facts["lot"]) == ("stamps.exceed_rest", first.lot)
    mint.void(order, 0, 99)
    merge(database, (first, None), (second, 50))


def test_a_merger_that_never_happened_gives_each_source_its_goods_back(
    database: Database, lots: list[Batch]
) -> None:
    made = merge(database, (lots[0], 600), (lots[1], None))
    goods.never_happened(database, goods.told(database, made)[0])
    assert [again(database, lot).on_hand_g for lot in lots] == [620_000, 380_000, 100_000]
    assert again(database, made).state is BatchState.CLOSED


def test_the_form_offers_the_lots_of_the_product_that_may_move(database: Database, lots: list[Batch]) -> None:
    goods.put(database, lots[1], BatchState.HELD)
    with database.reading(SYSTEM.scope) as session:
        assert [row.id for row in mergers.candidates(session, lots[2].id)] == [lots[2].id, lots[0].id]
