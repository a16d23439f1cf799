"""The suspension (tạm dừng): an agency stops a code, a batch, a stamp range, an area or a producer, and says why.

The subject's own row carries its state, so that rules and scans need no second look; the suspension says who, why and
when, and when it was lifted. The producer is told at once, the public at the next scan.
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import area_grants, descent, ledger, notices, oversight, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned, beyond_scope
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.quantities import Day
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.domain.text import Block


class SuspendedKind(StrEnum):
    """What is suspended."""

    PRODUCER = "producer"
    AREA = "area"
    AREA_CODE = "area_code"
    PRODUCT = "product"
    BATCH = "batch"
    STAMP_RANGE = "stamp_range"


class Suspension(Record, ProducerOwned, table=True):
    """One suspension, open until lifted."""

    __table_args__ = (sa.Index("ix_suspension_subject", "subject_kind", "subject_id"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"subject_kind", "subject_id", "at", "lifted_at"})
    LATER: ClassVar[dict[str, Any]] = {"from_on": None}

    subject_kind: SuspendedKind = Field(sa_type=choice(SuspendedKind))
    subject_id: str = Field(max_length=16)
    reason: str = Field(max_length=1000)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)
    #: from which day the decision holds, where it names one; else that of `at`
    from_on: date | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    lifted_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lift_reason: str = Field(default="", max_length=1000)


#: A reason of 5 to 1000 characters: whoever is stopped has a right to know why.
Reason = Annotated[Block, Field(min_length=5, max_length=1000)]


class ReasonInput(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


class SuspensionInput(ReasonInput):
    """What is suspended or let go again, and why."""

    subject_kind: SuspendedKind
    subject_id: RecordId
    #: a decision may name an earlier day from which it holds
    from_on: Day | None = None


class LiftInput(SuspensionInput):
    """What is let go again, and why."""


#: Which permission stops what.
SUSPENDERS: dict[SuspendedKind, tuple[Permission, ...]] = {
    SuspendedKind.PRODUCER: (Permission.APPROVE_FACILITY,),
    SuspendedKind.AREA: (Permission.SUSPEND_AREA,),
    SuspendedKind.AREA_CODE: (Permission.SUSPEND_AREA,),
    SuspendedKind.PRODUCT: (Permission.APPROVE_FACILITY,),
    SuspendedKind.BATCH: (Permission.INSPECT,),
    SuspendedKind.STAMP_RANGE: (Permission.VOID_STAMPS, Permission.INSPECT),
}
TABLES: dict[SuspendedKind, type[Record]] = {
    SuspendedKind.PRODUCER: Producer,
    SuspendedKind.AREA: GrowingArea,
    SuspendedKind.AREA_CODE: AreaCode,
    SuspendedKind.PRODUCT: Product,
    SuspendedKind.BATCH: Batch,
    SuspendedKind.STAMP_RANGE: StampRange,
}
#: The states that a suspension can stop. A recalled batch is stopped already; an order has no codes before it is ready.
_STOPPABLE: dict[SuspendedKind, frozenset[StrEnum]] = {
    SuspendedKind.PRODUCER: frozenset({ProducerState.APPROVED}),
    SuspendedKind.AREA: frozenset({AreaState.APPROVED}),
    SuspendedKind.AREA_CODE: frozenset({CodeState.GRANTED}),
    SuspendedKind.PRODUCT: frozenset({ProductState.APPROVED}),
    SuspendedKind.BATCH: frozenset({BatchState.OPEN, BatchState.RELEASED, BatchState.CLOSED}),
    SuspendedKind.STAMP_RANGE: frozenset(
        {RangeState.READY, RangeState.DOWNLOADED, RangeState.PRINTED, RangeState.ACTIVE, RangeState.CLOSED}
    ),
}
_STOPPED = frozenset({"suspended", BatchState.HELD.value})
#: What else has to happen when something was stopped or let go.
_watchers: list[Callable[[Session, Suspension, Any], None]] = []


def attend(watcher: Callable[[Session, Suspension, Any], None]) -> None:
    """Names what looks at each suspension that was placed or lifted, with its subject, in the same transaction."""
    _watchers.append(watcher)


def suspend(session: Session, actor: Actor, value: SuspensionInput) -> Suspension:
    """Stops something, says why and tells its producer.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `suspensions.already`, `suspensions.not_in_use`,
    `suspensions.recalled`, `suspensions.from_in_future`.
    """
    actor.must(*SUSPENDERS[value.subject_kind])
    subject = _lock(session, value.subject_kind, value.subject_id)
    if value.from_on is not None and value.from_on > today():
        raise RuleBroken("suspensions.from_in_future", "from_on", today=today())
    suspension = place(session, actor, value.subject_kind, subject, value.reason, value.from_on)
    name = name_of(session, value.subject_kind, subject)
    tell(session, "suspended", suspension, subject, name=name, reason=value.reason)
    return suspension


def lift(session: Session, actor: Actor, value: SuspensionInput) -> Suspension:
    """Lets something go again: it comes back to the state before. The producer is told.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `suspensions.not_suspended`,
    `oversight.other_agency`.
    """
    actor.must(*SUSPENDERS[value.subject_kind])
    subject = _lock(session, value.subject_kind, value.subject_id)
    suspension = release(session, actor, value.subject_kind, subject, value.reason)
    name = name_of(session, value.subject_kind, subject)
    tell(session, "lifted", suspension, subject, name=name, reason=value.reason)
    return suspension


def place(
    session: Session,
    actor: Actor,
    kind: SuspendedKind,
    subject: Any,
    reason: str,
    from_on: date | None = None,
) -> Suspension:
    """Stops a locked row and writes the suspension down; telling the producer is the caller's. Raises as `suspend`."""
    if subject.state.value in _STOPPED:
        raise RuleBroken("suspensions.already")
    if subject.state not in _STOPPABLE[kind]:
        recalled = subject.state is BatchState.RECALLED
        raise RuleBroken("suspensions.recalled" if recalled else "suspensions.not_in_use")
    suspension = Suspension(
        producer_id=owner_of(subject),
        subject_kind=kind,
        subject_id=subject.id,
        reason=reason,
        agency_id=actor.agency_id,
        by_id=actor.user_id,
        from_on=from_on,
    )
    if isinstance(subject, AreaCode):
        area_grants.set_code_state(
            session, actor, subject, CodeState.SUSPENDED, from_on=from_on, reason=reason
        )
    elif isinstance(subject, Batch):
        subject.state_before, subject.state = subject.state, BatchState.HELD
    elif isinstance(subject, StampRange):
        subject.state_before, subject.state = subject.state, RangeState.SUSPENDED
    else:
        subject.state = type(subject.state)("suspended")
    session.add(suspension)
    session.flush()
    ledger.record(session, "suspension.placed", subject, suspension, tenant=owner_of(subject), of=kind)
    _renew_pages(session, kind, subject)
    for watcher in _watchers:
        watcher(session, suspension, subject)
    return suspension


def release(session: Session, actor: Actor, kind: SuspendedKind, subject: Any, reason: str) -> Suspension:
    """Ends the open suspension of a locked row; telling the producer is the caller's. Raises as `lift`.

    A batch that was recalled in the meantime stays recalled; when the recall is lifted it is no longer on hold.
    """
    suspension = open_of(session, kind, subject.id)
    if suspension is None:
        raise RuleBroken("suspensions.not_suspended")
    oversight.must_answer_for(session, actor, suspension.agency_id)
    suspension = records.lock(session, Suspension, suspension.id)
    suspension.lifted_at = now()
    suspension.lifted_by_id = actor.user_id
    suspension.lift_reason = reason
    if isinstance(subject, AreaCode):
        area_grants.set_code_state(session, actor, subject, CodeState.GRANTED, reason=reason)
    elif isinstance(subject, Batch | StampRange):
        if subject.state.value in _STOPPED:
            subject.state, subject.state_before = subject.state_before, None  # type: ignore[assignment]
    else:
        subject.state = type(subject.state)("approved")
    session.flush()
    ledger.record(session, "suspension.lifted", subject, suspension, tenant=owner_of(subject), of=kind)
    _renew_pages(session, kind, subject)
    for watcher in _watchers:
        watcher(session, suspension, subject)
    return suspension


def end_with(session: Session, kind: SuspendedKind, subject_ids: list[str]) -> list[Suspension]:
    """Ends the suspensions of subjects that are done with for ever; the caller's fact must name them."""
    statement = select(Suspension).where(
        Suspension.subject_kind == kind,
        col(Suspension.subject_id).in_(subject_ids),
        col(Suspension.lifted_at).is_(None),
    )
    over = list(session.exec(statement).all())
    for suspension in over:
        suspension.lifted_at = now()
    return over


def tell(session: Session, what: str, suspension: Suspension, subject: Record, **facts: Any) -> None:
    """The notice to the producer: `suspended_batch`, `lifted_area_code` ..."""
    code = f"{what}_{suspension.subject_kind.value}"
    notices.post(session, code, producer_id=suspension.producer_id, subject=subject, **facts)


def _renew_pages(session: Session, kind: SuspendedKind, subject: Any) -> None:
    """The public pages that name the subject change at the next scan, those of what was made of its batches too."""
    if kind is SuspendedKind.STAMP_RANGE:
        return  # a stamp's own state is never kept
    named: dict[SuspendedKind, Any] = {
        SuspendedKind.PRODUCER: Batch.producer_id == subject.id,
        SuspendedKind.AREA: Batch.area_id == subject.id,
        SuspendedKind.AREA_CODE: Batch.area_id == getattr(subject, "area_id", None),
        SuspendedKind.PRODUCT: Batch.product_id == subject.id,
        SuspendedKind.BATCH: Batch.id == subject.id,
    }
    with beyond_scope(session):
        for batch_ids in _locked_reach(session, named[kind]):
            session.execute(
                sa.update(Batch)
                .where(col(Batch.id).in_(batch_ids))
                .values(page_version=col(Batch.page_version) + 1)
            )


def _lock(session: Session, kind: SuspendedKind, subject_id: str) -> Any:
    """The subject, locked. A batch is locked with all that was made of it, in the order in which a recall does."""
    if kind is SuspendedKind.BATCH:
        records.find(session, Batch, subject_id)
        with beyond_scope(session):
            _locked_reach(session, Batch.id == subject_id)
    return records.lock(session, TABLES[kind], subject_id)


def _locked_reach(session: Session, roots: Any) -> list[list[str]]:
    """The ids of some batches and of all that was made of them, locked in their order; in portions."""
    portions = _portions(descent.reached_from(session, select(Batch.id).where(roots)))
    for ids in portions:
        statement = select(Batch.id).where(col(Batch.id).in_(ids)).order_by(Batch.id)
        session.exec(statement.with_for_update(key_share=True)).all()
    return portions


def _portions(ids: list[str], size: int = 500) -> list[list[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


# --- questions -------------------------------------------------------------------------------------------------------


def owner_of(subject: Any) -> str:
    """The producer to whom a subject belongs."""
    return str(subject.id if isinstance(subject, Producer) else subject.producer_id)


def name_of(session: Session, kind: SuspendedKind, subject: Any) -> str:
    """What a subject is called: its name, code, lot or the number of the stamps' order."""
    if kind is SuspendedKind.STAMP_RANGE:
        return records.find(session, StampOrder, subject.order_id).number
    column = {SuspendedKind.AREA_CODE: "code", SuspendedKind.BATCH: "lot"}.get(kind, "name")
    return str(getattr(subject, column))


def open_of(session: Session, kind: SuspendedKind, subject_id: str) -> Suspension | None:
    """The suspension that holds a subject now."""
    statement = select(Suspension).where(
        Suspension.subject_kind == kind,
        Suspension.subject_id == subject_id,
        col(Suspension.lifted_at).is_(None),
    )
    return session.exec(statement.order_by(col(Suspension.at).desc())).first()


def held(session: Session, kind: SuspendedKind, subject_ids: list[str]) -> set[str]:
    """Those of some subjects that a suspension holds now."""
    statement = select(Suspension.subject_id).where(
        Suspension.subject_kind == kind,
        col(Suspension.subject_id).in_(subject_ids),
        col(Suspension.lifted_at).is_(None),
    )
    return set(session.exec(statement).all())


def history_of(session: Session, *subject_ids: str) -> list[Suspension]:
    """All suspensions of some subjects, the newest first."""
    statement = select(Suspension).where(col(Suspension.subject_id).in_(subject_ids))
    return list(session.exec(statement.order_by(col(Suspension.at).desc())).all())


def standing(session: Session, limit: int = 100) -> list[Suspension]:
    """What is suspended within the scope now, the newest first."""
    statement = select(Suspension).where(col(Suspension.lifted_at).is_(None))
    return list(session.exec(statement.order_by(col(Suspension.at).desc()).limit(limit)).all())
