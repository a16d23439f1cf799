"""The pages of pictures of entries and events: what producers and overseers see of them, and the file itself."""

from flask import abort, request, send_file
from werkzeug.wrappers import Response

from traceability import access, picture_files
from traceability.domain import records
from traceability.domain.evidence_photos import EvidencePhoto


def file(photo_id: str, *, withdrawn: bool = False) -> Response:
    """A picture within the scope, `?small=1` for the small one; also a withdrawn one to who may see those.

    No cache but the reader's own keeps it.
    """
    with access.reading() as session:
        photo = records.find(session, EvidencePhoto, photo_id)
    if photo.withdrawn_at is not None and not withdrawn:
        abort(404)
    side = picture_files.SMALL_SIDE if request.args.get("small") == "1" else None
    path = picture_files.path_of(photo.sha256, access.settings().data_dir / picture_files.EVIDENCE, side)
    if path is None:
        abort(404)
    answer = send_file(path, mimetype="image/webp", etag=f"{photo.sha256}-{side or 0}")
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
