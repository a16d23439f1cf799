"""Whoever received recalled goods: told, reminded, and what they answered.

The list is written down when the recall opens. Receivers on the platform are told by it in the same moment; customers
in words are told by letter or telephone, and whoever did so writes it down.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, notices, recall_reach, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.moments import Moment
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import KilogramsOrZero, kg_text
from traceability.domain.recall_reach import Receiver
from traceability.domain.recall_records import (
    Channel,
    ContactKind,
    Recall,
    RecallContact,
    RecalledBatch,
    RecallReceiver,
    RecallState,
)
from traceability.domain.records import RecordId
from traceability.domain.text import Line

#: So many receivers are ticked in one form at most.
MOST = 500


class TellInput(BaseModel):
    """Which receivers were told or reminded, how and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    receivers: list[RecordId] = Field(default_factory=list, max_length=MOST)
    channel: Channel = Channel.LETTER
    at: Moment | None = None
    note: Note = ""


class AnswerInput(BaseModel):
    """What a receiver answered: who there, when, how, and how much is still there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receiver_id: RecordId
    channel: Channel = Channel.PHONE
    person: Line
    held_kg: Annotated[KilogramsOrZero, Field(sa_type=sa.BigInteger)]
    at: Moment | None = None
    note: Note = ""


class OwnAnswerInput(BaseModel):
    """What a receiver on the platform answers itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receiver_id: RecordId
    held_kg: Annotated[KilogramsOrZero, Field(sa_type=sa.BigInteger)]
    note: Note = ""


class RenewInput(BaseModel):
    """Writes down receivers that are not on the list yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId


def write_down(
    session: Session, actor: Actor, recall: Recall, receivers: Iterable[Receiver]
) -> list[RecallReceiver | RecallContact]:
    """Puts receivers on the list of a recall; those on the platform count as told now, by the notice they get.

    Called beyond the scope; the caller's fact names the rows that come back.
    """
    moment = now()
    rows = [
        RecallReceiver(
            recall_id=recall.id,
            producer_id=one.producer_id,
            to_producer_id=one.to_producer_id,
            name=one.name,
            contact=one.contact,
            destination=one.destination,
            deliveries=one.deliveries,
            outside_g=one.outside_g,
            notified_at=moment if one.to_producer_id else None,
        )
        for one in receivers
    ]
    session.add_all(rows)
    session.flush()
    told = [
        _contact(actor, row, ContactKind.NOTICE, Channel.PLATFORM, moment)
        for row in rows
        if row.to_producer_id
    ]
    session.add_all(told)
    session.flush()
    return [*rows, *told]


def renew(session: Session, actor: Actor, value: RenewInput) -> Recall:
    """Adds receivers that the list of an open recall lacks: a delivery was corrected, or the list never written.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.list_complete`.
    """
    recall = open_one(session, actor, value.recall_id)
    with beyond_scope(session):
        missing = unlisted(session, recall)
        if not missing:
            raise RuleBroken("recalls.list_complete")
        rows = write_down(session, actor, recall, missing)
        ledger.record(session, "recall.receivers_added", recall, *rows, tenant=recall.producer_id)
        lot = records.find(session, Batch, recall.batch_id).lot
        for one in missing:
            if one.to_producer_id is not None:
                facts: dict[str, Any] = {"number": recall.number, "lot": lot, "lots": lot, "count": 1}
                notices.post(
                    session, "recall_opened", producer_id=one.to_producer_id, subject=recall, **facts
                )
    return recall


def unlisted(session: Session, recall: Recall) -> list[Receiver]:
    """Receivers of reached batches that are not on the recall's list. To be called beyond the scope."""
    listed = {
        delivery
        for row in session.exec(
            select(RecallReceiver.deliveries).where(RecallReceiver.recall_id == recall.id)
        ).all()
        for delivery in row
    }
    found = recall_reach.measure(session, reached_ids(session, recall)).receivers
    return [one for one in found if not listed.issuperset(one.deliveries)]


def tell(session: Session, actor: Actor, value: TellInput) -> list[RecallReceiver]:
    """Writes down that receivers were told; whoever was told before was reminded. On the platform that is done at once.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.nobody_chosen`,
    `recalls.told_in_future`, `recalls.told_before_opening`, `recalls.not_on_platform`.
    """
    recall = open_one(session, actor, value.recall_id)
    moment = _moment(recall, value.at)
    if not value.receivers:
        raise RuleBroken("recalls.nobody_chosen", "receivers")
    rows = [_receiver(session, actor, recall.id, row_id) for row_id in sorted(set(value.receivers))]
    if value.channel is Channel.PLATFORM and not all(row.to_producer_id for row in rows):
        raise RuleBroken("recalls.not_on_platform", "channel")
    said = []
    for row in rows:
        kind = ContactKind.NOTICE if row.notified_at is None else ContactKind.REMINDER
        if kind is ContactKind.NOTICE:
            row.notified_at = moment
        else:
            row.reminded_at = moment
        said.append(_contact(actor, row, kind, value.channel, moment, note=value.note))
        if value.channel is Channel.PLATFORM:
            notices.post(
                session,
                "recall_reminder",
                producer_id=row.to_producer_id,
                subject=recall,
                number=recall.number,
            )
    session.add_all(said)
    session.flush()
    ledger.record(session, "recall.told", *rows, *said, tenant=recall.producer_id)
    return rows


def answer(session: Session, actor: Actor, value: AnswerInput) -> RecallReceiver:
    """Writes down what a receiver answered; a later answer takes the place of an earlier one.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.told_in_future`,
    `recalls.told_before_opening`, `recalls.held_exceeds`.
    """
    actor.must(Permission.RECORD_EVENTS, Permission.REQUEST_RECALL)
    row = records.lock(session, RecallReceiver, value.receiver_id)
    if actor.producer_id is not None and row.producer_id != actor.producer_id:
        raise RuleBroken("access.not_permitted")
    with beyond_scope(session):
        recall = records.find(session, Recall, row.recall_id)
    must_be_open(recall)
    moment = _moment(recall, value.at)
    return _answered(session, actor, row, value.channel, moment, value.person, int(value.held_kg), value.note)


def answer_online(session: Session, actor: Actor, value: OwnAnswerInput) -> RecallReceiver:
    """A receiver on the platform answers itself: it has read the notice, and so much is still there.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.held_exceeds`.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, RecallReceiver, value.receiver_id)
    if row.to_producer_id is None or row.to_producer_id != actor.tenant():
        raise RuleBroken("access.not_permitted")
    with beyond_scope(session):
        recall = records.find(session, Recall, row.recall_id)
    must_be_open(recall)
    person = actor.name
    held_g = int(value.held_kg)
    _answered(session, actor, row, Channel.PLATFORM, now(), person, held_g, value.note)
    notices.post(
        session,
        "recall_answered",
        producer_id=row.producer_id,
        subject=recall,
        number=recall.number,
        receiver=row.name,
        held_g=held_g,
    )
    return row


def _answered(
    session: Session,
    actor: Actor,
    row: RecallReceiver,
    channel: Channel,
    moment: datetime,
    person: str,
    held_g: int,
    note: str,
) -> RecallReceiver:
    if held_g > row.outside_g:
        got = kg_text(row.outside_g, actor.language)
        raise RuleBroken("recalls.held_exceeds", "held_kg", got=got)
    row.acknowledged_at, row.held_g = moment, held_g
    row.notified_at = row.notified_at or moment
    said = _contact(actor, row, ContactKind.ANSWER, channel, moment, person=person, held_g=held_g, note=note)
    session.add(said)
    session.flush()
    ledger.record(session, "recall.answered", row, said, tenant=row.producer_id)
    return row


def _contact(
    actor: Actor,
    row: RecallReceiver,
    kind: ContactKind,
    channel: Channel,
    moment: datetime,
    person: str = "",
    held_g: int | None = None,
    note: str = "",
) -> RecallContact:
    return RecallContact(
        receiver_id=row.id,
        producer_id=row.producer_id,
        to_producer_id=row.to_producer_id,
        kind=kind,
        channel=channel,
        at=moment,
        person=person,
        held_g=held_g,
        note=note,
        by_id=actor.user_id,
    )


def _moment(recall: Recall, at: datetime | None) -> datetime:
    moment = at or now()
    if moment > now():
        raise RuleBroken("recalls.told_in_future", "at")
    if moment < recall.opened_at.replace(second=0, microsecond=0):
        raise RuleBroken("recalls.told_before_opening", "at")
    return moment


def _receiver(session: Session, actor: Actor, recall_id: str, receiver_id: str) -> RecallReceiver:
    """A receiver whom the actor has to tell, locked: one does not tell oneself."""
    row = records.lock(session, RecallReceiver, receiver_id)
    mine = actor.producer_id is None or row.producer_id == actor.producer_id
    if row.recall_id != recall_id or not mine:
        raise RuleBroken("recalls.nobody_chosen", "receivers")
    return row


# --- questions -------------------------------------------------------------------------------------------------------


def open_one(session: Session, actor: Actor, recall_id: str) -> Recall:
    """A recall about whose goods the actor may write something down, whoever's recall it is; it must be open.

    A producer: one that reaches a batch of its own. An agency: one that began, or reaches a batch, within its scope.
    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`.
    """
    actor.must(Permission.RECORD_EVENTS, Permission.REQUEST_RECALL)
    recall = seen_by(session, recall_id)
    must_be_open(recall)
    return recall


def seen_by(session: Session, recall_id: str) -> Recall:
    """A recall that began within the scope of the session, or reaches a batch within it. Raises `NotFound`."""
    reaching = (
        select(Batch.id)
        .join(RecalledBatch, col(RecalledBatch.batch_id) == Batch.id)
        .where(RecalledBatch.recall_id == recall_id)
    )
    if session.exec(reaching.limit(1)).first() is None:
        return records.find(session, Recall, recall_id)
    with beyond_scope(session):
        return records.find(session, Recall, recall_id)


def must_be_open(recall: Recall) -> None:
    """Demands that something may still be written down about a recall. Raises `RuleBroken` ("recalls.not_open")."""
    if recall.state is not RecallState.OPEN:
        raise RuleBroken("recalls.not_open", number=recall.number)


def reached_ids(session: Session, recall: Recall) -> list[str]:
    """The ids of the batches that a recall reaches, the first one first. To be called beyond the scope."""
    statement = select(RecalledBatch.batch_id).where(RecalledBatch.recall_id == recall.id)
    return sorted(session.exec(statement).all(), key=lambda batch_id: (batch_id != recall.batch_id, batch_id))


def of_recall(session: Session, recall_id: str, limit: int = 2000) -> list[RecallReceiver]:
    """The receivers of a recall within the scope, those who still owe an answer first."""
    statement = (
        select(RecallReceiver)
        .where(RecallReceiver.recall_id == recall_id)
        .order_by(
            col(RecallReceiver.acknowledged_at).is_not(None),
            col(RecallReceiver.notified_at).is_not(None),
            col(RecallReceiver.outside_g).desc(),
            col(RecallReceiver.id),
        )
    )
    return list(session.exec(statement.limit(limit)).all())


def contacts_of(session: Session, receiver_id: str) -> list[RecallContact]:
    """What was said to a receiver and what it answered, the newest first."""
    statement = select(RecallContact).where(RecallContact.receiver_id == receiver_id)
    return list(session.exec(statement.order_by(col(RecallContact.at).desc(), col(RecallContact.id))).all())
