"""A print file on its way to whoever fetches it: when its last byte has gone, its size and digest are noted."""

import hashlib
import logging
from collections.abc import Iterable, Iterator

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from traceability.db import Database
from traceability.domain import stamp_downloads
from traceability.domain.actors import Actor
from traceability.print_files import PrintFile

_log = logging.getLogger(__name__)


def answer(file: PrintFile, database: Database, actor: Actor, download_id: str) -> Response:
    """Streams a file as a download, made as it goes; with its exact length where that is known."""
    response = Response(noted(file.run(), database, actor, download_id), content_type=file.mimetype)
    if file.length is not None:
        response.content_length = file.length
    response.headers.set("Content-Disposition", "attachment", filename=file.name)
    response.headers["Cache-Control"] = "no-store"
    return response


def noted(pieces: Iterable[bytes], database: Database, actor: Actor, download_id: str) -> Iterator[bytes]:
    """Lets a file pass; when its last piece has gone, its size and digest are noted."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    try:
        with database.transaction(actor) as session:
            stamp_downloads.finish_file(session, download_id, size, digest.hexdigest())
    except SQLAlchemyError as error:  # the file is complete already: its reader must not suffer
        _log.error("the end of download %s was not noted: %s", download_id, type(error).__name__)
