"""The report of a doubt (phản ánh): a shopper thinks that something is wrong with a stamp or with the goods."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, choice


class DoubtKind(StrEnum):
    """What seems wrong."""

    LOOKS_DIFFERENT = "looks_different"
    STAMP_DAMAGED = "stamp_damaged"
    QUALITY = "quality"
    PLACE_SOLD = "place_sold"
    OTHER = "other"


class DoubtState(StrEnum):
    """Where the report stands."""

    OPEN = "open"
    LOOKED_AT = "looked_at"
    ANSWERED = "answered"


class Doubt(Record, ProducerOwned, table=True):
    """A report by a visitor, about one stamp. `ticket` is what the visitor keeps; `outcome` is public."""

    WRITABLE_BY_VISITORS: ClassVar[bool] = True
    OPEN: ClassVar[frozenset[str]] = frozenset({"ticket", "kind", "state"})

    ticket: str = Field(max_length=16, unique=True)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    epoch_number: int
    serial: int = Field(sa_type=sa.BigInteger)
    kind: DoubtKind = Field(sa_type=choice(DoubtKind))
    text: str = Field(default="", max_length=2000)
    place: str = Field(default="", max_length=200)
    contact: str = Field(default="", max_length=120)
    state: DoubtState = Field(default=DoubtState.OPEN, sa_type=choice(DoubtState), index=True)
    outcome: str = Field(default="", max_length=1000)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
