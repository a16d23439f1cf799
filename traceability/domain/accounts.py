"""The account (tài khoản): who signs in, for whom, and how we know that it is them.

Accounts, their hand-overs and their disabling are logged facts. Sign-in counters and sessions are working state: they
change with every request and are not in the log.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from traceability.domain.actors import Role
from traceability.domain.clock import now
from traceability.domain.records import Instant, Record, choice


class Account(Record, table=True):
    """A person's account. Exactly one of producer, agency, or neither (administrator)."""

    __tablename__ = "account"
    __table_args__ = (
        sa.CheckConstraint(
            "(role IN ('clerk','manager') AND producer_id IS NOT NULL AND agency_id IS NULL)"
            " OR (role IN ('inspector','data_entry') AND agency_id IS NOT NULL AND producer_id IS NULL)"
            " OR (role = 'administrator' AND producer_id IS NULL AND agency_id IS NULL)",
            name="belongs",
        ),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"role"})
    UNLOGGED: ClassVar[dict[str, str]] = {
        "password_hash": "a secret: never committed to, not even keyed",
        "totp_sealed": "a secret: never committed to, not even keyed",
        "search": "derived from the name",
    }

    username: str = Field(max_length=40, unique=True)
    display_name: str = Field(max_length=200)
    search: str = Field(default="", max_length=300)
    role: Role = Field(sa_type=choice(Role))
    producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=16)
    email: str | None = Field(default=None, max_length=120)
    phone: str | None = Field(default=None, max_length=20)
    language: str = Field(default="vi", max_length=5)
    password_hash: str | None = Field(default=None, max_length=200)
    #: the TOTP secret, sealed under a key outside the database; None: not enrolled
    totp_sealed: bytes | None = None
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class SignInGuard(SQLModel, table=True):
    """Failed sign-ins of one user name (known or not), counted in the database so that all workers share the count."""

    __tablename__ = "sign_in_guard"

    username: str = Field(primary_key=True, max_length=64)
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    #: the last TOTP step used: a step is good once
    totp_step: int | None = Field(default=None, sa_type=sa.BigInteger)


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


class Handover(Record, table=True):
    """An account handed over to a person: when, by whom, to whom, on which paper."""

    OPEN: ClassVar[frozenset[str]] = frozenset({"account_id"})

    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    handed_to: str = Field(max_length=200)
    handed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    paper_no: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=400)
    at: datetime = Field(default_factory=now, sa_type=Instant)


class AccessRecord(SQLModel, table=True):
    """Who looked at whose personal data, where and when. Written and committed before the data is read."""

    __tablename__ = "access_record"

    id: int | None = Field(default=None, primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    subject_table: str = Field(max_length=40)
    subject_id: str = Field(max_length=16, index=True)
    purpose: str = Field(default="", max_length=80)
    at: datetime = Field(default_factory=now, sa_type=Instant)
