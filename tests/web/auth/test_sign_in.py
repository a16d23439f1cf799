"""Signing in and out, as a visitor does it."""

import re

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import create_app, limits
from traceability.config import Mode, Settings
from traceability.db import Database
from traceability.domain import ledger, second_factor, sessions, sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.sessions import SignInSession

pytestmark = SQLITE_ONLY
PASSWORD = "mưa rơi ngoài hiên"
SIGN_IN = "/account/sign-in"


@pytest.fixture
def account(database: Database) -> Account:
    return factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)


def typed(**changes: str) -> dict[str, str]:
    return {"username": "dn-f01", "password": PASSWORD} | changes


def token_of(client: FlaskClient) -> str:
    with client.session_transaction() as cookie:
        return str(cookie.get("_user_id", ""))


def test_a_manager_lands_on_its_own_overview(client: FlaskClient, account: Account) -> None:
    answer = client.post(SIGN_IN, data=typed())
    assert (answer.status_code, answer.location) == (303, "/producer/")
    page = client.get("/account").text
    assert account.display_name in page
    assert account.id not in token_of(client)


def test_what_is_wrong_is_said_and_the_name_stays(client: FlaskClient, account: Account) -> None:
    answer = client.post(SIGN_IN, data=typed(password="sai rồi nhé bạn"))
    assert answer.status_code == 422
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in answer.text
    assert 'value="dn-f01"' in answer.text
    assert "sai rồi" not in answer.text


def test_the_lock_says_how_long_it_lasts(client: FlaskClient, account: Account) -> None:
    for _ in range(sign_in.FREE_FAILURES):
        client.post(SIGN_IN, data=typed(password="sai"))
    answer = client.post(SIGN_IN, data=typed())
    assert answer.status_code == 422
    assert re.search(r"Vui lòng chờ (60|59|58) giây rồi thử lại", answer.text)


def test_failures_are_counted_across_processes(app: Flask, settings: Settings, database: Database) -> None:
    factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)
    other = create_app(settings, Database(settings.database_url))
    other.test_client_class = app.test_client_class
    clients = [app.test_client(), other.test_client()]
    for number in range(sign_in.FREE_FAILURES):
        clients[number % 2].post(SIGN_IN, data=typed(password="sai"))
    for client in clients:
        assert "giây rồi thử lại" in client.post(SIGN_IN, data=typed()).text
    other.extensions["database"].close()


def test_one_returns_to_the_page_that_asked(client: FlaskClient, account: Account) -> None:
    asked = client.get("/account/notices?page=2")
    assert asked.status_code == 303
    form = client.get(asked.location).text
    assert 'name="next" value="/account/notices?page=2"' in form
    answer = client.post(SIGN_IN, data=typed(next="/account/notices?page=2"))
    assert answer.location == "/account/notices?page=2"


@pytest.mark.parametrize(
    "target",
    ["https://kexau.example/", "//kexau.example", "/\\kexau.example", "\\\\kexau.example", "/\t/kexau.example",
     "javascript:alert(1)", "/khong-co", "/account/sign-out", "account"],
)  # fmt: skip
def test_one_is_never_led_to_another_site(client: FlaskClient, account: Account, target: str) -> None:
    assert client.post(SIGN_IN, data=typed(next=target)).location == "/producer/"


def test_a_planted_cookie_is_worth_nothing_after_signing_in(
    client: FlaskClient, database: Database, account: Account
) -> None:
    planted = factories.sign_in_as(client, database, account)
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = "known to the attacker"
        cookie["planted"] = "yes"
    client.post(SIGN_IN, data=typed(), csrf=True)
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != planted
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != "known to the attacker"


def test_signing_out_ends_the_session_itself(
    client: FlaskClient, database: Database, account: Account
) -> None:
    client.post(SIGN_IN, data=typed())
    token = token_of(client)
    assert client.post("/account/sign-out").location == SIGN_IN
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token  # a thief kept the cookie
    assert client.get("/account").status_code == 303
    with database.reading(EVERYTHING) as session:
        assert session.get_one(SignInSession, sessions.token_hash(token)).revoked_at is not None


def test_a_foreign_page_cannot_sign_anybody_in(client: FlaskClient, account: Account) -> None:
    assert client.post(SIGN_IN, data=typed(), csrf=False).status_code == 400
    assert token_of(client) == ""


@pytest.mark.parametrize("name", ["a\x00b", "x" * 5000, "‮dn-f01", "đồng bằng", "\udc80"])
def test_strange_names_are_refused_like_unknown_ones(client: FlaskClient, name: str) -> None:
    data = typed(username=name.encode("utf-8", "replace").decode())
    assert client.post(SIGN_IN, data=data).status_code in (400, 422)


def test_ten_megabytes_of_password_are_too_much(client: FlaskClient) -> None:
    assert client.post(SIGN_IN, data=typed(password="x" * (10 << 20))).status_code == 413
    assert client.post(SIGN_IN, data=typed(password="x" * (1 << 20))).status_code == 422


def test_other_kinds_of_content_are_refused(client: FlaskClient) -> None:
    assert client.post(SIGN_IN, json=typed()).status_code == 415
    assert client.post(SIGN_IN, data=b"<xml/>", content_type="text/xml").status_code == 415


def test_staying_signed_in_is_a_choice(client: FlaskClient, account: Account) -> None:
    without = client.post(SIGN_IN, data=typed()).headers["Set-Cookie"]
    client.post("/account/sign-out")
    with_it = client.post(SIGN_IN, data=typed(remember="1")).headers["Set-Cookie"]
    assert "Expires" not in without
    assert "Expires" in with_it
    for cookie in (without, with_it):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_one_network_cannot_try_without_end(
    settings: Settings, database: Database, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRIES", "3 per minute")
    real = create_app(Settings(**vars(settings) | {"testing": False}), database)
    real.test_client_class = app.test_client_class
    client = real.test_client()
    answers = [client.post(SIGN_IN, data={}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert "Retry-After" in answers[-1].headers
    assert client.get(SIGN_IN).status_code == 200
    limits.limiter.enabled = False  # one limiter serves all applications of this process


# -- the second factor ------------------------------------------------------------------------------------------------


def turn_on(database: Database, settings: Settings, account: Account) -> pyotp.TOTP:
    secret = second_factor.new_secret()
    with database.transaction(SYSTEM) as session:
        row = session.get_one(Account, account.id)
        row.totp_sealed = second_factor.seal(settings.keyring(), account.id, secret)
        ledger.record(session, "account.second_factor_on", row)
    return pyotp.TOTP(secret)


def test_with_a_second_factor_the_password_alone_does_not_let_in(
    client: FlaskClient, database: Database, settings: Settings, account: Account
) -> None:
    app = turn_on(database, settings, account)
    answer = client.post(SIGN_IN, data=typed(next="/account/notices"))
    assert answer.location == "/account/sign-in/code"
    assert client.get("/account").status_code == 303
    wrong = client.post("/account/sign-in/code", data={"code": "000000"})
    assert wrong.status_code == 422
    assert "Mã không đúng" in wrong.text
    right = client.post("/account/sign-in/code", data={"code": app.at(now())})
    assert right.location == "/account/notices"
    assert client.get("/account").status_code == 200


def test_the_second_step_cannot_be_reached_without_the_first(client: FlaskClient) -> None:
    assert client.get("/account/sign-in/code").location == SIGN_IN
    assert client.post("/account/sign-in/code", data={"code": "123456"}).location == SIGN_IN


def test_one_turns_the_second_factor_on_with_a_first_code(
    client: FlaskClient, database: Database, account: Account
) -> None:
    factories.sign_in_as(client, database, account)
    page = client.get("/account/second-factor").text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    secret = re.search(r'<strong translate="no">([A-Z2-7 ]+)</strong>', page)
    assert sealed is not None
    assert secret is not None
    wrong = client.post("/account/second-factor", data={"sealed": sealed[1], "code": "12345"})
    assert wrong.status_code == 422
    assert secret[1] in wrong.text  # the same secret stays, the app need not scan again
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(now())
    again = re.search(r'name="sealed" value="([^"]+)"', wrong.text)
    assert again is not None
    assert client.post("/account/second-factor", data={"sealed": again[1], "code": code}).status_code == 303
    assert "Đang bật" in client.get("/account").text


def test_turning_it_off_needs_the_password(
    client: FlaskClient, database: Database, settings: Settings, account: Account
) -> None:
    turn_on(database, settings, account)
    factories.sign_in_as(client, database, account)
    assert client.post("/account/second-factor/off", data={"current": "sai rồi"}).status_code == 422
    assert client.post("/account/second-factor/off", data={"current": PASSWORD}).status_code == 303
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Account, account.id).totp_sealed is None


def test_outside_the_demo_an_agency_does_nothing_before_it_has_two_steps(
    settings: Settings, database: Database, app: Flask
) -> None:
    real = Settings(**vars(settings) | {"mode": Mode.PRODUCTION})
    production = create_app(real, database)
    production.test_client_class = app.test_client_class
    client = production.test_client()
    of = factories.agency(database, Permission.MANAGE_ACCOUNTS)
    factories.sign_in_as(client, database, factories.account(database, of))
    for path in ("/account", "/account/notices", "/inspector/administration"):
        assert client.get(path).location == "/account/second-factor"
    assert client.get("/account/second-factor").status_code == 200
    factories.sign_in_as(client, database, factories.account(database, factories.producer(database)))
    assert client.get("/account").status_code == 200  # producers are free to choose
