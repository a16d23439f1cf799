"""Received stock (hàng đã nhận): what a producer took over from another one, besides working it up.

It can spoil and be thrown away, or go back to its sender, who takes it into stock again (`returns`). Both are events of
the receiver, and what is left of the delivery stays exact.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session

from traceability.domain import ledger, notices, partners, records, successors, wastes
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.moments import Moment
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import Kilograms, kg_text
from traceability.domain.records import RecordId
from traceability.domain.returns import ReturnReason
from traceability.domain.text import Line
from traceability.domain.wastes import WasteHandling, WasteReason


class ReceivedWasteInput(BaseModel):
    """What a person may say of received goods that are thrown away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    kilograms: Kilograms
    happened_at: Moment
    reason: WasteReason
    handling: WasteHandling
    witness: Annotated[Line | None, Field(max_length=80)] = None
    place: Line | None = None
    note: Note = ""


class GiveBackInput(BaseModel):
    """What a person may say of received goods that go back to their sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    kilograms: Kilograms
    happened_at: Moment
    reason: ReturnReason
    note: Note = ""


def throw_away(session: Session, actor: Actor, value: ReceivedWasteInput) -> Delivery:
    """Takes received goods out of stock for good; those of a lot that was recalled or held meanwhile too.

    Raises `NotFound` for what is not the actor's, and `RuleBroken`: `access.not_permitted`, `receipts.not_received`,
    `received_stock.not_enough`, `received_stock.before_receipt`, `events.in_future`, `wastes.handling_of_stolen`.
    """
    actor.must(Permission.RECORD_EVENTS)
    wastes.must_fit(value.reason, value.handling)
    delivery, _day = _drawn(session, actor, value)
    details = {"cause": value.reason.value, "handling": value.handling.value}
    event = _event(actor, delivery, value, EventType.WASTE)
    event.loss_g = int(value.kilograms)
    event.place = value.place or ""
    event.details = details | ({"witness": value.witness} if value.witness else {})
    session.add(event)
    session.flush()
    ledger.record(session, "delivery.wasted", delivery, event, tenant=delivery.to_producer_id)
    return delivery


def give_back(session: Session, actor: Actor, value: GiveBackInput) -> Delivery:
    """Sends received goods back. Their sender is told, and records that they came back.

    Raises `NotFound` and `RuleBroken` as `throw_away`.
    """
    actor.must(Permission.RECORD_EVENTS)
    delivery, day = _drawn(session, actor, value)
    delivery.given_back_g += int(value.kilograms)
    event = _event(actor, delivery, value, EventType.RETURN)
    event.output_g = int(value.kilograms)
    event.details = {"cause": value.reason.value}
    session.add(event)
    session.flush()
    ledger.record(session, "delivery.given_back", delivery, event, tenant=delivery.to_producer_id)
    with beyond_scope(session):
        lot = records.find(session, Batch, delivery.batch_id).lot
    notices.post(
        session,
        "delivery_given_back",
        producer_id=delivery.producer_id,
        subject=delivery,
        receiver=partners.of(session, delivery.to_producer_id or "").name,
        lot=lot,
        given_back_g=int(value.kilograms),
        given_back_on=day,
    )
    return delivery


def _drawn(
    session: Session, actor: Actor, value: ReceivedWasteInput | GiveBackInput
) -> tuple[Delivery, date]:
    """The delivery, locked, with the grams taken off what is left of it; and the day of it."""
    delivery = records.lock(session, Delivery, value.delivery_id)
    receiver_id = delivery.to_producer_id
    if receiver_id is None or (actor.producer_id and receiver_id != actor.producer_id):
        raise NotFound("Delivery", value.delivery_id)
    if delivery.received_at is None:
        raise RuleBroken("receipts.not_received")
    day = successors.must_have_happened(value.happened_at)
    if day < local_day(delivery.received_at):
        received = local_day(delivery.received_at)
        raise RuleBroken("received_stock.before_receipt", "happened_at", received=received)
    grams = int(value.kilograms)
    if grams > delivery.remaining_g:
        left = kg_text(delivery.remaining_g, actor.language)
        raise RuleBroken("received_stock.not_enough", "kilograms", left=left)
    delivery.remaining_g -= grams
    return delivery, day


def _event(
    actor: Actor, delivery: Delivery, value: ReceivedWasteInput | GiveBackInput, of_type: EventType
) -> Event:
    return Event(
        producer_id=delivery.to_producer_id or "",
        delivery_id=delivery.id,
        type=of_type,
        happened_at=value.happened_at,
        note=value.note,
        **signature(actor),
    )
