"""The delivery (giao hàng): grams of a batch leave for a customer, or for another producer who receives them."""

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import owned
from traceability.domain.records import Instant, Record


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
