"""The pages of mock recalls, the same for producers and agencies but for the address and for whose lots are named."""

from collections.abc import Callable

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, recall_papers
from traceability.domain import logbook, mock_recalls, records
from traceability.domain.batches import Batch
from traceability.domain.mock_recalls import MockInput, MockRecall
from traceability.domain.products import Product
from traceability.forms import Form

#: The producers whose lots a reader may see by name in an exercise; those of others are only counted.
Named = Callable[[Session, MockRecall], set[str]]


def carry_out(audience: str, batch_id: str) -> Response | tuple[str, int]:
    """The form of an exercise with one batch, and the exercise."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
    form = Form(MockInput, fixed={"batch_id": batch_id})
    if form.save(mock_recalls.run, lambda row: url_for(f"{audience}.recalls_mock", mock_id=row.id)):
        return form.redirect()
    return form.page(f"{audience}/recalls/mock_new.html", batch=batch, product=product)


def report(audience: str, mock_id: str, named: Named) -> str:
    """The report of one exercise."""
    with access.reading() as session:
        row, batch, product = _found(session, mock_id)
        people = logbook.people(session, [row.by_id])
        mine = named(session, row)
    return render_template(
        f"{audience}/recalls/mock.html",
        row=row,
        people=people,
        facts=recall_papers.mock_facts(row, batch, product),
        **recall_papers.mock_lines(row, mine),
    )


def report_file(mock_id: str, named: Named) -> Response:
    """The report as a PDF."""
    with access.reading() as session:
        row, batch, product = _found(session, mock_id)
        mine = named(session, row)
    data = recall_papers.mock_report(row, batch, product, mine, access.settings().demo)
    answer = Response(data, content_type="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"dien-tap-{row.number}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _found(session: Session, mock_id: str) -> tuple[MockRecall, Batch, Product]:
    row = records.find(session, MockRecall, mock_id)
    batch = records.find(session, Batch, row.batch_id)
    return row, batch, records.find(session, Product, batch.product_id)
