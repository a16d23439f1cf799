"""The page behind a one-time link: its holder chooses a password."""

from dataclasses import replace

from flask import flash, render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.auth import blueprint
from traceability.domain import password_links
from traceability.domain.accounts import Account
from traceability.domain.actors import VISITOR, Actor
from traceability.domain.ownership import EVERYTHING
from traceability.domain.password_links import LinkPasswordInput
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.limits import tries


@blueprint.route("/set-password/<token>", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
@tries
def set_password(token: str) -> Response | tuple[str, int]:
    """Sets the password; used, expired and unknown links get one and the same answer."""
    form = Form(LinkPasswordInput)
    with access.reading(EVERYTHING) as session:
        holder = password_links.holder(session, token)
    if holder is None:
        return render_template("auth/link_not_good.html"), 404

    def choose(session: Session, actor: Actor, value: LinkPasswordInput) -> Account:
        return password_links.set_password_by_link(session, actor, token, value)

    actor = replace(VISITOR, user_id=holder.id, name=holder.display_name)
    if form.save(choose, lambda _done: url_for("auth.sign_in"), actor=actor):
        access.let_out()
        flash(gettext("Your password is set. Please sign in."), "success")
        return form.redirect()
    return form.page("auth/set_password.html", holder=holder)
