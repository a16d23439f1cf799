"""What agencies found: the findings with their deadlines, and the producer's answers."""

from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.producer import blueprint
from traceability.domain import case_files, inspections, records
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.inspections import AnswerInput, Finding, Inspection
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.wording.inspections import CHECKLIST


@blueprint.get("/findings", endpoint="findings")
@requires(Permission.VIEW_OWN)
def index() -> str:
    """All inspections of the producer, the newest first, with their findings."""
    with access.reading() as session:
        rows = inspections.of_producer(session, access.current_actor().tenant())
        agencies = case_files.agencies_by_id(session, [row.agency_id for row, _findings in rows])
    return render_template("producer/findings/list.html", rows=rows, agencies=agencies, today=today())


@blueprint.get("/inspections/<inspection_id>")
@requires(Permission.VIEW_OWN)
def inspections_show(inspection_id: str) -> str:
    """One inspection with its minutes and findings."""
    with access.reading() as session:
        inspection = records.find(session, Inspection, inspection_id)
        known: dict[str, Any] = {
            "inspection": inspection,
            "findings": inspections.findings_of(session, inspection_id),
            "agencies": case_files.agencies_by_id(session, [inspection.agency_id]),
        }
    return render_template("producer/findings/show.html", checklist=CHECKLIST, today=today(), **known)


@blueprint.route("/findings/<finding_id>", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def findings_answer(finding_id: str) -> Response | tuple[str, int]:
    """The answer to a finding: what was done about it."""
    with access.reading() as session:
        finding = records.find(session, Finding, finding_id)
        inspection = records.find(session, Inspection, finding.inspection_id)
        agencies = case_files.agencies_by_id(session, [inspection.agency_id])
    form = Form(AnswerInput, {"answer": finding.answer}, fixed={"finding_id": finding_id})
    target = url_for("producer.inspections_show", inspection_id=inspection.id)
    if form.save(inspections.answer, lambda _finding: target):
        flash(gettext("Your answer is with the agency."), "success")
        return form.redirect()
    return form.page(
        "producer/findings/answer.html",
        finding=finding,
        inspection=inspection,
        agency=agencies.get(inspection.agency_id, ""),
        today=today(),
    )
