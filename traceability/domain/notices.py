"""The notice (thông báo): what a producer or an agency should know, in its inbox.

A notice holds a code and facts, never a sentence: it is worded in the reader's language when it is read.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain.actors import Actor
from traceability.domain.clock import now
from traceability.domain.ledger import plain
from traceability.domain.records import Instant, Json, Record


class Notice(SQLModel, table=True):
    """One notice for one inbox (a producer's or an agency's)."""

    id: int | None = Field(default=None, primary_key=True)
    producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=16)
    code: str = Field(max_length=60)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: what it is about: the name of a table and the id of a row, for the link
    subject_table: str = Field(default="", max_length=40)
    subject_id: str = Field(default="", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)
    read_at: datetime | None = Field(default=None, sa_type=Instant)
    #: when it went out by mail too
    mailed_at: datetime | None = Field(default=None, sa_type=Instant)


def post(
    session: Session,
    code: str,
    *,
    producer_id: str | None = None,
    agency_id: str | None = None,
    subject: Record | None = None,
    **facts: Any,
) -> None:
    """Puts a notice into an inbox. `facts` are plain values for the sentence `notice.<code>`."""
    session.add(
        Notice(
            producer_id=producer_id,
            agency_id=agency_id,
            code=code,
            facts={key: plain(value) for key, value in facts.items()},
            subject_table=str(type(subject).__tablename__) if subject is not None else "",
            subject_id=subject.id if subject is not None else "",
        )
    )


def _mine(actor: Actor) -> Any:
    if actor.producer_id is not None:
        return col(Notice.producer_id) == actor.producer_id
    return col(Notice.agency_id) == (actor.agency_id or "")


def unread(session: Session, actor: Actor) -> int:
    """How many notices wait in the actor's inbox."""
    statement = select(func.count()).select_from(Notice).where(_mine(actor), col(Notice.read_at).is_(None))
    return session.exec(statement).one()


def inbox(session: Session, actor: Actor, limit: int = 100) -> list[Notice]:
    """The newest notices of the actor's inbox."""
    statement = select(Notice).where(_mine(actor)).order_by(col(Notice.at).desc()).limit(limit)
    return list(session.exec(statement).all())


def mark_read(session: Session, actor: Actor) -> None:
    """All notices of the actor's inbox count as read."""
    for notice in inbox(session, actor, limit=1000):
        if notice.read_at is None:
            notice.read_at = now()
