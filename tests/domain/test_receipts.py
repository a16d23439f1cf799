"""A receipt that was written down wrongly is corrected by its receiver; the first entry stays."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.domain.goods import again
from traceability.db import Database
from traceability.domain import notices, receipts, transforms
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event
from traceability.domain.producers import Producer
from traceability.domain.receipts import ReceiptCorrectionInput
from traceability.domain.transforms import TransformInput


@pytest.fixture
def receiver(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def delivery(database: Database, receiver: Producer) -> Delivery:
    batch = factories.harvest(database, factories.producer(database))
    return factories.received(database, factories.sent(database, batch, 100, receiver), 10)


def correct(database: Database, who: Producer, delivery: Delivery, kilograms: Any, **changes: Any) -> Event:
    actor = factories.manager_of(who)
    values = {"delivery_id": delivery.id, "kilograms": kilograms, "explanation": "Gõ thiếu một số 0"}
    with database.transaction(actor) as session:
        return receipts.correct(session, actor, ReceiptCorrectionInput(**values | changes))


def use(database: Database, receiver: Producer, delivery: Delivery, kilograms: Any) -> None:
    rows: Any = [{"delivery_id": delivery.id, "kilograms": kilograms}]
    made = factories.product(database, receiver).id
    value = TransformInput(product_id=made, started_on=today(), output_kg=1, inputs=rows)
    with database.transaction(SYSTEM) as session:
        transforms.transform(session, SYSTEM, value)


def test_the_right_weight_stands_and_the_first_entry_is_kept(
    database: Database, receiver: Producer, delivery: Delivery
) -> None:
    use(database, receiver, delivery, 8)
    right = correct(database, receiver, delivery, 100)
    row = again(database, delivery)
    assert (row.received_g, row.remaining_g, row.variance_reason) == (100_000, 92_000, "")
    with database.reading(SYSTEM.scope) as session:
        first, second = receipts.receipts_of(session, delivery.id)
        assert (first.output_g, second.output_g, second.corrects_id) == (10_000, 100_000, first.id)
        assert receipts.receipt_of(session, delivery.id) == right
        told = notices.inbox(session, factories.manager_of(Producer(id=delivery.producer_id)))  # type: ignore[call-arg]
        assert told[0].code == "receipt_corrected"


def test_what_was_used_was_there(database: Database, receiver: Producer, delivery: Delivery) -> None:
    use(database, receiver, delivery, 8)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"kilograms": "7999 g", "variance_reason": "Hao hụt"}, "receipts.used_already", "kilograms"),
        ({"kilograms": "100001 g"}, "deliveries.more_than_sent", "kilograms"),
        ({"kilograms": 99}, "deliveries.variance_unexplained", "variance_reason"),
        ({"received_at": now() + timedelta(hours=1)}, "events.in_future", "received_at"),
        ({"received_at": now() - timedelta(days=3)}, "deliveries.received_before_sent", "received_at"),
    ]
    for changes, refusal, field in cases:
        with pytest.raises(RuleBroken) as caught:
            correct(database, receiver, delivery, **{"kilograms": 100} | changes)
        assert (caught.value.code, caught.value.field) == (refusal, field)
    correct(database, receiver, delivery, 8, variance_reason="Hao hụt")
    assert again(database, delivery).remaining_g == 0


def test_only_the_receiver_of_what_has_arrived_corrects_it(
    database: Database, receiver: Producer, delivery: Delivery
) -> None:
    sender = Producer(id=delivery.producer_id)  # type: ignore[call-arg]
    for who in (sender, factories.producer(database)):
        with pytest.raises(NotFound):
            correct(database, who, delivery, 100)
    on_its_way = factories.sent(database, factories.harvest(database, sender), 5, receiver)
    with pytest.raises(RuleBroken, match=r"receipts\.not_received"):
        correct(database, receiver, on_its_way, 5)
