"""Whoever manages an account signs its holder out everywhere: a telephone is lost, a browser was left open."""

from sqlmodel import Session

from traceability.domain import accounts, ledger, sessions
from traceability.domain.accounts import Account
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken


def end_sessions(session: Session, actor: Actor, account_id: str) -> Account:
    """Ends all sessions and one-time links of an account that the actor manages; its people are told.

    The password stays good, and so do the tokens of its programs. Raises `NotFound`, `RuleBroken`:
    `accounts.own_sessions`, `accounts.is_disabled`.
    """
    account = accounts.managed(session, actor, account_id)
    if account.id == actor.user_id:
        raise RuleBroken("accounts.own_sessions")
    if account.disabled_at is not None:
        raise RuleBroken("accounts.is_disabled")
    sessions.end_all(session, account.id)
    ledger.record(session, "account.sessions_ended", account, tenant=account.producer_id)
    accounts.tell(session, "account_sessions_ended", account)
    return account
