"""One laboratory result as an agency sees it: what it holds, what had left, and letting the lots go again."""

from flask import flash, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import failed_samples, laboratory
from traceability.domain.actors import Permission
from traceability.domain.failed_samples import ReleaseHoldInput
from traceability.forms import Form
from traceability.i18n import gettext as _


@blueprint.route("/lab-tests/<lab_test_id>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def lab_tests_show(lab_test_id: str) -> Response | tuple[str, int]:
    """The report, the lots it holds, the receivers of what had left with their kilograms, and the stamps."""
    with access.reading() as session:
        test = laboratory.readable(session, lab_test_id)
    form = Form(ReleaseHoldInput, fixed={"lab_test_id": lab_test_id})
    here = url_for("inspector.lab_tests_show", lab_test_id=lab_test_id)
    if form.submitted and form.save(failed_samples.release, lambda _rows: here):
        flash(_("The lots are free again. Their producers have been told."), "success")
        return form.redirect()
    with access.reading() as session:
        found = failed_samples.look(session, lab_test_id)
    return form.page("inspector/lab_tests/show.html", test=test, found=found)
