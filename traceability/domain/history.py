"""The event (sự kiện truy xuất trọng yếu): a dated fact about a batch, with its key data elements.

Events are appended and never edited. A wrong one is corrected by declaration: a new event that names the old one, says
why, and (unless the old one never happened) what is right. What holds is the last word of each such chain.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from traceability.domain import own_references
from traceability.domain.actors import Actor
from traceability.domain.ownership import ProducerOwned
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
    SPLIT = "split"
    MERGE = "merge"
    REPACK = "repack"
    REWORK = "rework"
    RETURN = "return"
    WASTE = "waste"
    AGGREGATE = "aggregate"
    OPEN = "open"


#: Events that may make batches out of others.
MAKING = frozenset(
    {
        EventType.TRANSFORM,
        EventType.SPLIT,
        EventType.MERGE,
        EventType.REPACK,
        EventType.REWORK,
        EventType.RETURN,
    }
)


class Part(StrEnum):
    """How a batch takes part in an event that is not of one batch alone."""

    #: it began with the event
    OUTPUT = "output"
    #: it began with the event, beside what the event was for
    BY_PRODUCT = "by_product"
    #: it lay in the carton or pallet that was packed, opened or sent
    CONTENT = "content"


class CorrectionReason(StrEnum):
    """Why an event is corrected (CBV 2.0 error reasons)."""

    DID_NOT_OCCUR = "did_not_occur"
    INCORRECT_DATA = "incorrect_data"


class Event(Record, ProducerOwned, table=True):
    """One event. Weights in grams where the event weighs something; `details` are further key data elements."""

    __table_args__ = (
        sa.CheckConstraint("loss_g IS NULL OR loss_g >= 0", name="loss"),
        sa.Index("ix_event_history", "batch_id", "happened_at"),
        own_references.unique("event"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "type", "step", "happened_at", "corrects_id"})
    UNLOGGED: ClassVar[dict[str, str]] = {"reference_in_index": own_references.WHY_UNLOGGED}

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
    reference_in_index: bool = own_references.in_index()
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)


class EventBatch(Record, ProducerOwned, table=True):
    """A batch in an event that reaches several: what a split or a processing made, what lies in a carton."""

    __tablename__ = "event_batch"
    __table_args__ = (
        sa.CheckConstraint("grams >= 0", name="grams"),
        sa.UniqueConstraint("event_id", "batch_id"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"event_id", "batch_id", "part"})

    event_id: str = Field(foreign_key="event.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    part: Part = Field(sa_type=choice(Part))
    grams: int = Field(sa_type=sa.BigInteger)


def signature(actor: Actor) -> dict[str, Any]:
    """Who wrote a row: the account, and the agency where it writes in the name of a producer."""
    return {
        "recorded_by_id": actor.user_id,
        "on_behalf_agency_id": actor.agency_id if actor.on_behalf else None,
    }


def history(session: Session, batch_id: str) -> list[Event]:
    """All events of a batch in the order in which they happened, the corrected ones and the corrections included.

    The event in which a batch began is its own too where it made several, or was recorded of the batch it came from.
    """
    return histories(session, [batch_id])[batch_id]


def histories(session: Session, batch_ids: Iterable[str]) -> dict[str, list[Event]]:
    """As `history`, for several batches at once."""
    found: dict[str, dict[str, Event]] = {batch_id: {} for batch_id in batch_ids}
    for event in session.exec(select(Event).where(col(Event.batch_id).in_(found))).all():
        found[event.batch_id or ""][event.id] = event
    shared = (
        select(EventBatch.batch_id, Event)
        .join(Event, col(Event.id) == EventBatch.event_id)
        .where(col(EventBatch.batch_id).in_(found))
    )
    waiting: dict[str, list[str]] = {}
    for batch_id, event in session.exec(shared).all():
        if event.id not in found[batch_id]:
            found[batch_id][event.id] = event
            waiting.setdefault(event.id, []).append(batch_id)
    while waiting:  # their corrections, and the corrections of those
        corrections = session.exec(select(Event).where(col(Event.corrects_id).in_(waiting))).all()
        reached = waiting
        waiting = {}
        for event in corrections:
            waiting[event.id] = reached[event.corrects_id or ""]
            for batch_id in waiting[event.id]:
                found[batch_id][event.id] = event
    return {
        batch_id: sorted(events.values(), key=lambda event: (event.happened_at, event.created_at))
        for batch_id, events in found.items()
    }


def parts_of(session: Session, event_ids: Iterable[str]) -> dict[str, list[EventBatch]]:
    """By event: the batches that take part in it beside its own."""
    statement = select(EventBatch).where(col(EventBatch.event_id).in_(list(event_ids)))
    found: dict[str, list[EventBatch]] = {}
    for row in session.exec(statement.order_by(col(EventBatch.part), col(EventBatch.created_at))).all():
        found.setdefault(row.event_id, []).append(row)
    return found


def first_entry(event: Event, events: Iterable[Event]) -> Event:
    """The entry that an event corrects, over all corrections in between; itself where it corrects none."""
    known = {one.id: one for one in events}
    while event.corrects_id in known:
        event = known[event.corrects_id or ""]
    return event


def standing(events: Iterable[Event]) -> list[Event]:
    """Those events that hold: not corrected since, and not a declaration that something never happened."""
    known = list(events)
    corrected = {event.corrects_id for event in known}
    return [
        event
        for event in known
        if event.id not in corrected and event.correction_reason is not CorrectionReason.DID_NOT_OCCUR
    ]


def may_precede(event: Event) -> bool:
    """Whether an event may lie before its batch began: a sample taken, or a treatment, in the field."""
    return event.type is EventType.TEST or (event.type is EventType.TREAT and event.area_id is not None)


def beginning(events: Iterable[Event]) -> Event:
    """The event with which a batch began (its harvest or its transform), in its corrected form."""
    known = list(events)
    newer = {event.corrects_id: event for event in known if event.corrects_id}
    first = min(
        (event for event in known if not event.corrects_id), key=lambda event: (event.created_at, event.id)
    )
    while first.id in newer:
        first = newer[first.id]
    return first
