"""Mock recalls of the agencies: carried out with one press, kept as reports."""

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, recall_pages, recall_papers
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import logbook, mock_recalls, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.mock_recalls import MockInput, MockRecall
from traceability.domain.products import Product
from traceability.forms import Form


@blueprint.get("/recalls/mock", endpoint="recalls_mocks")
@requires(Permission.OVERSEE)
def index() -> str:
    """All exercises within the scope, the newest first."""
    with access.reading() as session:
        rows = mock_recalls.listed(session)
    return render_template("inspector/recalls/mocks.html", rows=rows)


@blueprint.route("/recalls/mock/new/<batch_id>", methods=["GET", "POST"])
@requires(Permission.INSPECT, Permission.REQUEST_RECALL)
def recalls_mock_new(batch_id: str) -> Response | tuple[str, int]:
    """An exercise with one batch."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
    form = Form(MockInput, fixed={"batch_id": batch_id})
    if form.save(mock_recalls.run, lambda row: url_for("inspector.recalls_mock", mock_id=row.id)):
        return form.redirect()
    return form.page("inspector/recalls/mock_new.html", batch=batch, product=product)


@blueprint.get("/recalls/mock/<mock_id>")
@requires(Permission.OVERSEE)
def recalls_mock(mock_id: str) -> str:
    """The report of one exercise."""
    with access.reading() as session:
        row = records.find(session, MockRecall, mock_id)
        batch = records.find(session, Batch, row.batch_id)
        product = records.find(session, Product, batch.product_id)
        people = logbook.people(session, [row.by_id])
        mine = _named(session, row)
    return render_template(
        "inspector/recalls/mock.html",
        row=row,
        people=people,
        facts=recall_papers.mock_facts(row, batch, product),
        **recall_papers.mock_lines(row, mine),
    )


@blueprint.get("/recalls/mock/<mock_id>/report.pdf")
@requires(Permission.OVERSEE)
def recalls_mock_pdf(mock_id: str) -> Response:
    """The report as a PDF."""
    with access.reading() as session:
        row = records.find(session, MockRecall, mock_id)
        batch = records.find(session, Batch, row.batch_id)
        product = records.find(session, Product, batch.product_id)
        mine = _named(session, row)
    data = recall_papers.mock_report(row, batch, product, mine, access.settings().demo)
    answer = Response(data, content_type="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"dien-tap-{row.number}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _named(session: Session, row: MockRecall) -> set[str]:
    """The producers of an exercise that the reader oversees: the others' batches are only counted."""
    ids = {one["producer_id"] for part in ("batches", "silent") for one in row.figures[part]}
    return recall_pages.known_producers(session, ids)
