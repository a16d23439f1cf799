"""Recalls as those see them whom they concern: a producer whose own batches, or whose received goods, are reached.

Of another producer's recall it sees what it needs to act: the number, the goods where it began, what the public is told
and which of its own batches and receipts are reached; the reason stays between that producer and the agencies.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, or_, select

from traceability.domain import records
from traceability.domain.agencies import Agency
from traceability.domain.batches import Batch
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.recall_records import Recall, RecalledBatch, RecallReceiver

MOST = 100


@dataclass(frozen=True)
class RecallView:
    """One recall and what of a producer it reaches: batches, and deliveries it received or is to receive."""

    recall: Recall
    own: bool
    lot: str
    goods: str
    producer: str
    batches: list[Batch] = field(default_factory=list)
    deliveries: list[tuple[Delivery, str]] = field(default_factory=list)


def concerning(session: Session, producer_id: str) -> list[RecallView]:
    """The recalls that concern a producer, the newest first."""
    statement = select(Recall).order_by(col(Recall.opened_at).desc()).limit(MOST)
    with beyond_scope(session):  # a recall may have begun at another producer's
        found = session.exec(statement.where(_concerns(producer_id))).all()
        return [_view(session, recall, producer_id) for recall in found]


def one(session: Session, producer_id: str, recall_id: str) -> RecallView:
    """One recall that concerns a producer. Raises `NotFound` for any other as for a missing one."""
    statement = select(Recall).where(Recall.id == recall_id, _concerns(producer_id))
    with beyond_scope(session):
        recall = session.exec(statement).one_or_none()
        if recall is None:
            raise NotFound("Recall", recall_id)
        return _view(session, recall, producer_id)


def _concerns(producer_id: str) -> Any:
    batches = (
        select(RecalledBatch.recall_id)
        .join(Batch, col(Batch.id) == RecalledBatch.batch_id)
        .where(Batch.producer_id == producer_id)
    )
    receipts = (
        select(RecalledBatch.recall_id)
        .join(Delivery, col(Delivery.batch_id) == RecalledBatch.batch_id)
        .where(Delivery.to_producer_id == producer_id, col(Delivery.cancelled_at).is_(None))
    )
    return or_(
        Recall.producer_id == producer_id,
        col(Recall.id).in_(batches),
        col(Recall.id).in_(receipts),
    )


def _view(session: Session, recall: Recall, producer_id: str) -> RecallView:
    lot, goods, name = session.exec(
        select(Batch.lot, Product.name, Producer.name)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == Batch.producer_id)
        .where(Batch.id == recall.batch_id)
    ).one()
    reached = select(RecalledBatch.batch_id).where(RecalledBatch.recall_id == recall.id)
    batches = select(Batch).where(Batch.producer_id == producer_id, col(Batch.id).in_(reached))
    receipts = (
        select(Delivery, Batch.lot)
        .join(Batch, col(Batch.id) == Delivery.batch_id)
        .where(Delivery.to_producer_id == producer_id, col(Delivery.batch_id).in_(reached))
    )
    return RecallView(
        recall=recall,
        own=recall.producer_id == producer_id,
        lot=lot,
        goods=goods,
        producer=name,
        batches=list(session.exec(batches.order_by(col(Batch.started_on))).all()),
        deliveries=[(row, text) for row, text in session.exec(receipts).all()],
    )


def to_answer(session: Session, producer_id: str, recall_id: str) -> list[tuple[RecallReceiver, str]]:
    """Where a producer is itself a receiver of recalled goods: the line it has to answer, and the sender's name."""
    statement = (
        select(RecallReceiver, Producer.name)
        .join(Producer, col(Producer.id) == RecallReceiver.producer_id)
        .where(RecallReceiver.recall_id == recall_id, RecallReceiver.to_producer_id == producer_id)
        .order_by(col(RecallReceiver.outside_g).desc())
    )
    with beyond_scope(session):
        return [(row, name) for row, name in session.exec(statement).all()]


def answering(session: Session, producer_id: str, recall_id: str, receiver_id: str) -> RecallReceiver:
    """One line that a producer has to answer. Raises `NotFound` for any other."""
    row = records.find(session, RecallReceiver, receiver_id)
    if row.recall_id != recall_id or row.to_producer_id != producer_id:
        raise NotFound("RecallReceiver", receiver_id)
    return row


def agency_name(session: Session, recall: Recall) -> str:
    """The agency that decided a compulsory recall; empty where none did."""
    agency = session.get(Agency, recall.agency_id) if recall.agency_id else None
    return agency.name if agency else ""
