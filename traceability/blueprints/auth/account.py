"""One's own account: details, language, password, and the devices on which it is signed in."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, headers
from traceability.access import SIGNED_IN, database, requires
from traceability.blueprints.auth import blueprint
from traceability.blueprints.auth.sign_in import device_of_request
from traceability.domain import accounts, second_factor, sessions, sign_in
from traceability.domain.accounts import Account, DetailsInput, Language
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.agencies import Agency
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.sign_in import PasswordInput
from traceability.forms import Form
from traceability.i18n import gettext


class LanguageInput(BaseModel):
    """The language of pages and notices."""

    language: Language


class SessionInput(BaseModel):
    """One session of the list, by its stored hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: str


@blueprint.get("")
@requires(SIGNED_IN)
def account() -> str:
    """Everything about one's own account on one page."""
    me: Account = current_user.account
    with access.reading(EVERYTHING) as session:
        organisation = (
            session.get(Producer, me.producer_id)
            if me.producer_id
            else session.get(Agency, me.agency_id)
            if me.agency_id
            else None
        )
        living = sessions.living(session, me.id, office=me.producer_id is None)
    return render_template(
        "auth/account.html",
        me=me,
        organisation=organisation.name if organisation is not None else "",
        living=living,
        this_one=sessions.token_hash(current_user.token),
        demanded=second_factor.is_demanded(me.role, demo=access.settings().demo),
    )


@blueprint.route("/details", methods=["GET", "POST"])
@requires(SIGNED_IN)
def account_details() -> Response | tuple[str, int]:
    """Name, telephone, e-mail, language."""
    form = Form(DetailsInput, current_user.account)

    def revise(session: Session, actor: Actor, value: DetailsInput) -> Account:
        return accounts.revise(session, actor, current_user.account.id, value)

    if form.save(revise, lambda _done: url_for("auth.account"), actor=current_user.actor):
        flash(gettext("Your details are saved."), "success")
        return _in_language(form.redirect(), form.value.language if form.value else None)
    return form.page("auth/details.html")


@blueprint.post("/language")
@requires(SIGNED_IN)
def account_language() -> Response | tuple[str, int]:
    """The language of the pages, on this device and in the account."""
    form = Form(LanguageInput)

    def choose(session: Session, actor: Actor, value: LanguageInput) -> Account:
        me = current_user.account
        details = DetailsInput(
            display_name=me.display_name, email=me.email, phone=me.phone, language=value.language
        )
        return accounts.revise(session, actor, me.id, details)

    if form.save(choose, lambda _done: url_for("auth.account"), actor=current_user.actor):
        return _in_language(form.redirect(), form.value.language if form.value else None)
    return redirect(url_for("auth.account"), code=303)


def _in_language(response: Response, language: str | None) -> Response:
    if language is not None:
        headers.set_language(response, language)
    return response


@blueprint.route("/password", methods=["GET", "POST"])
@requires(SIGNED_IN)
def account_password() -> Response | tuple[str, int]:
    """A new password. All other sessions end, and this one begins anew."""
    form = Form(PasswordInput)
    me: Account = current_user.account
    if (
        form.valid()
        and form.value is not None
        and _confirmed(form, form.value.current)
        and form.save(
            sign_in.change_password, lambda _done: url_for("auth.account"), actor=current_user.actor
        )
    ):
        with access.transaction(SYSTEM) as session:
            token = sessions.begin(session, me.id, device_of_request())
        access.let_in(token, remember=False)
        flash(gettext("Your password is changed. All other devices were signed out."), "success")
        return form.redirect()
    return form.page("auth/password.html", username=me.username)


def _confirmed(form: Form[Any], password: str) -> bool:
    try:
        sign_in.confirm(database(), current_user.account, password)
    except RuleBroken as error:
        form.refuse(error)
        return False
    return True


@blueprint.post("/sessions/end")
@requires(SIGNED_IN)
def account_sessions_end() -> Response:
    """Signs out another device."""
    form = Form(SessionInput)
    if form.valid() and form.value is not None:
        with access.transaction(SYSTEM) as session:
            sessions.end(session, current_user.account.id, form.value.session[:64])
        flash(gettext("That device is signed out."), "success")
    return redirect(url_for("auth.account"), code=303)


@blueprint.post("/sessions/end-others")
@requires(SIGNED_IN)
def account_sessions_end_others() -> Response:
    """Signs out every other device."""
    with access.transaction(SYSTEM) as session:
        sessions.end_all(session, current_user.account.id, but=sessions.token_hash(current_user.token))
    flash(gettext("All other devices are signed out."), "success")
    return redirect(url_for("auth.account"), code=303)
