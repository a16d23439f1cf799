"""Stored pictures. Their address is their digest, so an answer is good for ever."""

from flask import abort, request, send_file
from werkzeug.wrappers import Response

from traceability import access, picture_files
from traceability.blueprints.public import blueprint

_FOREVER = 365 * 24 * 3600


@blueprint.route("/pictures/<string(length=64):sha256>.webp")
@access.requires(access.PUBLIC_VIEW)
def picture(sha256: str) -> Response:
    """One picture; `?small=1` for the small one. Reads no database."""
    if sha256.strip("0123456789abcdef"):
        abort(404)
    folder = access.settings().data_dir / "pictures"
    small = request.args.get("small") == "1"
    path = picture_files.path_of(sha256, folder, small)
    if path is None:
        abort(404)
    answer = send_file(
        path, mimetype="image/webp", etag=f"{sha256}-small" if small else sha256, max_age=_FOREVER
    )
    answer.headers["Cache-Control"] = f"public, max-age={_FOREVER}, immutable"
    return answer
