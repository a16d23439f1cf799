"""What a browser is told, and what it is never given: cookies, transport, text that is text."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import create_app
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.producers import Producer

pytestmark = SQLITE_ONLY
PASSWORD, ROOT = "mưa rơi ngoài hiên", "https://tx.example.vn"


@pytest.fixture
def over_tls(app: Flask, settings: Settings, database: Database) -> FlaskClient:
    """A visitor of an installation whose public address begins with https."""
    made = create_app(replace(settings, public_root=ROOT), database)
    made.test_client_class = app.test_client_class
    return made.test_client()


def test_over_tls_nothing_is_asked_without_it_again(over_tls: FlaskClient, client: FlaskClient) -> None:
    for path in ("/", "/s/0000000000000000", "/khong-co-trang-nay", "/api/v1/batches", "/static/app.css"):
        assert over_tls.get(path).headers["Strict-Transport-Security"] == "max-age=31536000", path
    assert "Strict-Transport-Security" not in client.get("/").headers  # a demo over http promises nothing


def test_over_tls_cookies_never_travel_without_it(over_tls: FlaskClient, database: Database) -> None:
    factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)
    page = over_tls.get("/account/sign-in", base_url=ROOT)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    form = {"username": "dn-f01", "password": PASSWORD, "csrf_token": token}
    answer = over_tls.post("/account/sign-in", data=form, base_url=ROOT, csrf=False)  # type: ignore[call-arg]
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    assert all("Secure" in one and "HttpOnly" in one and "SameSite=Lax" in one for one in cookies)


def test_over_tls_a_cookie_s_name_says_that_it_is_of_this_host_alone(
    over_tls: FlaskClient, client: FlaskClient
) -> None:
    path = "/account/sign-in?lang=en"
    here = over_tls.get(path, base_url=ROOT).headers.getlist("Set-Cookie")
    assert {one.split("=")[0] for one in here} == {"__Host-trace", "__Host-lang"}
    # what the prefix demands: a browser drops the cookie otherwise
    assert all("Secure" in one and "Path=/" in one.split("; ") and "Domain" not in one for one in here)
    assert 'lang="en"' in over_tls.get("/account/sign-in", base_url=ROOT).text
    demo = client.get(path).headers.getlist("Set-Cookie")
    assert {one.split("=")[0] for one in demo} == {
        "trace",
        "lang",
    }  # without TLS a browser would drop the prefix


def test_over_tls_a_cookie_without_the_prefix_is_worth_nothing(
    app: Flask, over_tls: FlaskClient, database: Database
) -> None:
    plain = app.test_client()  # under the same key, of an installation without TLS
    factories.sign_in_as(plain, database, factories.account(database))
    kept = plain.get_cookie("trace").value
    over_tls.set_cookie("trace", kept, domain="tx.example.vn")
    assert over_tls.get("/account", base_url=ROOT).status_code == 303
    over_tls.set_cookie("__Host-trace", kept, domain="tx.example.vn", secure=True)
    assert over_tls.get("/account", base_url=ROOT).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/s/0000000000000000", "/khong-co-trang-nay", "/account/sign-in", "/log/checkpoint"]
)
def test_every_answer_says_how_it_may_be_used(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert rule in policy
    assert "unsafe" not in policy


def test_what_was_typed_stays_text(client: FlaskClient, database: Database) -> None:
    name = 'HTX <img src=x onerror=alert(1)> & "bạn" {{7*7}}'
    producer = factories.producer(database, name=name)
    factories.sign_in_as(client, database, factories.account(database, producer))
    page = client.get("/producer/profile").text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize(
    "typed",
    ["' OR 1=1 --", "'; DROP TABLE product; --", "%' UNION SELECT password_hash FROM account --"],
)
def test_what_is_searched_for_is_no_part_of_a_question_to_the_database(
    client: FlaskClient, database: Database, typed: str
) -> None:
    product = factories.product(database, factories.producer(database))
    answer = client.get("/products", query_string={"q": typed})
    assert answer.status_code == 200
    assert product.name not in answer.text
    assert "argon2" not in answer.text
    assert product.name in client.get("/products", query_string={"q": product.name}).text


def test_one_can_sign_out_from_every_kind_of_page(client: FlaskClient, database: Database) -> None:
    pages: list[tuple[Producer | None, tuple[str, ...]]] = [
        (None, ("/inspector/", "/inspector/administration", "/account", "/account/notices")),
        (
            factories.producer(database),
            ("/producer/", "/producer/profile", "/producer/areas", "/account/tokens"),
        ),
    ]
    for of, paths in pages:
        factories.sign_in_as(client, database, factories.account(database, of))
        for path in paths:
            assert 'action="/account/sign-out"' in client.get(path).text, path
