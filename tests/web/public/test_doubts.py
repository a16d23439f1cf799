"""Reporting a doubt: two taps, no account, a ticket, a public outcome."""

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.blueprints.public import doubts as pages
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import doubts, stray_doubts
from traceability.domain.actors import Permission
from traceability.domain.doubts import MOST_A_DAY, AnswerInput, DoubtState
from traceability.domain.errors import RuleBroken
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamp_codes import group

pytestmark = SQLITE_ONLY


def report(client: FlaskClient, lot: Lot, number: int = 0, **data: str) -> tuple[int, str]:
    values = {"kind": "looks_different"} | data
    answer = client.post(f"/doubts/new?code={lot.code(number)}", data=values)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_two_taps_report_a_doubt(client: FlaskClient, database: Database, lot: Lot) -> None:
    agency = factories.agency(database, Permission.OPEN_CASE)
    factories.agency(database, Permission.INSPECT)
    assert f"/doubts/new?code={lot.code(0)}" in client.get("/s/" + lot.code(0)).text
    form = client.get(f"/doubts/new?code={lot.code(0)}")
    assert form.text.count('name="kind"') == 5
    assert form.text.rindex('name="kind"') < form.text.index('name="photo"'), (
        "all that is not needed comes after"
    )
    status, address = report(client, lot)
    assert status == 303
    page = client.get(address).text
    assert "PA-" in page
    assert "Đã tiếp nhận" in page
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
        told = session.exec(
            select(Notice.producer_id, Notice.agency_id).where(Notice.code == "doubt_reported")
        ).all()
    assert set(told) == {(lot.producer.id, None), (None, agency.id)}
    assert (kept.batch_id, kept.producer_id, kept.serial) == (
        lot.batch.id,
        lot.producer.id,
        lot.order.first_serial,
    )


def test_the_outcome_is_public_and_the_report_is_not(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    _status, address = report(client, lot, text="Tôi tên Bí Mật", contact="0900 000 000", place="Chợ Bí Mật")
    officer = factories.officer(Permission.OPEN_CASE)
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
    with database.transaction(officer) as session:
        doubts.look_at(session, officer, kept.id)
    assert "Đang xem xét" in client.get(address).text
    with database.transaction(officer) as session:
        doubts.answer(session, officer, AnswerInput(doubt_id=kept.id, outcome="Hàng đúng với hồ sơ."))
    page = client.get(address).text
    assert "Hàng đúng với hồ sơ." in page
    assert "Bí Mật" not in page
    assert "0900 000" not in page
    with pytest.raises(RuleBroken, match="answered"), database.transaction(officer) as session:
        doubts.look_at(session, officer, kept.id)


def test_only_overseers_answer(database: Database, client: FlaskClient, lot: Lot) -> None:
    report(client, lot)
    manager = factories.manager_of(lot.producer)
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session, DoubtState.OPEN)
    with pytest.raises(RuleBroken, match="not_permitted"), database.transaction(manager) as session:
        doubts.answer(session, manager, AnswerInput(doubt_id=kept.id, outcome="x"))


def test_what_was_typed_comes_back_when_it_is_refused(client: FlaskClient, lot: Lot) -> None:
    status, page = report(client, lot, kind="no such kind", text="Tem dán đè")
    assert status == 422
    assert "Tem dán đè" in page
    status, page = report(client, lot, place="x" * 500)
    assert status == 422


def test_a_form_of_another_site_reports_nothing(client: FlaskClient, database: Database, lot: Lot) -> None:
    answer = client.post(f"/doubts/new?code={lot.code(0)}", data={"kind": "other"}, csrf=False)
    assert answer.status_code == 400
    with database.reading(EVERYTHING) as session:
        assert doubts.listed(session) == []


def test_unknown_tickets_are_not_found(client: FlaskClient, lot: Lot) -> None:
    assert client.get("/doubts/PA-00000-00000").status_code == 404


def a_photo() -> bytes:
    """A JPEG as a phone makes it, with the place where it was taken."""
    picture = Image.new("RGB", (400, 300), "green")
    exif = picture.getexif()
    exif[0x010F] = "Hang May Anh"
    exif.get_ifd(0x8825)[2] = (10.0, 4.0, 3.0)
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def test_a_photo_comes_without_its_camera_s_data_and_only_overseers_see_it(
    client: FlaskClient, database: Database, lot: Lot, settings: Settings
) -> None:
    sent = a_photo()
    assert b"Hang May Anh" in sent
    data = {"kind": "looks_different", "province_code": "86", "photo": (io.BytesIO(sent), "anh.jpg")}
    answer = client.post(f"/doubts/new?code={lot.code(0)}", data=data)
    assert answer.status_code == 303, answer.text
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
    assert kept.province_code == "86"
    path = settings.data_dir / "doubt_photos" / f"{kept.photo}.webp"
    stored = path.read_bytes()
    assert b"Hang May Anh" not in stored
    assert not Image.open(io.BytesIO(stored)).getexif()
    address = f"/inspector/doubts/{kept.id}/photo"
    assert client.get(f"/pictures/{kept.photo}.webp").status_code == 404
    assert client.get(address).status_code in (302, 303)
    assert str(kept.photo) not in client.get(answer.headers["Location"]).text
    officer = factories.account(database, factories.agency(database, Permission.OPEN_CASE))
    factories.sign_in_as(client, database, officer)
    assert address in client.get(f"/inspector/doubts/{kept.id}").text
    assert client.get(address).data == stored
    factories.sign_in_as(client, database, factories.account(database, lot.producer))
    assert client.get(address).status_code in (403, 404)


def test_a_photo_that_is_none_comes_back_with_its_sentence(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    data = {"kind": "other", "text": "Giữ lại", "photo": (io.BytesIO(b"<svg onload=alert(1)>"), "anh.jpg")}
    answer = client.post(f"/doubts/new?code={lot.code(0)}", data=data)
    assert answer.status_code == 422
    assert "Giữ lại" in answer.text
    with database.reading(EVERYTHING) as session:
        assert doubts.listed(session) == []


@pytest.mark.parametrize("on_record", [True, False])
def test_a_photo_of_a_report_that_is_not_taken_is_not_kept(
    client: FlaskClient, lot: Lot, settings: Settings, monkeypatch: pytest.MonkeyPatch, on_record: bool
) -> None:
    def enough(*_given: object, **_said: object) -> None:
        raise RuleBroken("doubts.enough")

    monkeypatch.setattr(doubts, "report", enough)
    monkeypatch.setattr(stray_doubts, "report", enough)
    data = {"kind": "other", "typed": "KHONG-CO", "photo": (io.BytesIO(a_photo()), "anh.jpg")}
    if on_record:
        del data["typed"]
    address = f"/doubts/new?code={lot.code(0)}" if on_record else "/doubts/new"
    assert client.post(address, data=data).status_code == 422
    assert not list(settings.data_dir.glob("doubt_photos/*"))


def test_a_stamp_that_is_not_on_record_can_be_reported(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    """Counterfeit stamps are exactly that. What was typed is text and stays text."""
    assert 'href="/doubts/new' in client.get("/s/0000").text
    assert "/doubts/new" in client.get("/01/09520001000027").text
    form = client.get("/doubts/new?code=ABCD-0000")
    assert 'value="ABCD-0000"' in form.text
    typed = "<b>TX.VN/S/1234</b>"
    agency = factories.agency(database, Permission.OPEN_CASE)
    data = {
        "kind": "looks_different",
        "typed": typed,
        "text": "Tem mờ",
        "contact": "0900 000 000",
        "photo": (io.BytesIO(a_photo()), "tem.jpg"),
    }
    answer = client.post("/doubts/new", data=data)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.headers["Location"]).text
    assert "Tem không có trong hệ thống" in page
    assert "Tem mờ" not in page
    with database.reading(EVERYTHING) as session:
        (kept,) = stray_doubts.listed(session)
        told = session.exec(select(Notice.agency_id).where(Notice.code == "stray_doubt_reported")).all()
    assert (kept.typed, told) == (typed, [agency.id])
    factories.sign_in_as(client, database, factories.account(database, agency))
    address = f"/inspector/doubts/unknown/{kept.id}"
    assert address in client.get("/inspector/doubts").text
    shown = client.get(address).text
    assert "&lt;b&gt;TX.VN/S/1234&lt;/b&gt;" in shown
    assert "0900 000 000" not in shown
    assert client.get(f"{address}/photo").mimetype == "image/webp"
    assert "0900 000 000" in client.post(f"{address}/contact").text
    assert client.post(f"{address}/look-at").status_code == 303
    assert client.post(address, data={"outcome": "Đã thu giữ tem giả."}).status_code == 303
    assert "Đã thu giữ tem giả." in client.get(answer.headers["Location"]).text


def test_a_typed_code_that_is_on_record_becomes_a_report_about_its_stamp(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    answer = client.post("/doubts/new", data={"kind": "other", "typed": group(lot.code(1)).lower()})
    assert answer.status_code == 303
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
    assert kept.serial == lot.order.first_serial + 1


@pytest.mark.parametrize("typed", ["\x00", "a" * 81, "\u202eABC"])
def test_what_no_stamp_says_is_refused_and_never_an_error(
    client: FlaskClient, database: Database, lot: Lot, typed: str
) -> None:
    data = {"kind": "other", "typed": typed}
    assert 400 <= client.post("/doubts/new", data=data).status_code < 500


def test_one_stamp_and_one_network_are_not_heard_without_end(
    client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MOST_A_DAY):
        assert report(client, lot)[0] == 303
    status, page = report(client, lot)
    assert status == 422
    assert "không cần gửi thêm" in page.lower()
    monkeypatch.setattr(pages, "MOST_AN_HOUR", 3)
    limit = pages.NetworkLimit()
    for _ in range(3):
        limit.must_allow("203.0.113.0/24")
    limit.must_allow("198.51.100.0/24")
    with pytest.raises(RuleBroken, match="too_many"):
        limit.must_allow("203.0.113.0/24")
