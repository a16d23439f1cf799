"""The PIN under a scratch panel: a form without a session, and what came of the try."""

from functools import partial

from flask import abort, current_app, redirect, render_template, request
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mint
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, scans, stamp_checks, stamp_codes
from traceability.domain.actors import VISITOR, Actor
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import PUBLIC
from traceability.domain.stamp_checks import CheckInput, Outcome
from traceability.forms import Form
from traceability.limits import tries
from traceability.scan_gate import gate


@blueprint.route("/stamp-checks/new", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
@tries
def stamp_checks_new() -> Response | str | tuple[str, int]:
    """The form; sending it answers at once, because what came of it is for whoever typed the PIN."""
    code = stamp_codes.normalise(request.args.get("code", ""))
    issued = None if isinstance(code, stamp_codes.Problem) else gate(current_app).read(code)
    if issued is None:
        abort(404)
    with access.reading(PUBLIC) as session:
        found = scans.resolve(session, *issued, today())
        if found is None or not stamp_checks.has_pins(session, found.stamps_id):
            abort(404)
        product, lot = catalogue.goods_of(session, found.batch_id)
    form = Form(CheckInput)
    shown = {"code": code, "product": product, "lot": lot}
    if form.save(partial(_check, issued=issued), lambda _outcome: f"/s/{code}", actor=VISITOR):
        outcome: Outcome | None = form.result
        if outcome is None:  # sent twice: the first sending was answered
            return redirect(form.location, 303)
        if outcome.is_right:
            return render_template("public/stamp_checks/show.html", outcome=outcome, **shown)
        form.refuse(RuleBroken("stamp_checks.wrong", "pin", left=outcome.left))
    return form.page("public/stamp_checks/new.html", **shown)


def _check(session: Session, actor: Actor, value: CheckInput, *, issued: tuple[int, int]) -> Outcome:
    epoch, serial = issued
    key = mint.epoch_keys(access.database(), access.settings().keyring())[epoch]
    return stamp_checks.check(session, actor, value, key=key, serial=serial, today=today())
