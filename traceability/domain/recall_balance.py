"""The balance of a recall: what was made, located, recovered and is missing, batch by batch; what may still come back
of each delivery, and what waits to be dealt with.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain import recall_reach, recall_receivers
from traceability.domain.batches import Batch
from traceability.domain.deliveries import Delivery
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Product
from traceability.domain.recall_reach import Reach
from traceability.domain.recall_records import (
    Recall,
    RecalledBatch,
    RecallHandling,
    RecallRecovery,
    Way,
)
from traceability.domain.records import portions

MOST = 500


@dataclass(frozen=True)
class Outstanding:
    """A delivery of which something may still come back."""

    delivery: Delivery
    lot: str
    product: str
    receiver: str
    left_g: int


@dataclass(frozen=True)
class Waiting:
    """A batch of which something waits to be dealt with: grams in stock that were not put right."""

    batch_id: str
    lot: str
    product: str
    stock_g: int


def account(session: Session, recall: Recall) -> Reach:
    """What the recall reaches, weighed now, whoever's: made, located, outside, recovered, missing by batch."""
    with beyond_scope(session):
        return recall_reach.measure(session, recall_receivers.reached_ids(session, recall))


def left_of(session: Session, deliveries: list[Delivery]) -> dict[str, int]:
    """Grams of each delivery that may still come back."""
    ids = [delivery.id for delivery in deliveries]
    back = recall_reach.recovered_of(session, col(RecallRecovery.delivery_id), ids)
    drawn = recall_reach.drawn_of(session, col(BatchInput.delivery_id), ids)
    return {
        one.id: recall_reach.outside_of(one, drawn.get(one.id, 0), back.get(one.id, 0)) - back.get(one.id, 0)
        for one in deliveries
    }


def outstanding(session: Session, recall: Recall, producer_id: str) -> list[Outstanding]:
    """The deliveries of a producer of which something may still come back, the largest first."""
    statement = (
        select(Delivery, Batch.lot, Product.name)
        .join(Batch, col(Batch.id) == Delivery.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(RecalledBatch, col(RecalledBatch.batch_id) == Batch.id)
        .where(
            RecalledBatch.recall_id == recall.id,
            Delivery.producer_id == producer_id,
            col(Delivery.cancelled_at).is_(None),
        )
        .order_by(col(Delivery.sent_g).desc(), col(Delivery.id))
        .limit(MOST)
    )
    rows = session.exec(statement).all()
    names = {
        delivery: row.name
        for row in recall_receivers.of_recall(session, recall.id)
        for delivery in row.deliveries
    }
    left = left_of(session, [row[0] for row in rows])
    return [
        Outstanding(delivery, lot, product, names.get(delivery.id, delivery.customer), left[delivery.id])
        for delivery, lot, product in rows
        if left[delivery.id] > 0
    ]


def waiting_of(session: Session, recall: Recall, producer_id: str | None = None) -> list[Waiting]:
    """The batches that a recall reaches of which goods wait to be dealt with; only a producer's, or everybody's.

    To be called beyond the scope for everybody's.
    """
    statement = (
        select(Batch)
        .join(RecalledBatch, col(RecalledBatch.batch_id) == Batch.id)
        .where(RecalledBatch.recall_id == recall.id)
        .order_by(col(Batch.started_on), col(Batch.lot))
    )
    if producer_id is not None:
        statement = statement.where(Batch.producer_id == producer_id)
    found = waiting_in(session, recall.id, session.exec(statement).all())
    return [one for one in found if one.stock_g]


def waiting_in(session: Session, recall_id: str, batches: Iterable[Batch]) -> list[Waiting]:
    """What waits to be dealt with by batch (what came back lies in stock again); what was put right does not.

    What was put right for another recall had another fault: for this one it waits all the same.
    """
    rows = list(batches)
    ids = [batch.id for batch in rows]
    fixed: dict[str, int] = {}
    products: dict[str, str] = {}
    for portion in portions(ids):
        statement = select(RecallHandling.batch_id, RecallHandling.grams).where(
            RecallHandling.recall_id == recall_id,
            col(RecallHandling.batch_id).in_(portion),
            col(RecallHandling.withdrawn_at).is_(None),
            RecallHandling.way == Way.FIX,
        )
        for batch_id, grams in session.exec(statement).all():
            fixed[batch_id] = fixed.get(batch_id, 0) + grams
    for portion in portions({batch.product_id for batch in rows}):
        named = select(Product.id, Product.name).where(col(Product.id).in_(portion))
        products |= dict(session.exec(named).all())
    return [
        Waiting(
            batch.id,
            batch.lot,
            products.get(batch.product_id, ""),
            max(0, batch.on_hand_g - fixed.get(batch.id, 0)),
        )
        for batch in rows
    ]


def recoveries(session: Session, recall_id: str) -> list[tuple[RecallRecovery, str]]:
    """What came back within the scope, with its lot, the newest first."""
    statement = (
        select(RecallRecovery, Batch.lot)
        .join(Batch, col(Batch.id) == RecallRecovery.batch_id)
        .where(RecallRecovery.recall_id == recall_id)
        .order_by(col(RecallRecovery.on_day).desc(), col(RecallRecovery.created_at).desc())
        .limit(MOST)
    )
    return [(row, lot) for row, lot in session.exec(statement).all()]


def handlings(session: Session, recall_id: str) -> list[tuple[RecallHandling, str]]:
    """What was done within the scope, with its lot, the newest first."""
    statement = (
        select(RecallHandling, Batch.lot)
        .join(Batch, col(Batch.id) == RecallHandling.batch_id)
        .where(RecallHandling.recall_id == recall_id)
        .order_by(col(RecallHandling.on_day).desc(), col(RecallHandling.created_at).desc())
        .limit(MOST)
    )
    return [(row, lot) for row, lot in session.exec(statement).all()]


def ways(session: Session, recall_id: str) -> dict[Way, int]:
    """Grams by way of handling, within the scope."""
    found = dict.fromkeys(Way, 0)
    statement = select(RecallHandling.way, RecallHandling.grams).where(
        RecallHandling.recall_id == recall_id, col(RecallHandling.withdrawn_at).is_(None)
    )
    for way, grams in session.exec(statement).all():
        found[Way(way)] += grams
    return found
