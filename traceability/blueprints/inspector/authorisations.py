"""Lent codes as an agency sees them: who uses whose code, for how much; it may end what should not go on."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import code_authorisations, code_draws, partners
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.code_authorisations import AuthorisationState, EndInput
from traceability.forms import Form
from traceability.i18n import gettext as _


@blueprint.get("/authorisations", endpoint="authorisations")
@requires(Permission.OVERSEE)
def index() -> str:
    """The newest authorisations of which one side lies within the scope."""
    with access.reading() as session:
        rows = code_authorisations.all_of(session)
        ids = {key for row in rows for key in (row.producer_id, row.to_producer_id)}
        names = {key: partners.of(session, key).name for key in ids}
    return render_template("inspector/authorisations/list.html", rows=rows, names=names, today=today())


@blueprint.route("/authorisations/<authorisation_id>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def authorisations_show(authorisation_id: str) -> Response | tuple[str, int]:
    """One authorisation with all that was drawn on it."""
    form = Form(EndInput, fixed={"authorisation_id": authorisation_id})
    here = url_for("inspector.authorisations_show", authorisation_id=authorisation_id)
    if form.submitted and form.save(code_authorisations.end, lambda _made: here):
        flash(_("The authorisation has ended. Both sides have been told."), "success")
        return form.redirect()
    with access.reading() as session:
        found = code_authorisations.find(session, authorisation_id)
        draws = code_draws.draws_from(session, authorisation_id)
        names = {key: partners.of(session, key).name for key in (found.producer_id, found.to_producer_id)}
    return form.page(
        "inspector/authorisations/show.html",
        row=found,
        draws=draws,
        names=names,
        states=AuthorisationState,
        today=today(),
    )
