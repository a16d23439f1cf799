"""The page of the scratch PIN: without a session and a script, and seen on the stamp's page ever after."""

import re

import pytest
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.domain.test_stamp_checks import pin_of, with_pins
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain.stamp_checks import MOST_A_DAY

pytestmark = SQLITE_ONLY
JSON = {"Accept": "application/json"}


@pytest.fixture
def panelled(database: Database, lot: Lot) -> Lot:
    return with_pins(database, lot)


def form(client: FlaskClient, lot: Lot, number: int = 0) -> tuple[str, dict[str, str]]:
    """The address of the form and its hidden fields."""
    address = f"/stamp-checks/new?code={lot.code(number)}"
    page = client.get(address)
    assert page.status_code == 200
    return address, dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


def test_the_page_asks_for_the_pin_only_where_there_is_one(
    client: FlaskClient, lot: Lot, database: Database
) -> None:
    assert "lớp cào" not in client.get("/s/" + lot.code(0)).text
    assert client.get(f"/stamp-checks/new?code={lot.code(0)}").status_code == 404
    with_pins(database, lot)
    client.application.extensions[
        "scan_gate"
    ].pages._pages.clear()  # pins never change once stamps were ordered
    assert f"/stamp-checks/new?code={lot.code(0)}" in client.get("/s/" + lot.code(0)).text
    for number in (5, 9):  # void, still on the roll
        assert "/stamp-checks/" not in client.get("/s/" + lot.code(number)).text
    for code in ("", "0" * 16, "x" * 4000):
        assert client.get(f"/stamp-checks/new?code={code}").status_code == 404
    assert client.get("/stamp-checks/new?code=%00").status_code == 400


def test_the_first_right_pin_stands_on_the_stamps_page_ever_after(client: FlaskClient, panelled: Lot) -> None:
    path = "/s/" + panelled.code(0)
    assert client.get(path, headers=JSON).get_json()["pin_first_checked_at"] is None
    assert "Dưới lớp cào có mã" in client.get(path).text
    address, hidden = form(client, panelled)
    first = client.post(address, data=hidden | {"pin": pin_of(panelled).lower()})
    assert first.status_code == 200
    assert "Trước đây chưa ai kiểm mã này" in first.text
    for _again in range(2):
        assert "kiểm đúng lần đầu lúc" in client.get(path).text
    assert client.get(path, headers=JSON).get_json()["pin_first_checked_at"]
    assert "Dưới lớp cào có mã" in client.get("/s/" + panelled.code(1)).text


def test_the_owner_who_checks_twice_is_not_shamed(client: FlaskClient, panelled: Lot) -> None:
    for _time in range(2):
        address, hidden = form(client, panelled)
        page = client.post(address, data=hidden | {"pin": pin_of(panelled)}).text
    assert "Mã cào đúng" in page
    assert "Nếu đó là bạn thì không có gì phải lo" in page
    said = page.partition("<main")[2]
    assert "tone-stop" not in said
    assert not re.search(r"hàng giả|làm giả|fake", said.lower())


def test_a_form_sent_twice_is_one_try(client: FlaskClient, panelled: Lot) -> None:
    address, hidden = form(client, panelled)
    client.post(address, data=hidden | {"pin": pin_of(panelled)})
    again = client.post(address, data=hidden | {"pin": pin_of(panelled)})
    assert (again.status_code, again.headers["Location"]) == (303, f"/s/{panelled.code(0)}")


def test_a_wrong_pin_is_told_with_the_tries_that_are_left(client: FlaskClient, panelled: Lot) -> None:
    for left in range(MOST_A_DAY - 1, -1, -1):
        address, hidden = form(client, panelled)
        page = client.post(address, data=hidden | {"pin": "000000"})
        assert page.status_code == 422
        assert f"còn {left} lần thử" in page.text
    address, hidden = form(client, panelled)
    page = client.post(address, data=hidden | {"pin": pin_of(panelled)})
    assert page.status_code == 422
    assert "thử lại vào ngày mai" in page.text
    assert (
        "Tem đang hiệu lực" in client.get("/s/" + panelled.code(0)).text
    )  # a flood of tries condemns nothing


@pytest.mark.parametrize("pin", ["", " ", "\x00", "x" * 5000, "ＡＢＣＤＥＦ", "‮abc", "<script>"])
def test_whatever_is_typed_is_answered_with_a_sentence(client: FlaskClient, panelled: Lot, pin: str) -> None:
    address, hidden = form(client, panelled)
    page = client.post(address, data=hidden | {"pin": pin})
    assert page.status_code in (400, 422)
    assert "<script>" not in page.text


def test_a_try_needs_the_token_of_its_form(client: FlaskClient, panelled: Lot) -> None:
    address = f"/stamp-checks/new?code={panelled.code(0)}"
    answer = client.post(address, data={"pin": pin_of(panelled)}, csrf=False)  # type: ignore[call-arg]
    assert answer.status_code == 400
