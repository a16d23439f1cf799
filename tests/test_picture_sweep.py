"""Old pictures that nobody shows are swept away, and never one that is wanted again at that moment."""

import os
import threading
from pathlib import Path

import pytest

from tests import factories
from traceability import picture_files, picture_sweep
from traceability.db import Database
from traceability.domain import ledger, pictures, products
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.page_snapshots import Occasion, PageSnapshot
from traceability.domain.pictures import StoredPicture

DATA = b"a picture"


def old_file(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(DATA)
    os.utime(folder / name, (1, 1))
    return folder / name


def swept(database: Database, data_dir: Path) -> int:
    with database.reading(EVERYTHING) as session:
        return picture_sweep.sweep(session, data_dir)[picture_files.PUBLIC]


def test_a_picture_that_was_exchanged_is_swept_away_unless_a_kept_page_shows_it(
    database: Database, tmp_path: Path
) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner)
    batch = factories.harvest(database, owner)
    actor = factories.manager_of(owner)
    shown, exchanged, packed, never = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
    with database.transaction(actor) as session:
        for digest in (exchanged, packed, shown):
            picture = pictures.add(session, actor, StoredPicture(digest, 1200, 900, 40_000))
            products.set_picture(session, actor, product.id, picture)
        page = PageSnapshot(
            producer_id=owner.id,
            batch_id=batch.id,
            occasion=Occasion.RELEASED,
            at=now(),
            facts=[["product", "picture", "", "picture", packed]],
            digest="0" * 64,
        )
        session.add(page)
        session.flush()
        ledger.record(session, "batch.released", page)
    folder = tmp_path / picture_files.PUBLIC
    kept = [old_file(folder, f"{shown}.webp"), old_file(folder, f"{packed}.256.webp")]
    gone = [old_file(folder, f"{exchanged}.webp"), old_file(folder, f"{exchanged}.256.webp")]
    gone.append(old_file(folder, f"{never}.webp"))
    young = old_file(folder, f"{'e' * 64}.webp")
    assert picture_files.freshen(young)
    assert swept(database, tmp_path) == len(gone)
    assert set(folder.iterdir()) == {*kept, young}


def test_a_picture_that_is_sent_again_while_it_is_swept_away_is_there_afterwards(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_file(tmp_path / picture_files.PUBLIC, f"{'a' * 64}.webp")
    sender = threading.Thread(target=picture_files.write, args=(path, DATA))
    looks: list[bool] = []
    is_old = picture_sweep._is_old

    def looked_at(found: Path) -> bool:
        looks.append(is_old(found))
        if len(looks) == 2:  # the last look: what comes between it and the removal would be lost
            sender.start()
            sender.join(0.2)
        return looks[-1]

    monkeypatch.setattr(picture_sweep, "_is_old", looked_at)
    assert swept(database, tmp_path) == 1
    sender.join()
    assert looks == [True, True]
    assert path.read_bytes() == DATA
