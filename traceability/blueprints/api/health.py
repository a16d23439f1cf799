"""Whether the service is well."""

from flask import jsonify
from werkzeug.wrappers import Response

from traceability.access import PUBLIC_VIEW, database, requires
from traceability.blueprints.api import blueprint


@blueprint.get("/healthz")
@requires(PUBLIC_VIEW)
def healthz() -> Response:
    """200 only when a write would be accepted now, otherwise 503 with Retry-After."""
    if database().accepts_writes():
        return jsonify(status="ok")
    answer = jsonify(status="no writes")
    answer.status_code = 503
    answer.headers["Retry-After"] = "5"
    return answer
