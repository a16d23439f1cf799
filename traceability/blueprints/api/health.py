"""Whether the service is well."""

import time

from flask import current_app, jsonify
from werkzeug.wrappers import Response

from traceability import disk, installation
from traceability.access import PUBLIC_VIEW, database, requires, settings
from traceability.blueprints.api import blueprint
from traceability.scan_gate import gate

_WELL_UNTIL = "traceability.well_until"
_WELL_FOR = 2.0


@blueprint.get("/healthz")
@requires(PUBLIC_VIEW)
def healthz() -> Response:
    """200 only when a write would be accepted now, otherwise 503 with Retry-After: the database takes it, and there is
    room where pictures and checkpoints are kept.

    `scans_lost`: how many scans the process that answers could not count since its start.
    """
    if _takes_writes():
        return jsonify(status="ok", scans_lost=gate(current_app).recorder.lost)
    answer = jsonify(status="no writes")
    answer.status_code = 503
    answer.headers["Retry-After"] = "5"
    return answer


def _takes_writes() -> bool:
    """Whether a write would be accepted. A good answer stands for two seconds: anybody may ask, and finding out writes
    to the database and to each folder. A bad one is looked at anew, so that the end of the trouble is seen at once."""
    moment = time.monotonic()
    if moment < current_app.extensions.get(_WELL_UNTIL, moment):
        return True
    folders = (folder for folder in (settings().data_dir, settings().key_dir) if folder.is_dir())
    if not (database().accepts_writes() and all(map(disk.has_room, folders))):
        return False
    current_app.extensions[_WELL_UNTIL] = moment + _WELL_FOR
    return True


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
