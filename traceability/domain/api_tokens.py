"""Tokens for programs (ERPs, scales, websites): a secret shown once, kept as its hash, with scopes and an end.

A token acts as the account that made it, with those of its permissions that the token names and no others.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import ledger, records
from traceability.domain.accounts import Account
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.records import Instant, Json, Record, RecordId
from traceability.domain.text import ShortLine

PREFIX = "trc_"
LONGEST_DAYS = 400
MOST_TOKENS = 20
_SEEN_EVERY = timedelta(minutes=10)

#: What a program may be allowed: acts of a producer's day, never accounts or rules.
SCOPES = (
    Permission.VIEW_OWN,
    Permission.MANAGE_AREAS,
    Permission.REGISTER_BATCHES,
    Permission.RECORD_EVENTS,
    Permission.ORDER_STAMPS,
    Permission.ACTIVATE_STAMPS,
    Permission.VOID_OWN_STAMPS,
    Permission.RECALL_OWN_BATCHES,
)


class ApiToken(Record, table=True):
    """A token of one account. What is stored cannot be used to sign in."""

    ERASABLE: ClassVar[bool] = True
    __tablename__ = "api_token"
    UNLOGGED: ClassVar[dict[str, str]] = {
        "token_hash": "a secret's hash: never committed to, not even keyed",
        "seen_at": "when it was used last: no fact of the trade",
    }

    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    name: str = Field(max_length=80)
    token_hash: str = Field(max_length=64, unique=True)
    scopes: list[str] = Field(sa_type=Json)
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    seen_at: datetime | None = Field(default=None, sa_type=Instant)

    def is_live(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and self.expires_at > now()


class TokenInput(BaseModel):
    """What a person may say of a new token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortLine
    scopes: Annotated[list[Permission], pydantic.Field(min_length=1)]
    days: int = Field(default=90, ge=1, le=LONGEST_DAYS)


class RevokeInput(BaseModel):
    """Ends a token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_id: RecordId


def new_secret() -> str:
    """A fresh secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def issue(
    session: Session, actor: Actor, value: TokenInput, secret: str | None = None
) -> tuple[ApiToken, str]:
    """Makes a token for the acting account; the secret is answered once and never again.

    Only a demo brings its own `secret`, which its file of sign-ins keeps.

    Raises `RuleBroken`: `access.not_permitted` (a scope that the account has not itself), `api_tokens.too_many`.
    """
    if actor.user_id is None or actor.producer_id is None or actor.on_behalf:
        raise RuleBroken("access.not_permitted")
    if not set(value.scopes) <= set(SCOPES) & actor.permissions:
        raise RuleBroken("api_tokens.scope_not_held", "scopes")
    if len([token for token in of_account(session, actor.user_id) if token.is_live()]) >= MOST_TOKENS:
        raise RuleBroken("api_tokens.too_many", limit=MOST_TOKENS)
    secret = secret or new_secret()
    token = ApiToken(
        account_id=actor.user_id,
        name=value.name,
        token_hash=hash_of(secret),
        scopes=sorted(scope.value for scope in set(value.scopes)),
        expires_at=now() + timedelta(days=value.days),
    )
    session.add(token)
    session.flush()
    ledger.record(session, "api_token.issued", token, tenant=actor.producer_id)
    return token, secret


def revoke(session: Session, actor: Actor, value: RevokeInput) -> ApiToken:
    """Ends one of the acting account's tokens at once. Raises `NotFound`."""
    token = records.lock(session, ApiToken, value.token_id)
    if token.account_id != actor.user_id:
        raise NotFound("ApiToken", value.token_id)
    if token.revoked_at is None:
        token.revoked_at = now()
        ledger.record(session, "api_token.revoked", token, tenant=actor.producer_id)
    return token


def of_account(session: Session, account_id: str) -> list[ApiToken]:
    """The tokens of an account, the newest first."""
    statement = select(ApiToken).where(ApiToken.account_id == account_id)
    return list(session.exec(statement.order_by(col(ApiToken.created_at).desc())).all())


def find(session: Session, secret: str) -> tuple[ApiToken, Account] | None:
    """The live token behind a secret, with its account; None if it opens nothing."""
    if not secret.startswith(PREFIX) or len(secret) > 80:
        return None
    statement = (
        select(ApiToken, Account)
        .join(Account, col(Account.id) == col(ApiToken.account_id))
        .where(ApiToken.token_hash == hash_of(secret))
    )
    found = session.exec(statement).one_or_none()
    if found is None or not found[0].is_live() or found[1].disabled_at is not None:
        return None
    return found[0], found[1]


def narrowed(actor: Actor, token: ApiToken) -> Actor:
    """The account's actor with the token's permissions only."""
    allowed = frozenset(Permission(scope) for scope in token.scopes)
    return replace(actor, permissions=actor.permissions & allowed)


def must_be_noted(token: ApiToken) -> bool:
    """Whether the use of a token was not noted lately."""
    return token.seen_at is None or now() - token.seen_at > _SEEN_EVERY


def seen(session: Session, token_id: str) -> None:
    """Notes that a token was used just now; no fact of the trade, so no leaf."""
    table = SQLModel.metadata.tables["api_token"]
    session.connection().execute(sa.update(table).where(table.c.id == token_id).values(seen_at=now()))


def hash_of(secret: str) -> str:
    """What is stored: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
