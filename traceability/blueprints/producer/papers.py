"""The papers of a lot, links to them for buyers, and one step back and forward over some days."""

from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, lot_papers
from traceability.blueprints.producer import blueprint
from traceability.domain import one_step, paper_links, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.paper_links import PaperLink, PaperLinkInput
from traceability.domain.products import Product
from traceability.forms import Form, press
from traceability.i18n import gettext
from traceability.lot_papers import Period


@blueprint.get("/batches/<batch_id>/papers")
@access.requires(Permission.VIEW_OWN)
def batches_papers(batch_id: str) -> tuple[str, int]:
    """All papers of a lot, and the links that buyers hold."""
    return _page(batch_id, Form(PaperLinkInput, {"days": 30}, fixed={"batch_id": batch_id}))


@blueprint.get(f"/batches/<batch_id>/papers/<any({lot_papers.ROUTE}):paper>")
@access.requires(Permission.VIEW_OWN)
def batches_paper(batch_id: str, paper: str) -> Response:
    """One paper as a file."""
    return lot_papers.paper(batch_id, paper)


@blueprint.post("/batches/<batch_id>/papers/links")
@access.requires(Permission.RECORD_EVENTS)
def batches_papers_link(batch_id: str) -> Response | tuple[str, int]:
    """Makes a link for a buyer; it is shown once."""
    form = Form(PaperLinkInput, {"days": 30}, fixed={"batch_id": batch_id})
    show = url_for("producer.batches_papers", batch_id=batch_id)
    if form.save(paper_links.make, lambda _made: show):
        return _link_once(show, *form.result) if form.result else form.redirect()
    return _page(batch_id, form)


def _link_once(show: str, link: PaperLink, token: str) -> tuple[str, int]:
    """The page with the link, which no other page ever shows."""
    address = access.settings().public_root + url_for("public.lot_papers", token=token)
    return render_template("producer/papers/link.html", show=show, link=link, address=address), 200


@blueprint.post("/paper-links/<paper_link_id>/revoke")
@access.requires(Permission.RECORD_EVENTS)
def paper_links_revoke(paper_link_id: str) -> Response:
    """Takes a buyer's link back."""
    with access.reading() as session:
        batch_id = records.find(session, PaperLink, paper_link_id).batch_id
    return press(
        lambda session, actor: paper_links.revoke(session, actor, paper_link_id),
        url_for("producer.batches_papers", batch_id=batch_id),
        gettext("The link is taken back: it opens nothing any more."),
    )


@blueprint.get("/steps", endpoint="batches_steps")
@access.requires(Permission.VIEW_OWN)
def steps() -> str:
    """One step back, one step forward over some days, as three tables."""
    period = Period.of(request.args)
    with access.reading() as session:
        found = one_step.of_producer(session, access.current_actor().tenant(), period.first, period.last)
    export = {
        kind: url_for("producer.batches_steps_export", name=f"steps.{kind}", **period.asked)
        for kind in ("xlsx", "csv")
    }
    return render_template(
        "producer/papers/steps.html", tabs=lot_papers.shown(found), period=period, export=export
    )


@blueprint.get('/steps/<any("steps.xlsx","steps.csv"):name>', endpoint="batches_steps_export")
@access.requires(Permission.VIEW_OWN)
def steps_export(name: str) -> Response:
    """The three tables as a file."""
    period = Period.of(request.args)
    with access.reading() as session:
        found = one_step.of_producer(session, access.current_actor().tenant(), period.first, period.last)
    return lot_papers.steps_sheet(name, "truoc-sau", found)


def _page(batch_id: str, form: Form[Any]) -> tuple[str, int]:
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
        links = paper_links.of_batch(session, batch_id)
        looks = paper_links.looks(session, links)
        gaps = lot_papers.tracking_gaps(session, batch_id)
    return form.page(
        "producer/papers/lot.html", batch=batch, product=product, links=links, looks=looks, gaps=gaps
    )
