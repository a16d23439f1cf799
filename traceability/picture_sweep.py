"""Pictures that no row names any more: removed once a day.

Where a machine dies between an erasure and the removal of its file, or between a file and the commit of the row that
would name it, the file is left behind. A picture of a product is wanted while a product shows it, or a kept page of a
lot (what it said as packed). Its row stays for ever, and the log needs no file.
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability import picture_files
from traceability.domain import records
from traceability.domain.doubts import Doubt
from traceability.domain.evidence_photos import EvidencePhoto
from traceability.domain.page_snapshots import PageSnapshot
from traceability.domain.pictures import Picture
from traceability.domain.products import Product
from traceability.domain.stray_doubts import StrayDoubt

#: A younger file stays: its row may not be written yet, or a backup that is some days old was just put back.
MARGIN: Final = timedelta(days=7)
#: A stored picture or a small one of it; or one that was being written aside when the machine died.
_STORED: Final = re.compile(r"\.?(?P<sha256>[0-9a-f]{64})(\.\d+)?\.webp(\.[0-9a-f]+)?")
_PORTION: Final = 500


def sweep(session: Session, data_dir: Path) -> dict[str, int]:
    """Removes the old files that no row names; answers how many of which folder. The session must see everything."""
    return {folder: _sweep(session, data_dir / folder, named) for folder, named in _NAMED_BY.items()}


def _sweep(session: Session, folder: Path, named: Callable[[Session, list[str]], set[str]]) -> int:
    old: dict[str, list[Path]] = {}
    for path in folder.glob("*") if folder.is_dir() else ():
        found = _STORED.fullmatch(path.name)
        if found and _is_old(path):
            old.setdefault(found["sha256"], []).append(path)
    gone = 0
    for some in records.portions(sorted(old), _PORTION):
        wanted = named(session, some)
        gone += sum(_remove(path) for digest in some if digest not in wanted for path in old[digest])
    return gone


def _by_columns(*columns: Any) -> Callable[[Session, list[str]], set[str]]:
    def named(session: Session, digests: list[str]) -> set[str]:
        asked = [select(column).where(col(column).in_(digests)) for column in columns]
        return {name for statement in asked for name in session.exec(statement)}

    return named


def _on_pages(session: Session, digests: list[str]) -> set[str]:
    """Those that a product shows, or that a kept page of its producer showed."""
    known = select(Picture.sha256, Picture.producer_id).where(col(Picture.sha256).in_(digests))
    shown = set(
        session.exec(
            select(Picture.sha256)
            .join(Product, col(Product.picture_id) == col(Picture.id))
            .where(col(Picture.sha256).in_(digests))
        )
    )
    for digest, producer_id in session.exec(known).all():
        if digest not in shown:
            pages = select(PageSnapshot.id).where(PageSnapshot.producer_id == producer_id)
            said = sa.cast(col(PageSnapshot.facts), sa.Text).contains(digest)
            if session.exec(pages.where(said)).first():
                shown.add(digest)
    return shown


#: The folders, and what names their files.
_NAMED_BY: Final = {
    picture_files.EVIDENCE: _by_columns(EvidencePhoto.sha256),
    picture_files.PHOTOS: _by_columns(Doubt.photo, StrayDoubt.photo),
    picture_files.PUBLIC: _on_pages,
}


def _remove(path: Path) -> bool:
    """Removes a file unless it was kept again meanwhile."""
    with picture_files.alone(path.parent):
        if not _is_old(path):
            return False
        path.unlink(missing_ok=True)
    return True


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > MARGIN.total_seconds()
    except FileNotFoundError:
        return False
