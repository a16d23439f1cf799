"""Recalled goods: what came back from receivers, and what was done with what was kept and what came back.

Of each delivery no more comes back than lay with its receiver; what another producer took into its stock it gives back
first. What comes back returns into the stock of its batch. What is destroyed, put to another use or re-exported leaves
the stock as waste on record, so that the batch's account stays exact; what is put right stays on hand.
"""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from traceability.domain import (
    corrections,
    ledger,
    recall_balance,
    recall_receivers,
    records,
    returns,
    wastes,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import local_day, now, today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import CorrectionReason, Event, EventType
from traceability.domain.moments import start_of
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import Day, Kilograms, kg_text
from traceability.domain.recall_records import (
    Recall,
    RecalledBatch,
    RecallHandling,
    RecallRecovery,
    Way,
)
from traceability.domain.records import RecordId
from traceability.domain.returns import ReturnInput, ReturnReason
from traceability.domain.suspensions import Reason
from traceability.domain.text import Line
from traceability.domain.wastes import WasteHandling, WasteInput, WasteReason


class RecoverInput(BaseModel):
    """Kilograms of one delivery that came back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    delivery_id: RecordId
    kilograms: Kilograms
    on_day: Day
    evidence: Line | None = None
    note: Note = ""


class HandleInput(BaseModel):
    """What was done with kilograms of one batch, and the paper that proves it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    batch_id: RecordId
    way: Way
    kilograms: Kilograms
    on_day: Day
    evidence: Line
    witness: Line | None = None
    note: Note = ""


class WithdrawInput(BaseModel):
    """An entry that was wrong, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    entry_id: RecordId
    reason: Reason


def recover(session: Session, actor: Actor, value: RecoverInput) -> RecallRecovery:
    """Writes down what came back of a delivery: it lies in the stock of its batch again.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.delivery_unknown`,
    `recalls.not_received_yet`, `recalls.day_in_future`, `recalls.back_before_sent`, `recalls.back_exceeds`,
    `recalls.not_given_back`, and what `returns.take_back` refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    recall = _locked(session, actor, value.recall_id)
    delivery = _delivery(session, actor, recall, value.delivery_id)
    if delivery.to_producer_id is not None and delivery.received_at is None:
        raise RuleBroken("recalls.not_received_yet", "delivery_id")
    _judge_day(value.on_day)
    if value.on_day < delivery.sent_on:
        raise RuleBroken("recalls.back_before_sent", "on_day", sent=delivery.sent_on)
    with beyond_scope(session):
        left_g = recall_balance.left_of(session, [delivery])[delivery.id]
    if value.kilograms > left_g:
        left = kg_text(left_g, actor.language)
        raise RuleBroken("recalls.back_exceeds", "kilograms", left=left)
    given_g = returns.left_to_return(delivery)
    if value.kilograms > given_g:
        given = kg_text(given_g, actor.language)
        raise RuleBroken("recalls.not_given_back", "kilograms", given=given)
    row = RecallRecovery(
        producer_id=delivery.producer_id,
        recall_id=recall.id,
        batch_id=delivery.batch_id,
        delivery_id=delivery.id,
        grams=int(value.kilograms),
        on_day=value.on_day,
        evidence=value.evidence or "",
        note=value.note,
        event_id=_returned(session, actor, value),
        by_id=actor.user_id,
    )
    session.add(row)
    session.flush()
    ledger.record(session, "recall.recovered", row, tenant=row.producer_id)
    return row


def _delivery(session: Session, actor: Actor, recall: Recall, delivery_id: str) -> Delivery:
    """A delivery of the actor's that the recall reaches, locked after its batch, as everybody does."""
    try:
        batch_id = records.find(session, Delivery, delivery_id).batch_id
        records.lock(session, Batch, batch_id)
        delivery = records.lock(session, Delivery, delivery_id)
    except NotFound:
        raise RuleBroken("recalls.delivery_unknown", "delivery_id") from None
    mine = actor.producer_id is None or delivery.producer_id == actor.producer_id
    if not mine or delivery.cancelled_at is not None or not _reaches(session, recall, delivery.batch_id):
        raise RuleBroken("recalls.delivery_unknown", "delivery_id")
    return delivery


def _returned(session: Session, actor: Actor, value: RecoverInput) -> str:
    """The goods come back into the stock of their batch; answers the event that says so."""
    back = ReturnInput(
        delivery_id=value.delivery_id,
        kilograms=value.kilograms,
        happened_at=_moment_of(value.on_day),
        reason=ReturnReason.RECALLED,
        note=value.note,
    )
    batch = returns.take_back(session, actor, back)
    newest = (
        select(Event.id)
        .where(
            Event.batch_id == batch.id,
            Event.delivery_id == value.delivery_id,
            Event.type == EventType.RETURN,
        )
        .order_by(col(Event.created_at).desc())
    )
    return session.exec(newest.limit(1)).one()


def _moment_of(day: date) -> datetime:
    return now() if day == today() else start_of(day)


def handle(session: Session, actor: Actor, value: HandleInput) -> RecallHandling:
    """Writes down what was done with goods of a batch. Goods of the stock that left it leave the batch's account.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.batch_unknown`,
    `recalls.day_in_future`, `recalls.handled_before_opening`, `recalls.handled_exceeds`; of goods that leave the
    stock also what `wastes.throw_away` refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    recall = _locked(session, actor, value.recall_id)
    try:
        batch = records.lock(session, Batch, value.batch_id)
    except NotFound:
        raise RuleBroken("recalls.batch_unknown", "batch_id") from None
    if not _reaches(session, recall, batch.id):
        raise RuleBroken("recalls.batch_unknown", "batch_id")
    _judge_day(value.on_day)
    if value.on_day < local_day(recall.opened_at):
        raise RuleBroken("recalls.handled_before_opening", "on_day", opened=local_day(recall.opened_at))
    (waiting,) = recall_balance.waiting_in(session, recall.id, [batch])
    if value.kilograms > waiting.stock_g:
        left = kg_text(waiting.stock_g, actor.language)
        raise RuleBroken("recalls.handled_exceeds", "kilograms", lot=batch.lot, left=left)
    event_id = None
    if value.way is not Way.FIX:
        waste = WasteInput(
            batch_id=batch.id,
            kilograms=value.kilograms,
            happened_at=_moment_of(value.on_day),
            reason=WasteReason.RECALLED,
            handling=WasteHandling.DESTROYED if value.way is Way.DESTROY else WasteHandling.OTHER_USE,
            witness=value.witness[:80] if value.witness else None,
            note=value.note,
        )
        event_id = wastes.throw_away(session, actor, waste).id
    row = RecallHandling(
        producer_id=batch.producer_id,
        recall_id=recall.id,
        batch_id=batch.id,
        way=value.way,
        grams=int(value.kilograms),
        on_day=value.on_day,
        evidence=value.evidence,
        witness=value.witness or "",
        note=value.note,
        event_id=event_id,
        by_id=actor.user_id,
    )
    session.add(row)
    session.flush()
    ledger.record(session, "recall.handled", row, tenant=row.producer_id)
    return row


def withdraw_recovery(session: Session, actor: Actor, value: WithdrawInput) -> RecallRecovery:
    """Takes back a wrong entry of what came back; it stays on record with the reason.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.withdrawn_already`,
    `recalls.handled_already` when it was dealt with meanwhile.
    """
    actor.must(Permission.RECORD_EVENTS)
    recall = _locked(session, actor, value.recall_id)
    row = records.lock(session, RecallRecovery, value.entry_id)
    _must_stand(row, recall)
    batch = records.lock(session, Batch, row.batch_id)
    (waiting,) = recall_balance.waiting_in(session, recall.id, [batch])
    if waiting.stock_g < row.grams:
        raise RuleBroken("recalls.handled_already")
    row.withdrawn_at, row.withdrawn_reason = now(), value.reason
    _never(session, actor, row.event_id, value.reason)
    session.flush()
    ledger.record(session, "recall.entry_withdrawn", row, tenant=row.producer_id)
    return row


def _never(session: Session, actor: Actor, event_id: str, reason: str) -> None:
    """Declares an event that an entry recorded not to have happened; the entry is withdrawn first."""
    session.flush()
    wrong = CorrectionInput(event_id=event_id, reason=CorrectionReason.DID_NOT_OCCUR, explanation=reason)
    corrections.correct(session, actor, wrong)


def withdraw_handling(session: Session, actor: Actor, value: WithdrawInput) -> RecallHandling:
    """Takes back a wrong entry of what was done; a loss that it recorded is declared not to have happened.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.withdrawn_already`, and
    what a correction refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    recall = _locked(session, actor, value.recall_id)
    row = records.lock(session, RecallHandling, value.entry_id)
    _must_stand(row, recall)
    row.withdrawn_at, row.withdrawn_reason = now(), value.reason
    if row.event_id is not None:
        _never(session, actor, row.event_id, value.reason)
    session.flush()
    ledger.record(session, "recall.entry_withdrawn", row, tenant=row.producer_id)
    return row


def _locked(session: Session, actor: Actor, recall_id: str) -> Recall:
    """The open recall, locked: entries of one recall are weighed one after the other."""
    recall = recall_receivers.open_one(session, actor, recall_id)
    with beyond_scope(session):
        recall = records.lock(session, Recall, recall.id)
    recall_receivers.must_be_open(recall)
    return recall


def _must_stand(row: RecallRecovery | RecallHandling, recall: Recall) -> None:
    if row.recall_id != recall.id:
        raise NotFound(type(row).__name__, row.id)
    if row.withdrawn_at is not None:
        raise RuleBroken("recalls.withdrawn_already")


def _judge_day(day: date) -> None:
    if day > today():
        raise RuleBroken("recalls.day_in_future", "on_day", today=today())


def _reaches(session: Session, recall: Recall, batch_id: str) -> bool:
    return session.get(RecalledBatch, (recall.id, batch_id)) is not None
