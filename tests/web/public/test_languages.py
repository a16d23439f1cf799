"""The public pages in three languages; the menu keeps the page, and the offices stay with two."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from sqlmodel import func, select

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability import i18n
from traceability.domain.clock import today
from traceability.domain.evidence import Evidence, How
from traceability.domain.ownership import PUBLIC
from traceability.domain.scans import StampCount
from traceability.scan_gate import gate

pytestmark = SQLITE_ONLY
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
_MENU = re.compile(r'<nav class="languages".*?</nav>', re.DOTALL)


def menu(page: str) -> list[str]:
    found = _MENU.search(page)
    assert found is not None
    return re.findall(r'href="([^"]+)"', found[0])


def test_a_stamp_speaks_chinese_to_whoever_asks_for_it(client: FlaskClient, lot: Lot) -> None:
    path = "/s/" + lot.code(0)
    for page in (client.get(path, headers=CHINESE).text, client.get(path + "?lang=zh").text):
        assert '<html lang="zh-Hans">' in page
        assert "标签有效" in page
        assert f"{lot.batch.harvested_on:%Y}年{lot.batch.harvested_on.month}月" in page
    assert "此码无记录" in client.get("/s/0", headers=CHINESE).text
    assert "标签尚未启用" in client.get("/s/" + lot.code(9), headers=CHINESE).text


def test_chinese_is_written_with_its_own_signs(client: FlaskClient, lot: Lot) -> None:
    """A half-width colon, bracket or comma beside a Chinese letter reads like a slip."""
    half = re.compile(r"[\u4e00-\u9fff]\s*[,;:!?()]|[,;:!?()]\s*[\u4e00-\u9fff]")
    of_lot = f"{lot.product.code}/{lot.batch.lot}"
    paths = ("/", "/privacy", "/products", "/producers", "/how-to-check", "/doubts/new", "/s/" + lot.code(0))
    for path in (*paths, f"/lots/{of_lot}", f"/products/{lot.product.code}", f"/as-packed/{of_lot}"):
        answer = client.get(path, query_string={"lang": "zh"})
        assert answer.status_code == 200, path
        page = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", answer.text)
        slips = [text for text in re.split(r"<[^>]+>", unescape(page)) if half.search(text)]
        assert not slips, f"{path}: {slips}"


def test_what_is_added_to_who_vouches_is_a_sentence_of_its_own(app: Flask) -> None:
    said = Evidence(How.DECLARED, on=today())
    source = (
        "{% import 'public/_story.html' as parts with context %}{{ parts.vouch(said, _('Not checked yet')) }}"
    )
    for language, ending in (("vi", ". Chưa được kiểm tra<"), ("zh", "自行申报。尚未核查<")):
        with app.test_request_context("/?lang=" + language):
            assert ending in render_template_string(source, said=said)


@pytest.mark.parametrize(
    "path", ["/", "/products", "/producers", "/how-to-check", "/privacy", "/nothing-here"]
)
def test_every_public_page_asks_the_browser_for_its_language(
    client: FlaskClient, lot: Lot, path: str
) -> None:
    assert '<html lang="zh-Hans">' in client.get(path, headers=CHINESE).text
    assert '<html lang="en">' in client.get(path, headers={"Accept-Language": "fr, en;q=0.5"}).text
    assert '<html lang="vi">' in client.get(path, headers={"Accept-Language": "fr"}).text
    assert '<html lang="vi">' in client.get(path + "?lang=vi", headers=CHINESE).text


def test_the_menu_keeps_the_page_and_what_was_asked(client: FlaskClient, lot: Lot) -> None:
    for path in ("/s/" + lot.code(0), "/products", "/s/0"):
        links = menu(client.get(path).text)
        assert [link.rpartition("lang=")[2] for link in links] == ["vi", "en", "zh"]
        assert all(link.startswith("?") for link in links)
    assert menu(client.get("/products?q=cam&lang=zh").text)[1] == "?q=cam&amp;lang=en"
    assert menu(client.get(f"/s/{lot.code(0)}?lot=X1&lang=zh").text)[1] == "?lot=X1&amp;lang=en"


def test_a_chosen_language_goes_along_with_every_link(client: FlaskClient, lot: Lot) -> None:
    page = client.get("/products?lang=zh").text
    assert f"/products/{lot.product.code}?lang=zh" in page
    answer = client.get("/s", query_string={"code": lot.code(0), "lang": "zh"})
    assert answer.headers["Location"] == f"/s/{lot.code(0)}?lang=zh"


def test_the_offices_stay_with_vietnamese_and_english(client: FlaskClient) -> None:
    asked = client.get("/account/sign-in?lang=zh")
    assert '<html lang="en"' in asked.text
    assert all(not cookie.startswith("lang=") for cookie in asked.headers.getlist("Set-Cookie"))
    client.set_cookie("lang", "zh")
    page = client.get("/account/sign-in").text
    assert '<html lang="en"' in page
    assert "lang=zh" not in page


def test_days_and_numbers_are_written_the_reader_s_way(app: Flask) -> None:
    moment = datetime(2026, 11, 24, 1, 6, tzinfo=UTC)
    for language, day, written, number in (
        ("vi", "24/11/2026", "08:06 24/11/2026", "1.234.567"),
        ("en", "24 Nov 2026", "24 Nov 2026, 08:06", "1,234,567"),
        ("zh", "2026年11月24日", "2026年11月24日 08:06", "1,234,567"),
    ):
        with app.test_request_context(f"/?lang={language}"):
            assert i18n.day(moment.date()) == day
            assert i18n.moment(moment) == written == i18n.moment_in(language, moment)
            assert i18n.number(1_234_567) == number == i18n.number_in(language, 1_234_567)


def test_another_language_of_the_page_is_not_another_opening(
    client: FlaskClient, app: Flask, lot: Lot
) -> None:
    path, shopper = "/s/" + lot.code(0), {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile"}
    recorder = gate(app).recorder
    client.get(path, headers=shopper)
    for language in i18n.LANGUAGES:
        client.get(f"{path}?lang={language}", headers=shopper)
    assert recorder.drain()
    with app.extensions["database"].reading(PUBLIC) as session:
        assert session.exec(select(func.sum(StampCount.opened))).one() == 1
