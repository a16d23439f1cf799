"""Recalls as a producer sees them: its own and those that reach its goods; opening a voluntary one, and lifting it."""

from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from traceability import access, recall_pages
from traceability.access import requires
from traceability.blueprints.producer import blueprint
from traceability.domain import logbook, recall_reach, recall_views, recalls, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.products import Product
from traceability.domain.recalls import ConfirmInput, LiftInput, RecallInput
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.get("/recalls", endpoint="recalls")
@requires(Permission.VIEW_OWN)
def index() -> str:
    """All recalls that reach goods of the producer, its own among them, the newest first."""
    with access.reading() as session:
        rows = recall_views.concerning(session, access.current_actor().tenant())
        overdue = recall_pages.overdue(session, [row.recall for row in rows])
    return render_template("producer/recalls/list.html", rows=rows, overdue=overdue)


@blueprint.route("/recalls/new/<batch_id>", methods=["GET", "POST"])
@requires(Permission.RECALL_OWN_BATCHES)
def recalls_new(batch_id: str) -> Response | tuple[str, int]:
    """A voluntary recall of a batch and of everything made of it; what it reaches is shown beforehand."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
        reach = recall_reach.of_batch(session, batch_id)
        parts = recall_pages.parts_of_preview(session, access.current_actor(), reach)
    form = Form(RecallInput, fixed={"batch_id": batch_id, "kind": "voluntary"})
    if form.save(recalls.open_recall, lambda recall: _address(recall.id)):
        told = gettext(
            "The recall is open. Everybody concerned on the platform has been told; tell the receivers outside it."
        )
        flash(told, "success")
        return form.redirect()
    return form.page("producer/recalls/new.html", batch=batch, product=product, **parts)


@blueprint.get("/recalls/<recall_id>")
@requires(Permission.VIEW_OWN)
def recalls_show(recall_id: str) -> str:
    """One recall, as far as it concerns the producer."""
    return render_template("producer/recalls/show.html", form=Form(LiftInput), **_show(recall_id))


@blueprint.post("/recalls/<recall_id>/ask-lift")
@requires(Permission.RECALL_OWN_BATCHES)
def recalls_ask_lift(recall_id: str) -> Response | tuple[str, int]:
    """The first of two persons asks to lift it."""
    form = Form(LiftInput, fixed={"recall_id": recall_id})
    return _done(form, recalls.ask_lift, recall_id, gettext("Asked. A second person has to confirm it."))


@blueprint.post("/recalls/<recall_id>/lift")
@requires(Permission.RECALL_OWN_BATCHES)
def recalls_lift(recall_id: str) -> Response | tuple[str, int]:
    """The second person lifts it."""
    form = Form(ConfirmInput, fixed={"recall_id": recall_id})
    word = gettext("The recall is lifted. Everybody concerned on the platform has been told.")
    return _done(form, recalls.lift, recall_id, word)


def _done(form: Form[Any], act: Any, recall_id: str, word: str) -> Response | tuple[str, int]:
    if form.save(act, lambda recall: _address(recall.id)):
        flash(word, "success")
        return form.redirect()
    return form.page("producer/recalls/show.html", **_show(recall_id))


def _address(recall_id: str) -> str:
    return url_for("producer.recalls_show", recall_id=recall_id)


def _show(recall_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        view = recall_views.one(session, actor.tenant(), recall_id)
        found = recall_pages.overview(session, actor, view.recall)
        known = logbook.people(session, [view.recall.lift_asked_by_id] if view.own else [])
        asked = recall_views.to_answer(session, actor.tenant(), recall_id)
    return found | {
        "view": view,
        "recall": view.recall,
        "people": found["people"] | known,
        "asked": asked,
        "may_lift": view.own and actor.may(Permission.RECALL_OWN_BATCHES),
        "same_person": view.recall.lift_asked_by_id == actor.user_id,
    }
