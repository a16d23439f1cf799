"""Recalled goods of a producer: what came back, what was done with it, and the report of the outcome."""

from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from traceability import access, recall_pages, wording
from traceability.access import requires
from traceability.blueprints.producer import blueprint
from traceability.domain import (
    logbook,
    recall_balance,
    recall_goods,
    recall_reports,
    recall_views,
)
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.errors import NotFound
from traceability.domain.recall_goods import HandleInput, RecoverInput, WithdrawInput
from traceability.domain.recall_records import Way
from traceability.domain.recall_reports import ReportInput
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.get("/recalls/<recall_id>/goods")
@requires(Permission.VIEW_OWN)
def recalls_goods(recall_id: str) -> str:
    """What may still come back, what waits to be dealt with, and what was written down."""
    return render_template("producer/recalls/goods.html", form=None, form_of="", **_goods(recall_id))


@blueprint.route("/recalls/<recall_id>/recover", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def recalls_recover(recall_id: str) -> Response | tuple[str, int]:
    """Writes down what came back of a delivery."""
    known = _goods(recall_id)
    form = Form(RecoverInput, {"on_day": today()}, fixed={"recall_id": recall_id})
    if form.save(recall_goods.recover, lambda _row: _address(recall_id)):
        flash(gettext("Written down."), "success")
        return form.redirect()
    return form.page("producer/recalls/recover.html", **known)


@blueprint.route("/recalls/<recall_id>/handle", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def recalls_handle(recall_id: str) -> Response | tuple[str, int]:
    """Writes down what was done with goods of a batch."""
    known = _goods(recall_id)
    form = Form(HandleInput, {"on_day": today()}, fixed={"recall_id": recall_id})
    if form.save(recall_goods.handle, lambda _row: _address(recall_id)):
        flash(gettext("Written down. What left the stock has left the account of its batch."), "success")
        return form.redirect()
    return form.page("producer/recalls/handle.html", **known)


@blueprint.post("/recalls/<recall_id>/withdraw-<any(recovery, handling):entry>")
@requires(Permission.RECORD_EVENTS)
def recalls_withdraw(recall_id: str, entry: str) -> Response | tuple[str, int]:
    """Takes back a wrong entry; it stays on record with the reason."""
    known = _goods(recall_id)
    form = Form(WithdrawInput, fixed={"recall_id": recall_id})
    act: Any = recall_goods.withdraw_recovery if entry == "recovery" else recall_goods.withdraw_handling
    if form.save(act, lambda _row: _address(recall_id)):
        flash(gettext("The entry is taken back; it stays on record with your reason."), "success")
        return form.redirect()
    return form.page("producer/recalls/goods.html", form_of=form.text("entry_id"), **known)


@blueprint.route("/recalls/<recall_id>/report", methods=["GET", "POST"])
@requires(Permission.RECALL_OWN_BATCHES)
def recalls_report(recall_id: str) -> Response | tuple[str, int]:
    """Reports the outcome of the producer's own recall; an agency accepts it."""
    actor = access.current_actor()
    with access.reading() as session:
        view = recall_views.one(session, actor.tenant(), recall_id)
        if not view.own:
            raise NotFound("Recall", recall_id)
        found = recall_pages.overview(session, actor, view.recall)
    form = Form(ReportInput, found["report"], fixed={"recall_id": recall_id})
    then = url_for("producer.recalls_show", recall_id=recall_id)
    if form.save(recall_reports.file, lambda _report: then):
        flash(gettext("The report is filed. The agency has been told."), "success")
        return form.redirect()
    return form.page("producer/recalls/report.html", view=view, recall=view.recall, **found)


def _goods(recall_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        view = recall_views.one(session, actor.tenant(), recall_id)
        recoveries = recall_balance.recoveries(session, recall_id)
        handlings = recall_balance.handlings(session, recall_id)
        return {
            "view": view,
            "recall": view.recall,
            "outstanding": recall_balance.outstanding(session, view.recall, actor.tenant()),
            "waiting": recall_balance.waiting_of(session, view.recall, actor.tenant()),
            "recoveries": recoveries,
            "handlings": handlings,
            "people": logbook.people(
                session, [row.by_id for row, _lot in recoveries] + [row.by_id for row, _lot in handlings]
            ),
            "ways": [(way.value, wording.name(way)) for way in Way],
        }


def _address(recall_id: str) -> str:
    return url_for("producer.recalls_goods", recall_id=recall_id)
