"""The page of a lot: its story without a stamp."""

from flask import render_template, request

from traceability import access
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, provenance
from traceability.domain.clock import today
from traceability.domain.ownership import PUBLIC


@blueprint.get("/lots/<code>/<path:lot>")
@requires(PUBLIC_VIEW)
def lot(code: str, lot: str) -> str:
    """A published lot of the product with this code."""
    day = today()
    with access.reading(PUBLIC) as session:
        batch = catalogue.lot(session, code, lot)
        story = provenance.of_batch(session, batch.id, day)
    end = story.batch.best_before_on
    return render_template(
        "public/lot.html",
        story=story,
        expired=end is not None and end < day,
        stamp_unknown=request.args.get("stamp") == "unknown",
    )
