"""`Idempotency-Key`: a request that a program repeats is done once and answered the same each time.

A key belongs to its account. It is claimed in a short transaction of its own, so that a second request at the same
moment is told so; the answer is written in the transaction of the act itself, so that either both are there or neither.
A claim whose program or server died is taken over after a while.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from traceability.domain.clock import now
from traceability.domain.records import Instant, Json

LONGEST_KEY = 100
KEPT = timedelta(days=30)
#: No act takes so long: what has no answer by then died.
LEASE = timedelta(seconds=30)


class RepeatedRequest(SQLModel, table=True):
    """A key, what was asked under it, and what was answered (None: it is being done)."""

    __tablename__ = "repeated_request"

    account_id: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=LONGEST_KEY)
    asked: str = Field(max_length=64)
    claim: str = Field(max_length=32)
    at: datetime = Field(default_factory=now, sa_type=Instant, index=True)
    status: int | None = None
    answer: dict[str, Any] | None = Field(default=None, sa_type=Json)


@dataclass(frozen=True)
class Claimed:
    """The request may be done, under this claim."""

    claim: str


@dataclass(frozen=True)
class Answered:
    """The request was done before; this was the answer."""

    status: int
    answer: dict[str, Any]


class OtherRequest(Exception):
    """The key was used for another request (422)."""


class AtWork(Exception):
    """The same request is being done just now (409)."""


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def claim(session: Session, account_id: str, key: str, asked: str) -> Claimed | Answered:
    """Claims a key, in a transaction of its own. Raises `OtherRequest`, `AtWork`.

    Two claims at once: the schema lets one in, the other gets an `IntegrityError` at its flush and is `AtWork`.
    """
    statement = (
        sa.select(RepeatedRequest)
        .where(RepeatedRequest.account_id == account_id, RepeatedRequest.key == key)  # type: ignore[arg-type]
        .with_for_update()
    )
    row = session.execute(statement).scalar_one_or_none()
    fresh = secrets.token_hex(16)
    if row is None:
        session.add(RepeatedRequest(account_id=account_id, key=key, asked=asked, claim=fresh))
        session.flush()
        return Claimed(fresh)
    if row.asked != asked:
        raise OtherRequest
    if row.status is not None:
        return Answered(row.status, row.answer or {})
    if now() - row.at < LEASE:
        raise AtWork
    row.claim, row.at = fresh, now()
    session.flush()
    return Claimed(fresh)


def answer(
    session: Session, account_id: str, key: str, claim: str, status: int, said: dict[str, Any]
) -> None:
    """Writes the answer, in the transaction of the act. Raises `AtWork` if the claim was taken over meanwhile."""
    table = SQLModel.metadata.tables["repeated_request"]
    mine = (table.c.account_id == account_id, table.c.key == key, table.c.claim == claim)
    done = session.connection().execute(sa.update(table).where(*mine).values(status=status, answer=said))
    if done.rowcount != 1:
        raise AtWork


def let_go(session: Session, account_id: str, key: str, claim: str) -> None:
    """Gives a claim back: the request was refused and nothing was done, so it may be sent again, corrected or not."""
    table = SQLModel.metadata.tables["repeated_request"]
    mine = (table.c.account_id == account_id, table.c.key == key, table.c.claim == claim)
    session.connection().execute(sa.delete(table).where(*mine, table.c.status.is_(None)))


def forget(session: Session) -> None:
    """Drops what nobody repeats any more."""
    table = SQLModel.metadata.tables["repeated_request"]
    session.connection().execute(sa.delete(table).where(table.c.at < now() - KEPT))
