"""Where a stamp was looked at: a field on its page without a script, and only for those who wish to say."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from tests.web.public.test_kept_pages import the_long_way
from traceability.blueprints.public.doubts import MOST_AN_HOUR
from traceability.db import Database
from traceability.domain.addresses import PROVINCES

pytestmark = SQLITE_ONLY
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile"


def say(client: FlaskClient, lot: Lot, province: str, agent: str = PHONE, number: int = 0, **headers: str):  # type: ignore[no-untyped-def]
    data = {"code": lot.code(number), "province_code": province}
    return client.post("/scan-provinces", data=data, headers={"User-Agent": agent} | headers)


def test_the_page_offers_the_provinces_and_asks_for_nothing(client: FlaskClient, lot: Lot) -> None:
    page = client.get("/s/" + lot.code(0)).text
    form = re.search(r'<form id="where".*?</form>', page, re.DOTALL)
    assert form is not None
    assert len(re.findall(r'<option value="\d\d">', form[0])) == len(PROVINCES)
    assert "selected" not in form[0]
    assert f'name="code" value="{lot.code(0)}" form="where"' in page
    assert "Cho biết bạn xem ở tỉnh nào (không bắt buộc)" in page
    assert "geolocation" not in page


def test_what_is_said_stands_on_the_page_and_only_there(
    app: Flask, client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = app.extensions["scan_gate"].recorder
    client.get("/s/" + lot.code(0), headers={"User-Agent": PHONE})
    client.get("/s/" + lot.code(0), headers={"User-Agent": PHONE})
    assert recorder.drain()
    monkeypatch.setattr(recorder, "note", lambda _glimpse: None)
    assert "Nơi xem" not in client.get("/s/" + lot.code(0)).text
    for agent, province in (("a", "86"), ("b", "86"), ("c", "79")):
        answer = say(client, lot, province, agent)
        assert answer.status_code == 303
    thanked = client.get(answer.headers["Location"]).text
    assert "Cảm ơn bạn" in thanked
    said = "(chỉ tính người xem tự nguyện cho biết): Tỉnh Vĩnh Long <b>2</b>, Thành phố Hồ Chí Minh <b>1</b>"
    for language, piece in (
        ("vi", said),
        ("en", 'who agreed): <span lang="vi">Tỉnh Vĩnh Long</span> <b>2</b>, <span lang="vi">'),
        ("zh", '<span lang="vi">Tỉnh Vĩnh Long</span> <b>2</b>、<span lang="vi">'),
    ):
        page = client.get("/s/" + lot.code(0), headers={"Accept-Language": language}).text
        assert piece in page
        with the_long_way(monkeypatch):
            assert client.get("/s/" + lot.code(0), headers={"Accept-Language": language}).text == page
    told = client.get("/s/" + lot.code(0), headers={"Accept": "application/json"}).get_json()
    assert told["provinces"] == {"86": 2, "79": 1}
    assert "Nơi xem (" not in client.get("/s/" + lot.code(1)).text


def test_who_says_it_twice_is_told_so(client: FlaskClient, lot: Lot) -> None:
    assert say(client, lot, "86").status_code == 303
    again = say(client, lot, "79")
    assert again.status_code == 422
    assert "mỗi người chỉ tính một lần trong ngày" in again.text
    assert 'value="79" selected' in again.text


@pytest.mark.parametrize("province", ["", "99", "Vĩnh Long", "8" * 5000, "\x00"])
def test_what_is_no_province_is_refused_by_its_field(client: FlaskClient, lot: Lot, province: str) -> None:
    answer = say(client, lot, province)
    assert answer.status_code in (400, 422)
    if answer.status_code == 422:
        assert 'id="province-error"' in answer.text


def test_nobody_says_it_from_another_site_or_of_what_is_not_on_record(client: FlaskClient, lot: Lot) -> None:
    assert say(client, lot, "86", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert say(client, lot, "86", **{"Sec-Fetch-Site": "same-origin"}).status_code == 303
    for code in ("", "0" * 16, "x" * 3000, lot.code(0)[:-1]):
        assert client.post("/scan-provinces", data={"code": code, "province_code": "86"}).status_code == 404
        assert client.get(f"/scan-provinces?code={code}").status_code == 404


def test_one_network_says_it_so_often_in_an_hour(client: FlaskClient, lot: Lot) -> None:
    told = [
        say(client, lot, "86", f"phone {number}", number // 3).status_code
        for number in range(MOST_AN_HOUR + 1)
    ]
    assert told == [303] * MOST_AN_HOUR + [422]


def test_nothing_is_kept_of_who_said_it(client: FlaskClient, database: Database, lot: Lot) -> None:
    assert say(client, lot, "86", "SecretPhone/7").status_code == 303
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM scan_province").mappings().all()
    assert [set(row) for row in rows] == [
        {"epoch_number", "serial", "province_code", "day", "batch_id", "visitors"}
    ]
