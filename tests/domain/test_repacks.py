"""Repacking and reworking: the same goods in other packs, in the same lot or in new ones."""

from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again, rework
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import balance, repacks
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import EventType
from traceability.domain.producers import Producer
from traceability.keys import Keyring


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner)


def test_repacked_in_its_lot_a_batch_has_other_packages_and_a_loss(database: Database, batch: Batch) -> None:
    (same,) = rework(database, batch, units="400", output_kg="990,5")
    assert same.id == batch.id
    row = again(database, batch)
    assert (row.unit_count, row.on_hand_g, row.lost_g) == (400, 990_500, 9_500)
    rework(database, batch, units=800)
    assert again(database, batch).unit_count == 800
    newest = goods.told(database, batch)[-1]
    goods.never_happened(database, newest)
    row = again(database, batch)
    assert (row.unit_count, row.on_hand_g) == (400, 990_500)


def test_repacked_into_other_pack_sizes_it_becomes_lots_of_those_products(
    database: Database, owner: Producer, batch: Batch
) -> None:
    small = factories.product(database, owner, net_weight="0,5")
    parts = [{"kilograms": 300, "product_id": small.id, "units": 600}, {"kilograms": 180, "units": 120}]
    first, second = rework(database, batch, kilograms=500, parts=parts)
    assert [(lot.product_id, lot.origin, lot.made_g, lot.unit_count) for lot in (first, second)] == [
        (small.id, Origin.REPACK, 300_000, 600),
        (batch.product_id, Origin.REPACK, 180_000, 120),
    ]
    assert (first.packed_on, first.best_before_on) == (today(), batch.best_before_on)
    source = again(database, batch)
    assert (source.on_hand_g, source.used_g, source.lost_g) == (500_000, 500_000, 0)
    (event,) = goods.told(database, second)
    assert (event.type, event.input_g, event.output_g, event.loss_g) == (
        EventType.REPACK,
        500_000,
        480_000,
        20_000,
    )
    with database.reading(SYSTEM.scope) as session:
        assert balance.account(session, source).used_g == 500_000
        assert [row.id for row in repacks.pack_sizes(session, batch.id)] == [batch.product_id, small.id]


def test_reworked_goods_become_a_lot_of_their_own(database: Database, batch: Batch) -> None:
    (made,) = rework(database, batch, "rework", kilograms=100, parts=[{"kilograms": "95"}], step="Sấy lại")
    assert (made.origin, made.made_g, made.packed_on) == (Origin.REWORK, 95_000, None)
    goods.never_happened(database, goods.told(database, made)[0])
    assert again(database, batch).on_hand_g == 1_000_000


def test_what_does_not_fit_is_refused_by_its_field(database: Database, owner: Producer, batch: Batch) -> None:
    tea = factories.product(database, owner, crop_id="che_shan_tuyet").id
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"output_kg": "1000001 g"}, "repacks.output_exceeds", "output_kg"),
        ({"kilograms": 10}, "repacks.same_or_new", "kilograms"),
        ({"units": 3, "kilograms": 10, "parts": [{"kilograms": 1}]}, "repacks.same_or_new", "units"),
        ({"parts": [{"kilograms": 1}]}, "repacks.weight_missing", "kilograms"),
        (
            {"kilograms": 1, "parts": [{"kilograms": 1}, {"kilograms": 1}]},
            "repacks.output_exceeds",
            "parts-1-kilograms",
        ),
        (
            {"kilograms": 1, "parts": [{"kilograms": 1, "product_id": tea}]},
            "repacks.other_goods",
            "parts-0-product_id",
        ),
        ({"kilograms": 1001, "parts": [{"kilograms": 1}]}, "batches.not_enough", "kilograms"),
    ]
    for changes, refusal, field in cases:
        with pytest.raises(RuleBroken) as caught:
            rework(database, batch, **changes)
        assert (caught.value.code, caught.value.field) == (refusal, field)
    goods.put(database, batch, BatchState.HELD)
    for changes in ({"units": 1}, {"kilograms": 1, "parts": [{"kilograms": 1}]}):
        with pytest.raises(RuleBroken, match=r"batches\.held"):
            rework(database, batch, **changes)


def test_goods_that_shrank_after_all_their_stamps_were_ordered_are_settled_before_they_leave(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.downloaded(batch, 1020)
    mint.activate(order, 0, 899)
    goods.throw_away(database, batch, 28)  # 980 units are left, for which 999 stamps are allowed
    with pytest.raises(RuleBroken) as caught:
        factories.sent(database, batch, 1)
    assert (caught.value.code, caught.value.facts["excess"]) == ("stamps.excess", "21")
    with pytest.raises(RuleBroken) as caught:
        mint.activate(order, 900, 1019)
    assert (caught.value.code, caught.value.facts["left"]) == ("stamps.above_goods", "99")
    mint.activate(order, 900, 998)
    mint.void(order, 999, 1019)
    factories.sent(database, batch, 1)
    goods.throw_away(database, batch, 100)  # what sticks on goods already stays there: the rules judge it
    factories.sent(database, batch, 1)
