"""Recalls: the register, opening a compulsory one, its reach, and lifting it in two steps by two persons."""

from typing import Any

from flask import flash, render_template, url_for
from sqlmodel import select
from werkzeug.wrappers import Response

from traceability import access, recall_pages, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import recall_sheet, sheet
from traceability.blueprints.inspector.listing import export_links, page_link, wanted
from traceability.domain import (
    case_files,
    logbook,
    oversight,
    recall_reach,
    recall_receivers,
    recalls,
    records,
    registers,
)
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.recalls import (
    ConfirmInput,
    LiftInput,
    Recall,
    RecallInput,
    RecallKind,
    RecallState,
)
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.get("/recalls", endpoint="recalls")
@requires(Permission.OVERSEE)
def index() -> str:
    """All recalls that began within the scope, the newest first."""
    sought = wanted()
    with access.reading() as session:
        page = registers.recalls(session, sought)
        overdue = recall_pages.overdue(session, [row[0] for row in page.rows])
    return render_template(
        "inspector/recalls/list.html",
        page=page,
        overdue=overdue,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.recalls_export"),
        states=RecallState,
    )


@blueprint.route("/recalls/new/<batch_id>", methods=["GET", "POST"])
@requires(Permission.REQUEST_RECALL)
def recalls_new(batch_id: str) -> Response | tuple[str, int]:
    """A compulsory recall of a batch and of everything made of it; what it reaches is shown beforehand."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
        producer = records.find(session, Producer, batch.producer_id)
        reach = recall_reach.of_batch(session, batch_id)
        parts = recall_pages.parts_of_preview(session, access.current_actor(), reach)
    form = Form(RecallInput, fixed={"batch_id": batch_id, "kind": "compulsory"})
    if form.save(recalls.open_recall, lambda recall: _address(recall.id)):
        flash(
            gettext(
                "The recall is open. Everybody concerned on the platform has been told, and each stamp says so "
                "from now on; tell the receivers outside it."
            ),
            "success",
        )
        return form.redirect()
    return form.page("inspector/recalls/new.html", batch=batch, product=product, producer=producer, **parts)


@blueprint.get("/recalls/<recall_id>")
@requires(Permission.OVERSEE)
def recalls_show(recall_id: str) -> str:
    """One recall: why, what it reaches, and how far its lifting has come."""
    return render_template("inspector/recalls/show.html", form=Form(LiftInput), **_show(recall_id))


@blueprint.post("/recalls/<recall_id>/ask-lift")
@requires(Permission.REQUEST_RECALL)
def recalls_ask_lift(recall_id: str) -> Response | tuple[str, int]:
    """The first of two persons asks to lift it."""
    form = Form(LiftInput, fixed={"recall_id": recall_id})
    return _done(
        form, recalls.ask_lift, recall_id, gettext("Asked. A second person can lift the recall now.")
    )


@blueprint.post("/recalls/<recall_id>/refuse-lift")
@requires(Permission.REQUEST_RECALL)
def recalls_refuse_lift(recall_id: str) -> Response | tuple[str, int]:
    """The wish to lift it is refused or taken back."""
    form = Form(ConfirmInput, fixed={"recall_id": recall_id})
    return _done(form, recalls.withdraw_lift, recall_id, gettext("The recall goes on."))


@blueprint.post("/recalls/<recall_id>/lift")
@requires(Permission.REQUEST_RECALL)
def recalls_lift(recall_id: str) -> Response | tuple[str, int]:
    """The second person lifts it."""
    form = Form(ConfirmInput, fixed={"recall_id": recall_id})
    return _done(
        form,
        recalls.lift,
        recall_id,
        gettext("The recall is lifted. Everybody concerned on the platform has been told."),
    )


@blueprint.get("/recalls/export")
@requires(Permission.OVERSEE)
def recalls_export() -> Response:
    """The register as a sheet."""
    with access.reading() as session:
        page = registers.recalls(session, wanted(None))
    return sheet("thu-hoi", *recall_sheet(page.rows))


def _done(form: Form[Any], act: Any, recall_id: str, word: str) -> Response | tuple[str, int]:
    if form.save(act, lambda recall: _address(recall.id)):
        flash(word, "success")
        return form.redirect()
    return form.page("inspector/recalls/show.html", **_show(recall_id))


def _address(recall_id: str) -> str:
    return url_for("inspector.recalls_show", recall_id=recall_id)


def _show(recall_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_receivers.seen_by(session, recall_id)
        found = recall_pages.overview(session, actor, recall)
        signed = [recall.opened_by_id, recall.lift_asked_by_id, recall.lifted_by_id]
        people = logbook.people(session, signed)
        agencies = case_files.agencies_by_id(session, [recall.agency_id])
        batch, product = recall_pages.begun_with(session, recall)
        bar = oversight.why_not(session, actor, recall.agency_id)
        within = session.exec(select(Recall.id).where(Recall.id == recall.id)).first() is not None
    return found | {
        "recall": recall,
        "batch": batch,
        "product": product,
        "people": found["people"] | people,
        "agencies": agencies,
        "may_lift": within and actor.may(Permission.REQUEST_RECALL),
        "why_not": wording.refusal(bar) if bar and recall.kind is RecallKind.COMPULSORY else "",
        "same_person": recall.lift_asked_by_id == actor.user_id,
    }
