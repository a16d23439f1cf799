"""Signing in (đăng nhập): the password, the lock-out after failures, and the session that begins.

An attempt is counted *before* its password is looked at, and in the database: a hundred guesses sent at once are a
hundred guesses, whichever process answers them. Five failures lock the name for one minute, each further one for twice
as long, at most for an hour. A name that nobody has is counted and costs the same work, so that the answer tells
nothing about who has an account.
"""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import ledger, passwords, records, sessions
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING, Scope
from traceability.domain.passwords import NewPassword, Password
from traceability.domain.records import Instant

FREE_FAILURES = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)
#: Failures older than this no longer count.
FORGET_AFTER = timedelta(hours=24)
_NAME_LENGTH = 40


class Doors(Protocol):
    """The two ways into the database (`traceability.db.Database`)."""

    def reading(self, scope: Scope) -> AbstractContextManager[Session]: ...

    def transaction(self, actor: Actor) -> AbstractContextManager[Session]: ...


class SignInGuard(SQLModel, table=True):
    """Failed sign-ins of one user name (known or not), counted in the database so that all workers share the count."""

    __tablename__ = "sign_in_guard"

    username: str = Field(primary_key=True, max_length=64)
    failures: int = 0
    last_failure_at: datetime = Field(default_factory=now, sa_type=Instant, index=True)
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    #: the last TOTP step used: a step is good once
    totp_step: int | None = Field(default=None, sa_type=sa.BigInteger)


class SignInInput(BaseModel):
    """What is typed to sign in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str = Field(max_length=1000)
    password: Password
    #: stay signed in on this device after the browser is closed
    remember: bool = False
    next: str = Field(default="", max_length=2000)


def by_password(doors: Doors, username: str, password: str) -> Account:
    """The account whose name and password these are. It may still owe its second factor.

    The attempt stays counted until `welcome` (or `second_factor.check`) clears it. Raises `RuleBroken`:
    `sign_in.wrong`, `sign_in.locked_seconds`, `sign_in.locked_minutes`.
    """
    name = username.strip().lower()
    possible = len(name) <= _NAME_LENGTH and name.isascii() and name.isprintable() and name != ""
    if possible:
        with doors.transaction(SYSTEM) as session:
            count_attempt(session, name)
    with doors.reading(EVERYTHING) as session:
        account = _open_account(session, name) if possible else None
    right = passwords.matches(account.password_hash if account else None, password)
    if account is None or not right:
        raise RuleBroken("sign_in.wrong")
    if account.totp_sealed is not None:
        with doors.transaction(SYSTEM) as session:
            take_back_attempt(session, name)
    return account


def id_of(doors: Doors, username: str) -> str:
    """The id of the account with this user name, disabled or not; empty where nobody has it. For the security log."""
    name = username.strip().lower()[:_NAME_LENGTH]
    if not (name.isascii() and name.isprintable()):
        return ""
    with doors.reading(EVERYTHING) as session:
        return session.exec(select(Account.id).where(Account.username == name)).first() or ""


def _open_account(session: Session, username: str) -> Account | None:
    account = session.exec(select(Account).where(Account.username == username)).first()
    if account is None or account.disabled_at is not None:
        return None
    if account.agency_id is not None:
        agency = session.get(Agency, account.agency_id)
        if agency is None or agency.state is not AgencyState.ACTIVE:
            return None
    return account


def welcome(session: Session, account: Account, device: str = "") -> str:
    """All proofs are given: forgets the failures, begins a session, answers its token."""
    forget_failures(session, account.username)
    return sessions.begin(session, account.id, device)


# -- the count of failures --------------------------------------------------------------------------------------------


def guard_of(session: Session, username: str) -> SignInGuard:
    """The counter of a name, locked until the transaction ends; made when missing."""
    guard = session.get(SignInGuard, username, with_for_update=True, populate_existing=True)
    if guard is None:
        try:
            with session.begin_nested():
                session.add(SignInGuard(username=username))
        except IntegrityError:  # another attempt was there first
            pass
        guard = session.get_one(SignInGuard, username, with_for_update=True, populate_existing=True)
    return guard


def count_attempt(session: Session, username: str, moment: datetime | None = None) -> None:
    """Counts an attempt as a failure until it proves to be none.

    Raises `RuleBroken` (`sign_in.locked_seconds`, `sign_in.locked_minutes`) while the name is locked.
    """
    at = moment or now()
    guard = guard_of(session, username)
    if guard.locked_until is not None and guard.locked_until > at:
        raise _locked(guard.locked_until - at)
    if at - guard.last_failure_at > FORGET_AFTER:
        guard.failures = 0
    guard.failures += 1
    guard.last_failure_at = at
    guard.locked_until = None
    if guard.failures >= FREE_FAILURES:
        guard.locked_until = at + min(FIRST_LOCK * 2 ** min(guard.failures - FREE_FAILURES, 10), LONGEST_LOCK)
    _forget_old(session, at)


def _locked(left: timedelta) -> RuleBroken:
    seconds = max(1, round(left.total_seconds()))
    if seconds <= 90:
        return RuleBroken("sign_in.locked_seconds", seconds=seconds)
    return RuleBroken("sign_in.locked_minutes", minutes=-(-seconds // 60))


def take_back_attempt(session: Session, username: str) -> None:
    """An attempt was no failure after all, but proves nothing yet about earlier ones."""
    guard = guard_of(session, username)
    guard.failures = max(0, guard.failures - 1)
    guard.locked_until = None


def forget_failures(session: Session, username: str) -> None:
    """The holder has proved to be itself."""
    guard = guard_of(session, username)
    guard.failures, guard.locked_until = 0, None


def _forget_old(session: Session, moment: datetime) -> None:
    """Names that were tried long ago leave no trace; the last second-factor step has expired long before."""
    old = sa.delete(SignInGuard).where(col(SignInGuard.last_failure_at) < moment - 2 * FORGET_AFTER)
    session.execute(old.execution_options(synchronize_session=False))


# -- the password -----------------------------------------------------------------------------------------------------


class PasswordInput(BaseModel):
    """A new password in place of the old one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current: Password
    password: NewPassword
    again: Password


def confirm(doors: Doors, account: Account, password: str, field: str = "current") -> None:
    """The holder types the password again before a grave step. Wrong ones count as failed sign-ins.

    Raises `RuleBroken`: `sign_in.wrong_password`, `sign_in.locked_seconds`, `sign_in.locked_minutes`.
    """
    with doors.transaction(SYSTEM) as session:
        count_attempt(session, account.username)
    if not passwords.matches(account.password_hash, password):
        raise RuleBroken("sign_in.wrong_password", field=field)
    with doors.transaction(SYSTEM) as session:
        take_back_attempt(session, account.username)


def change_password(session: Session, actor: Actor, value: PasswordInput) -> Account:
    """Sets one's own new password, after `confirm`. Every session of the account ends, also the one that asks.

    Raises `RuleBroken`: `passwords.not_the_same`, `passwords.like_username`, `passwords.common`.
    """
    must_be_same(value.password, value.again)
    account = records.lock(session, Account, actor.user_id or "")
    return give_password(session, account, value.password)


def give_password(session: Session, account: Account, password: str) -> Account:
    """Sets the password of an account (by its holder, by a link, or for a demo) and ends all its sessions."""
    passwords.must_be_good(password, account.username)
    account.password_hash = passwords.hashed(password)
    sessions.end_all(session, account.id)
    forget_failures(session, account.username)
    ledger.record(session, "account.password_set", account, tenant=account.producer_id)
    return account


def must_be_same(password: str, again: str) -> None:
    """Demands that a new password was typed twice alike. Raises `RuleBroken` ("passwords.not_the_same")."""
    if password != again:
        raise RuleBroken("passwords.not_the_same", field="again")
