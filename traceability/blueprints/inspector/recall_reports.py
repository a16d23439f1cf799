"""The end of a recall: an agency files the report for whoever cannot, accepts one, or sends it back."""

from typing import Any

from flask import flash, url_for
from werkzeug.wrappers import Response

from traceability import access, recall_pages
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import logbook, recall_balance, recall_receivers, recall_reports, records
from traceability.domain.actors import Permission
from traceability.domain.recall_records import Recall
from traceability.domain.recall_reports import AcceptInput, ReportInput, SendBackInput
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.get("/recalls/<recall_id>/goods")
@requires(Permission.OVERSEE)
def recalls_goods(recall_id: str) -> tuple[str, int]:
    """What came back within the scope, and what was done with the goods."""
    form = Form(AcceptInput)
    with access.reading() as session:
        recall = recall_receivers.seen_by(session, recall_id)
        recoveries = recall_balance.recoveries(session, recall_id)
        handlings = recall_balance.handlings(session, recall_id)
        people = logbook.people(
            session, [row.by_id for row, _lot in recoveries] + [row.by_id for row, _lot in handlings]
        )
    return form.page(
        "inspector/recalls/goods.html",
        recall=recall,
        recoveries=recoveries,
        handlings=handlings,
        people=people,
    )


@blueprint.route("/recalls/<recall_id>/report", methods=["GET", "POST"])
@requires(Permission.REQUEST_RECALL)
def recalls_report(recall_id: str) -> Response | tuple[str, int]:
    """Reports the outcome where the producer cannot; another person accepts it."""
    known = _show(recall_id)
    form = Form(ReportInput, known["report"], fixed={"recall_id": recall_id})
    if form.save(recall_reports.file, lambda _report: _address("recalls_show", recall_id)):
        flash(gettext("The report is filed. The agency has been told."), "success")
        return form.redirect()
    return form.page("inspector/recalls/report.html", **known)


@blueprint.route("/recalls/<recall_id>/decide", methods=["GET", "POST"])
@requires(Permission.REQUEST_RECALL)
def recalls_decide(recall_id: str) -> Response | tuple[str, int]:
    """Reads the report and accepts it: the recall is closed."""
    known = _show(recall_id)
    form = Form(AcceptInput, fixed={"recall_id": recall_id})
    if form.save(recall_reports.accept, lambda _report: _address("recalls_show", recall_id)):
        flash(
            gettext("The recall is closed. Its stamps go on saying that the goods were recalled."), "success"
        )
        return form.redirect()
    return form.page("inspector/recalls/decide.html", **known)


@blueprint.post("/recalls/<recall_id>/send-back")
@requires(Permission.REQUEST_RECALL)
def recalls_send_back(recall_id: str) -> Response | tuple[str, int]:
    """Does not accept the report yet, and says what is missing."""
    known = _show(recall_id)
    form = Form(SendBackInput, fixed={"recall_id": recall_id})
    if form.save(recall_reports.send_back, lambda _report: _address("recalls_show", recall_id)):
        flash(gettext("The report is sent back; the producer reads why."), "success")
        return form.redirect()
    return form.page("inspector/recalls/decide.html", **known)


def _show(recall_id: str) -> dict[str, Any]:
    with access.reading() as session:
        recall = records.find(session, Recall, recall_id)
        found = recall_pages.overview(session, access.current_actor(), recall)
        batch, product = recall_pages.begun_with(session, recall)
    return found | {"recall": recall, "batch": batch, "product": product}


def _address(page: str, recall_id: str) -> str:
    return url_for(f"inspector.{page}", recall_id=recall_id)
