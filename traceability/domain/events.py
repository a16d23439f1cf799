"""The event (sự kiện truy xuất trọng yếu): a dated fact about a batch, with its key data elements.

Events are appended and never edited. A wrong one is corrected by declaration: a new event that names the old one, says
why, and (unless the old one never happened) what is right.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned, owned
from traceability.domain.records import Instant, Json, Record, choice


class EventType(StrEnum):
    """Critical tracking events of the chain."""

    HARVEST = "harvest"
    TREAT = "treat"
    RECEIVE = "receive"
    TRANSFORM = "transform"
    PACK = "pack"
    STORE = "store"
    TEST = "test"
    SHIP = "ship"
    LOSE = "lose"
    SELL = "sell"


class CorrectionReason(StrEnum):
    """Why an event is corrected (CBV 2.0 error reasons)."""

    DID_NOT_OCCUR = "did_not_occur"
    INCORRECT_DATA = "incorrect_data"


class Event(Record, ProducerOwned, table=True):
    """One event. Weights in grams where the event weighs something; `details` are further key data elements."""

    __table_args__ = (
        sa.CheckConstraint("loss_g IS NULL OR loss_g >= 0", name="loss"),
        sa.Index("ix_event_history", "batch_id", "happened_at"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "type", "step", "happened_at", "corrects_id"})

    batch_id: str | None = Field(default=None, foreign_key="batch.id", max_length=16)
    area_id: str | None = Field(default=None, foreign_key="growing_area.id", index=True, max_length=16)
    delivery_id: str | None = Field(default=None, foreign_key="delivery.id", index=True, max_length=16)
    type: EventType = Field(sa_type=choice(EventType))
    #: the step in the trade's own word ("Phân loại"), empty where the type says it all
    step: str = Field(default="", max_length=120)
    happened_at: datetime = Field(sa_type=Instant)
    #: where: an area of the producer (`area_id`), or in words; empty: at the producer's own address
    place: str = Field(default="", max_length=200)
    input_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    output_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    loss_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note: str = Field(default="", max_length=1000)
    corrects_id: str | None = Field(default=None, foreign_key="event.id", unique=True, max_length=16)
    correction_reason: CorrectionReason | None = Field(default=None, sa_type=choice(CorrectionReason))
    external_ref: str | None = Field(default=None, max_length=80)
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)


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


class Delivery(Record, table=True):
    """Grams of a batch on their way to a customer, or to another producer of the platform who receives them.

    What another producer received is that producer's stock until its transforms have used it (`remaining_g`).
    """

    __table_args__ = (
        sa.CheckConstraint("sent_g > 0", name="sent"),
        sa.CheckConstraint("remaining_g >= 0 AND remaining_g <= sent_g", name="remaining"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "sent_on", "market"})

    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    customer: str = Field(default="", max_length=200)
    customer_contact: str = Field(default="", max_length=200)
    market: str = Field(default="VN", max_length=2)
    destination: str = Field(default="", max_length=200)
    transport: str = Field(default="", max_length=120)
    document_no: str = Field(default="", max_length=80)
    sent_on: date
    sent_g: int = Field(sa_type=sa.BigInteger)
    received_at: datetime | None = Field(default=None, sa_type=Instant)
    received_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    variance_reason: str = Field(default="", max_length=400)
    #: grams the receiver may still use; 0 until received
    remaining_g: int = Field(default=0, sa_type=sa.BigInteger)


owned(Delivery, "producer_id", "to_producer_id")
