"""Choosing the producer in whose name a data-entry account records."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import delegation, sessions
from traceability.domain.actors import Permission
from traceability.domain.delegation import ChoiceInput
from traceability.forms import Form


@blueprint.get("/act-for")
@requires(Permission.DATA_ENTRY_ON_BEHALF)
def act_for() -> str:
    """The producers without an account of their own, to choose one."""
    sought = request.args.get("q", "")
    with access.reading() as session:
        rows = delegation.waiting(session, sought)
    return render_template(
        "inspector/act_for/choose.html", rows=rows, sought=sought, chosen=current_user.acting_for
    )


@blueprint.post("/act-for")
@requires(Permission.DATA_ENTRY_ON_BEHALF)
def act_for_choose() -> Response:
    """Begins to record for a producer, or stops."""
    form = Form(ChoiceInput)
    choose = partial(delegation.choose, stored_hash=sessions.token_hash(current_user.token))
    if form.save(choose, lambda chosen: url_for("producer.home" if chosen else "inspector.act_for")):
        return form.redirect()
    flash(" ".join(form.errors.values()), "error")
    return redirect(url_for("inspector.act_for"), code=303)
