"""A form sent twice creates one thing: each rendered form carries a token that is good once."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from traceability.domain.clock import now
from traceability.domain.records import Instant


class Submission(SQLModel, table=True):
    """A form that was accepted, and where its sender was led. Kept for a few days."""

    token: str = Field(primary_key=True, max_length=64)
    account_id: str | None = Field(default=None, max_length=16)
    location: str = Field(max_length=400)
    at: datetime = Field(default_factory=now, sa_type=Instant, index=True)


class Installation(SQLModel, table=True):
    """The one row that says what this database is: demo or production. A demo database never becomes a real one."""

    id: int = Field(default=1, primary_key=True)
    mode: str = Field(max_length=12)
    made_at: datetime = Field(default_factory=now, sa_type=Instant)


def earlier(session: Session, token: str, account_id: str | None) -> str | None:
    """Where the first sending of this form was led; None if this is the first. A token belongs to its account."""
    row = session.get(Submission, token)
    return row.location if row is not None and row.account_id == account_id else None


def accept(session: Session, token: str, account_id: str | None, location: str) -> None:
    """Marks the form as done, in the transaction of what it did."""
    session.add(Submission(token=token, account_id=account_id, location=location))
