"""How many different people looked at a stamp: each counts once a day, programs not at all."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from tests.web.public.test_kept_pages import the_long_way

pytestmark = SQLITE_ONLY
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile"
SENTENCE = "Số người xem khác nhau trước lần này: {}. Mỗi người chỉ tính một lần trong ngày."


def scan(client: FlaskClient, lot: Lot, address: str = "203.0.113.7", **headers: str) -> str:
    sent = {"User-Agent": PHONE} | headers
    return client.get(f"/s/{lot.code(0)}", headers=sent, environ_base={"REMOTE_ADDR": address}).text


def test_the_page_says_how_many_different_visitors_there_were(
    app: Flask, client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = app.extensions["scan_gate"].recorder
    assert "người xem khác nhau" not in scan(client, lot), "nobody before the first"
    for address in ("203.0.113.7", "203.0.113.99", "198.51.100.1", "198.51.100.1"):
        scan(client, lot, address)
    for robot in ({"User-Agent": "facebookexternalhit/1.1"}, {"Sec-Purpose": "prefetch"}):
        scan(client, lot, "192.0.2.50", **robot)
    assert recorder.drain()
    monkeypatch.setattr(recorder, "note", lambda _glimpse: None)
    page = scan(client, lot)
    assert "Mã này đã được mở 6 lần" in page
    assert SENTENCE.format(2) in page, "two networks; programs and repeated looks are not people"
    with the_long_way(monkeypatch):
        assert scan(client, lot) == page
    assert (
        client.get(f"/s/{lot.code(0)}", headers={"Accept": "application/json"}).get_json()["visitors_before"]
        == 2
    )
    assert "<!--" not in page
