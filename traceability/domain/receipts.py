"""Correcting a receipt: the receiver of a delivery declares that it wrote it down wrongly.

The first entry stays; a new one names it, says why and what is right. What was used of the delivery meanwhile is used:
the right weight cannot be less than that. The sender is told.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, notices, partners, records, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import CorrectionReason, Event, EventType, signature, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import Moment
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import Kilograms, kg_text
from traceability.domain.records import RecordId
from traceability.domain.text import Block, Line


class ReceiptCorrectionInput(BaseModel):
    """What the receiver declares. Left out is unchanged; the reason for a difference is that of the right weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    explanation: Annotated[Block, Field(min_length=1, max_length=1000)]
    kilograms: Kilograms
    received_at: Moment | None = None
    variance_reason: Annotated[Line | None, Field(max_length=400)] = None


def correct(session: Session, actor: Actor, value: ReceiptCorrectionInput) -> Event:
    """Declares a receipt wrong and says what is right. Answers the declaration.

    Raises `NotFound` for what the actor did not receive, and `RuleBroken`: `access.not_permitted`,
    `receipts.not_received`, `receipts.used_already`, `receipts.used_before`, `deliveries.more_than_sent`,
    `deliveries.variance_unexplained`, `deliveries.received_before_sent`, `events.in_future`.
    """
    actor.must(Permission.RECORD_EVENTS)
    delivery = records.lock(session, Delivery, value.delivery_id)
    receiver_id = delivery.to_producer_id
    if receiver_id is None or (actor.producer_id and receiver_id != actor.producer_id):
        raise NotFound("Delivery", value.delivery_id)
    wrong = receipt_of(session, delivery.id)
    if wrong is None or delivery.received_g is None:
        raise RuleBroken("receipts.not_received")
    grams, used = int(value.kilograms), delivery.received_g - delivery.remaining_g
    most = min(delivery.sent_g, delivery.sent_g - delivery.returned_g + delivery.given_back_g)
    if grams > most:
        raise RuleBroken("deliveries.more_than_sent", "kilograms", sent=kg_text(most, actor.language))
    if grams < used:
        raise RuleBroken("receipts.used_already", "kilograms", used=kg_text(used, actor.language))
    differs = grams != delivery.sent_g
    reason = value.variance_reason or ""
    if differs and not reason:
        missing = kg_text(delivery.sent_g - grams, actor.language)
        raise RuleBroken("deliveries.variance_unexplained", "variance_reason", missing=missing)
    moment = value.received_at or wrong.happened_at
    day = successors.must_have_happened(moment, "received_at")
    if day < delivery.sent_on:
        raise RuleBroken("deliveries.received_before_sent", "received_at", sent=delivery.sent_on)
    first_use = _first_use(session, delivery.id)
    if first_use is not None and day > first_use.started_on:
        raise RuleBroken("receipts.used_before", "received_at", day=first_use.started_on, lot=first_use.lot)
    right = Event(
        producer_id=receiver_id,
        delivery_id=delivery.id,
        type=EventType.RECEIVE,
        happened_at=moment,
        place=wrong.place,
        input_g=delivery.sent_g,
        output_g=grams,
        loss_g=delivery.sent_g - grams,
        details=wrong.details,
        note=value.explanation,
        corrects_id=wrong.id,
        correction_reason=CorrectionReason.INCORRECT_DATA,
        **signature(actor),
    )
    session.add(right)
    delivery.received_at, delivery.received_g, delivery.remaining_g = moment, grams, grams - used
    delivery.variance_reason = reason if differs else ""
    session.flush()
    ledger.record(session, "delivery.receipt_corrected", delivery, right, tenant=receiver_id)
    with beyond_scope(session):
        lot = records.find(session, Batch, delivery.batch_id).lot
    notices.post(
        session,
        "receipt_corrected",
        producer_id=delivery.producer_id,
        subject=delivery,
        receiver=partners.of(session, receiver_id).name,
        lot=lot,
        sent_g=delivery.sent_g,
        received_g=grams,
        before_g=wrong.output_g,
        day=local_day(moment),
    )
    return right


def receipts_of(session: Session, delivery_id: str) -> list[Event]:
    """The receipt of a delivery and its corrections, the first entry first."""
    statement = select(Event).where(Event.delivery_id == delivery_id, Event.type == EventType.RECEIVE)
    return list(session.exec(statement.order_by(col(Event.created_at), col(Event.id))).all())


def receipt_of(session: Session, delivery_id: str) -> Event | None:
    """The receipt that stands."""
    return next(iter(standing(receipts_of(session, delivery_id))), None)


def _first_use(session: Session, delivery_id: str) -> Batch | None:
    """The batch into which something of a delivery went first."""
    statement = (
        select(Batch)
        .join(BatchInput, col(BatchInput.batch_id) == Batch.id)
        .where(BatchInput.delivery_id == delivery_id, BatchInput.grams > 0)
        .order_by(col(Batch.started_on))
        .limit(1)
    )
    return session.exec(statement).first()
