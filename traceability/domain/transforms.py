"""The transform (chế biến, phối trộn): inputs become a new batch; each input's grams are drawn from where they lie."""

from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record


class BatchInput(Record, ProducerOwned, table=True):
    """One input of a transform: grams of a batch (own, or received by a delivery), or a material without a batch."""

    __tablename__ = "batch_input"
    __table_args__ = (
        sa.CheckConstraint("grams > 0", name="grams"),
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
