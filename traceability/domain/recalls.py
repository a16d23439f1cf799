"""The recall (thu hồi): from one batch to everything made of it.

Voluntary by the producer, compulsory by an agency with a decision number (Circular 17/2021). Opening one marks the
batch and all its descendants in one transaction; lifting needs two persons.
"""

from collections.abc import Collection, Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import (
    ledger,
    notices,
    oversight,
    own_references,
    recall_reach,
    recall_receivers,
    records,
    rules,
    suspensions,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.moments import Moment
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import Day
from traceability.domain.recall_reach import Receiver
from traceability.domain.recall_records import STANDING as STANDING
from traceability.domain.recall_records import Recall as Recall
from traceability.domain.recall_records import RecalledBatch as RecalledBatch
from traceability.domain.recall_records import RecallHandling
from traceability.domain.recall_records import RecallKind as RecallKind
from traceability.domain.recall_records import RecallState as RecallState
from traceability.domain.records import RecordId, portions
from traceability.domain.suspensions import Reason, ReasonInput, SuspendedKind
from traceability.domain.text import Block, Line, ShortLine


class RecallInput(BaseModel):
    """What a person may say of a recall. A compulsory one rests on a decision."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    kind: RecallKind
    reason: Reason
    hazard: Line | None = None
    public_text: Annotated[Block, Field(max_length=1000)] = ""
    decision_no: ShortLine | None = None
    decided_on: Day | None = None
    established_at: Moment | None = None
    due_on: Day | None = None
    external_ref: ShortLine | None = None


def open_recall(session: Session, actor: Actor, value: RecallInput) -> Recall:
    """Recalls a batch and everything that was made of it, whoever's, in one transaction.

    Whoever holds goods of it is told at once, the public at the next scan. Raises `NotFound`, and `RuleBroken`:
    `access.not_permitted`, `recalls.reference_taken`, `.decision_missing`, `.decided_on_missing`,
    `recalls.decided_in_future`, `recalls.established_in_future`, `recalls.due_in_past`, `recalls.already_open`.
    """
    batch = records.find(session, Batch, value.batch_id)
    own_references.must_be_new(session, Recall, batch.producer_id, value.external_ref)
    _judge(actor, batch, value)
    same = select(Recall.id).where(
        Recall.batch_id == batch.id, Recall.kind == value.kind, Recall.state == RecallState.OPEN
    )
    with beyond_scope(session):  # goods go from one producer to another, and the recall goes after them
        reached = recall_reach.lock(session, batch.id)
        if session.exec(same).first():
            raise RuleBroken("recalls.already_open", lot=batch.lot)
        recall = Recall(
            producer_id=batch.producer_id,
            number=f"TH-{today():%y%m%d}-{records.new_id()[:4].upper()}",
            kind=value.kind,
            batch_id=batch.id,
            reason=value.reason,
            hazard=value.hazard or "",
            public_text=value.public_text,
            decision_no=value.decision_no or "",
            decided_on=value.decided_on,
            established_at=value.established_at,
            due_on=value.due_on,
            agency_id=actor.agency_id,
            opened_by_id=actor.user_id,
            reached=len(reached),
            external_ref=value.external_ref,
        )
        session.add(recall)
        session.flush()
        session.add_all(RecalledBatch(recall_id=recall.id, batch_id=batch_id) for batch_id in reached)
        for one in reached.values():
            if one.state is not BatchState.RECALLED:
                if one.state is not BatchState.HELD:
                    one.state_before = one.state
                one.state = BatchState.RECALLED
            one.page_version += 1
        session.flush()
        ids = [batch.id, *(batch_id for batch_id in reached if batch_id != batch.id)]
        reach = recall_reach.measure(session, ids)
        written = recall_receivers.write_down(session, actor, recall, reach.receivers)
        ledger.record(session, "recall.opened", recall, *reached.values(), *written, reached=len(reached))
        _tell_everybody(session, "recall_opened", recall, reached.values(), reach.receivers)
    return recall


def _judge(actor: Actor, batch: Batch, value: RecallInput) -> None:
    if value.established_at is not None and value.established_at > now():
        raise RuleBroken("recalls.established_in_future", "established_at")
    if value.due_on is not None and value.due_on < today():
        raise RuleBroken("recalls.due_in_past", "due_on", today=today())
    if value.kind is RecallKind.VOLUNTARY:
        actor.must(Permission.RECALL_OWN_BATCHES)
        if actor.producer_id is not None and batch.producer_id != actor.producer_id:
            raise NotFound("Batch", batch.id)
        return
    actor.must(Permission.REQUEST_RECALL)
    if not value.decision_no:
        raise RuleBroken("recalls.decision_missing", "decision_no")
    if value.decided_on is None:
        raise RuleBroken("recalls.decided_on_missing", "decided_on")
    if value.decided_on > today():
        raise RuleBroken("recalls.decided_in_future", "decided_on")


def _tell_everybody(
    session: Session, code: str, recall: Recall, reached: Collection[Batch], receivers: Iterable[Receiver]
) -> None:
    """A notice to each owner of a batch that is reached, and to each who received or is to receive some of one."""
    root = records.find(session, Batch, recall.batch_id)
    touched: dict[str, set[str]] = {recall.producer_id: set()}
    lots = {batch.id: batch.lot for batch in reached}
    for batch in reached:
        touched.setdefault(batch.producer_id, set()).add(batch.lot)
    for receiver in receivers:
        names = {lots[batch_id] for batch_id in receiver.batches if batch_id in lots}
        if receiver.to_producer_id is not None and names:
            touched.setdefault(receiver.to_producer_id, set()).update(names)
    for producer_id, names in sorted(touched.items()):
        notices.post(
            session,
            code,
            producer_id=producer_id,
            subject=recall,
            number=recall.number,
            lot=root.lot,
            lots=", ".join(sorted(names)[:8]) + ("…" if len(names) > 8 else ""),
            count=len(names),
        )
    for agency in oversight.agencies_over(session, recall.producer_id, Permission.REQUEST_RECALL):
        notices.post(
            session,
            f"{code}_oversight",
            agency_id=agency.id,
            subject=recall,
            number=recall.number,
            lot=root.lot,
            count=len(lots),
        )


# --- lifting, in two steps by two persons ----------------------------------------------------------------------------


class LiftInput(ReasonInput):
    """Why a recall may be lifted."""

    recall_id: RecordId


class ConfirmInput(BaseModel):
    """The second person's word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId


def ask_lift(session: Session, actor: Actor, value: LiftInput) -> Recall:
    """The first of two persons asks to lift a recall, and says why.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.lift_asked_already`.
    """
    recall = _open_recall(session, actor, value.recall_id)
    if recall.lift_asked_at is not None:
        raise RuleBroken("recalls.lift_asked_already")
    recall.lift_asked_by_id = actor.user_id
    recall.lift_asked_at = now()
    recall.lift_reason = value.reason
    ledger.record(session, "recall.lift_asked", recall)
    lot = records.find(session, Batch, recall.batch_id).lot
    facts = {"number": recall.number, "lot": lot, "reason": value.reason}
    notices.post(session, "recall_lift_asked", producer_id=recall.producer_id, subject=recall, **facts)
    if recall.agency_id is not None:
        notices.post(session, "recall_lift_asked", agency_id=recall.agency_id, subject=recall, **facts)
    return recall


def withdraw_lift(session: Session, actor: Actor, value: ConfirmInput) -> Recall:
    """The wish to lift a recall is taken back or refused; the recall goes on. Raises as `lift` does."""
    recall = _open_recall(session, actor, value.recall_id)
    if recall.lift_asked_at is None:
        raise RuleBroken("recalls.lift_not_asked")
    recall.lift_asked_by_id, recall.lift_asked_at, recall.lift_reason = None, None, ""
    ledger.record(session, "recall.lift_refused", recall)
    return recall


def lift(session: Session, actor: Actor, value: ConfirmInput) -> Recall:
    """The second person lifts a recall: what no other open recall reaches comes back to the state before.

    Two users of the producer, or one and an agency; a compulsory recall is lifted by an agency. Raises `NotFound`, and
    `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.lift_not_asked`, `recalls.same_person`,
    `recalls.agency_must_lift`, `oversight.other_agency` (an agency lifts its own and those of agencies below it).
    """
    recall = _open_recall(session, actor, value.recall_id)
    if recall.lift_asked_at is None:
        raise RuleBroken("recalls.lift_not_asked")
    if actor.user_id is None or recall.lift_asked_by_id == actor.user_id:
        raise RuleBroken("recalls.same_person")
    if recall.kind is RecallKind.COMPULSORY and not actor.may(Permission.REQUEST_RECALL):
        raise RuleBroken("recalls.agency_must_lift")
    if recall.kind is RecallKind.COMPULSORY:
        oversight.must_answer_for(session, actor, recall.agency_id)
    recall.state = RecallState.LIFTED
    recall.lifted_by_id = actor.user_id
    recall.lifted_at = now()
    session.flush()
    with beyond_scope(session):
        freed = _free(session, recall)
        _judge_stamps(session, recall, freed)
        ledger.record(session, "recall.lifted", recall, *freed, freed=len(freed))
        receivers = recall_reach.measure(session, [batch.id for batch in freed]).receivers if freed else []
        _tell_everybody(session, "recall_lifted", recall, freed, receivers)
    return recall


def _judge_stamps(session: Session, recall: Recall, freed: list[Batch]) -> None:
    """Of lots that are on sale again, those stamps count again that goods destroyed meanwhile have left behind."""
    statement = select(RecallHandling.batch_id).where(
        RecallHandling.recall_id == recall.id,
        col(RecallHandling.event_id).is_not(None),
        col(RecallHandling.withdrawn_at).is_(None),
    )
    fewer = set(session.exec(statement).all())
    for batch in freed:
        if batch.id in fewer:
            rules.judge(session, batch, "lift")


def _open_recall(session: Session, actor: Actor, recall_id: str) -> Recall:
    """A recall that the actor may lift, locked. Raises `NotFound` outside the scope, `RuleBroken` otherwise."""
    actor.must(Permission.REQUEST_RECALL, Permission.RECALL_OWN_BATCHES)
    recall = records.lock(session, Recall, recall_id)
    if recall.state is not RecallState.OPEN:
        raise RuleBroken("recalls.not_open", number=recall.number)
    return recall


def _free(session: Session, recall: Recall) -> list[Batch]:
    """Brings back what only this recall held: a batch on hold to its hold, others to their state before."""
    ids = session.exec(select(RecalledBatch.batch_id).where(RecalledBatch.recall_id == recall.id)).all()
    freed = []
    for portion in portions(sorted(ids)):
        statement = (
            select(Batch)
            .where(col(Batch.id).in_(portion))
            .order_by(col(Batch.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        batches = session.exec(statement).all()
        others = (
            select(RecalledBatch.batch_id)
            .join(Recall, col(Recall.id) == RecalledBatch.recall_id)
            .where(col(Recall.state).in_(STANDING), col(RecalledBatch.batch_id).in_(portion))
        )
        still = set(session.exec(others).all())
        held = suspensions.held(session, SuspendedKind.BATCH, portion)
        for batch in batches:
            if batch.id in still or batch.state is not BatchState.RECALLED:
                continue
            if batch.id in held:
                batch.state = BatchState.HELD
            else:
                batch.state, batch.state_before = batch.state_before or BatchState.OPEN, None
            batch.page_version += 1
            freed.append(batch)
    session.flush()
    return freed
