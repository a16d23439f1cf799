"""A print file on its way to whoever fetches it: when its last byte has gone, its size and digest are noted."""

import hashlib
import logging
from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from traceability.db import Database
from traceability.domain import stamp_downloads
from traceability.domain.actors import Actor

_log = logging.getLogger(__name__)


def noted(pieces: Iterator[bytes], database: Database, actor: Actor, download_id: str) -> Iterator[bytes]:
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
