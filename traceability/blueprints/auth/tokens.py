"""Tokens of one's own account for programs: made, shown once, ended."""

from flask import flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.auth import blueprint
from traceability.domain import api_tokens
from traceability.domain.actors import Permission
from traceability.domain.api_tokens import RevokeInput, TokenInput
from traceability.domain.ownership import EVERYTHING
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.route("/tokens", methods=["GET", "POST"])
@requires(Permission.VIEW_OWN)
def account_tokens() -> Response | tuple[str, int]:
    """The account's tokens and the form for a new one; a new one's secret is on this answer and nowhere else."""
    form = Form(TokenInput, {"days": 90, "scopes": [Permission.VIEW_OWN]})
    secret = ""
    actor = current_user.actor
    if form.save(api_tokens.issue, lambda _made: url_for("auth.account_tokens"), actor=actor):
        if form.result is None:  # sent twice: the secret was on the first answer
            return form.redirect()
        secret = form.result[1]
        form = Form(TokenInput, {"days": 90, "scopes": [Permission.VIEW_OWN]})
        form.submitted = False
    with access.reading(EVERYTHING) as session:
        tokens = api_tokens.of_account(session, current_user.account.id)
    words = {scope.value: wording.name(scope) for scope in api_tokens.SCOPES}
    offered = [(scope.value, words[scope.value]) for scope in api_tokens.SCOPES if actor.may(scope)]
    return form.page("auth/tokens.html", tokens=tokens, secret=secret, offered=offered, words=words)


@blueprint.post("/tokens/end")
@requires(Permission.VIEW_OWN)
def account_tokens_end() -> Response:
    """Ends a token at once."""
    form = Form(RevokeInput)
    if form.save(api_tokens.revoke, lambda _done: url_for("auth.account_tokens"), actor=current_user.actor):
        flash(gettext("The token has ended. A program that still uses it gets no answer."), "success")
    else:
        flash(" ".join(form.errors.values()), "error")
    return redirect(url_for("auth.account_tokens"), code=303)
