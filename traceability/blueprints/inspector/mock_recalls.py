"""Mock recalls of the agencies: carried out with one press, kept as reports."""

from flask import render_template
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mock_recall_pages, recall_pages
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import mock_recalls
from traceability.domain.actors import Permission
from traceability.domain.mock_recalls import MockRecall


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
    return mock_recall_pages.carry_out("inspector", batch_id)


@blueprint.get("/recalls/mock/<mock_id>")
@requires(Permission.OVERSEE)
def recalls_mock(mock_id: str) -> str:
    """The report of one exercise."""
    return mock_recall_pages.report("inspector", mock_id, _overseen)


@blueprint.get("/recalls/mock/<mock_id>/report.pdf")
@requires(Permission.OVERSEE)
def recalls_mock_pdf(mock_id: str) -> Response:
    """The report as a PDF."""
    return mock_recall_pages.report_file(mock_id, _overseen)


def _overseen(session: Session, row: MockRecall) -> set[str]:
    """The producers of an exercise that the reader oversees."""
    ids = {one["producer_id"] for part in ("batches", "silent") for one in row.figures[part]}
    return recall_pages.known_producers(session, ids)
