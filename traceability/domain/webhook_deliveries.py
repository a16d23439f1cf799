"""What webhooks are sent: read from the log itself, so that a fact that is committed is a fact that is sent.

Each webhook has come to a place in the log (`WebhookProgress`). From there on `gather` makes a delivery of each fact
that its owner asked for and may see; moving on and making them is one transaction, so nothing is skipped after a crash
and nothing is made twice. A delivery is tried at growing intervals until it is taken or its days are over.
"""

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import log_tree, ownership
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.ledger import LogEntry, LogLeaf
from traceability.domain.ownership import Scope
from traceability.domain.records import Instant, Json, choice, iso
from traceability.domain.stamps import StampOrder

#: The first wait after a failure, how it grows, and the longest.
_FIRST_WAIT, _GROWTH, _LONGEST_WAIT = timedelta(seconds=10), 3, timedelta(hours=6)
#: A receiver that takes a message, but takes so long over it, rests so many times as long: others have their turn.
SLOW = timedelta(seconds=2)
_RESTS = 10
#: How long a delivery is tried, and how long its log is kept.
TRIED_FOR = timedelta(days=4)
KEPT = timedelta(days=30)
#: Leaves of one transaction, and how far the place in the log may lag where nothing was to be sent.
_PORTION = 200
LAG = 1_000
_MOST_BATCHES = 500
#: A recall reaches over tenants: who has a batch in it is told.
_CROSSING = "recall."


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class WebhookProgress(SQLModel, table=True):
    """Where in the log a webhook has come to, and who is at work on it."""

    __tablename__ = "webhook_progress"

    webhook_id: str = Field(primary_key=True, foreign_key="webhook.id", max_length=16)
    next_position: int = Field(sa_type=sa.BigInteger)
    #: a process is at work on it until then
    held_until: datetime | None = Field(default=None, sa_type=Instant)
    #: refused or unanswered attempts since the last that was taken, and when the next may be made
    failures: int = 0
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)


class WebhookDelivery(SQLModel, table=True):
    """One fact for one webhook."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "position"),
        sa.Index("ix_webhook_delivery_due", "webhook_id", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: str = Field(foreign_key="webhook.id", max_length=16)
    position: int = Field(sa_type=sa.BigInteger)
    message_id: str = Field(max_length=40)
    kind: str = Field(max_length=64)
    body: dict[str, Any] = Field(sa_type=Json)
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=choice(DeliveryState))
    attempts: int = 0
    made_at: datetime = Field(default_factory=now, sa_type=Instant, index=True)
    due_at: datetime = Field(default_factory=now, sa_type=Instant)
    give_up_at: datetime = Field(sa_type=Instant)


class WebhookAttempt(SQLModel, table=True):
    """One request that was made: what came back, or why nothing did (`trouble`: a code)."""

    __tablename__ = "webhook_attempt"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="webhook_delivery.id", index=True)
    at: datetime = Field(sa_type=Instant)
    milliseconds: int
    status: int | None = None
    trouble: str = Field(default="", max_length=40)


class SendAgainInput(BaseModel):
    """Sends a delivery once more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: Annotated[int, pydantic.Field(ge=1, lt=2**31)]


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: growing, and never in step with others."""
    steps = min(failures - 1, 12)
    return min(_FIRST_WAIT * int(_GROWTH**steps), _LONGEST_WAIT) * random.uniform(0.8, 1.2)


# --- out of the log --------------------------------------------------------------------------------------------------


def newest_facts(session: Session, kinds: Iterable[str], start: int, tail: int) -> dict[str, int]:
    """The newest place in the log, from `start` on, of each kind: one question for all webhooks.

    `start` is at most `LAG` places before the log's `tail`.
    """
    if start >= tail:
        return {}
    statement = (
        select(LogLeaf.kind, sa.func.max(LogLeaf.position))
        .where(LogLeaf.position >= start, col(LogLeaf.kind).in_(tuple(kinds)))
        .group_by(col(LogLeaf.kind))
    )
    return dict(session.exec(statement).all())


def gather(session: Session, webhook_id: str, kinds: Iterable[str], scope: Scope | None) -> int:
    """Makes deliveries of the next facts of the log and moves on. Answers how many.

    The session must see everything; `scope` says what the webhook's owner may see.
    """
    progress = session.exec(
        select(WebhookProgress).where(WebhookProgress.webhook_id == webhook_id).with_for_update()
    ).one()
    tail = log_tree.size(
        session.connection()
    )  # before the leaves are read: later ones wait for the next time
    statement = (
        select(LogLeaf)
        .where(
            col(LogLeaf.position).between(progress.next_position, tail - 1),
            col(LogLeaf.kind).in_(tuple(kinds)),
        )
        .order_by(col(LogLeaf.position))
        .limit(_PORTION)
    )
    if scope is not None and scope.producer_id is not None:
        own = col(LogLeaf.tenant) == scope.producer_id
        statement = statement.where(sa.or_(own, col(LogLeaf.kind).startswith(_CROSSING)))
    leaves = list(session.exec(statement).all())
    made = 0
    for leaf in leaves:
        body = _body(session, leaf, scope) if scope is not None else None
        if body is not None:
            made += 1
            session.add(
                WebhookDelivery(
                    webhook_id=webhook_id,
                    position=leaf.position,
                    message_id=message_id(leaf),
                    kind=leaf.kind,
                    body=body,
                    give_up_at=now() + TRIED_FOR,
                )
            )
    progress.next_position = tail if len(leaves) < _PORTION else leaves[-1].position + 1
    return made


def _body(session: Session, leaf: LogLeaf, scope: Scope) -> dict[str, Any] | None:
    """What is said of a fact; None if it is none of the owner's affair."""
    is_own = ownership.covers(session, scope, leaf.tenant)
    if not is_own and not leaf.kind.startswith(_CROSSING):
        return None
    entries = session.exec(
        select(LogEntry).where(LogEntry.position == leaf.position).order_by(col(LogEntry.place)).limit(1)
    ).all()
    batches = _own_batches(session, leaf, scope)
    if not entries or (not is_own and not batches):
        return None
    return message(
        leaf,
        {
            "record": {"table": entries[0].table_name, "id": entries[0].record_id},
            "batch_ids": batches[:_MOST_BATCHES],
            "batches": len(batches),
            "said": json.loads(bytes(leaf.body))["said"],
        },
    )


def message_id(leaf: LogLeaf) -> str:
    """By which a receiver knows a message that comes twice."""
    return f"{leaf.position}-{bytes(leaf.leaf_hash).hex()[:16]}"


def message(leaf: LogLeaf, data: dict[str, Any]) -> dict[str, Any]:
    """The body of a message about a fact, with its receipt."""
    return {
        "id": leaf.position,
        "type": leaf.kind,
        "timestamp": iso(leaf.at),
        "data": data,
        "receipt": {
            "log_index": leaf.position,
            "leaf_hash": bytes(leaf.leaf_hash).hex(),
            "proof": f"/log/proof/inclusion?index={leaf.position}",
        },
    }


def _own_batches(session: Session, leaf: LogLeaf, scope: Scope) -> list[str]:
    """The batches that a fact is about, as far as the owner sees them."""
    of_leaf = select(LogEntry.record_id).where(
        LogEntry.position == leaf.position, LogEntry.table_name == "batch"
    )
    of_order = (
        select(StampOrder.batch_id)
        .join(LogEntry, col(LogEntry.record_id) == col(StampOrder.id))
        .where(LogEntry.position == leaf.position, LogEntry.table_name == "stamp_order")
    )
    chosen = select(Batch.id, Batch.producer_id).where(
        sa.or_(col(Batch.id).in_(of_leaf), col(Batch.id).in_(of_order))
    )
    found = session.exec(chosen.order_by(col(Batch.id))).all()
    return [batch_id for batch_id, owner in found if ownership.covers(session, scope, owner)]


# --- who is at work, and what is due ---------------------------------------------------------------------------------


def claim(session: Session, webhook_id: str, lease: timedelta) -> datetime | None:
    """Takes a webhook for this process alone, until the answer; None if another is at work on it."""
    until = now() + lease
    table = SQLModel.metadata.tables["webhook_progress"]
    free = sa.or_(table.c.held_until.is_(None), table.c.held_until < now())
    done = session.connection().execute(
        sa.update(table).where(table.c.webhook_id == webhook_id, free).values(held_until=until)
    )
    return until if done.rowcount == 1 else None


def let_go(session: Session, webhook_id: str, until: datetime) -> None:
    """Gives a claim back, unless it ran out and another has it."""
    table = SQLModel.metadata.tables["webhook_progress"]
    mine = (table.c.webhook_id == webhook_id, table.c.held_until == until)
    session.connection().execute(sa.update(table).where(*mine).values(held_until=None))


def _is_due() -> tuple[Any, Any]:
    return WebhookDelivery.state == DeliveryState.WAITING, col(WebhookDelivery.due_at) <= now()


def has_due() -> Any:
    """SQL: whether something is to be sent now to the webhook of a row of `WebhookProgress`."""
    rested = sa.or_(col(WebhookProgress.not_before).is_(None), col(WebhookProgress.not_before) <= now())
    waiting = (
        select(WebhookDelivery.id)
        .where(col(WebhookDelivery.webhook_id) == col(WebhookProgress.webhook_id), *_is_due())
        .correlate(WebhookProgress)
        .exists()
    )
    return sa.and_(rested, waiting)


def due(session: Session, webhook_id: str, most: int) -> list[WebhookDelivery]:
    """What is to be sent now, the oldest first."""
    progress = session.get(WebhookProgress, webhook_id)
    if progress is None or (progress.not_before is not None and progress.not_before > now()):
        return []
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook_id, *_is_due())
        .order_by(col(WebhookDelivery.position))
        .limit(most)
    )
    return list(session.exec(statement).all())


def note(
    session: Session, delivery_id: int, attempt: WebhookAttempt, *, taken: bool, gone: bool
) -> tuple[DeliveryState, bool]:
    """Writes down how an attempt went. Answers the delivery's state, and whether its webhook seems to be dead.

    `gone`: the receiver said that it wants nothing more (410). A webhook seems dead when a delivery has had all its
    days and nothing was taken since it was made.
    """
    delivery = session.get_one(WebhookDelivery, delivery_id, with_for_update=True)
    progress = session.get_one(WebhookProgress, delivery.webhook_id, with_for_update=True)
    session.add(attempt)
    delivery.attempts += 1
    if taken:
        delivery.state = DeliveryState.DELIVERED
        spent = timedelta(milliseconds=attempt.milliseconds)
        rest = now() + _RESTS * spent if spent > SLOW else None
        progress.failures, progress.not_before, progress.delivered_at = 0, rest, attempt.at
        return delivery.state, False
    moment = now()
    progress.failures += 1
    progress.not_before = moment + wait_after(progress.failures)
    delivery.due_at = moment + wait_after(delivery.attempts)
    if gone:
        return delivery.state, True
    if moment >= delivery.give_up_at:
        delivery.state = DeliveryState.GIVEN_UP
        silent = progress.delivered_at is None or progress.delivered_at < delivery.made_at
        return delivery.state, silent
    return delivery.state, False


def send_again(session: Session, delivery: WebhookDelivery) -> None:
    """The delivery is due at once and has all its days anew."""
    _wait_again(session, WebhookDelivery.id == delivery.id)
    _forget_failures(session, delivery.webhook_id)


def try_everything_again(session: Session, webhook_id: str) -> None:
    """Everything that was not taken is due at once and has all its days anew."""
    _wait_again(
        session,
        WebhookDelivery.webhook_id == webhook_id,
        WebhookDelivery.state != DeliveryState.DELIVERED,
    )
    _forget_failures(session, webhook_id)


def _wait_again(session: Session, *which: Any) -> None:
    fresh = {"state": DeliveryState.WAITING, "due_at": now(), "give_up_at": now() + TRIED_FOR, "attempts": 0}
    session.execute(sa.update(WebhookDelivery).where(*which).values(fresh))


def _forget_failures(session: Session, webhook_id: str) -> None:
    fresh = {"failures": 0, "not_before": None}
    session.execute(
        sa.update(WebhookProgress).where(col(WebhookProgress.webhook_id) == webhook_id).values(fresh)
    )


# --- the log of deliveries -------------------------------------------------------------------------------------------


def newest(session: Session, webhook_id: str, before: int | None, most: int) -> list[WebhookDelivery]:
    """The newest deliveries of a webhook, or those before a place in the log."""
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if before is not None:
        statement = statement.where(WebhookDelivery.position < before)
    return list(session.exec(statement.order_by(col(WebhookDelivery.position).desc()).limit(most)).all())


def attempts_of(session: Session, deliveries: Iterable[WebhookDelivery]) -> dict[int, list[WebhookAttempt]]:
    """The attempts of deliveries, the newest first."""
    found: dict[int, list[WebhookAttempt]] = {one.id: [] for one in deliveries if one.id is not None}
    statement = select(WebhookAttempt).where(col(WebhookAttempt.delivery_id).in_(found))
    for attempt in session.exec(statement.order_by(col(WebhookAttempt.id).desc())).all():
        found[attempt.delivery_id].append(attempt)
    return found


def forget(session: Session) -> None:
    """Drops what was settled long ago, and what waits for webhooks that have ended."""
    webhook = SQLModel.metadata.tables["webhook"]
    ended = sa.select(webhook.c.id).where(webhook.c.ended_at.is_not(None))
    settled = sa.or_(
        col(WebhookDelivery.state) != DeliveryState.WAITING, col(WebhookDelivery.webhook_id).in_(ended)
    )
    old = sa.and_(col(WebhookDelivery.made_at) < now() - KEPT, settled)
    gone = select(WebhookDelivery.id).where(old)
    session.execute(sa.delete(WebhookAttempt).where(col(WebhookAttempt.delivery_id).in_(gone)))
    session.execute(sa.delete(WebhookDelivery).where(old))
