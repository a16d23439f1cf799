"""Turning the second factor on and off."""

import base64
import binascii
from functools import partial

import qrcode
from flask import flash, url_for
from flask_login import current_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import SIGNED_IN, database, requires
from traceability.blueprints.auth import blueprint
from traceability.domain import second_factor as rules
from traceability.domain import sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken
from traceability.domain.second_factor import EnrolInput, TurnOffInput
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.route("/second-factor", methods=["GET", "POST"])
@requires(SIGNED_IN)
def second_factor() -> Response | tuple[str, int]:
    """Shows a fresh secret as a QR code and as letters; the first code turns it on."""
    me: Account = current_user.account
    form = Form(EnrolInput)
    try:
        secret = _carried(form.text("sealed"))
    except RuleBroken:
        secret = rules.new_secret()
    keyring = access.settings().keyring()
    sealed = base64.urlsafe_b64encode(rules.seal(keyring, me.id, secret)).decode()

    def turn_on(session: Session, actor: Actor, value: EnrolInput) -> Account:
        return rules.turn_on(session, actor, secret, value.code, keyring)

    if form.save(turn_on, lambda _done: url_for("auth.account"), actor=current_user.actor):
        flash(gettext("Two-step sign-in is on. From now on you need the code of your app."), "success")
        return form.redirect()
    address = rules.address(secret, me.username, f"Truy xuất Vĩnh Long ({access.settings().public_host})")
    return form.page(
        "auth/second_factor.html",
        is_on=me.totp_sealed is not None,
        owed=access.owes_second_factor(current_user),
        sealed=sealed,
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        address=address,
        modules=_modules(address),
    )


@blueprint.route("/second-factor/off", methods=["GET", "POST"])
@requires(SIGNED_IN)
def second_factor_off() -> Response | tuple[str, int]:
    """Turns it off, for who knows the password."""
    form = Form(TurnOffInput)
    if form.valid() and form.value is not None:
        try:
            sign_in.confirm(database(), current_user.account, form.value.current)
        except RuleBroken as error:
            form.refuse(error)
    turn_off = partial(rules.turn_off, demo=access.settings().demo)
    if not form.errors and form.save(
        lambda session, actor, _value: turn_off(session, actor),
        lambda _done: url_for("auth.account"),
        actor=current_user.actor,
    ):
        flash(gettext("Two-step sign-in is off."), "success")
        return form.redirect()
    return form.page("auth/second_factor_off.html")


def _carried(text: str) -> str:
    """The secret that the form carries, sealed for this account. Raises `RuleBroken` if it is none of ours."""
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise RuleBroken("second_factor.damaged") from error
    return rules.unseal(access.settings().keyring(), current_user.account.id, sealed)


def _modules(text: str) -> list[list[bool]]:
    """The dark and light modules of a QR code, without its quiet zone."""
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    code.make()
    return [[bool(module) for module in row] for row in code.get_matrix()]
