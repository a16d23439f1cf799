"""The page of a lot: its story without a stamp, and what it said when the lot was packed."""

import json

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from traceability import access, visitors
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, page_snapshots, provenance
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


@blueprint.get("/as-packed/<code>/<path:lot>")
@requires(PUBLIC_VIEW)
def lot_as_packed(code: str, lot: str) -> str | Response:
    """What the page of a lot said when the lot was published or packed, beside what it says today.

    For programs the facts as they were kept, over which anybody can compute the digest again that the log shows.
    """
    with access.reading(PUBLIC) as session:
        batch = catalogue.lot(session, code, lot)
        story = provenance.of_batch(session, batch.id, today())
        kept = page_snapshots.newest(session, batch.id)
    if kept is None or story.kept is None:
        abort(404)
    if visitors.wants_json(request) and not story.producer.household:
        told = {
            "at": kept.at.isoformat(),
            "occasion": kept.occasion.value,
            "digest": kept.digest,
            "facts": kept.facts,
        }
        return Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")
    return render_template("public/as_packed.html", story=story, kept=story.kept)
