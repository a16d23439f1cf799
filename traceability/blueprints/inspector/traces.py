"""The trace of a batch: everything it was made of, and everything that was made of it."""

from functools import partial

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, downloads, trace_pages
from traceability.blueprints.inspector import blueprint
from traceability.domain import traces
from traceability.domain.actors import Permission
from traceability.domain.traces import Direction


@blueprint.get("/batches/<batch_id>/trace")
@access.requires(Permission.OVERSEE)
def batches_trace(batch_id: str) -> str:
    """The graph around a batch, drawn and as a table, in portions."""
    asked = request.args.get("direction", "")
    direction = Direction(asked) if asked in set(Direction) else Direction.BOTH
    with access.reading() as session:
        found = traces.trace(session, batch_id, direction)
    batch = lambda one: url_for("inspector.batches_show", batch_id=one)  # noqa: E731
    trace = partial(url_for, "inspector.batches_trace")
    export = partial(url_for, "inspector.batches_trace_export", batch_id=batch_id, direction=direction.value)
    return render_template(
        "inspector/traces/show.html",
        page=trace_pages.page(found, batch, request.args.get("portion", 1, int), producers=True),
        link=lambda way, portion: trace(batch_id=batch_id, direction=way, portion=portion),
        retrace=lambda one: trace(batch_id=one),
        exports=[(kind.upper(), export(format=kind)) for kind in ("xlsx", "csv")],
    )


@blueprint.get("/batches/<batch_id>/trace/export")
@access.requires(Permission.OVERSEE)
def batches_trace_export(batch_id: str) -> Response:
    """The whole trace as a sheet."""
    asked = request.args.get("direction", "")
    with access.reading() as session:
        found = traces.trace(
            session, batch_id, Direction(asked) if asked in set(Direction) else Direction.BOTH
        )
    return downloads.sheet(f"truy-xuat-{found.root.lot}", *trace_pages.sheet(found))
