"""A report about a stamp that is not on record: a counterfeit's code, or one that nobody can read.

Nobody on the platform owns such a stamp, so every overseer sees the report. What was typed is kept as text, exactly as
far as it can be written safely; it is never looked up again and never becomes a link.
"""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import pydantic
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, notices, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.clock import now
from traceability.domain.doubts import (
    OVERSEERS,
    AnswerInput,
    DoubtInput,
    DoubtKind,
    DoubtState,
    new_ticket,
    ticket_of,
)
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.records import Instant, Record, choice
from traceability.domain.text import ShortLine

#: So many reports of codes that are not on record are taken within a day; more are a flood.
MOST_A_DAY = 300


class StrayDoubt(Record, table=True):
    """A report about a code that is not on record. `typed`: what the visitor read on the stamp."""

    ERASABLE: ClassVar[bool] = True
    __tablename__ = "stray_doubt"
    OPEN: ClassVar[frozenset[str]] = frozenset({"kind", "state"})

    ticket: str = Field(max_length=16, unique=True)
    typed: str = Field(default="", max_length=80)
    kind: DoubtKind = Field(sa_type=choice(DoubtKind))
    text: str = Field(default="", max_length=2000)
    place: str = Field(default="", max_length=200)
    province_code: str | None = Field(default=None, max_length=2)
    contact: str = Field(default="", max_length=120)
    photo: str | None = Field(default=None, max_length=64)
    state: DoubtState = Field(default=DoubtState.OPEN, sa_type=choice(DoubtState), index=True)
    outcome: str = Field(default="", max_length=1000)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)


class StrayDoubtInput(DoubtInput):
    """What a visitor may say of a stamp that is not on record."""

    typed: Annotated[ShortLine, pydantic.Field(max_length=80)] = ""


def report(session: Session, actor: Actor, value: StrayDoubtInput, *, photo: str | None = None) -> StrayDoubt:
    """A visitor reports a stamp that is not on record. `photo`: the digest of a stored picture.

    The overseers are told once a day of the same text. Raises `RuleBroken` ("doubts.too_many") in a flood.
    """
    lately = col(StrayDoubt.created_at) > now() - timedelta(days=1)
    if session.exec(select(func.count()).select_from(StrayDoubt).where(lately)).one() >= MOST_A_DAY:
        raise RuleBroken("doubts.too_many")
    same = select(StrayDoubt.id).where(StrayDoubt.typed == value.typed, lately)
    is_new = session.exec(same).first() is None
    doubt = StrayDoubt(
        ticket=new_ticket(),
        typed=value.typed,
        kind=value.kind,
        text=value.text,
        place=value.place or "",
        province_code=value.province_code,
        contact=value.contact or "",
        photo=photo,
    )
    session.add(doubt)
    session.flush()
    ledger.record(session, "doubt.stray_reported", doubt)
    if is_new:
        for agency in _agencies(session):
            notices.post(session, "stray_doubt_reported", agency_id=agency.id, subject=doubt)
    return doubt


def look_at(session: Session, actor: Actor, doubt_id: str) -> StrayDoubt:
    """An overseer takes a report up. Raises `RuleBroken`: `access.not_permitted`, `doubts.answered`."""
    actor.must(*OVERSEERS)
    doubt = _unanswered(session, doubt_id)
    doubt.state = DoubtState.LOOKED_AT
    ledger.record(session, "doubt.looked_at", doubt)
    return doubt


def answer(session: Session, actor: Actor, value: AnswerInput) -> StrayDoubt:
    """An overseer says what came of a report. Raises `RuleBroken`: `access.not_permitted`, `doubts.answered`."""
    actor.must(*OVERSEERS)
    doubt = _unanswered(session, value.doubt_id)
    doubt.state = DoubtState.ANSWERED
    doubt.outcome = value.outcome
    doubt.answered_at = now()
    doubt.answered_by_id = actor.user_id
    ledger.record(session, "doubt.answered", doubt)
    return doubt


def by_ticket(session: Session, ticket: str) -> StrayDoubt:
    """The report with this ticket, however its letters were typed. Raises `NotFound`."""
    doubt = session.exec(select(StrayDoubt).where(StrayDoubt.ticket == ticket_of(ticket))).one_or_none()
    if doubt is None:
        raise NotFound("StrayDoubt")
    return doubt


def listed(session: Session, state: DoubtState | None = None, limit: int = 100) -> list[StrayDoubt]:
    """The reports, the newest first."""
    statement = select(StrayDoubt).order_by(col(StrayDoubt.created_at).desc()).limit(limit)
    if state is not None:
        statement = statement.where(StrayDoubt.state == state)
    return list(session.exec(statement).all())


def _unanswered(session: Session, doubt_id: str) -> StrayDoubt:
    doubt = records.lock(session, StrayDoubt, doubt_id)
    if doubt.state is DoubtState.ANSWERED:
        raise RuleBroken("doubts.answered")
    return doubt


def _agencies(session: Session) -> list[Agency]:
    statement = select(Agency).where(Agency.state == AgencyState.ACTIVE).order_by(col(Agency.code))
    return [agency for agency in session.exec(statement).all() if Permission.OPEN_CASE in agency.grants()]
