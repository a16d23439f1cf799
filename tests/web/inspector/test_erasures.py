"""The page on which two administrators erase a person's data."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import picture_files
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import evidence_photos, history, stray_doubts
from traceability.domain.accounts import Account
from traceability.domain.actors import VISITOR, Permission
from traceability.domain.doubts import DoubtKind
from traceability.domain.evidence_photos import PhotoInput
from traceability.domain.ownership import EVERYTHING
from traceability.domain.pictures import StoredPicture
from traceability.domain.stray_doubts import StrayDoubtInput

pytestmark = SQLITE_ONLY
PAGE = "/inspector/administration/erasures"


def administrator(app: Flask, database: Database) -> FlaskClient:
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database))
    return client


@pytest.fixture
def person(database: Database) -> Account:
    return factories.account(database, factories.producer(database), username="dn-rieng", phone="0909765432")


def test_one_writes_down_and_another_erases(app: Flask, database: Database, person: Account) -> None:
    first, second = administrator(app, database), administrator(app, database)
    asked = first.post(PAGE, data={"kind": "account", "name": "dn-rieng", "paper_no": "07/YC-XDL"})
    assert asked.status_code == 303
    page = first.get(PAGE).text
    erasure = re.search(r'name="erasure_id" value="(\w+)"', page)[1]
    assert "/carry-out" not in page  # whoever wrote it down only takes it back
    assert person.id in page
    refused = first.post(f"{PAGE}/carry-out", data={"erasure_id": erasure}, follow_redirects=True)
    assert "hai quản trị viên" in refused.text
    assert "/carry-out" in second.get(PAGE).text
    done = second.post(f"{PAGE}/carry-out", data={"erasure_id": erasure}, follow_redirects=True)
    assert "Đã xóa dữ liệu cá nhân" in done.text
    assert "/carry-out" not in done.text
    assert "Đã xóa" in re.search(r"<table.*?</table>", done.text, re.DOTALL)[0]
    assert f"x-{person.id}" in second.get("/inspector/administration/accounts").text
    assert "dn-rieng" not in second.get("/inspector/administration/accounts").text
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Account, person.id).phone is None


def picture(settings: Settings, name: str = picture_files.PHOTOS) -> StoredPicture:
    """A picture that was sent, in its folder, and a small one that was made of it."""
    sent = io.BytesIO()
    Image.new("RGB", (400, 300), "green").save(sent, "PNG")
    folder = settings.data_dir / name
    stored = picture_files.store(sent.getvalue(), folder)
    assert picture_files.path_of(stored.sha256, folder, picture_files.SMALL_SIDE)
    return stored


def test_the_files_of_a_photo_go_with_the_last_report_that_shows_it(
    app: Flask, settings: Settings, database: Database
) -> None:
    digest = picture(settings).sha256
    with database.transaction(VISITOR) as session:
        value = StrayDoubtInput(kind=DoubtKind.OTHER)
        reports = [stray_doubts.report(session, VISITOR, value, photo=digest) for _ in range(2)]
    first, second = administrator(app, database), administrator(app, database)
    folder = settings.data_dir / picture_files.PHOTOS
    left = []
    for report in reports:
        asked = first.post(PAGE, data={"kind": "report", "name": report.ticket, "paper_no": "07/YC-XDL"})
        assert asked.status_code == 303
        erasure = re.findall(r'name="erasure_id" value="(\w+)"', first.get(PAGE).text)[0]
        assert len(list(folder.iterdir())) == 2  # nothing is erased yet
        first.post(f"{PAGE}/carry-out", data={"erasure_id": erasure})  # refused: it takes another person
        second.post(f"{PAGE}/carry-out", data={"erasure_id": erasure})
        left.append(sorted(path.name for path in folder.iterdir()))
    assert left == [sorted([f"{digest}.webp", f"{digest}.{picture_files.SMALL_SIDE}.webp"]), []]


def test_the_file_of_a_photo_of_an_entry_goes_and_its_page_with_it(
    app: Flask, settings: Settings, database: Database
) -> None:
    owner = factories.producer(database)
    manager = factories.actor_of(database, factories.account(database, owner))
    batch = factories.harvest(database, owner)
    with database.transaction(manager) as session:
        event = history.history(session, batch.id)[0]
        stored = picture(settings, picture_files.EVIDENCE)
        photo = evidence_photos.add(session, manager, event, stored, PhotoInput())
    first, second = administrator(app, database), administrator(app, database)
    address = f"/inspector/photos/{photo.id}"
    assert first.get(address).status_code == 200
    first.post(PAGE, data={"kind": "photo", "name": address, "paper_no": "07/YC-XDL"})
    erasure = re.findall(r'name="erasure_id" value="(\w+)"', first.get(PAGE).text)[0]
    assert second.post(f"{PAGE}/carry-out", data={"erasure_id": erasure}).status_code == 303
    assert list((settings.data_dir / picture_files.EVIDENCE).iterdir()) == []
    assert first.get(address).status_code == 404


def test_a_request_is_refused_in_words(app: Flask, database: Database, person: Account) -> None:
    client = administrator(app, database)
    unknown = client.post(PAGE, data={"kind": "report", "name": "PA-XXXXX", "paper_no": "1"})
    assert (unknown.status_code, "Không tìm thấy" in unknown.text) == (422, True)
    client.post(PAGE, data={"kind": "account", "name": "dn-rieng", "paper_no": "07/YC-XDL"})
    erasure = re.search(r'name="erasure_id" value="(\w+)"', client.get(PAGE).text)[1]
    gone = client.post(f"{PAGE}/refuse", data={"erasure_id": erasure}, follow_redirects=True)
    assert "Đã từ chối yêu cầu" in gone.text
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Account, person.id).phone == "0909765432"


def test_agencies_neither_see_nor_open_the_page(client: FlaskClient, database: Database) -> None:
    agency = factories.agency(database, Permission.VIEW_ALL, Permission.MANAGE_ACCOUNTS)
    factories.sign_in_as(client, database, factories.account(database, agency))
    assert "erasures" not in client.get("/inspector/administration").text
    assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"kind": "account"},
        {"kind": "everybody", "name": "dn-rieng", "paper_no": "1"},
        {"kind": "account", "name": "\x00", "paper_no": "1"},
        {"kind": "account", "name": "x" * 5000, "paper_no": "1"},
        {"kind": "report", "name": "' OR 1=1 --", "paper_no": "1"},
        {"kind": "contact", "name": "ệ", "paper_no": "\u202e"},
        {"kind": "account", "name": "dn-rieng", "paper_no": "1", "state": "carried_out"},
    ],
)
def test_rubbish_is_refused_in_words(
    app: Flask, database: Database, person: Account, typed: dict[str, str]
) -> None:
    client = administrator(app, database)
    answer = client.post(PAGE, data=typed)
    assert answer.status_code == (303 if "state" in typed else 422)  # a field that is none is not looked at
    for path in ("carry-out", "refuse"):
        for erasure_id in ("", "\x00", "x" * 500, "0000000000000000", person.id):
            gone = client.post(f"{PAGE}/{path}", data={"erasure_id": erasure_id})
            assert gone.status_code in (303, 404)
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Account, person.id).phone == "0909765432"
