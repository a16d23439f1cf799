"""The recall (thu hồi): from one batch to everything made of it.

Voluntary by the producer, compulsory by an agency with a decision number (Circular 17/2021). Opening one marks the
batch and all its descendants in one transaction; lifting needs two persons.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlmodel import Field, SQLModel

from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, choice


class RecallKind(StrEnum):
    """Who asked for it."""

    VOLUNTARY = "voluntary"
    COMPULSORY = "compulsory"


class RecallState(StrEnum):
    """Where the recall stands."""

    OPEN = "open"
    LIFTED = "lifted"
    CLOSED = "closed"


class Recall(Record, ProducerOwned, table=True):
    """A recall of one batch and its descendants."""

    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "number",
            "kind",
            "batch_id",
            "decision_no",
            "decided_on",
            "state",
            "opened_at",
            "reached",
            "public_text",
        }
    )

    number: str = Field(max_length=20, unique=True)
    kind: RecallKind = Field(sa_type=choice(RecallKind))
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    reason: str = Field(max_length=1000)
    hazard: str = Field(default="", max_length=400)
    #: what the public reads: what to do with the goods
    public_text: str = Field(default="", max_length=1000)
    decision_no: str = Field(default="", max_length=80)
    decided_on: date | None = None
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    opened_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    opened_at: datetime = Field(default_factory=now, sa_type=Instant)
    #: how many batches it reaches, the first one included
    reached: int = 1
    state: RecallState = Field(default=RecallState.OPEN, sa_type=choice(RecallState), index=True)
    lift_asked_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lift_asked_at: datetime | None = Field(default=None, sa_type=Instant)
    lift_reason: str = Field(default="", max_length=1000)
    lifted_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)


class RecalledBatch(SQLModel, table=True):
    """A batch that a recall reaches."""

    __tablename__ = "recalled_batch"

    recall_id: str = Field(primary_key=True, foreign_key="recall.id", max_length=16)
    batch_id: str = Field(primary_key=True, foreign_key="batch.id", index=True, max_length=16)
