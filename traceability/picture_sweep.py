"""Pictures of people that no row names any more: removed once a day.

Where a machine dies between an erasure and the removal of its file, or between a file and the commit of the row that
would name it, the file is left behind. Pictures of products stay: they show no person, and other pages may name them.
"""

import re
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from traceability import picture_files
from traceability.domain.doubts import Doubt
from traceability.domain.evidence_photos import EvidencePhoto
from traceability.domain.stray_doubts import StrayDoubt

#: A younger file stays: its row may not be written yet, or a backup that is some days old was just put back.
MARGIN: Final = timedelta(days=7)
#: The folders, and what names their files.
_NAMED_BY: Final[dict[str, tuple[Any, ...]]] = {
    picture_files.EVIDENCE: (EvidencePhoto.sha256,),
    picture_files.PHOTOS: (Doubt.photo, StrayDoubt.photo),
}
#: A stored picture or a small one of it; or one that was being written aside when the machine died.
_STORED: Final = re.compile(r"\.?(?P<sha256>[0-9a-f]{64})(\.\d+)?\.webp(\.[0-9a-f]+)?")
_PORTION: Final = 500


def sweep(session: Session, data_dir: Path) -> dict[str, int]:
    """Removes the old files that no row names; answers how many of which folder. The session must see everything."""
    return {folder: _sweep(session, data_dir / folder, columns) for folder, columns in _NAMED_BY.items()}


def _sweep(session: Session, folder: Path, columns: Iterable[Any]) -> int:
    old: dict[str, list[Path]] = {}
    for path in folder.glob("*") if folder.is_dir() else ():
        found = _STORED.fullmatch(path.name)
        if found and _is_old(path):
            old.setdefault(found["sha256"], []).append(path)
    digests, gone = sorted(old), 0
    for start in range(0, len(digests), _PORTION):
        some = digests[start : start + _PORTION]
        named = {
            name for column in columns for name in session.exec(select(column).where(col(column).in_(some)))
        }
        for path in (path for digest in some if digest not in named for path in old[digest]):
            if _is_old(path):  # kept again meanwhile?
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > MARGIN.total_seconds()
    except FileNotFoundError:
        return False
