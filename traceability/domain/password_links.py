"""The one-time link: how the holder of an account sets its first password, or a new one.

An administrator makes it and hands it over; it is shown once, is good for 72 hours, and only one person can use it. So
no administrator ever knows anybody's password, and no default password exists.
"""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from traceability.domain import accounts, ledger, notices, producers, records, sessions, sign_in
from traceability.domain.accounts import Account, AccountInput
from traceability.domain.actors import Actor
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.passwords import NewPassword, Password
from traceability.domain.producers import Producer
from traceability.domain.sessions import OneTimeLink

GOOD_FOR = timedelta(hours=72)


class LinkPasswordInput(BaseModel):
    """The password that the holder chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: NewPassword
    again: Password


def make_link(session: Session, actor: Actor, account_id: str) -> str:
    """Makes a link for an account that the actor manages, and answers its token; earlier links end.

    The old password stays good until the link is used; the organisation is told. Raises `NotFound`, `RuleBroken`:
    `accounts.is_disabled`, `accounts.exceeds`.
    """
    account = accounts.managed(session, actor, account_id)
    accounts.must_not_exceed(session, actor, account)
    if account.disabled_at is not None:
        raise RuleBroken("accounts.is_disabled")
    sessions.end_links(session, account.id)
    token = sessions.new_token()
    session.add(
        OneTimeLink(
            token_hash=sessions.token_hash(token),
            account_id=account.id,
            made_by_id=actor.user_id,
            expires_at=now() + GOOD_FOR,
        )
    )
    ledger.record(session, "account.link_made", account, tenant=account.producer_id)
    accounts.tell(session, "account_link_made", account)
    return token


class FirstAccountInput(AccountInput):
    """The first account of a producer that had none, and whether it may order stamps."""

    has_stamps: bool = False


def give_first_account(session: Session, actor: Actor, value: FirstAccountInput) -> tuple[Account, str]:
    """Turns a producer without an account into one with: its manager's account, and the link to set the password.

    Raises as `accounts.open_account`, and `accounts.has_account`.
    """
    if value.producer_id is None or accounts.has_account(session, value.producer_id):
        raise RuleBroken("accounts.has_account")
    details = value.model_dump(exclude={"has_stamps"})
    account = accounts.open_account(session, actor, AccountInput(**details))
    if value.has_stamps and not records.find(session, Producer, value.producer_id).has_stamps:
        producers.set_stamps(session, actor, value.producer_id, True)
        notices.post(session, "stamps_allowed", producer_id=value.producer_id)
    return account, make_link(session, actor, account.id)


def holder(session: Session, token: str) -> Account | None:
    """The account whose password this link sets; None for a link that is used, expired or unknown."""
    link = session.get(OneTimeLink, sessions.token_hash(token))
    if link is None or link.used_at is not None or link.expires_at <= now():
        return None
    account = session.get(Account, link.account_id)
    return account if account is not None and account.disabled_at is None else None


def set_password_by_link(session: Session, actor: Actor, token: str, value: LinkPasswordInput) -> Account:
    """Sets the password and uses the link up.

    Raises `RuleBroken`: `links.not_good` (used, expired, unknown), `passwords.not_the_same`, `passwords.like_username`,
    `passwords.common`.
    """
    sign_in.must_be_same(value.password, value.again)
    statement = select(OneTimeLink).where(OneTimeLink.token_hash == sessions.token_hash(token))
    link = session.exec(statement.with_for_update()).one_or_none()  # of two at once, the second finds it used
    account = holder(session, token) if link is not None else None
    if link is None or account is None:
        raise RuleBroken("links.not_good")
    link.used_at = now()
    return sign_in.give_password(session, account, value.password)
