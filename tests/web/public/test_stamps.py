"""The page of a stamp: what it says in each state, and what it never does."""

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability import scan_recorder
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import recalls, scans
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.ownership import PUBLIC
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.stamp_codes import ALPHABET, EpochKey, group, mint
from traceability.domain.stamps import RangeState
from traceability.domain.suspensions import SuspendedKind, SuspensionInput, suspend
from traceability.scan_gate import gate

pytestmark = SQLITE_ONLY
JSON = {"Accept": "application/json"}
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


def opened(app: Flask, database: Database, lot: Lot, number: int = 0) -> int:
    """How often a stamp was counted, once everything noted is written."""
    assert gate(app).recorder.drain()
    with database.reading(PUBLIC) as session:
        found = scans.resolve(session, lot.key.epoch_id, lot.order.first_serial + number, today())
    assert found is not None
    return found.opened


def test_each_state_has_its_own_clear_page(client: FlaskClient, lot: Lot) -> None:
    for number, state, words in (
        (0, "active", "Tem đang hiệu lực"),
        (5, "void", "Tem này đã bị hủy"),
        (6, "suspended", "Tem này đang tạm dừng"),
        (9, "inactive", "Tem này chưa được kích hoạt"),
    ):
        page = client.get("/s/" + lot.code(number))
        assert page.status_code == 200
        assert re.search(rf"<h1[^>]*>{words}</h1>", page.text)
        assert lot.product.name in page.text
        told = client.get("/s/" + lot.code(number), headers=JSON).get_json()
        assert told["state"] == state
        assert told["product"]["name"] == lot.product.name
        assert told["product"]["code"] == lot.product.code


def test_an_expired_lot_says_so(client: FlaskClient, database: Database, lot: Lot) -> None:
    stamped.expire(database, lot.batch)
    assert client.get("/s/" + lot.code(0), headers=JSON).get_json()["state"] == "expired"
    assert "Hàng đã quá hạn sử dụng" in client.get("/s/" + lot.code(0)).text


def test_a_scan_after_a_recall_shows_it(client: FlaskClient, database: Database, lot: Lot) -> None:
    assert client.get("/s/" + lot.code(0), headers=JSON).get_json()["state"] == "active"
    with database.transaction(SYSTEM) as session:
        value = RecallInput(
            batch_id=lot.batch.id,
            kind=RecallKind.COMPULSORY,
            reason="Dư lượng",
            public_text="Mang trả lại nơi đã mua.",
            decision_no="12/QĐ",
            decided_on=today(),
        )
        recalls.open_recall(session, SYSTEM, value)
    page = client.get("/s/" + lot.code(0))
    assert "Lô hàng này đang bị thu hồi" in page.text
    assert "Mang trả lại nơi đã mua." in page.text
    assert client.get("/s/" + lot.code(0), headers=JSON).get_json()["recalls"][0]["text"]


def test_the_next_scan_shows_a_suspended_growing_area_code(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner)
    code = factories.area_code(database, area)
    lot = stamped.lot(database, settings.keyring(), producer=owner, area=area, area_code=code.code)
    stamped.put(database, lot, 0, 0, RangeState.ACTIVE)
    assert "tạm dừng" not in client.get("/s/" + lot.code(0)).text
    with database.transaction(SYSTEM) as session:
        kind = SuspendedKind.AREA_CODE
        suspend(session, SYSTEM, SuspensionInput(subject_kind=kind, subject_id=code.id, reason="Lý do kín"))
    page = client.get("/s/" + lot.code(0)).text
    assert "Mã số vùng trồng của lô hàng này đang bị tạm dừng" in page
    assert "Lý do kín" not in page


def test_the_page_holds_what_the_circular_asks_for(client: FlaskClient, lot: Lot) -> None:
    page = client.get("/s/" + lot.code(0)).text
    for shown in (
        lot.product.name,
        f"/pictures/{lot.product.id.rjust(64, '0')}.webp",
        lot.producer.name,
        "Tổ 3, ấp Mỹ Phước, Phường Cái Vồn, Tỉnh Vĩnh Long",
        lot.batch.lot,
        group(lot.code(0)),
        f"{lot.batch.harvested_on:%d/%m/%Y}",
        f"{lot.batch.best_before_on:%d/%m/%Y}",
        "TCVN 12827:2023",
    ):
        assert shown in page, shown


def test_a_stamp_that_should_be_on_no_goods_tells_no_story(client: FlaskClient, lot: Lot) -> None:
    for number in (5, 9):
        page = client.get("/s/" + lot.code(number)).text
        assert "Nhật ký truy xuất" not in page
        assert "harvested_on" not in client.get("/s/" + lot.code(number), headers=JSON).get_json()


def test_a_code_may_be_written_as_people_write_it(client: FlaskClient, lot: Lot) -> None:
    code = lot.code(0)
    for written in (
        code.lower(),
        group(code),
        group(code).replace("-", "%20"),
        code.replace("0", "o").replace("1", "l"),
    ):
        for prefix in ("/s/", "/S/"):
            assert client.get(prefix + written).status_code == 200, written


def test_a_page_is_one_answer_without_cookie_script_or_strangers(client: FlaskClient, lot: Lot) -> None:
    for path in ("/s/" + lot.code(0), "/s/" + lot.code(9), "/s/0"):
        page = client.get(path)
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
        assert "<script" not in page.text
        assert not re.search(r"(src|href|action)=\"(https?:)?//", page.text)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script" not in policy
        assert "unsafe" not in policy


def test_a_signed_in_visitor_s_cookie_is_not_looked_at(
    client: FlaskClient, database: Database, lot: Lot, statements: Callable[[], Any]
) -> None:
    factories.sign_in_as(client, database, factories.account(database, lot.producer))
    client.get("/s/0")
    with statements() as asked:
        assert client.get("/s/0").status_code == 404
    assert asked == []


def test_the_first_view_weighs_less_than_30_kilobytes_without_its_picture(
    client: FlaskClient, lot: Lot
) -> None:
    plain = client.get("/s/" + lot.code(0))
    packed = client.get("/s/" + lot.code(0), headers={"Accept-Encoding": "gzip, deflate"})
    assert gzip.decompress(packed.data)[:200] == plain.data[:200]
    assert len(plain.data) < 30_000
    assert len(packed.data) < 9_500
    assert plain.text.count("<img") == 1


def test_the_language_is_the_browser_s_unless_another_is_asked_for(client: FlaskClient, lot: Lot) -> None:
    path = "/s/" + lot.code(0)
    assert 'lang="vi"' in client.get(path).text
    english = {"Accept-Language": "en-GB,en;q=0.8"}
    assert "This stamp is active" in client.get(path, headers=english).text
    assert "Tem đang hiệu lực" in client.get(path + "?lang=vi", headers=english).text
    assert "Tem đang hiệu lực" in client.get(path, headers={"Accept-Language": "fr"}).text
    assert "This code is not on record" in client.get("/s/0?lang=en").text


# --- forged and mistyped codes ----------------------------------------------------------------------------------------


def test_every_code_that_was_not_issued_gets_the_same_answer(client: FlaskClient, lot: Lot) -> None:
    code = lot.code(0)
    wrong = ["0", "", "0" * 16, code[:-1], code + "0", "ＡＢＣ", "%00", "..%2f..", "x" * 3000, lot.code(25)]
    for place in range(16):
        wrong.append(code[:place] + ALPHABET[(ALPHABET.index(code[place]) + 1) % 32] + code[place + 1 :])
    answers = {(client.get("/s/" + text).status_code, client.get("/s/" + text).data) for text in wrong}
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    told = client.get("/s/0", headers=JSON)
    assert told.status_code == 404
    assert told.get_json() == {"state": "unknown", "product": None}


def test_a_forged_code_asks_the_database_nothing(
    client: FlaskClient, lot: Lot, statements: Callable[[], Any]
) -> None:
    client.get("/s/" + lot.code(0))  # the epochs' keys are read once
    key = EpochKey.from_secret(1, b"a secret of somebody else's, 32B")
    with statements() as asked:
        for text in ("0000000000000000", mint(key, 7), "OIL"):
            assert client.get("/s/" + text).status_code == 404
    assert asked == []


def test_a_typed_code_leads_to_its_page(client: FlaskClient, lot: Lot, statements: Callable[[], Any]) -> None:
    with statements() as asked:
        answer = client.get("/s", query_string={"code": group(lot.code(0)).lower(), "lang": "en"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/s/{lot.code(0)}?lang=en")
    assert asked == []


def test_a_mistyped_code_is_pointed_at_and_never_corrected(client: FlaskClient, lot: Lot) -> None:
    code = lot.code(0)
    typed = client.get("/s", query_string={"code": "U" + code[1:]})
    assert typed.status_code == 422
    assert "<mark>U</mark>" in typed.text
    swapped = ALPHABET[(ALPHABET.index(code[3]) + 1) % 32]
    wrong = code[:3] + swapped + code[4:]
    page = client.get("/s", query_string={"code": wrong}).text
    assert code not in page
    assert group(code) not in page
    assert "15" in client.get("/s", query_string={"code": code[:15]}).text


# --- what is counted --------------------------------------------------------------------------------------------------


def test_openings_are_counted_and_told(app: Flask, client: FlaskClient, database: Database, lot: Lot) -> None:
    path = "/s/" + lot.code(0)
    assert "lần đầu tiên mã này được mở" in client.get(path, headers={"User-Agent": PHONE}).text
    assert opened(app, database, lot) == 1
    assert "đã được mở 2 lần" in client.get(path, headers={"User-Agent": PHONE}).text
    assert opened(app, database, lot) == 2
    assert opened(app, database, lot, 1) == 0


def test_who_only_looks_ahead_is_not_counted(
    app: Flask, client: FlaskClient, database: Database, lot: Lot
) -> None:
    for headers in (
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "TelegramBot (like TwitterBot)"},
        {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": PHONE, "Purpose": "prefetch"},
    ):
        assert client.get("/s/" + lot.code(0), headers=headers).status_code == 200
    assert client.head("/s/" + lot.code(0)).status_code == 200
    assert opened(app, database, lot) == 0


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A database that takes no scans, as long as the list is not empty; and a recorder that tries again soon."""
    why, take = ["disk full"], scans.record

    def refuse(*rest: Any) -> None:
        if why:
            raise OperationalError("INSERT", {}, Exception(why[0]))
        take(*rest)

    monkeypatch.setattr(scans, "record", refuse)
    monkeypatch.setattr(scan_recorder, "_AGAIN", 0.01)
    yield why
    why.clear()


def test_a_page_stands_while_its_scan_cannot_be_recorded_and_it_is_counted_later(
    app: Flask, client: FlaskClient, database: Database, lot: Lot, refusing: list[str]
) -> None:
    for _opening in range(3):
        assert client.get("/s/" + lot.code(0)).status_code == 200
    assert not gate(app).recorder.drain(1.0)
    refusing.clear()
    assert opened(app, database, lot) == 3
    assert gate(app).recorder.lost == 0


def test_scans_are_lost_only_when_the_queue_is_full_and_a_counter_says_so(
    app: Flask, client: FlaskClient, database: Database, lot: Lot, refusing: list[str],
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(scan_recorder, "MOST_WAITING", 2)
    monkeypatch.setattr(scan_recorder, "_BATCH", 1)
    for _opening in range(9):
        assert client.get("/s/" + lot.code(0)).status_code == 200
    lost = gate(app).recorder.lost
    assert 6 <= lost <= 7
    assert "scans were not counted" in caplog.text
    assert client.get("/healthz").get_json()["scans_lost"] == lost
    refusing.clear()
    assert opened(app, database, lot) == 9 - lost


def test_other_methods_are_refused(client: FlaskClient, lot: Lot) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = client.open("/s/" + lot.code(0), method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"
