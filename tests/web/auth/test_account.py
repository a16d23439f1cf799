"""One's own account, the one-time link, and the inbox."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.clients import without_tokens
from tests.databases import SQLITE_ONLY
from traceability.db import Database
from traceability.domain import notices, password_links, sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.sessions import token_hash

pytestmark = SQLITE_ONLY
PASSWORD, NEW = "mưa rơi ngoài hiên", "nắng lên đầu ngõ"


@pytest.fixture
def account(database: Database) -> Account:
    return factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)


def new_password(**changes: str) -> dict[str, str]:
    return {"current": PASSWORD, "password": NEW, "again": NEW} | changes


def test_a_new_password_ends_all_sessions_but_goes_on_here(
    app: Flask, client: FlaskClient, database: Database, account: Account
) -> None:
    other = app.test_client()
    factories.sign_in_as(other, database, account)
    before = factories.sign_in_as(client, database, account)
    assert client.post("/account/password", data=new_password()).location == "/account"
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != before
        cookie["_user_id"] = before
    assert client.get("/account").status_code == 303
    assert sign_in.by_password(database, "dn-f01", NEW).id == account.id


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"current": "sai rồi nhé"}, "Mật khẩu không đúng"),
        ({"password": "ngắn", "again": "ngắn"}, "ít nhất 10 ký tự"),
        ({"again": "nắng lên đầu ngỏ"}, "Hai mật khẩu không giống nhau"),
        ({"password": "matkhau123", "again": "matkhau123"}, "thử đầu tiên"),
        ({"password": "DN-F01-2026!", "again": "DN-F01-2026!"}, "trùng với tên đăng nhập"),
        ({"password": "x" * 200, "again": "x" * 200}, "nhiều nhất 128 ký tự"),
        ({"password": "", "again": ""}, "Vui lòng điền"),
    ],
)
def test_a_refused_password_says_why_and_is_not_shown_again(
    client: FlaskClient, database: Database, account: Account, changes: dict[str, str], sentence: str
) -> None:
    factories.sign_in_as(client, database, account)
    answer = client.post("/account/password", data=new_password(**changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert NEW not in answer.text
    assert client.get("/account").status_code == 200


def test_a_device_is_signed_out_from_afar(
    app: Flask, client: FlaskClient, database: Database, account: Account
) -> None:
    lost = app.test_client()
    token = factories.sign_in_as(lost, database, account)
    factories.sign_in_as(client, database, account)
    from_the_page = client.get("/account").text.split('name="session" value="')[1].split('"')[0]
    assert token not in from_the_page
    client.post("/account/sessions/end", data={"session": from_the_page})
    assert lost.get("/account").status_code == 303
    assert client.get("/account").status_code == 200


def test_nobody_signs_out_somebody_else(
    app: Flask, client: FlaskClient, database: Database, account: Account
) -> None:
    neighbour = app.test_client()
    token = factories.sign_in_as(
        neighbour, database, factories.account(database, factories.producer(database))
    )
    factories.sign_in_as(client, database, account)
    client.post("/account/sessions/end", data={"session": token_hash(token)})
    client.post("/account/sessions/end-others")
    assert neighbour.get("/account").status_code == 200


def test_the_language_is_kept_on_the_device_and_in_the_account(
    client: FlaskClient, database: Database, account: Account
) -> None:
    factories.sign_in_as(client, database, account)
    assert (
        "Your account"
        in client.post("/account/language", data={"language": "en"}, follow_redirects=True).text
    )
    client.delete_cookie("lang")
    assert "Your account" in client.get("/account").text
    assert "Tài khoản của bạn" in client.get("/account?lang=vi").text
    assert "Tài khoản của bạn" in client.get("/account").text  # the header's switch is kept too


def test_details_are_saved_or_come_back_as_typed(
    client: FlaskClient, database: Database, account: Account
) -> None:
    factories.sign_in_as(client, database, account)
    wrong = {"display_name": "Lê Thị Đẹp", "email": "dep", "phone": "12", "language": "vi"}
    answer = client.post("/account/details", data=wrong)
    assert answer.status_code == 422
    for text in ("không phải là địa chỉ thư điện tử", "không phải là số điện thoại", 'value="Lê Thị Đẹp"'):
        assert text in answer.text
    right = wrong | {"email": "dep@example.org", "phone": "0912.345.678"}
    assert client.post("/account/details", data=right).status_code == 303
    assert "0912345678" in client.get("/account").text


@pytest.mark.parametrize("name", ["", "x" * 161, "a\x00b", "‮gnơưhP", "12345"])
def test_a_name_that_is_none_is_refused(
    client: FlaskClient, database: Database, account: Account, name: str
) -> None:
    factories.sign_in_as(client, database, account)
    answer = client.post("/account/details", data={"display_name": name, "language": "vi"})
    assert answer.status_code == 422
    assert 'id="f-display_name-error"' in answer.text


# -- the one-time link ------------------------------------------------------------------------------------------------


def link_for(database: Database, account: Account) -> str:
    with database.transaction(SYSTEM) as session:
        return "/account/set-password/" + password_links.make_link(session, SYSTEM, account.id)


def test_a_link_sets_the_password_and_leads_to_signing_in(
    client: FlaskClient, database: Database, account: Account
) -> None:
    path = link_for(database, account)
    page = client.get(path)
    assert "dn-f01" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    answer = client.post(path, data={"password": NEW, "again": NEW})
    assert answer.location == "/account/sign-in"
    assert "Đã đặt mật khẩu" in client.get(answer.location).text
    assert client.post("/account/sign-in", data={"username": "dn-f01", "password": NEW}).status_code == 303


def test_used_and_unknown_links_get_one_answer(
    client: FlaskClient, database: Database, account: Account
) -> None:
    path = link_for(database, account)
    client.post(path, data={"password": NEW, "again": NEW})
    client.get("/account/sign-in")  # shows the word of success
    used, unknown = client.get(path), client.get("/account/set-password/khong-co")
    assert (used.status_code, unknown.status_code) == (404, 404)
    assert "Liên kết không còn hiệu lực" in used.text
    assert without_tokens(used.text, path) == without_tokens(unknown.text, "/account/set-password/khong-co")
    assert client.post(path, data={"password": NEW, "again": NEW}).status_code == 404


def test_a_link_needs_no_session_but_a_token_of_the_form(
    client: FlaskClient, database: Database, account: Account
) -> None:
    path = link_for(database, account)
    assert client.post(path, data={"password": NEW, "again": NEW}, csrf=False).status_code == 400
    assert client.post(path, data={"password": "ngắn", "again": "ngắn"}).status_code == 422
    assert client.get(path).status_code == 200


# -- the inbox --------------------------------------------------------------------------------------------------------


def test_notices_are_worded_in_the_readers_language(
    client: FlaskClient, database: Database, account: Account
) -> None:
    with database.transaction(SYSTEM) as session:
        notices.post(session, "nobody_worded_this", producer_id=account.producer_id)
    factories.sign_in_as(client, database, account)
    page = client.get("/account/notices").text
    assert "Đã mở tài khoản dn-f01" in page
    assert "Có thay đổi liên quan đến hồ sơ của bạn" in page
    assert "The account dn-f01 was opened" in client.get("/account/notices?lang=en").text


def test_a_notice_leads_to_what_it_is_about(
    client: FlaskClient, database: Database, account: Account
) -> None:
    with database.reading(EVERYTHING) as session:
        owner = session.get_one(Producer, account.producer_id)
    area = factories.area(database, owner)
    factories.sign_in_as(client, database, account)
    assert f'href="/producer/areas/{area.id}"' in client.get("/account/notices").text


def test_notices_are_marked_as_read_only_in_ones_own_inbox(
    client: FlaskClient, database: Database, account: Account
) -> None:
    neighbour = factories.actor_of(database, factories.account(database, factories.producer(database)))
    factories.sign_in_as(client, database, account)
    client.post("/account/notices/read")
    assert "Đánh dấu đã đọc" not in client.get("/account/notices").text
    with database.reading(EVERYTHING) as session:
        assert notices.unread(session, factories.actor_of(database, account)) == 0
        assert notices.unread(session, neighbour) > 0
