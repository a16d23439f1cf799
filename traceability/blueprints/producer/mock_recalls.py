"""Mock recalls of a producer: carried out with one press, kept as reports."""

from flask import render_template
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mock_recall_pages
from traceability.access import requires
from traceability.blueprints.producer import blueprint
from traceability.domain import mock_recalls
from traceability.domain.actors import Permission
from traceability.domain.mock_recalls import MockRecall


@blueprint.get("/recalls/mock", endpoint="recalls_mocks")
@requires(Permission.VIEW_OWN)
def index() -> str:
    """All exercises with batches of the producer, the newest first."""
    with access.reading() as session:
        rows = mock_recalls.listed(session)
    return render_template("producer/recalls/mocks.html", rows=rows)


@blueprint.route("/recalls/mock/new/<batch_id>", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def recalls_mock_new(batch_id: str) -> Response | tuple[str, int]:
    """An exercise with one batch."""
    return mock_recall_pages.carry_out("producer", batch_id)


@blueprint.get("/recalls/mock/<mock_id>")
@requires(Permission.VIEW_OWN)
def recalls_mock(mock_id: str) -> str:
    """The report of one exercise."""
    return mock_recall_pages.report("producer", mock_id, _own)


@blueprint.get("/recalls/mock/<mock_id>/report.pdf")
@requires(Permission.VIEW_OWN)
def recalls_mock_pdf(mock_id: str) -> Response:
    """The report as a PDF."""
    return mock_recall_pages.report_file(mock_id, _own)


def _own(_session: Session, row: MockRecall) -> set[str]:
    return {row.producer_id}
