"""Whether the service is well."""

from flask import current_app, jsonify
from werkzeug.wrappers import Response

from traceability.access import PUBLIC_VIEW, database, requires
from traceability.blueprints.api import blueprint
from traceability.scan_gate import gate


@blueprint.get("/healthz")
@requires(PUBLIC_VIEW)
def healthz() -> Response:
    """200 only when a write would be accepted now, otherwise 503 with Retry-After.

    `scans_lost`: how many scans the process that answers could not count since its start.
    """
    if database().accepts_writes():
        return jsonify(status="ok", scans_lost=gate(current_app).recorder.lost)
    answer = jsonify(status="no writes")
    answer.status_code = 503
    answer.headers["Retry-After"] = "5"
    return answer
