"""Deliveries: goods leave, are told of, arrive and are weighed; and laboratory results."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from traceability.db import Database
from traceability.domain import balance, deliveries, notices, partners, records
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.deliveries import ReceiveInput, ShipInput
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.producers import LegalForm, Producer


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner)


def ship(database: Database, batch: Batch, **changes: Any) -> deliveries.Delivery:
    values = {"batch_id": batch.id, "kilograms": 10, "sent_on": today(), "customer": "Chợ Bình Minh"}
    owner = factories.manager_of(Producer(id=batch.producer_id))  # type: ignore[call-arg]
    with database.transaction(owner) as session:
        return deliveries.ship(
            session, owner, ShipInput(**{k: v for k, v in (values | changes).items() if v})
        )


def test_a_shipment_draws_on_the_batch_and_is_an_event_of_it(database: Database, batch: Batch) -> None:
    ship(database, batch, kilograms="999999 g", market="cn", document_no="PXK-7")
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, Batch, batch.id)
        assert (row.on_hand_g, row.shipped_g) == (1, 999_999)
        assert balance.account(session, row).shipped_g == 999_999
        assert [sent.market for sent in deliveries.of_batch(session, batch.id)] == ["CN"]
    with pytest.raises(RuleBroken) as caught:
        ship(database, batch, kilograms="10 g")
    assert (caught.value.field, caught.value.facts["left"]) == ("kilograms", "0,001\u00a0kg")


def test_goods_do_not_leave_before_the_harvest_nor_in_the_future(database: Database, batch: Batch) -> None:
    for day, refusal in [
        (today() - timedelta(days=2), "sent_before_harvest"),
        (today() + timedelta(days=1), "sent_in_future"),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            ship(database, batch, sent_on=day)


def test_a_receiver_is_named_by_code_or_by_part_of_its_name(
    database: Database, owner: Producer, batch: Batch
) -> None:
    nearby = factories.producer(database, name="Hợp tác xã Chế biến Trà Ôn", code="TRAON")
    factories.producer(database, name="Hợp tác xã Chế biến Vũng Liêm", code="VUNGLIEM")
    factories.producer(database, name="Cơ sở chưa duyệt", code="DRAFT", approved=False)
    for typed in ("traon", "TRAON – Hợp tác xã", "tra on"):
        assert ship(database, batch, customer=None, to_producer=typed).to_producer_id == nearby.id
    for changes, refusal in [
        ({"customer": None, "to_producer": "chế biến"}, "partners.ambiguous"),
        ({"customer": None, "to_producer": "chưa duyệt"}, "partners.unknown"),
        ({"customer": None, "to_producer": owner.code}, "partners.itself"),
        ({"to_producer": "TRAON"}, "two_receivers"),
        ({"customer": None}, "no_receiver"),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            ship(database, batch, **changes)


def test_another_producer_is_told_weighs_and_takes_into_stock(database: Database, batch: Batch) -> None:
    receiver = factories.producer(database)
    actor = factories.manager_of(receiver)
    delivery = factories.sent(database, batch, 100, receiver)
    with database.reading(actor.scope) as session:
        (notice,) = [row for row in notices.inbox(session, actor) if row.code == "delivery_sent"]
        assert (notice.facts["lot"], notice.facts["sent_g"], notice.subject_id) == (
            batch.lot,
            100_000,
            delivery.id,
        )
        (arriving,) = deliveries.incoming(session, receiver.id)
        assert (arriving.lot, arriving.may_be_used) == (batch.lot, True)
        assert deliveries.incoming(session, receiver.id, in_stock=True) == []
    weighed = {"delivery_id": delivery.id, "kilograms": "98,5", "received_at": now()}
    with database.transaction(actor) as session:
        for changes, refusal in [
            ({}, "variance_unexplained"),
            ({"kilograms": "100,5"}, "more_than_sent"),
            ({"received_at": now() + timedelta(hours=1)}, "received_in_future"),
            ({"received_at": now() - timedelta(days=1)}, "received_before_sent"),
        ]:
            with pytest.raises(RuleBroken, match=refusal):
                deliveries.receive(session, actor, ReceiveInput(**weighed | changes))
        deliveries.receive(session, actor, ReceiveInput(**weighed, variance_reason="Hao hụt"))
    with database.transaction(actor) as session, pytest.raises(RuleBroken, match="received_already"):
        deliveries.receive(session, actor, ReceiveInput(**weighed, variance_reason="Hao hụt"))
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, deliveries.Delivery, delivery.id)
        assert (row.received_g, row.remaining_g, row.variance_reason) == (98_500, 98_500, "Hao hụt")


def test_nobody_else_receives_a_delivery_not_even_its_sender(
    database: Database, owner: Producer, batch: Batch
) -> None:
    delivery = factories.sent(database, batch, 100, factories.producer(database))
    for who in (owner, factories.producer(database)):
        actor = factories.manager_of(who)
        with database.transaction(actor) as session, pytest.raises(NotFound):
            deliveries.receive(
                session, actor, ReceiveInput(delivery_id=delivery.id, kilograms=100, received_at=now())
            )


def test_other_producers_are_known_by_name_and_code_only(database: Database, owner: Producer) -> None:
    other = factories.producer(database)
    actor = factories.manager_of(owner)
    with database.reading(actor.scope) as session:
        assert partners.Partner(other.id, other.code, other.name) in partners.listed(session, owner.id)
        with pytest.raises(NotFound):
            records.find(session, Producer, other.id)


def test_a_household_is_chosen_by_its_code_and_its_name_is_in_no_list(database: Database) -> None:
    owner = factories.producer(database)
    household = factories.producer(database, name="Hộ Nguyễn Văn Kín", legal_form=LegalForm.HOUSEHOLD)
    batch = factories.harvest(database, owner)
    with database.reading(SYSTEM.scope) as session:
        listed = partners.listed(session, owner.id)
    assert partners.Partner(household.id, household.code, "") in listed
    assert ship(database, batch, customer=None, to_producer=household.code).to_producer_id == household.id
    with pytest.raises(RuleBroken, match=r"partners\.unknown"):
        ship(database, batch, customer=None, to_producer="Nguyễn Văn Kín")
