"""The return: goods of a delivery come back, never more than had left."""

from datetime import timedelta

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again, take_back
from tests.recalled import compulsory, lifted, person
from traceability.db import Database
from traceability.domain import balance, records, releases, returns
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput, correct
from traceability.domain.history import EventType
from traceability.domain.producers import Producer
from traceability.domain.quantities import Grams


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner)


@pytest.fixture
def delivery(database: Database, batch: Batch) -> Delivery:
    return factories.sent(database, batch, 600)


def test_goods_come_back_into_their_lot(database: Database, batch: Batch, delivery: Delivery) -> None:
    assert take_back(database, delivery, 100).id == batch.id
    row = again(database, batch)
    assert (row.on_hand_g, row.shipped_g, again(database, delivery).returned_g) == (500_000, 500_000, 100_000)
    with database.reading(SYSTEM.scope) as session:
        told = balance.account(session, row)
        assert (told.on_hand_g, told.shipped_g) == (500_000, 500_000)
        assert [(day.in_g, day.out_g, day.closing_g) for day in told.days()] == [
            (1_000_000, 0, 1_000_000),
            (100_000, 600_000, 500_000),
        ]


def test_never_more_comes_back_than_was_sent(database: Database, delivery: Delivery) -> None:
    take_back(database, delivery, 400)
    with pytest.raises(RuleBroken) as caught:
        take_back(database, delivery, "200001 g")
    assert (caught.value.code, caught.value.field, caught.value.facts["left"]) == (
        "returns.more_than_sent",
        "kilograms",
        "200\u00a0kg",
    )


def test_they_can_be_kept_apart_in_a_lot_of_their_own(
    database: Database, batch: Batch, delivery: Delivery
) -> None:
    made = take_back(database, delivery, 50, new_lot=True, reason="damaged")
    assert (made.origin, made.on_hand_g, made.best_before_on) == (Origin.RETURN, 50_000, batch.best_before_on)
    row = again(database, batch)
    assert (row.on_hand_g, row.shipped_g, row.used_g) == (400_000, 550_000, 50_000)
    with database.reading(SYSTEM.scope) as session:
        for lot in (row, made):
            told = balance.account(session, lot)
            assert (told.on_hand_g, told.used_g, told.shipped_g) == (lot.on_hand_g, lot.used_g, lot.shipped_g)
    goods.never_happened(database, goods.told(database, made)[0])
    assert again(database, batch).shipped_g == 600_000
    assert again(database, delivery).returned_g == 0


def test_goods_of_a_recalled_or_closed_lot_come_back_too(database: Database, batch: Batch) -> None:
    delivery = factories.sent(database, batch, 1000)
    with database.transaction(SYSTEM) as session:
        releases.close(session, SYSTEM, releases.CloseInput(batch_id=batch.id))
    assert take_back(database, delivery, 10).state is BatchState.OPEN
    goods.put(database, batch, BatchState.RECALLED)
    assert take_back(database, delivery, 10, reason="recalled").state is BatchState.RECALLED
    with pytest.raises(RuleBroken, match=r"batches\.recalled"):
        take_back(database, delivery, 10, new_lot=True)
    assert again(database, batch).on_hand_g == 20_000


def test_a_closed_lot_into_which_recalled_goods_came_back_is_open_when_the_recall_is_lifted(
    database: Database, owner: Producer, batch: Batch
) -> None:
    delivery = factories.sent(database, batch, 1000)
    with database.transaction(SYSTEM) as session:
        releases.close(session, SYSTEM, releases.CloseInput(batch_id=batch.id))
    agency = factories.agency(database, Permission.REQUEST_RECALL)
    first, second = person(database, agency), person(database, agency)
    recall = compulsory(database, first, batch)
    assert take_back(database, delivery, 10, reason="recalled").state is BatchState.RECALLED
    lifted(database, first, second, recall)
    assert again(database, batch).state is BatchState.OPEN
    factories.sent(database, batch, 10)


def test_days_and_owners_stand_in_order(database: Database, delivery: Delivery) -> None:
    for changes, refusal in [
        ({"happened_at": now() + timedelta(hours=1)}, "events.in_future"),
        ({"happened_at": now() - timedelta(days=2)}, "returns.before_sent"),
    ]:
        with pytest.raises(RuleBroken) as caught:
            take_back(database, delivery, 1, **changes)
        assert (caught.value.code, caught.value.field) == (refusal, "happened_at")
    stranger = factories.manager_of(factories.producer(database))
    value = returns.ReturnInput(delivery_id=delivery.id, kilograms=1, happened_at=now(), reason="unsold")  # type: ignore[arg-type]
    with database.transaction(stranger) as session, pytest.raises(RuleBroken, match="delivery_unknown"):
        returns.take_back(session, stranger, value)


def test_only_what_another_producer_did_not_accept_comes_back_from_it(
    database: Database, batch: Batch
) -> None:
    receiver = factories.producer(database)
    delivery = factories.sent(database, batch, 100, receiver)
    with pytest.raises(RuleBroken, match="not_received_yet"):
        take_back(database, delivery, 1)
    factories.received(database, delivery, 90)
    with pytest.raises(RuleBroken, match="with_receiver"):
        take_back(database, delivery, "10001 g")
    take_back(database, delivery, 10, reason="refused")
    receiving = factories.manager_of(receiver)
    value = returns.ReturnInput(delivery_id=delivery.id, kilograms=1, happened_at=now(), reason="refused")  # type: ignore[arg-type]
    with database.transaction(receiving) as session, pytest.raises(RuleBroken, match="delivery_unknown"):
        returns.take_back(session, receiving, value)


def test_a_return_is_corrected_and_undone_by_declaration(
    database: Database, batch: Batch, delivery: Delivery
) -> None:
    take_back(database, delivery, 100)
    event = next(event for event in goods.told(database, batch) if event.type is EventType.RETURN)
    actor = goods.manager(batch)

    def right(grams: int) -> None:
        value = CorrectionInput(
            event_id=event.id, reason="incorrect_data", explanation="Cân lại", output_kg=Grams(grams)
        )  # type: ignore[arg-type]
        with database.transaction(actor) as session:
            correct(session, actor, value)

    with pytest.raises(RuleBroken, match="more_than_sent"):
        right(600_001)
    right(150_000)
    row = again(database, batch)
    assert (row.on_hand_g, row.shipped_g, again(database, delivery).returned_g) == (550_000, 450_000, 150_000)
    newest = next(event for event in goods.told(database, batch) if event.corrects_id)
    goods.never_happened(database, newest)
    assert (again(database, batch).shipped_g, again(database, delivery).returned_g) == (600_000, 0)
    ship = next(event for event in goods.told(database, batch) if event.type is EventType.SHIP)
    take_back(database, delivery, 1)
    with pytest.raises(RuleBroken, match="delivery_returned"):
        goods.never_happened(database, ship)


def test_what_came_back_and_left_again_did_come_back(
    database: Database, batch: Batch, delivery: Delivery
) -> None:
    take_back(database, delivery, 100)
    factories.sent(database, batch, 500)
    event = next(event for event in goods.told(database, batch) if event.type is EventType.RETURN)
    with pytest.raises(RuleBroken, match="correction_impossible"):
        goods.never_happened(database, event)
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, Batch, batch.id).on_hand_g == 0
    assert today() == delivery.sent_on


def test_a_corrected_return_makes_no_goods_of_what_the_receiver_has(database: Database, batch: Batch) -> None:
    delivery = factories.sent(database, batch, 100, factories.producer(database))
    factories.received(database, delivery, 90)
    take_back(database, delivery, 10)
    (event,) = (event for event in goods.told(database, batch) if event.type is EventType.RETURN)
    actor = goods.manager(batch)
    for changes, refusal, field in [
        ({"output_kg": Grams(10_001)}, "returns.with_receiver", "output_kg"),
        ({"happened_at": event.happened_at - timedelta(days=1)}, "returns.before_sent", "happened_at"),
    ]:
        value = CorrectionInput(event_id=event.id, reason="incorrect_data", explanation="Cân lại", **changes)  # type: ignore[arg-type]
        with pytest.raises(RuleBroken) as caught, database.transaction(actor) as session:
            correct(session, actor, value)
        assert (caught.value.code, caught.value.field) == (refusal, field)
    assert again(database, batch).on_hand_g == 910_000
    assert again(database, delivery).returned_g == 10_000
