"""Photographs of what was done: a spraying in the diary, a packing in the history of a batch.

A picture is kept as pixels only and never public: people and homes may be on it. Its producer and the overseers see it,
with the day on which it was sent, which is a fact of its own: a picture may come later than what it shows.

A wrong picture is withdrawn with a reason: its producer sees the reason in its place, overseers the picture as well.
The file goes by an erasure alone (`erasures`), since it may be evidence against who withdraws it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.diary import DiaryEntry
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, signature
from traceability.domain.ownership import ProducerOwned
from traceability.domain.pictures import StoredPicture
from traceability.domain.records import Instant, Record
from traceability.domain.text import Line

#: So many pictures belong to one entry at most.
MOST: Final = 6
#: So many may be withdrawn from one entry: files stay, and a disk is not to be filled by sending and withdrawing.
MOST_WITHDRAWN: Final = 12


class EvidencePhoto(Record, ProducerOwned, table=True):
    """A picture of what an entry of the diary, or an event, says. The file lies where no public page looks."""

    ERASABLE: ClassVar[bool] = True
    __tablename__ = "evidence_photo"
    __table_args__ = (
        sa.CheckConstraint("(diary_entry_id IS NULL) <> (event_id IS NULL)", name="one_subject"),
        sa.UniqueConstraint("diary_entry_id", "sha256"),
        sa.UniqueConstraint("event_id", "sha256"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset()

    diary_entry_id: str | None = Field(default=None, foreign_key="diary_entry.id", max_length=16)
    event_id: str | None = Field(default=None, foreign_key="event.id", max_length=16)
    #: None: the picture was erased
    sha256: str | None = Field(default=None, max_length=64)
    width: int
    height: int
    size: int
    note: str = Field(default="", max_length=200)
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    withdrawn_reason: str = Field(default="", max_length=200)


class PhotoInput(BaseModel):
    """What a person says of a picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Line | None = None


class WithdrawalInput(BaseModel):
    """Why a picture does not belong where it was put."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[Line, StringConstraints(min_length=5)]


def add(
    session: Session, actor: Actor, subject: DiaryEntry | Event, stored: StoredPicture, value: PhotoInput
) -> EvidencePhoto:
    """Puts a stored picture to an entry or an event. The same picture again is the same row.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `evidence_photos.enough`, `.withdrawn_before`.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, type(subject), subject.id)  # two at once count each other
    _must_be_own(actor, row)
    column = _column(row)
    mine = select(EvidencePhoto).where(col(getattr(EvidencePhoto, column)) == row.id, _stands())
    known = session.exec(mine.where(EvidencePhoto.sha256 == stored.sha256)).first()
    if known is not None and known.withdrawn_at is not None:
        raise RuleBroken("evidence_photos.withdrawn_before", "photo")
    if known is not None:
        return known
    standing = mine.where(col(EvidencePhoto.withdrawn_at).is_(None))
    count = session.exec(select(func.count()).select_from(standing.subquery())).one()
    if count >= MOST:
        raise RuleBroken("evidence_photos.enough", "photo", limit=MOST)
    photo = EvidencePhoto(
        producer_id=row.producer_id,
        sha256=stored.sha256,
        width=stored.width,
        height=stored.height,
        size=stored.size,
        note=value.note or "",
        diary_entry_id=row.id if column == "diary_entry_id" else None,
        event_id=row.id if column == "event_id" else None,
        **signature(actor),
    )
    session.add(photo)
    session.flush()
    ledger.record(session, "evidence_photo.added", photo)
    return photo


def withdraw(session: Session, actor: Actor, photo_id: str, value: WithdrawalInput) -> EvidencePhoto:
    """Takes a picture back. It is shown no more; that it was there, when it went and why, is.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `evidence_photos.withdrawn`, `.enough_withdrawn`.
    """
    actor.must(Permission.RECORD_EVENTS)
    photo = records.lock(session, EvidencePhoto, photo_id)
    _must_be_own(actor, photo)
    if photo.withdrawn_at is not None or photo.sha256 is None:
        raise RuleBroken("evidence_photos.withdrawn")
    column = "diary_entry_id" if photo.diary_entry_id else "event_id"
    here = col(getattr(EvidencePhoto, column)) == getattr(photo, column)
    gone = select(func.count()).where(here, _stands(), col(EvidencePhoto.withdrawn_at).is_not(None))
    if session.exec(gone).one() >= MOST_WITHDRAWN:
        raise RuleBroken("evidence_photos.enough_withdrawn", limit=MOST_WITHDRAWN)
    photo.withdrawn_at, photo.withdrawn_by_id, photo.withdrawn_reason = now(), actor.user_id, value.reason
    ledger.record(session, "evidence_photo.withdrawn", photo)
    return photo


def of_subjects(session: Session, subjects: Iterable[DiaryEntry | Event]) -> dict[str, list[EvidencePhoto]]:
    """The pictures of some entries or events by their ids, the oldest first, withdrawn ones too."""
    rows = list(subjects)
    if not rows:
        return {}
    column = _column(rows[0])
    here = col(getattr(EvidencePhoto, column)).in_([row.id for row in rows])
    statement = select(EvidencePhoto).where(here, _stands())
    found: dict[str, list[EvidencePhoto]] = {}
    for photo in session.exec(statement.order_by(col(EvidencePhoto.created_at), EvidencePhoto.id)).all():
        found.setdefault(getattr(photo, column), []).append(photo)
    return found


def of_events(event_ids: Iterable[str]) -> Any:
    """The question for the pictures of some events that nobody withdrew, the oldest first."""
    here = col(EvidencePhoto.event_id).in_(list(event_ids))
    statement = select(EvidencePhoto).where(here, _stands(), col(EvidencePhoto.withdrawn_at).is_(None))
    return statement.order_by(col(EvidencePhoto.created_at), col(EvidencePhoto.id))


def _stands() -> sa.ColumnElement[bool]:
    """A picture that was erased is no picture any more."""
    return col(EvidencePhoto.sha256).is_not(None)


def _must_be_own(actor: Actor, row: DiaryEntry | Event | EvidencePhoto) -> None:
    if actor.producer_id is not None and row.producer_id != actor.producer_id:
        raise RuleBroken("access.not_permitted")


def _column(row: DiaryEntry | Event) -> str:
    return "diary_entry_id" if isinstance(row, DiaryEntry) else "event_id"
