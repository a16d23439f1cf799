"""Whether the service is well."""

from flask import current_app, jsonify
from werkzeug.wrappers import Response

from traceability import disk, installation
from traceability.access import PUBLIC_VIEW, database, requires, settings
from traceability.blueprints.api import blueprint
from traceability.scan_gate import gate


@blueprint.get("/healthz")
@requires(PUBLIC_VIEW)
def healthz() -> Response:
    """200 only when a write would be accepted now, otherwise 503 with Retry-After: the database takes it, and there is
    room where pictures and checkpoints are kept.

    `scans_lost`: how many scans the process that answers could not count since its start.
    """
    folders = (folder for folder in (settings().data_dir, settings().key_dir) if folder.is_dir())
    if database().accepts_writes() and all(map(disk.has_room, folders)):
        return jsonify(status="ok", scans_lost=gate(current_app).recorder.lost)
    answer = jsonify(status="no writes")
    answer.status_code = 503
    answer.headers["Retry-After"] = "5"
    return answer


@blueprint.get("/readyz")
@requires(PUBLIC_VIEW)
def readyz() -> Response:
    """200 when this process can serve, otherwise 503; says of each thing that it needs whether it is there."""
    state = {
        "database": database().answers(),
        "schema": database().has_newest_schema(),
        "keys": settings().keyring().is_readable(),
        "whole": not installation.is_unfinished(database()),
    }
    answer = jsonify(state)
    if not all(state.values()):
        answer.status_code = 503
        answer.headers["Retry-After"] = "5"
    return answer
