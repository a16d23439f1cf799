"""Pictures of entries and events: sent by the producer, seen by it and its overseers, and by nobody else."""

import io
import os
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability import daily, picture_files
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import diary_entries, verification
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import today
from traceability.domain.diary import DiaryEntry, DiaryInput
from traceability.domain.evidence_photos import MOST, EvidencePhoto
from traceability.domain.history import beginning, history

pytestmark = SQLITE_ONLY


def picture(shade: int = 90) -> tuple[io.BytesIO, str]:
    """A photo as a telephone sends it, with what it knows of its owner."""
    exif = Image.Exif()
    exif[0x010F] = "Điện thoại của ông Năm"
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 120, 60)).save(file, "JPEG", exif=exif)
    file.seek(0)
    return file, "anh.jpg"


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


def entry_of(us: Visit) -> DiaryEntry:
    """An entry of the diary of a fresh area."""
    ground, actor = factories.area(us.database, us.producer), factories.manager_of(us.producer)
    with us.database.transaction(actor) as session:
        value: Any = {"area_id": ground.id, "done_on": today(), "task": "prune"}
        return diary_entries.record(session, actor, DiaryInput(**value))


def photos(us: Visit) -> list[EvidencePhoto]:
    with us.database.reading(SYSTEM.scope) as session:
        return list(session.exec(select(EvidencePhoto)).all())


def test_a_photo_of_an_entry_is_seen_by_its_producer_and_overseers_alone(
    app: Flask, us: Visit, settings: Settings
) -> None:
    entry = entry_of(us)
    where = f"/producer/diary/{entry.id}/photos"
    assert where in us.get("/producer/diary")
    assert us.post(where, photo=picture(), note="Cắt cành hàng 3").status_code == 303
    (photo,) = photos(us)
    assert f"/producer/photos/{photo.id}?small=1" in us.get("/producer/diary")
    assert "Cắt cành hàng 3" in us.get(where)
    seen = us.client.get(f"/producer/photos/{photo.id}")
    assert (seen.status_code, seen.mimetype, seen.headers["Cache-Control"]) == (
        200,
        "image/webp",
        "private, no-cache",
    )
    assert not Image.open(io.BytesIO(seen.data)).getexif()
    assert us.client.get(f"/pictures/{photo.sha256}.webp").status_code == 404
    assert (settings.data_dir / picture_files.EVIDENCE / f"{photo.sha256}.webp").is_file()
    for provinces, status in ((["86"], 200), (["96"], 404)):
        officer = app.test_client()
        agency = factories.agency(us.database, Permission.VIEW_ALL, provinces=provinces)
        factories.sign_in_as(officer, us.database, factories.account(us.database, agency))
        assert officer.get(f"/inspector/photos/{photo.id}").status_code == status
        page = officer.get(f"/inspector/areas/{entry.area_id}/diary")
        assert (f"/inspector/photos/{photo.id}" in page.text) is (status == 200)
    neighbour = visit(app, us.database)
    for path in (f"/producer/photos/{photo.id}", where):
        assert neighbour.client.get(path).status_code == 404
    assert app.test_client().get(f"/producer/photos/{photo.id}").status_code in (302, 303, 401)
    with us.database.one_state() as session:
        verification.verify(session, [])


def test_a_photo_of_an_event_stands_in_the_history_of_the_batch(us: Visit) -> None:
    batch = factories.harvest(us.database, us.producer)
    with us.database.reading(SYSTEM.scope) as session:
        event = beginning(history(session, batch.id))
    where = f"/producer/batches/{batch.id}/events/{event.id}/photos"
    assert where in us.get(f"/producer/batches/{batch.id}")
    us.accepted(where, photo=picture())
    us.accepted(where, photo=picture())  # the same once more is the same
    (photo,) = photos(us)
    assert f"/producer/photos/{photo.id}" in us.get(f"/producer/batches/{batch.id}")
    other = factories.harvest(us.database, us.producer)
    assert us.client.get(f"/producer/batches/{other.id}/events/{event.id}/photos").status_code == 404


def test_what_is_no_photo_or_one_too_many_is_refused_with_a_sentence(us: Visit) -> None:
    where = f"/producer/diary/{entry_of(us).id}/photos"
    for typed in ({}, {"photo": (io.BytesIO(b"<svg/>"), "a.jpg")}, {"photo": (io.BytesIO(b""), "a.png")}):
        assert 'id="f-photo"' in us.refused(where, **typed)
    for shade in range(6):
        us.accepted(where, photo=picture(shade * 40))
    assert "tối đa 6 ảnh" in us.get(where)
    assert "tối đa 6 ảnh" in us.refused(where, photo=picture(250))
    assert len(photos(us)) == 6
    folder = us.client.application.extensions["settings"].data_dir
    kept = {path.stem for path in (folder / picture_files.EVIDENCE).iterdir()}
    assert kept == {photo.sha256 for photo in photos(us)}, "what was refused leaves no file"


def test_a_withdrawn_photo_is_shown_no_more_and_overseers_read_why(
    app: Flask, us: Visit, settings: Settings
) -> None:
    entry = entry_of(us)
    where, diary = f"/producer/diary/{entry.id}/photos", f"/inspector/areas/{entry.area_id}/diary"
    us.accepted(where, photo=picture())
    (photo,) = photos(us)
    away = f"/producer/photos/{photo.id}/withdraw"
    assert away in us.get(where)
    assert 'id="f-reason"' in us.refused(away, reason="nhầm")
    assert photos(us)[0].withdrawn_at is None, "a reason of one word is none"
    neighbour = visit(app, us.database)
    assert neighbour.client.get(away).status_code == 404
    assert neighbour.client.post(away, data={"reason": "Không phải của tôi"}).status_code == 404

    us.accepted(away, reason="Gửi nhầm ảnh của vườn khác")
    for page in (us.get("/producer/diary"), us.get(where)):
        assert f"/producer/photos/{photo.id}?small" not in page
        assert "Gửi nhầm ảnh của vườn khác" in page
    assert us.client.get(f"/producer/photos/{photo.id}").status_code == 404
    officer = app.test_client()
    agency = factories.agency(us.database, Permission.VIEW_ALL, provinces=["86"])
    factories.sign_in_as(officer, us.database, factories.account(us.database, agency))
    page = officer.get(diary).text
    assert "ảnh đã rút" in page
    assert "Gửi nhầm ảnh của vườn khác" in page
    assert officer.get(f"/inspector/photos/{photo.id}").status_code == 200, "it may be evidence"
    assert (settings.data_dir / picture_files.EVIDENCE / f"{photo.sha256}.webp").is_file()

    assert "đã được rút rồi" in us.refused(away, reason="Rút thêm lần nữa")
    assert "không đưa lại được" in us.refused(where, photo=picture())
    for shade in range(MOST):
        us.accepted(where, photo=picture(shade * 40))  # the withdrawn one takes nobody's place
    with us.database.one_state() as session:
        verification.verify(session, [])


def test_files_that_no_row_names_are_swept_away_once_they_are_old(us: Visit, settings: Settings) -> None:
    us.accepted(f"/producer/diary/{entry_of(us).id}/photos", photo=picture())
    (photo,) = photos(us)
    folder = settings.data_dir / picture_files.EVIDENCE
    kept = [f"{photo.sha256}.webp", "README"]
    left = [f"{'ab' * 32}.webp", f"{'ab' * 32}.256.webp", f".{'cd' * 32}.webp.0a1b2c3d"]
    for name in (*kept, *left):
        (folder / name).touch()
        os.utime(folder / name, (1, 1))
    young, again = folder / f"{'ef' * 32}.webp", folder / f"{'09' * 32}.webp"
    young.touch()
    again.touch()
    os.utime(again, (1, 1))
    picture_files.write(again, b"the same picture, sent once more: its row is about to be written")
    assert daily.run(us.database, settings).gone[picture_files.EVIDENCE] == len(left)
    assert {path.name for path in folder.iterdir()} == {*kept, young.name, again.name}
    photo_of_a_doubt = settings.data_dir / picture_files.PHOTOS / f"{'ab' * 32}.webp"
    photo_of_a_doubt.parent.mkdir(exist_ok=True)
    photo_of_a_doubt.touch()
    os.utime(photo_of_a_doubt, (1, 1))
    assert daily.run(us.database, settings).gone[picture_files.PHOTOS] == 1
