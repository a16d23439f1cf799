"""The log: who did what, when, to whose record; the newest first."""

from dataclasses import replace

from flask import render_template, request
from sqlmodel import select
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import log_sheet, sheet
from traceability.blueprints.inspector.listing import day, export_links, page_link
from traceability.domain import logbook
from traceability.domain.actors import Permission
from traceability.domain.logbook import Sought
from traceability.domain.producers import Producer
from traceability.wording.facts import concepts, fact


@blueprint.get("/log", endpoint="log")
@requires(Permission.OVERSEE)
def index() -> str:
    """The log with its filters."""
    sought = _sought()
    with access.reading() as session:
        page = logbook.lines(session, sought)
        producers = session.exec(select(Producer.id, Producer.name).order_by(Producer.sort_key)).all()
    return render_template(
        "inspector/log/list.html",
        page=page,
        sought=sought,
        producers=[(producer_id, name) for producer_id, name in producers],
        concepts=concepts(),
        link=page_link(),
        exports=export_links("inspector.log_export"),
        limit=logbook.EXPORT_LIMIT,
        fact=fact,
    )


@blueprint.get("/log/export")
@requires(Permission.OVERSEE)
def log_export() -> Response:
    """The log as a sheet, with the hash of each leaf."""
    with access.reading() as session:
        page = logbook.lines(session, replace(_sought(), number=None))
    return sheet("nhat-ky", *log_sheet(page.rows))


def _sought() -> Sought:
    arguments = request.args
    return Sought(
        kind=arguments.get("kind", "")[:64],
        producer_id=arguments.get("producer", "")[:16],
        record_id=arguments.get("record", "")[:40],
        first=day(arguments.get("from", "")),
        last=day(arguments.get("to", "")),
        number=min(max(arguments.get("page", 1, int), 1), 1_000_000),
    )
