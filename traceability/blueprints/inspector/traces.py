"""The trace of a batch: everything it was made of, and everything that was made of it."""

from werkzeug.wrappers import Response

from traceability import access, trace_pages
from traceability.blueprints.inspector import blueprint
from traceability.domain.actors import Permission


@blueprint.get("/batches/<batch_id>/trace")
@access.requires(Permission.OVERSEE)
def batches_trace(batch_id: str) -> str:
    """The graph around a batch, drawn and as a table, in portions."""
    return trace_pages.show("inspector", batch_id, producers=True)


@blueprint.get("/batches/<batch_id>/trace/export")
@access.requires(Permission.OVERSEE)
def batches_trace_export(batch_id: str) -> Response:
    """The whole trace as a sheet."""
    return trace_pages.export(batch_id)
