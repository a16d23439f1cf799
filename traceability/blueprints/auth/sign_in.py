"""Signing in, with the second factor where an account has one, and signing out."""

import time
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from traceability import access, security_log
from traceability.access import PUBLIC_VIEW, SIGNED_IN, database, requires
from traceability.blueprints.auth import blueprint
from traceability.domain import second_factor, sessions
from traceability.domain import sign_in as rules
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM
from traceability.domain.errors import RuleBroken
from traceability.domain.second_factor import CodeInput
from traceability.domain.sign_in import SignInInput
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.limits import tries
from traceability.security_log import Kind

_PENDING = "pending_sign_in"
_PENDING_SECONDS = 300


@blueprint.route("/sign-in", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
@tries
def sign_in() -> Response | tuple[str, int]:
    """Name and password."""
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(access.home_of(current_user.actor), code=303)
    form = Form(SignInInput, {"next": request.args.get("next", "")})
    if form.valid() and form.value is not None:
        try:
            account = rules.by_password(database(), form.value.username, form.value.password)
        except RuleBroken as error:
            _note_failure(error, rules.id_of(database(), form.value.username))
            form.refuse(error)
        else:
            return _go_on(account, form.value)
    return form.page("auth/sign_in.html")


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
@tries
def sign_in_code() -> Response | tuple[str, int]:
    """The code of the second factor, within five minutes of the password."""
    pending = session.get(_PENDING)
    if not isinstance(pending, dict) or time.time() - pending["at"] > _PENDING_SECONDS:
        session.pop(_PENDING, None)
        return redirect(url_for("auth.sign_in"), code=303)
    form = Form(CodeInput)
    if form.valid() and form.value is not None:
        keyring = access.settings().keyring()
        try:
            token = second_factor.check(
                database(), pending["account"], form.value.code, keyring, device_of_request()
            )
        except RuleBroken as error:
            _note_failure(error, pending["account"])
            form.refuse(error)
        else:
            return _enter(token, remember=pending["remember"], target=pending["next"])
    return form.page("auth/sign_in_code.html")


@blueprint.post("/sign-out")
@requires(SIGNED_IN)
def sign_out() -> Response:
    """Ends the session here and in the database."""
    with access.transaction(SYSTEM) as opened:
        sessions.end(opened, current_user.account.id, sessions.token_hash(current_user.token))
    security_log.note(Kind.SIGNED_OUT)
    access.let_out()
    flash(gettext("You have signed out."), "success")
    return redirect(url_for("auth.sign_in"), code=303)


def _go_on(account: Account, value: SignInInput) -> Response:
    if account.totp_sealed is not None:
        session.clear()
        session[_PENDING] = {
            "account": account.id,
            "at": int(time.time()),
            "remember": value.remember,
            "next": value.next,
        }
        return redirect(url_for("auth.sign_in_code"), code=303)
    with access.transaction(SYSTEM) as opened:
        token = rules.welcome(opened, account, device_of_request())
    return _enter(token, remember=value.remember, target=value.next)


def _enter(token: str, *, remember: bool, target: str) -> Response:
    if not access.let_in(token, remember=remember):
        return redirect(url_for("auth.sign_in"), code=303)
    security_log.note(Kind.SIGNED_IN, actor=current_user.actor)
    return redirect(own_page(target) or access.home_of(current_user.actor), code=303)


def _note_failure(error: RuleBroken, account: str) -> None:
    locked = error.code.startswith("sign_in.locked")
    security_log.note(
        Kind.SIGN_IN_LOCKED if locked else Kind.SIGN_IN_FAILED, account=account, reason=error.code
    )


def own_page(target: str) -> str:
    """The address if it is a page of this site that can be opened by GET; otherwise an empty text."""
    parts = urlsplit(target) if target.isprintable() and "\\" not in target else None
    if parts is None or parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return ""
    adapter = current_app.create_url_adapter(request)
    return target if adapter is not None and adapter.test(parts.path, "GET") else ""


def device_of_request() -> str:
    """A word for the device, to recognise a session by; nothing more of the browser's name is kept."""
    return "phone" if "Mobi" in request.headers.get("User-Agent", "") else "computer"
