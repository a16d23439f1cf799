"""Batches: the register, and one page with everything about one."""

from flask import render_template
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import batch_sheet, sheet
from traceability.blueprints.inspector.listing import categories, export_links, page_link, wanted
from traceability.blueprints.inspector.search import printed
from traceability.domain import case_files, logbook, registers, suspensions
from traceability.domain.actors import Permission
from traceability.domain.batches import BatchState
from traceability.domain.clock import today
from traceability.domain.logbook import Sought
from traceability.domain.suspensions import SUSPENDERS, SuspendedKind
from traceability.wording.events import KEY_DATA
from traceability.wording.facts import fact

_NEWEST = 15


@blueprint.get("/batches", endpoint="batches")
@requires(Permission.OVERSEE)
def index() -> str:
    """All batches within the scope, the newest first."""
    sought = wanted()
    with access.reading() as session:
        page = registers.batches(session, sought)
    return render_template(
        "inspector/batches/list.html",
        page=page,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.batches_export"),
        states=BatchState,
        categories=categories(),
    )


@blueprint.get("/batches/<batch_id>")
@requires(Permission.OVERSEE)
def batches_show(batch_id: str) -> str:
    """Everything about one batch."""
    with access.reading() as session:
        file = case_files.of_batch(session, batch_id)
        log = logbook.lines(session, Sought(record_id=batch_id))
        held = suspensions.open_of(session, SuspendedKind.BATCH, batch_id)
    return render_template(
        "inspector/batches/show.html",
        file=file,
        batch=file.dossier.batch,
        log=log,
        newest=log.rows[:_NEWEST],
        held=held,
        may_suspend=access.current_actor().may(*SUSPENDERS[SuspendedKind.BATCH]),
        words=KEY_DATA,
        fact=fact,
        code_of=printed,
        today=today(),
    )


@blueprint.get("/batches/export")
@requires(Permission.OVERSEE)
def batches_export() -> Response:
    """The register as a sheet, with the filters of the page."""
    with access.reading() as session:
        page = registers.batches(session, wanted(None))
    return sheet("lo-hang", *batch_sheet(page.rows))
