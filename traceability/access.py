"""Who is asking, and may they: the first of the four nets around permission.

Every view says what it demands with `@requires(...)`; a view that says nothing answers 403. Sessions live on the
server: the cookie holds a random token, the database its hash, so that a session can be ended anywhere and survives a
phone changing its address.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.wrappers import Response

from traceability.config import Settings
from traceability.db import Database
from traceability.domain import api_tokens, rule_refusals, second_factor, sessions
from traceability.domain.accounts import Account
from traceability.domain.actors import GRANTS, ON_BEHALF_GRANTS, SYSTEM, VISITOR, Actor, Permission, Role
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING, Scope, covers
from traceability.domain.producers import Producer
from traceability.domain.sessions import SignInSession, token_hash

_log = logging.getLogger(__name__)

V = TypeVar("V", bound=Callable[..., Any])

PUBLIC_VIEW = "public"
SIGNED_IN = "signed-in"
_DEMAND = "__demand__"

login = LoginManager()
#: Every form needs its token; see `without_form_token`.
csrf = CSRFProtect()


class SignedIn(UserMixin):  # type: ignore[misc]
    """What Flask-Login holds: the session's token, its account and the actor it makes."""

    def __init__(self, token: str, account: Account, actor: Actor, acting_for: Producer | None) -> None:
        self.token = token
        self.account = account
        self.actor = actor
        self.acting_for = acting_for

    def get_id(self) -> str:
        """The cookie holds the session's token, never the account's id."""
        return self.token


def without_form_token(view: V) -> V:
    """Under `@requires(...)` of what machines send: no cookie counts there, so no token is asked for."""
    csrf.exempt(view)
    return view


def requires(*demand: Permission | str) -> Callable[[V], V]:
    """Says what a view demands: any one of these permissions, `SIGNED_IN`, or `PUBLIC_VIEW`."""
    if not demand:
        raise TypeError("a view must demand something; PUBLIC_VIEW for everybody")

    def mark(view: V) -> V:
        setattr(view, _DEMAND, demand)
        return view

    return mark


def demand_of(view: Any) -> tuple[Permission | str, ...] | None:
    """What a view demands; None if it says nothing. The guards in the tests read it."""
    return cast("tuple[Permission | str, ...] | None", getattr(view, _DEMAND, None))


def database() -> Database:
    """The database of this application."""
    return cast(Database, current_app.extensions["database"])


def settings() -> Settings:
    """The settings of this application."""
    return cast(Settings, current_app.extensions["settings"])


def current_actor() -> Actor:
    """Who acts in this request. On producers' pages a data-entry account acts for the producer it has chosen.

    In what machines ask the bearer token alone says it; no cookie counts there.
    """
    if request.blueprint == "api":
        return cast(Actor, g.get("machine_actor", VISITOR))
    if not current_user.is_authenticated:
        return VISITOR
    signed = cast(SignedIn, current_user)
    if signed.acting_for is not None and (request.blueprint or "").startswith("producer"):
        return replace(
            signed.actor,
            permissions=ON_BEHALF_GRANTS,
            scope=Scope.of_producer(signed.acting_for.id),
            producer_id=signed.acting_for.id,
            on_behalf=True,
        )
    return signed.actor


@contextmanager
def reading(scope: Scope | None = None) -> Iterator[Session]:
    """A session that shows, in the scope of the current actor unless another is named."""
    with database().reading(current_actor().scope if scope is None else scope) as session:
        yield session


def transaction(actor: Actor | None = None) -> AbstractContextManager[Session]:
    """A session that changes, for the current actor unless another is named."""
    return database().transaction(actor or current_actor())


def note_refusal(actor: Actor, refusal: RuleBroken) -> None:
    """What a rule of the land refused is noted for the overseers, in a transaction of its own."""
    if rule_refusals.is_by_rule(refusal):
        with database().transaction(actor) as session:
            rule_refusals.note(session, actor, refusal)


def actor_for(account: Account, agency: Agency | None) -> Actor:
    """The actor that an account makes: its role's grants, its agency's permissions and scope."""
    permissions, scope = GRANTS[account.role], EVERYTHING
    if account.producer_id is not None:
        scope = Scope.of_producer(account.producer_id)
    elif agency is not None:
        permissions, scope = permissions | agency.grants(), agency.scope()
    return Actor(
        role=account.role,
        permissions=permissions,
        scope=scope,
        user_id=account.id,
        name=account.display_name,
        producer_id=account.producer_id,
        agency_id=account.agency_id,
        language=account.language,
    )


@login.user_loader  # type: ignore[untyped-decorator]
def load_signed_in(token: str) -> SignedIn | None:
    """The live session behind a cookie; None if it has ended or its account or agency may no longer act."""
    with database().reading(EVERYTHING) as session:
        row = session.get(SignInSession, token_hash(token))
        account = session.get(Account, row.account_id) if row is not None else None
        if row is None or account is None or account.disabled_at is not None:
            return None
        if not sessions.is_live(row, office=account.producer_id is None):
            return None
        agency = session.get(Agency, account.agency_id) if account.agency_id else None
        if agency is not None and agency.state is not AgencyState.ACTIVE:
            return None
        actor = actor_for(account, agency)
        acting_for = session.get(Producer, row.acting_for_id) if row.acting_for_id else None
        if acting_for is not None and not (
            actor.may(Permission.DATA_ENTRY_ON_BEHALF) and covers(session, actor.scope, acting_for.id)
        ):
            acting_for = None
    g.account_language = account.language
    _note_use(row)
    return SignedIn(token, account, actor, acting_for)


def _note_use(row: SignInSession) -> None:
    """Keeps a session alive that is used; a database that takes no writes just now does not end it."""
    if now() - row.seen_at < sessions.SEEN_EVERY:
        return
    try:
        with database().transaction(SYSTEM) as session:
            sessions.seen(session, row.token_hash)
    except OperationalError as error:
        _log.warning("a session's use was not noted: %s", type(error.orig).__name__)


def let_in(token: str, *, remember: bool) -> bool:
    """Puts a new session into the cookie, and nothing of what stood there before. False if it is not good."""
    signed = load_signed_in(token)
    if signed is None:
        return False
    cookie.clear()  # a cookie that somebody else planted is worth nothing afterwards
    cookie.permanent = remember
    login_user(signed)
    cookie.pop("_id", None)  # Flask-Login's mark of address and browser: we do not use it
    return True


def let_out() -> None:
    """Empties the cookie. Ending the session in the database is the caller's."""
    logout_user()
    cookie.clear()


#: Where somebody who still owes a second factor may go.
_WITHOUT_SECOND_FACTOR = frozenset({"auth.second_factor", "auth.sign_out", "auth.account_language"})
_FORM_TYPES = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data"})


def gate() -> Response | None:
    """Before every request: nobody passes whom the view does not let in."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    demand = demand_of(current_app.view_functions[request.endpoint])
    if demand is None:
        abort(403)
    if request.method == "POST" and request.blueprint != "api" and request.mimetype not in _FORM_TYPES:
        abort(415)
    if PUBLIC_VIEW in demand:
        return None
    if request.blueprint == "api":
        _machine_gate(demand)
        return None
    if not current_user.is_authenticated:
        here = request.full_path.rstrip("?") if request.method == "GET" else ""
        return redirect(url_for("auth.sign_in", next=here or None), code=303)
    signed = cast(SignedIn, current_user)
    if owes_second_factor(signed) and request.endpoint not in _WITHOUT_SECOND_FACTOR:
        return redirect(url_for("auth.second_factor"), code=303)
    if SIGNED_IN in demand or current_actor().may(*(word for word in demand if isinstance(word, Permission))):
        return None
    if request.blueprint == "producer" and signed.actor.may(Permission.DATA_ENTRY_ON_BEHALF):
        return redirect(url_for("inspector.act_for"), code=303)  # nobody chosen yet to record for
    return abort(403)


def _machine_gate(demand: tuple[Permission | str, ...]) -> None:
    """A bearer token opens what it was made for (RFC 6750): 401 without a live one, 403 beyond its scopes."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer":
        with database().reading(EVERYTHING) as session:
            found = api_tokens.find(session, secret.strip())
    if found is None:
        abort(401, www_authenticate=WWWAuthenticate("bearer"))
    token, account = found
    g.machine_token = token.id
    g.machine_actor = api_tokens.narrowed(actor_for(account, None), token)
    if api_tokens.must_be_noted(token):
        _note_token(token)
    if not current_actor().may(*(word for word in demand if isinstance(word, Permission))):
        abort(403)


def _note_token(token: api_tokens.ApiToken) -> None:
    """A database that takes no writes just now does not close the door."""
    try:
        with database().transaction(SYSTEM) as session:
            api_tokens.seen(session, token.id)
    except OperationalError as error:
        _log.warning("a token's use was not noted: %s", type(error.orig).__name__)


def owes_second_factor(signed: SignedIn) -> bool:
    """Whether an account must turn on its second factor before it may do anything."""
    return signed.account.totp_sealed is None and second_factor.is_demanded(
        signed.account.role, demo=settings().demo
    )


def home_of(actor: Actor) -> str:
    """Where an actor starts."""
    return url_for("producer.home" if actor.role in (Role.CLERK, Role.MANAGER) else "inspector.dashboard")


def init_app(app: Flask) -> None:
    """Wires Flask-Login and the gate."""
    login.init_app(app)
    login.session_protection = None  # a phone changes its address; the server-side session is the protection
    app.before_request(gate)
