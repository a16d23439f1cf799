"""The graph of batches: what a batch was made of, and what was made of it, one step each way."""

from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from traceability.domain.batches import Batch, Origin
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record


class BatchInput(Record, ProducerOwned, table=True):
    """One input of a batch: grams of a batch (own, or received by a delivery), or a material without a batch.

    An act that makes several batches has an edge for each source of each: what was drawn from a source is the sum of
    its edges, each at least a gram. An edge of 0 g is kept of an act that was declared never to have happened, and of
    no other.
    """

    __tablename__ = "batch_input"
    __table_args__ = (
        sa.CheckConstraint("grams >= 0", name="grams"),
        sa.CheckConstraint("source_batch_id IS NOT NULL OR material <> ''", name="source"),
        sa.CheckConstraint("source_batch_id <> batch_id", name="not_itself"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "source_batch_id", "event_id"})

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    source_batch_id: str | None = Field(default=None, foreign_key="batch.id", index=True, max_length=16)
    delivery_id: str | None = Field(default=None, foreign_key="delivery.id", index=True, max_length=16)
    event_id: str = Field(foreign_key="event.id", max_length=16)
    material: str = Field(default="", max_length=200)
    supplier: str = Field(default="", max_length=200)
    grams: int = Field(sa_type=sa.BigInteger)


def inputs_of(session: Session, batch_id: str) -> list[BatchInput]:
    """Everything that went into a batch: batches, received deliveries, materials without a batch."""
    statement = select(BatchInput).where(BatchInput.batch_id == batch_id)
    return list(session.exec(statement.order_by(col(BatchInput.grams).desc(), col(BatchInput.id))).all())


def uses_of(session: Session, batch_id: str) -> list[BatchInput]:
    """Where a batch went into another one, also by a delivery to another producer."""
    statement = select(BatchInput).where(BatchInput.source_batch_id == batch_id)
    return list(session.exec(statement.order_by(col(BatchInput.created_at))).all())


def same_goods(session: Session, batch: Batch) -> list[str]:
    """The ids of a batch and of the lots in which the very same goods lay before: over splits, mergers, repackings,
    reworkings and returns, up to a harvest or a transform. What was found out about those holds for this one too.
    """
    found, level = {batch.id}, [batch]
    while level:
        stay = [row.id for row in level if row.origin not in (Origin.HARVEST, Origin.TRANSFORM)]
        statement = (
            select(Batch)
            .join(BatchInput, col(BatchInput.source_batch_id) == Batch.id)
            .where(col(BatchInput.batch_id).in_(stay), BatchInput.grams > 0)
        )
        level = [row for row in session.exec(statement).all() if row.id not in found] if stay else []
        found |= {row.id for row in level}
    return sorted(found)
