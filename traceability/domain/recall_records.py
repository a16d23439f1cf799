"""What is kept of a recall: the recall, the batches it reaches, who received goods of them and what came back.

`recalls` opens and lifts, `recall_receivers` tells and hears, `recall_goods` weighs what came back and what became of
it, `recall_reports` closes. Here stand only the rows, so that each of these can name them.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned, owned
from traceability.domain.records import Instant, Json, Record, choice


class RecallKind(StrEnum):
    """Who asked for it."""

    VOLUNTARY = "voluntary"
    COMPULSORY = "compulsory"


class RecallState(StrEnum):
    """Where the recall stands. Lifted: the goods are free again. Closed: they were dealt with and never come back."""

    OPEN = "open"
    LIFTED = "lifted"
    CLOSED = "closed"


#: A recall in these states keeps its batches recalled, and every stamp of theirs says so.
STANDING = (RecallState.OPEN, RecallState.CLOSED)


class Channel(StrEnum):
    """How somebody was told, or answered."""

    PLATFORM = "platform"
    LETTER = "letter"
    PHONE = "phone"
    EMAIL = "email"
    IN_PERSON = "in_person"


class ContactKind(StrEnum):
    """What was said: the first notice, a reminder, or the receiver's answer."""

    NOTICE = "notice"
    REMINDER = "reminder"
    ANSWER = "answer"


class Way(StrEnum):
    """The four ways of handling recalled goods (Circular 17/2021/TT-BNNPTNT)."""

    FIX = "fix"
    CHANGE_USE = "change_use"
    RE_EXPORT = "re_export"
    DESTROY = "destroy"


class ReportState(StrEnum):
    """Where the report of a recall's outcome stands."""

    FILED = "filed"
    SENT_BACK = "sent_back"
    ACCEPTED = "accepted"


class Recall(Record, ProducerOwned, table=True):
    """A recall of one batch and its descendants."""

    __table_args__ = (sa.Index("uq_recall_external_ref", "producer_id", "external_ref", unique=True),)

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
    LATER: ClassVar[dict[str, Any]] = {"established_at": None, "due_on": None, "external_ref": None}

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
    #: when it was established that the goods have to be recalled: from then on the decision has 24 hours
    established_at: datetime | None = Field(default=None, sa_type=Instant)
    #: the day by which the decision or the producer's plan wants the outcome reported
    due_on: date | None = None
    #: how many batches it reaches, the first one included
    reached: int = 1
    state: RecallState = Field(default=RecallState.OPEN, sa_type=choice(RecallState), index=True)
    lift_asked_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lift_asked_at: datetime | None = Field(default=None, sa_type=Instant)
    lift_reason: str = Field(default="", max_length=1000)
    lifted_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    external_ref: str | None = Field(default=None, max_length=80)


class RecalledBatch(SQLModel, table=True):
    """A batch that a recall reaches."""

    __tablename__ = "recalled_batch"

    recall_id: str = Field(primary_key=True, foreign_key="recall.id", max_length=16)
    batch_id: str = Field(primary_key=True, foreign_key="batch.id", index=True, max_length=16)


class RecallReceiver(Record, table=True):
    """Somebody who received goods of recalled batches from one producer, and what was heard of it.

    `producer_id` sent the goods; the receiver is a customer in words, or another producer (`to_producer_id`).
    """

    __tablename__ = "recall_receiver"
    __table_args__ = (sa.CheckConstraint("held_g IS NULL OR held_g >= 0", name="held"),)

    recall_id: str = Field(foreign_key="recall.id", index=True, max_length=16)
    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    name: str = Field(default="", max_length=200)
    contact: str = Field(default="", max_length=200)
    destination: str = Field(default="", max_length=200)
    #: the ids of the deliveries that went there
    deliveries: list[str] = Field(default_factory=list, sa_type=Json)
    #: grams that lay there or were gone when the recall was opened: not worked up into batches that it follows
    outside_g: int = Field(sa_type=sa.BigInteger)
    notified_at: datetime | None = Field(default=None, sa_type=Instant)
    reminded_at: datetime | None = Field(default=None, sa_type=Instant)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    #: grams that the receiver says are still there
    held_g: int | None = Field(default=None, sa_type=sa.BigInteger)

    @property
    def can_be_reached(self) -> bool:
        """Whether anybody knows how to tell the receiver."""
        return bool(self.to_producer_id or self.contact)


owned(RecallReceiver, "producer_id", "to_producer_id")


class RecallContact(Record, table=True):
    """One word said to a receiver, or its answer: who, when, how."""

    __tablename__ = "recall_contact"

    receiver_id: str = Field(foreign_key="recall_receiver.id", index=True, max_length=16)
    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    kind: ContactKind = Field(sa_type=choice(ContactKind))
    channel: Channel = Field(sa_type=choice(Channel))
    at: datetime = Field(sa_type=Instant)
    #: with whom it was spoken
    person: str = Field(default="", max_length=200)
    held_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    note: str = Field(default="", max_length=1000)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)


owned(RecallContact, "producer_id", "to_producer_id")


class RecallRecovery(Record, ProducerOwned, table=True):
    """Grams of one delivery that were taken back from their receiver."""

    __tablename__ = "recall_recovery"
    __table_args__ = (sa.CheckConstraint("grams > 0", name="grams"),)

    recall_id: str = Field(foreign_key="recall.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    delivery_id: str = Field(foreign_key="delivery.id", index=True, max_length=16)
    grams: int = Field(sa_type=sa.BigInteger)
    on_day: date
    #: the paper that proves it
    evidence: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=1000)
    #: the return by which the goods lie in the stock of their batch again
    event_id: str = Field(foreign_key="event.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_reason: str = Field(default="", max_length=1000)


class RecallHandling(Record, ProducerOwned, table=True):
    """What was done with grams of one recalled batch, how it is proved, and when.

    Goods that left the stock (all but what was put right) left it by an event of their batch (`event_id`).
    """

    __tablename__ = "recall_handling"
    __table_args__ = (sa.CheckConstraint("grams > 0", name="grams"),)

    recall_id: str = Field(foreign_key="recall.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    way: Way = Field(sa_type=choice(Way))
    grams: int = Field(sa_type=sa.BigInteger)
    on_day: date
    evidence: str = Field(max_length=200)
    #: who was there
    witness: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=1000)
    event_id: str | None = Field(default=None, foreign_key="event.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_reason: str = Field(default="", max_length=1000)


class RecallReport(Record, ProducerOwned, table=True):
    """The outcome of a recall, filed by one person and accepted by an agency: made = located + recovered + missing."""

    __tablename__ = "recall_report"
    __table_args__ = (
        sa.CheckConstraint("located_g + recovered_g + missing_g = made_g", name="adds_up"),
        sa.CheckConstraint("missing_g >= 0", name="missing"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"recall_id", "state"})

    recall_id: str = Field(foreign_key="recall.id", unique=True, max_length=16)
    state: ReportState = Field(default=ReportState.FILED, sa_type=choice(ReportState))
    made_g: int = Field(sa_type=sa.BigInteger)
    located_g: int = Field(sa_type=sa.BigInteger)
    recovered_g: int = Field(sa_type=sa.BigInteger)
    missing_g: int = Field(sa_type=sa.BigInteger)
    missing_reason: str = Field(default="", max_length=1000)
    #: how it came about, and what is done so that it does not come again
    cause: str = Field(default="", max_length=1000)
    prevention: str = Field(default="", max_length=1000)
    #: grams by way of handling, and the counts of receivers, as they stood when it was filed
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    filed_at: datetime = Field(sa_type=Instant)
    filed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    remark: str = Field(default="", max_length=1000)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
