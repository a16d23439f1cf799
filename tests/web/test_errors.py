"""What goes wrong is said in a sentence, with the right status, and never with a traceback."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.databases import SQLITE_ONLY

pytestmark = SQLITE_ONLY


def test_an_unknown_page_says_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/khong-co-trang-nay")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text
    assert '<html lang="vi"' in answer.text


@pytest.mark.parametrize("address", ["/products?q=%00", "/%00", "/products?q=a%0ab", "/a%7fb"])
def test_control_characters_in_an_address_are_refused(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 400


@pytest.mark.parametrize("word", ["endpoint", "_method", "_scheme", "_external", "_anchor", "values", "lang"])
def test_no_word_in_an_address_leads_its_links_astray(client: FlaskClient, word: str) -> None:
    answer = client.get(f"/products?{word}=x&{word}=y")
    assert answer.status_code == 200
    kept = "" if word == "lang" else f"{word}=x&amp;{word}=y&amp;"
    assert f'href="?{kept}lang=en"' in answer.text


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/healthz", csrf=True)  # type: ignore[call-arg]
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_form_from_elsewhere_is_refused(client: FlaskClient) -> None:
    answer = client.post("/account/sign-in", data={"username": "a"}, csrf=False)  # type: ignore[call-arg]
    assert answer.status_code == 400


def test_too_much_is_refused_with_a_sentence(client: FlaskClient) -> None:
    answer = client.post("/account/sign-in", data={"username": "a" * 11_000_000})
    assert answer.status_code == 413
    assert "10 MB" in answer.text


def test_a_busy_database_answers_503_with_a_time_to_wait(app: Flask) -> None:
    app.view_functions["api.healthz"] = _locked  # type: ignore[assignment]
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_view_that_says_nothing_answers_403(app: Flask) -> None:
    app.add_url_rule("/quên", "forgotten", lambda: "secret")
    assert app.test_client().get("/quên").status_code == 403


def test_every_answer_carries_the_policy(client: FlaskClient) -> None:
    for address in ("/", "/khong-co", "/healthz"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "unsafe" not in headers["Content-Security-Policy"]


def _locked() -> None:
    raise OperationalError("UPDATE", {}, Exception("database is locked"))


_locked.__demand__ = ("public",)  # type: ignore[attr-defined]


def test_an_error_page_that_cannot_be_made_is_replaced_by_a_sentence(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_values: object) -> str:
        raise ValueError("no page today")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("traceability.errors.render_template", broken)
    answer = app.test_client().get("/khong-co-trang-nay")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "Traceback" not in answer.text
    assert answer.text.startswith("Hệ thống gặp lỗi.")
