"""Who is asking, and may they: the first of the four nets around permission.

Every view says what it demands with `@requires(...)`; a view that says nothing answers 403. Sessions live on the
server: the cookie holds a random token, the database its hash, so that a session can be ended anywhere and survives a
phone changing its address.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability.config import Settings
from traceability.db import Database
from traceability.domain.accounts import Account, SignInSession
from traceability.domain.actors import GRANTS, ON_BEHALF_GRANTS, VISITOR, Actor, Permission, Role
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.ownership import EVERYTHING, Scope, covers
from traceability.domain.producers import Producer

V = TypeVar("V", bound=Callable[..., Any])

PUBLIC_VIEW = "public"
SIGNED_IN = "signed-in"
_DEMAND = "__demand__"

login = LoginManager()


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
    """Who acts in this request. On producers' pages a data-entry account acts for the producer it has chosen."""
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


def token_hash(token: str) -> str:
    """How a session's or link's token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


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
    """The live session behind a cookie; None if it was revoked or its account or agency may no longer act."""
    with database().reading(EVERYTHING) as session:
        row = session.get(SignInSession, token_hash(token))
        if row is None or row.revoked_at is not None:
            return None
        account = session.get(Account, row.account_id)
        if account is None or account.disabled_at is not None:
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
        return SignedIn(token, account, actor, acting_for)


def gate() -> Response | None:
    """Before every request: nobody passes whom the view does not let in."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    demand = demand_of(current_app.view_functions[request.endpoint])
    if demand is None:
        abort(403)
    if PUBLIC_VIEW in demand:
        return None
    if not current_user.is_authenticated:
        here = request.full_path.rstrip("?") if request.method == "GET" else ""
        return redirect(url_for("auth.sign_in", next=here or None), code=303)
    if SIGNED_IN in demand or current_actor().may(*(word for word in demand if isinstance(word, Permission))):
        return None
    if request.blueprint == "producer" and cast(SignedIn, current_user).actor.may(
        Permission.DATA_ENTRY_ON_BEHALF
    ):
        return redirect(url_for("inspector.act_for"), code=303)  # nobody chosen yet to record for
    return abort(403)


def home_of(actor: Actor) -> str:
    """Where an actor starts."""
    if actor.role in (Role.CLERK, Role.MANAGER):
        return url_for("producer.home")
    return url_for("inspector.dashboard")


def init_app(app: Flask) -> None:
    """Wires Flask-Login and the gate."""
    login.init_app(app)
    login.session_protection = None  # a phone changes its address; the server-side session is the protection
    app.before_request(gate)
