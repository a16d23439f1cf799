"""Received stock: goods that spoil at their receiver, or go back to their sender."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again
from traceability.db import Database
from traceability.domain import notices, received_stock, returns
from traceability.domain.clock import now
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.received_stock import GiveBackInput, ReceivedWasteInput


@pytest.fixture
def receiver(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def delivery(database: Database, receiver: Producer) -> Delivery:
    batch = factories.harvest(database, factories.producer(database))
    return factories.received(database, factories.sent(database, batch, 100, receiver), 90)


def waste(database: Database, who: Producer, delivery: Delivery, kilograms: Any, **changes: Any) -> None:
    actor = factories.manager_of(who)
    values = {"delivery_id": delivery.id, "kilograms": kilograms, "happened_at": now()}
    values |= {"reason": "spoiled", "handling": "composted"}
    with database.transaction(actor) as session:
        received_stock.throw_away(session, actor, ReceivedWasteInput(**values | changes))


def give_back(database: Database, who: Producer, delivery: Delivery, kilograms: Any) -> None:
    actor = factories.manager_of(who)
    value = GiveBackInput(
        delivery_id=delivery.id,
        kilograms=kilograms,
        happened_at=now(),
        reason=returns.ReturnReason.DAMAGED,
    )
    with database.transaction(actor) as session:
        received_stock.give_back(session, actor, value)


def test_what_spoils_at_its_receiver_leaves_its_stock_only(
    database: Database, receiver: Producer, delivery: Delivery
) -> None:
    waste(database, receiver, delivery, "15,5")
    row = again(database, delivery)
    assert (row.received_g, row.remaining_g) == (90_000, 74_500)
    assert returns.left_to_return(row) == 10_000


def test_what_is_given_back_comes_back_at_its_sender(
    database: Database, receiver: Producer, delivery: Delivery
) -> None:
    give_back(database, receiver, delivery, 30)
    row = again(database, delivery)
    assert (row.remaining_g, row.given_back_g, returns.left_to_return(row)) == (60_000, 30_000, 40_000)
    sender = factories.manager_of(Producer(id=delivery.producer_id))  # type: ignore[call-arg]
    with database.reading(sender.scope) as session:
        assert notices.inbox(session, sender)[0].code == "delivery_given_back"
    batch = goods.take_back(database, delivery, 40, reason="damaged")
    assert (batch.on_hand_g, batch.shipped_g) == (940_000, 60_000)
    with pytest.raises(RuleBroken, match="with_receiver"):
        goods.take_back(database, delivery, 1)


def test_no_more_than_is_left_and_not_before_it_was_there(
    database: Database, receiver: Producer, delivery: Delivery
) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"kilograms": "90001 g"}, "received_stock.not_enough", "kilograms"),
        ({"happened_at": now() - timedelta(days=2)}, "received_stock.before_receipt", "happened_at"),
        ({"happened_at": now() + timedelta(hours=1)}, "events.in_future", "happened_at"),
        ({"reason": "stolen"}, "wastes.handling_of_stolen", "handling"),
    ]
    for changes, refusal, field in cases:
        with pytest.raises(RuleBroken) as caught:
            waste(database, receiver, delivery, changes.pop("kilograms", 1), **changes)
        assert (caught.value.code, caught.value.field) == (refusal, field)
    on_its_way = factories.sent(
        database, factories.harvest(database, factories.producer(database)), 5, receiver
    )
    with pytest.raises(RuleBroken, match=r"receipts\.not_received"):
        waste(database, receiver, on_its_way, 1)


def test_nobody_but_the_receiver_touches_it(database: Database, delivery: Delivery) -> None:
    for who in (Producer(id=delivery.producer_id), factories.producer(database)):  # type: ignore[call-arg]
        with pytest.raises(NotFound):
            give_back(database, who, delivery, 1)
