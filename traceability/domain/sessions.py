"""What lets somebody in: the server-side session behind a cookie, and the one-time link that sets a password.

Both are known by a random token of which only the hash is stored: a stolen copy of the database lets nobody in. A
session is not bound to an address, since phones change theirs; it can be ended from anywhere.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain.clock import now
from traceability.domain.records import Instant, choice

#: A producer's phone stays signed in for a season of work; an office's computer is shared.
IDLE_OF_PRODUCERS, LIFE_OF_PRODUCERS = timedelta(days=30), timedelta(days=90)
IDLE_OF_OFFICES, LIFE_OF_OFFICES = timedelta(hours=12), timedelta(days=7)
#: How exactly `seen_at` is kept: not every page is worth a write.
SEEN_EVERY = timedelta(minutes=15)


class SignInSession(SQLModel, table=True):
    """A server-side session: revocable, and not bound to an address, since phones change theirs."""

    __tablename__ = "sign_in_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    #: the producer that a data-entry account currently records for
    acting_for_id: str | None = Field(default=None, foreign_key="producer.id", max_length=16)
    device: str = Field(default="", max_length=20)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    seen_at: datetime = Field(default_factory=now, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class LinkPurpose(StrEnum):
    """What a one-time link is good for."""

    SET_PASSWORD = "set_password"


class OneTimeLink(SQLModel, table=True):
    """A link that an administrator hands over so that the owner sets a password. Good once, for a few days."""

    __tablename__ = "one_time_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    purpose: LinkPurpose = Field(default=LinkPurpose.SET_PASSWORD, sa_type=choice(LinkPurpose))
    made_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


def new_token() -> str:
    """256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a session's or link's token is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def begin(session: Session, account_id: str, device: str = "") -> str:
    """Begins a session and answers its token, which is told to the browser and nowhere kept."""
    token = new_token()
    session.add(SignInSession(token_hash=token_hash(token), account_id=account_id, device=device[:20]))
    return token


def is_live(row: SignInSession, *, office: bool, moment: datetime | None = None) -> bool:
    """Whether a session still lets in: not ended, not idle for too long, not too old."""
    at = moment or now()
    idle, life = (IDLE_OF_OFFICES, LIFE_OF_OFFICES) if office else (IDLE_OF_PRODUCERS, LIFE_OF_PRODUCERS)
    return row.revoked_at is None and at - row.seen_at < idle and at - row.created_at < life


def seen(session: Session, stored_hash: str) -> None:
    """Notes that a session is in use."""
    session.execute(
        sa.update(SignInSession).where(col(SignInSession.token_hash) == stored_hash).values(seen_at=now())
    )


def living(session: Session, account_id: str, *, office: bool) -> list[SignInSession]:
    """The sessions of an account that still let in, the latest used first."""
    statement = (
        select(SignInSession)
        .where(SignInSession.account_id == account_id, col(SignInSession.revoked_at).is_(None))
        .order_by(col(SignInSession.seen_at).desc())
    )
    return [row for row in session.exec(statement).all() if is_live(row, office=office)]


def end(session: Session, account_id: str, stored_hash: str) -> None:
    """Ends one session of an account; nothing happens if it has ended, or is another account's."""
    session.execute(
        sa.update(SignInSession)
        .where(
            col(SignInSession.token_hash) == stored_hash,
            col(SignInSession.account_id) == account_id,
            col(SignInSession.revoked_at).is_(None),
        )
        .values(revoked_at=now())
    )


def end_all(session: Session, account_id: str, *, but: str = "") -> None:
    """Ends all sessions of an account (but the one with this token hash) and all its one-time links."""
    moment = now()
    session.execute(
        sa.update(SignInSession)
        .where(
            col(SignInSession.account_id) == account_id,
            col(SignInSession.revoked_at).is_(None),
            col(SignInSession.token_hash) != but,
        )
        .values(revoked_at=moment)
    )
    end_links(session, account_id)


def end_links(session: Session, account_id: str) -> None:
    """No link that was made for this account is good any more."""
    session.execute(
        sa.update(OneTimeLink)
        .where(col(OneTimeLink.account_id) == account_id, col(OneTimeLink.used_at).is_(None))
        .values(used_at=now())
    )


def act_for(session: Session, stored_hash: str, producer_id: str | None) -> None:
    """From now on (or, with None, no longer) the session records in the name of a producer."""
    session.execute(
        sa.update(SignInSession)
        .where(col(SignInSession.token_hash) == stored_hash)
        .values(acting_for_id=producer_id)
    )


def stop_acting_for(session: Session, producer_id: str) -> None:
    """Nobody records in the name of this producer any more."""
    session.execute(
        sa.update(SignInSession)
        .where(col(SignInSession.acting_for_id) == producer_id)
        .values(acting_for_id=None)
    )
