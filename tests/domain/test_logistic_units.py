"""Cartons and pallets: goods under one number that move as one and are opened one level at a time."""

from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import identifiers, logistic_lists, logistic_shipments, logistic_units, sscc_numbers
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import EventType
from traceability.domain.logistic_shipments import UnitReceiveInput, UnitShipInput
from traceability.domain.logistic_units import LogisticUnit, OpenInput, PackInput, UnitKind, UnitState
from traceability.domain.producers import Producer
from traceability.keys import Keyring


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner, 100)


def pack(
    database: Database, *contents: Any, of: Any = None, cartons: Any = (), **changes: Any
) -> LogisticUnit:
    rows = [
        row if isinstance(row, dict) else {"batch_id": row[0].id, "kilograms": row[1]} for row in contents
    ]
    values = {
        "kind": "pallet" if cartons else "carton",
        "happened_at": now(),
        "contents": rows,
        "carton_ids": [carton.id for carton in cartons],
    }
    keys = changes.pop("keys", None)
    actor = goods.manager(
        of or (contents[0][0] if contents and isinstance(contents[0], tuple) else cartons[0])
    )
    with database.transaction(actor) as session:
        return logistic_units.pack(session, actor, PackInput(**values | changes), keys=keys, demo=True)


def open_unit(database: Database, unit: LogisticUnit, by: Any = None) -> LogisticUnit:
    actor = goods.manager(unit) if by is None else factories.manager_of(by)
    with database.transaction(actor) as session:
        return logistic_units.open_unit(session, actor, OpenInput(unit_id=unit.id))


def ship(database: Database, unit: LogisticUnit, to: Producer | None = None) -> list[Any]:
    who = {"to_producer_id": to.id} if to else {"customer": "Siêu thị"}
    actor = goods.manager(unit)
    with database.transaction(actor) as session:
        return logistic_shipments.ship(session, actor, UnitShipInput(unit_id=unit.id, sent_on=today(), **who))


def test_a_carton_has_a_number_of_its_own_and_its_goods_stay_in_their_account(
    database: Database, batch: Batch
) -> None:
    first, second = pack(database, (batch, 10)), pack(database, (batch, 20))
    assert (first.kind, first.state, first.net_g) == (UnitKind.CARTON, UnitState.PACKED, 10_000)
    assert identifiers.sscc(first.sscc) == first.sscc != second.sscc
    assert first.sscc[1:4] == "952"
    row = again(database, batch)
    assert (row.on_hand_g, row.in_units_g) == (100_000, 30_000)
    event = goods.told(database, batch)[1]
    assert (event.type, event.details["sscc"]) == (EventType.AGGREGATE, first.sscc)
    with pytest.raises(RuleBroken, match="unit_stays"):
        goods.never_happened(database, event)


def test_nobody_draws_on_what_lies_in_a_carton(database: Database, owner: Producer, batch: Batch) -> None:
    unit = pack(database, (batch, 80))
    other = factories.harvest(database, owner, 5, product_id=batch.product_id)
    for act in (
        lambda: factories.sent(database, batch, "20001 g"),
        lambda: goods.split(database, batch, "20001 g"),
        lambda: goods.merge(database, (batch, "20001 g"), (other, 1)),
        lambda: goods.throw_away(database, batch, "20001 g"),
        lambda: goods.rework(database, batch, output_kg="79,9"),
        lambda: goods.rework(database, batch, kilograms="20001 g", parts=[{"kilograms": 1}]),
        lambda: pack(database, (batch, "20001 g")),
    ):
        with pytest.raises(RuleBroken) as caught:
            act()
        assert (caught.value.code, caught.value.facts["left"]) == ("batches.in_units", "20\u00a0kg")
    open_unit(database, unit)
    factories.sent(database, batch, 100)


def test_a_pallet_moves_as_one(database: Database, owner: Producer, batch: Batch) -> None:
    second = factories.harvest(database, owner, 50)
    cartons = [pack(database, (batch, 10)), pack(database, (batch, 5), (second, 5))]
    pallet = pack(database, (second, 15), cartons=cartons)
    assert (pallet.kind, pallet.net_g) == (UnitKind.PALLET, 35_000)
    for act in (lambda: ship(database, cartons[0]), lambda: open_unit(database, cartons[0])):
        with pytest.raises(RuleBroken) as caught:
            act()
        assert (caught.value.code, caught.value.facts["pallet"]) == ("units.in_pallet", pallet.sscc)
    sent = ship(database, pallet)
    assert {row.batch_id: row.sent_g for row in sent} == {batch.id: 15_000, second.id: 20_000}
    row = again(database, batch)
    assert (row.on_hand_g, row.shipped_g, row.in_units_g) == (85_000, 15_000, 0)
    assert {again(database, unit).state for unit in (pallet, *cartons)} == {UnitState.SENT}
    with pytest.raises(RuleBroken, match=r"units\.sent"):
        ship(database, pallet)
    with pytest.raises(RuleBroken, match=r"units\.gone"):
        open_unit(database, pallet)


def test_a_pallet_with_one_lot_that_may_not_leave_stays(
    database: Database, owner: Producer, batch: Batch
) -> None:
    second = factories.harvest(database, owner, 50)
    pallet = pack(database, (batch, 10), (second, 10), kind="pallet")
    goods.put(database, second, BatchState.RECALLED)
    with pytest.raises(RuleBroken) as caught:
        ship(database, pallet)
    assert (caught.value.code, caught.value.facts["lot"]) == ("batches.recalled", second.lot)
    assert again(database, batch).shipped_g == 0


def test_opening_goes_one_level_down(database: Database, batch: Batch) -> None:
    carton = pack(database, (batch, 10))
    pallet = pack(database, (batch, 30), cartons=[carton])
    assert again(database, batch).in_units_g == 40_000
    open_unit(database, pallet)
    assert again(database, batch).in_units_g == 10_000
    row = again(database, carton)
    assert (row.state, row.parent_id) == (UnitState.PACKED, None)
    open_unit(database, carton)
    assert again(database, batch).in_units_g == 0
    with pytest.raises(RuleBroken, match=r"units\.opened"):
        open_unit(database, carton)
    with database.reading(SYSTEM.scope) as session:  # what was in it stays in the records
        assert [row.grams for row in logistic_units.contents_of(session, carton.id)] == [10_000]


def test_a_stall_receives_a_pallet_closed_and_opens_it(database: Database, batch: Batch) -> None:
    stall = factories.producer(database)
    carton = pack(database, (batch, 10))
    pallet = pack(database, (batch, 30), cartons=[carton])
    ship(database, pallet, stall)
    with pytest.raises(RuleBroken, match="not_received"):
        open_unit(database, pallet, by=stall)
    actor = factories.manager_of(stall)
    with database.transaction(actor) as session:
        value = UnitReceiveInput(unit_id=pallet.id, received_at=now())
        (delivery,) = logistic_shipments.receive(session, actor, value)
    assert (delivery.received_g, delivery.remaining_g) == (40_000, 40_000)
    with database.transaction(actor) as session, pytest.raises(RuleBroken, match="nothing_to_receive"):
        logistic_shipments.receive(session, actor, value)
    open_unit(database, pallet, by=stall)
    assert again(database, carton).parent_id is None
    open_unit(database, carton, by=stall)
    assert again(database, batch).on_hand_g == 60_000
    with database.reading(actor.scope) as session:  # what it was sent, its receiver may know
        shown = logistic_lists.inside(session, again(database, pallet))
        assert [(lot.lot, lot.grams) for lot in shown.contents] == [(batch.lot, 30_000)]


def test_what_cannot_be_packed_is_refused_by_its_field(
    database: Database, owner: Producer, batch: Batch
) -> None:
    carton = pack(database, (batch, 10))
    pallet = pack(database, (batch, 10), kind="pallet")
    foreign = factories.harvest(database, factories.producer(database))
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"contents": []}, "units.empty", "contents"),
        ({"carton_ids": [carton.id]}, "units.carton_in_carton", "carton_ids"),
        ({"kind": "pallet", "carton_ids": [pallet.id]}, "units.carton_in_carton", "carton_ids"),
        ({"kind": "pallet", "carton_ids": ["0" * 16]}, "units.unknown", "carton_ids"),
        ({"contents": [{"batch_id": batch.id}]}, "units.content_incomplete", "contents-0-kilograms"),
        ({"contents": [{"kilograms": 1}]}, "units.content_incomplete", "contents-0-batch_id"),
        ({"contents": [{"batch_id": foreign.id, "kilograms": 1}]}, "batches.unknown", "contents-0-batch_id"),
        ({"contents": [{"batch_id": batch.id, "kilograms": 81}]}, "batches.in_units", "contents-0-kilograms"),
        (
            {"contents": [{"batch_id": batch.id, "kilograms": 101}]},
            "batches.not_enough",
            "contents-0-kilograms",
        ),
    ]
    for changes, refusal, field in cases:
        with pytest.raises(RuleBroken) as caught:
            pack(database, (batch, 1), of=batch, **changes)
        assert (caught.value.code, caught.value.field) == (refusal, field)
    rows: Any = [{"batch_id": batch.id, "kilograms": 1}]
    value = PackInput(kind=UnitKind.CARTON, happened_at=now(), contents=rows)
    with pytest.raises(RuleBroken, match="no_gln"), database.transaction(SYSTEM) as session:
        logistic_units.pack(session, SYSTEM, value)


def test_stamped_goods_are_packed_by_their_first_and_last_code(database: Database, tmp_path: Path) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.downloaded(batch, 100)

    def of_codes(first: int, last: int) -> LogisticUnit:
        row = {"first_code": mint.code(order, first), "last_code": mint.code(order, last)}
        return pack(database, row, of=batch, keys=mint.keys)

    unit = of_codes(0, 9)
    assert (unit.net_g, again(database, batch).in_units_g) == (14_000, 14_000)
    with pytest.raises(RuleBroken) as caught:
        of_codes(9, 12)
    assert (caught.value.code, caught.value.field, caught.value.facts["sscc"]) == (
        "units.stamps_elsewhere",
        "contents-0-first_code",
        unit.sscc,
    )
    open_unit(database, unit)
    of_codes(9, 12)
    mint.void(order, 20, 20)
    with pytest.raises(RuleBroken, match="part_void"):
        of_codes(15, 25)
    row = {"first_code": mint.code(order, 30), "batch_id": factories.harvest(database, _owner(batch)).id}
    with pytest.raises(RuleBroken, match="stamps_of_another"):
        pack(database, row, of=batch, keys=mint.keys)


def test_the_same_stamps_are_not_packed_by_two_rows_of_one_form(database: Database, tmp_path: Path) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400)
    order = mint.downloaded(batch, 100)

    def row(first: int, last: int) -> dict[str, str]:
        return {"first_code": mint.code(order, first), "last_code": mint.code(order, last)}

    for second in (row(0, 9), row(9, 12)):
        with pytest.raises(RuleBroken) as caught:
            pack(database, row(0, 9), second, of=batch, keys=mint.keys)
        assert (caught.value.code, caught.value.field) == ("units.stamps_twice", "contents-1-first_code")
    assert again(database, batch).in_units_g == 0
    assert pack(database, row(0, 9), row(10, 12), of=batch, keys=mint.keys).net_g == 13 * 1400


def _owner(batch: Batch) -> Producer:
    return Producer(id=batch.producer_id)  # type: ignore[call-arg]


def test_an_sscc_has_eighteen_digits_whatever_the_prefix() -> None:
    for prefix, number in [("9520000", 0), ("9520000", 10**10 - 1), ("893456789012", 99_999)]:
        text = sscc_numbers.sscc_of(prefix, number)
        assert identifiers.sscc(text) == text
        assert text[1 : 1 + len(prefix)] == prefix
