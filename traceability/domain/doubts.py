"""The report of a doubt (phản ánh): a shopper thinks that something is wrong with a stamp or with the goods.

No account is needed and nothing about the visitor has to be told. The visitor keeps a ticket, under which the outcome
can be read; what was written and how to reach the visitor is for the overseers only.
"""

import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, notices, oversight, records, scans
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import ChosenProvince
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.stamp_codes import ALPHABET
from traceability.domain.text import Block, Line, ShortLine

#: So many reports of one stamp within a day are taken; more say nothing new.
MOST_A_DAY = 10


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

    ERASABLE: ClassVar[bool] = True
    WRITABLE_BY_VISITORS: ClassVar[bool] = True
    #: not the ticket: whoever knows it may read the outcome
    OPEN: ClassVar[frozenset[str]] = frozenset({"kind", "state"})
    LATER: ClassVar[dict[str, Any]] = {"province_code": None, "photo": None}

    ticket: str = Field(max_length=16, unique=True)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    epoch_number: int
    serial: int = Field(sa_type=sa.BigInteger)
    kind: DoubtKind = Field(sa_type=choice(DoubtKind))
    text: str = Field(default="", max_length=2000)
    place: str = Field(default="", max_length=200)
    #: where it was seen, as far as the visitor chose to say
    province_code: str | None = Field(default=None, max_length=2)
    contact: str = Field(default="", max_length=120)
    #: the digest of a picture, encoded anew; only overseers see it
    photo: str | None = Field(default=None, max_length=64)
    state: DoubtState = Field(default=DoubtState.OPEN, sa_type=choice(DoubtState), index=True)
    outcome: str = Field(default="", max_length=1000)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)


class DoubtInput(BaseModel):
    """What a visitor may say. Only the kind is needed: one tap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: DoubtKind
    text: Annotated[Block, pydantic.Field(max_length=2000)] = ""
    place: Line | None = None
    province_code: ChosenProvince | None = None
    contact: ShortLine | None = None


class AnswerInput(BaseModel):
    """What an overseer says of a report. The outcome is public under the ticket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    doubt_id: RecordId
    outcome: Annotated[Block, pydantic.Field(min_length=1, max_length=1000)]


def report(
    session: Session,
    actor: Actor,
    value: DoubtInput,
    *,
    epoch: int,
    serial: int,
    today: date,
    photo: str | None = None,
) -> Doubt:
    """A visitor reports a doubt about the stamp (epoch, serial). `photo`: the digest of a stored picture.

    Raises `NotFound` for a stamp that is not on record, and `RuleBroken` ("doubts.enough") when many have reported the
    same stamp today.
    """
    found = scans.resolve(session, epoch, serial, today)
    if found is None:
        raise NotFound("stamp")
    same_stamp = (Doubt.epoch_number == epoch, Doubt.serial == serial)
    lately = select(func.count()).where(*same_stamp, col(Doubt.created_at) > now() - timedelta(days=1))
    if session.exec(lately).one() >= MOST_A_DAY:
        raise RuleBroken("doubts.enough")
    batch = records.find(session, Batch, found.batch_id)
    doubt = Doubt(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        ticket=new_ticket(),
        epoch_number=epoch,
        serial=serial,
        kind=value.kind,
        text=value.text,
        place=value.place or "",
        province_code=value.province_code,
        contact=value.contact or "",
        photo=photo,
    )
    session.add(doubt)
    session.flush()
    ledger.record(session, "doubt.reported", doubt)
    notices.post(session, "doubt_reported", producer_id=batch.producer_id, subject=doubt, lot=batch.lot)
    for agency in oversight.agencies_over(session, batch.producer_id, Permission.OPEN_CASE):
        notices.post(session, "doubt_reported", agency_id=agency.id, subject=doubt, lot=batch.lot)
    return doubt


def look_at(session: Session, actor: Actor, doubt_id: str) -> Doubt:
    """An overseer takes a report up. Raises `RuleBroken`: `access.not_permitted`, `doubts.answered`."""
    actor.must(*OVERSEERS)
    doubt = _unanswered(session, doubt_id)
    doubt.state = DoubtState.LOOKED_AT
    ledger.record(session, "doubt.looked_at", doubt)
    return doubt


def answer(session: Session, actor: Actor, value: AnswerInput) -> Doubt:
    """An overseer says what came of a report; everybody who has the ticket can read it.

    Raises `RuleBroken`: `access.not_permitted`, `doubts.answered`.
    """
    actor.must(*OVERSEERS)
    doubt = _unanswered(session, value.doubt_id)
    doubt.state = DoubtState.ANSWERED
    doubt.outcome = value.outcome
    doubt.answered_at = now()
    doubt.answered_by_id = actor.user_id
    ledger.record(session, "doubt.answered", doubt)
    return doubt


#: Who may take reports up and answer them, each within its scope.
OVERSEERS = (Permission.OPEN_CASE, Permission.INSPECT, Permission.SCAN_VERIFY, Permission.ADMINISTER)


def by_ticket(session: Session, ticket: str) -> Doubt:
    """The report with this ticket, however its letters were typed. Raises `NotFound`."""
    statement = select(Doubt).where(Doubt.ticket == ticket_of(ticket))
    doubt = session.exec(statement).one_or_none()
    if doubt is None:
        raise NotFound("Doubt")
    return doubt


def listed(session: Session, state: DoubtState | None = None, limit: int = 200) -> list[Doubt]:
    """The reports within the scope, the newest first."""
    statement = select(Doubt).order_by(col(Doubt.created_at).desc()).limit(limit)
    if state is not None:
        statement = statement.where(Doubt.state == state)
    return list(session.exec(statement).all())


def of_batch(session: Session, batch_id: str) -> list[Doubt]:
    """The reports about stamps of a batch, the newest first."""
    statement = select(Doubt).where(Doubt.batch_id == batch_id).order_by(col(Doubt.created_at).desc())
    return list(session.exec(statement).all())


def _unanswered(session: Session, doubt_id: str) -> Doubt:
    doubt = records.lock(session, Doubt, doubt_id)
    if doubt.state is DoubtState.ANSWERED:
        raise RuleBroken("doubts.answered")
    return doubt


def new_ticket() -> str:
    """A number for a visitor to keep: nobody guesses another one's."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"PA-{letters[:5]}-{letters[5:]}"


def ticket_of(typed: str) -> str:
    """A ticket as it is kept, however its letters were typed."""
    key = "".join(typed.upper().replace("-", " ").split()).removeprefix("PA")
    return f"PA-{key[:5]}-{key[5:15]}"
