"""Ordering stamps: no more than the grams allow, no serial twice, ready only when the codes are committed."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlmodel import select

from tests import factories
from tests.domain.test_shares import made_of
from tests.rolls import Mint
from traceability import print_room
from traceability.db import Database
from traceability.domain import (
    merkle,
    producers,
    records,
    stamp_codes,
    stamp_orders,
    stamp_quota,
    suspensions,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import record
from traceability.domain.ownership import EVERYTHING
from traceability.domain.products import Product
from traceability.domain.stamp_quota import StampCount, quota_of
from traceability.domain.stamps import RangeState, StampOrder, VoidReason
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.keys import Keyring


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


def refused(code: str, call: object, *arguments: object, **named: object) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    assert caught.value.code == code
    return caught.value


def test_an_order_takes_serials_and_is_ready_when_its_codes_are_committed(mint: Mint) -> None:
    batch = mint.batch()
    order = mint.ordered(batch, 100)
    assert mint.ranges(order) == [(0, 99, RangeState.ORDERED)]
    assert order.url_prefix == "HTTPS://TXNG.VINHLONG.GOV.VN/S/"
    assert order.demo
    ready = print_room.make_ready(mint.database, mint.actor(batch), order.id, mint.keyring)
    assert mint.ranges(order) == [(0, 99, RangeState.READY)]
    codes = [mint.code(order, n).replace("-", "") for n in range(100)]
    assert ready.code_root == merkle.root(hashlib.sha256(code.encode()).digest() for code in codes)
    assert ready.ready_at is not None
    assert ready.qr_mask is not None
    again = print_room.make_ready(mint.database, mint.actor(batch), order.id, mint.keyring)
    assert (again.code_root, again.ready_at) == (ready.code_root, ready.ready_at)


def test_stamps_never_exceed_what_the_batch_weighs(mint: Mint) -> None:
    batch = mint.batch(1400)
    refusal = refused("stamps.exceed_batch", mint.ordered, batch, 1021)
    assert (refusal.field, refusal.facts["allowed"], refusal.facts["units"]) == ("quantity", "1.020", "1.000")
    order = mint.ready(batch, 1020)
    assert refused("stamps.nothing_left", mint.ordered, batch, 1).facts["ordered"] == "1.020"
    mint.void(order, 0, 9, VoidReason.MISPRINT)
    assert mint.ordered(batch, 10).quantity == 10
    refused("stamps.nothing_left", mint.ordered, batch, 1)


def test_what_was_used_or_lost_needs_no_stamps(mint: Mint) -> None:
    batch = mint.batch(1400)
    with mint.database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.on_hand_g, row.used_g, row.lost_g, row.shipped_g = 0, 690_000, 10_000, 700_000
        record(session, "test.moved", row)
    with mint.database.reading(EVERYTHING) as session:
        product = records.find(session, Product, batch.product_id)
        quota = quota_of(session, records.find(session, Batch, batch.id), product)
    assert (quota.units, quota.allowance, quota.left) == (500, 10, 510)


def test_eight_orders_at_once_never_share_a_serial_and_never_exceed_the_batch(mint: Mint) -> None:
    batch = mint.batch(1400)
    mint.minting()

    def place(_n: int) -> StampOrder | None:
        try:
            return mint.ordered(batch, 200)
        except RuleBroken as error:
            assert error.code in ("stamps.exceed_batch", "stamps.nothing_left")
            return None

    with ThreadPoolExecutor(8) as pool:
        placed = [order for order in pool.map(place, range(8)) if order is not None]
    assert len(placed) == 5
    serials = [order.first_serial + n for order in placed for n in range(order.quantity)]
    assert len(serials) == len(set(serials)) == 1000


def test_an_order_needs_a_producer_with_stamps_and_a_batch_that_may_move(mint: Mint) -> None:
    without = factories.producer(mint.database, stamps=False)
    batch = mint.batch(owner=without, released=False)
    assert refused("stamps.not_allowed", mint.ordered, batch).facts["name"] == without.name
    with mint.database.transaction(SYSTEM) as session:
        producers.set_stamps(session, SYSTEM, without.id, True)
    assert mint.ordered(batch).quantity == 100
    for state in (BatchState.HELD, BatchState.RECALLED, BatchState.CLOSED):
        with mint.database.transaction(SYSTEM) as session:
            row = records.lock(session, Batch, batch.id)
            row.state = state
            record(session, "test.stopped", row)
        refused(f"batches.{state.value}", mint.ordered, batch)


@pytest.mark.parametrize("kind", [SuspendedKind.AREA, SuspendedKind.AREA_CODE])
def test_what_was_harvested_on_stopped_ground_gets_no_stamps(mint: Mint, kind: SuspendedKind) -> None:
    database, harvested = mint.database, today() - timedelta(days=1)
    owner = factories.producer(database)
    area = factories.area(database, owner)
    code = factories.area_code(database, area, "VN-VLOR-9001")
    harvest = factories.harvest(database, owner, 1000, area_id=area.id, area_code=code.code)
    beside = factories.harvest(database, owner, 1000)
    made = made_of(database, owner, 500, {"batch_id": harvest.id, "kilograms": 500})
    subject = area if kind is SuspendedKind.AREA else code

    def suspend(since: date) -> None:
        value = SuspensionInput(subject_kind=kind, subject_id=subject.id, reason="Kiểm tra", from_on=since)
        with database.transaction(SYSTEM) as session:
            suspensions.suspend(session, SYSTEM, value)

    suspend(harvested + timedelta(days=1))
    mint.ordered(made, 10)  # it was harvested before
    with database.transaction(SYSTEM) as session:
        lift = SuspensionInput(subject_kind=kind, subject_id=subject.id, reason="Kiểm tra lại")
        suspensions.lift(session, SYSTEM, lift)
    suspend(harvested)
    for batch in (harvest, made):
        refusal = refused("stamps.ground_suspended", mint.ordered, batch, 10)
        assert (refusal.field, refusal.facts["lot"]) == ("batch_id", harvest.lot)
    mint.ordered(beside, 10)
    buyer = factories.producer(database)
    bought = factories.received(database, factories.sent(database, beside, 100, buyer))
    sold = made_of(database, buyer, 50, {"delivery_id": bought.id, "kilograms": 100})
    beside_area = {"subject_kind": SuspendedKind.AREA, "subject_id": beside.area_id or ""}
    with database.transaction(SYSTEM) as session:
        stop = SuspensionInput(**beside_area, reason="Kiểm tra", from_on=harvested)  # type: ignore[arg-type]
        suspensions.suspend(session, SYSTEM, stop)
    refusal = refused("stamps.ground_suspended", mint.ordered, sold, 10)
    assert refusal.facts["name"] == owner.name  # the name of another's area may be a family's


def test_another_producers_batch_is_unknown(mint: Mint) -> None:
    batch, other = mint.batch(), mint.batch()
    minting, actor = mint.minting(), mint.actor(other)
    value = stamp_orders.OrderInput(batch_id=batch.id, quantity=5, layout="roll-30x20")
    with mint.database.transaction(actor) as session:
        refused("batches.unknown", stamp_orders.order, session, actor, value, minting=minting)
    order = mint.ready(batch)
    with pytest.raises(NotFound):
        print_room.make_ready(mint.database, actor, order.id, mint.keyring)


def test_a_large_order_is_confirmed(mint: Mint) -> None:
    batch = mint.batch(20_000)
    assert refused("stamps.exceed_batch", mint.ordered, batch, 100_000).field == "quantity"
    assert refused("stamps.large", mint.ordered, batch, 10_001).field == "proof"
    order = mint.ready(batch, 10_001, proven=True)
    assert mint.ranges(order) == [(0, 10_000, RangeState.READY)]


def test_a_digital_link_needs_a_gtin_and_a_stamp_that_is_large_enough(mint: Mint) -> None:
    owner = factories.producer(mint.database)
    plain = mint.batch(owner=owner)
    refused("stamps.link_needs_gtin", mint.ordered, plain, form="digital_link", layout="roll-50x30")
    product = factories.product(mint.database, owner, gtin="9521234543213")
    batch = factories.harvest(mint.database, owner, 1400, product_id=product.id)
    order = mint.ready(batch, 10, form="digital_link", layout="roll-50x30")
    assert order.url_prefix == f"https://txng.vinhlong.gov.vn/01/09521234543213/10/{batch.lot}/21/"
    refused("labels.module_too_small", mint.ordered, batch, form="digital_link")
    refused("stamps.layout_unknown", mint.ordered, batch, layout="a5")
    refused("labels.unknown_resolution", mint.ordered, batch, dpi=72)
    assert refused("stamps.start_outside_sheet", mint.ordered, batch, start_position=66).facts == {
        "cells": 65
    }


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [
        ("1250", 1250),
        ("1.250", 1250),
        ("1 250", 1250),
        ("1,250", 1250),
        (7, 7),
        ("1000000", 1_000_000),
        ("1,5", "fraction"),
        ("1.25", "fraction"),
        ("0", "none"),
        ("-3", "none"),
        ("", "unreadable"),
        ("NaN", "unreadable"),
        ("một trăm", "unreadable"),
        ("１２", "unreadable"),
        ("1e3", "unreadable"),
        (1e9, "too_many"),
        (10**9, "too_many"),
        ("9" * 25, "too_many"),
    ],
)
def test_a_number_of_stamps_is_read_as_people_write_it(typed: object, outcome: int | str) -> None:
    reader = TypeAdapter(StampCount)
    if isinstance(outcome, int):
        assert reader.validate_python(typed) == outcome
        return
    with pytest.raises(ValidationError) as caught:
        reader.validate_python(typed)
    assert caught.value.errors()[0]["type"] == f"stamp_count_{outcome}"


def test_the_list_counts_the_stamps_by_state(mint: Mint) -> None:
    batch = mint.batch()
    order = mint.downloaded(batch, 100)
    mint.void(order, 10, 14)
    mint.activate(order, 20, 99)
    with mint.database.reading(mint.actor(batch).scope) as session:
        listed, pages = stamp_orders.listed(session)
        assert session.exec(select(StampOrder)).one().id == order.id
    assert pages == 1
    assert listed[0].counts == {RangeState.DOWNLOADED: 15, RangeState.ACTIVE: 80, RangeState.VOID: 5}
    with mint.database.reading(mint.actor(mint.batch()).scope) as session:
        assert stamp_orders.listed(session) == ([], 1)


def test_the_root_over_a_hundred_thousand_codes_is_that_of_the_standard() -> None:
    def plain(leaves: list[bytes]) -> bytes:
        """RFC 6962, 2.1, word for word."""
        if len(leaves) == 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + plain(leaves[:split]) + plain(leaves[split:])).digest()

    assert merkle.root([]) == hashlib.sha256(b"").digest()
    for count in (*range(1, 18), 100_003):
        leaves = [n.to_bytes(3, "big") for n in range(count)]
        assert merkle.root(leaves) == plain(leaves)
    key = stamp_codes.EpochKey.from_secret(1, bytes(32))
    hashes = [hashlib.sha256(stamp_codes.mint(key, 5 + n).encode()).digest() for n in range(70)]
    assert stamp_orders.code_root(key, 5, 70) == plain(hashes)


def test_the_allowance_never_lets_less_than_a_unit_count() -> None:
    assert stamp_quota.Quota(grams=1399, net_weight_g=1400, ordered=0).left == 0
    assert stamp_quota.Quota(grams=69_999, net_weight_g=1400, ordered=0).left == 49
    assert stamp_quota.Quota(grams=70_000, net_weight_g=1400, ordered=60).left == 0


def test_more_orders_are_counted_than_a_query_can_name(mint: Mint) -> None:
    with mint.database.reading(EVERYTHING) as session:
        found = stamp_orders.counts_of(session, [f"{number:016}" for number in range(70_000)])
    assert len(found) == 70_000
    assert not any(found.values())
