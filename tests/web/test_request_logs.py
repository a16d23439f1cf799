"""Requests in the log: one line each, with a number that the visitor sees too, and nothing of who asked for what."""

import io
import logging

from flask import Flask
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.listening import Heard
from traceability import logs, request_marks

pytestmark = SQLITE_ONLY


def _break(app: Flask, error: Exception) -> None:
    def fail() -> str:
        raise error

    app.view_functions["api.readyz"] = fail
    fail.__dict__.update(app.view_functions["api.healthz"].__dict__)


def test_each_request_is_one_line_of_json_with_its_number(client: FlaskClient, heard: Heard) -> None:
    answer = client.get("/products?q=b%C6%B0%E1%BB%9Fi")
    [line] = [one for one in heard.lines if one["event"] == "request"]
    assert line["request"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["endpoint"], line["status"]) == ("GET", "public.products", 200)
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert line["timestamp"].endswith("Z")


def test_no_line_holds_an_address_a_question_or_a_cookie(client: FlaskClient, heard: Heard) -> None:
    client.set_cookie("trace", "banh-quy-bi-mat")
    there = {"REMOTE_ADDR": "203.0.113.77"}
    client.get("/products?q=tim-kiem-rieng", environ_overrides=there, headers={"User-Agent": "Máy-Của-Tôi"})
    client.get("/papers/khong-co-lien-ket-nay", environ_overrides=there)
    assert heard.lines
    for secret in ("banh-quy-bi-mat", "203.0.113", "tim-kiem-rieng", "Của", "khong-co-lien-ket-nay"):
        assert secret not in heard.text


def test_only_a_proxy_of_ours_numbers_requests(client: FlaskClient) -> None:
    def number(sent: str, address: str) -> str:
        overrides = {"REMOTE_ADDR": address}
        answer = client.get("/healthz", headers={"X-Request-ID": sent}, environ_overrides=overrides)
        return answer.headers["X-Request-ID"]

    sent = "0123456789abcdef0123456789abcdef"
    assert number(sent, "127.0.0.1") == sent
    assert number(sent, "203.0.113.77") != sent
    assert number("<script>alert(1)</script>", "127.0.0.1") != "<script>alert(1)</script>"
    assert number("x" * 65, "127.0.0.1") != "x" * 65


def test_the_page_of_an_error_shows_the_number_that_stands_in_the_log(app: Flask, heard: Heard) -> None:
    _break(app, ZeroDivisionError("bad luck"))
    answer = app.test_client().get("/readyz")
    number = answer.headers["X-Request-ID"]
    assert (answer.status_code, number in answer.text) == (500, True)
    broken = next(line for line in heard.lines if "exception" in line)
    assert (broken["request"], broken["level"]) == (number, "error")
    assert "ZeroDivisionError" in broken["exception"]
    assert "ZeroDivisionError" not in answer.text
    assert "bad luck" not in answer.text


def test_a_page_that_is_not_there_shows_no_number(client: FlaskClient) -> None:
    answer = client.get("/khong-co-trang-nay")
    assert answer.headers["X-Request-ID"] not in answer.text


def test_a_demo_speaks_to_people(client: FlaskClient, levels: None) -> None:
    stream = io.StringIO()
    logs.begin(machine=False, stream=stream)
    client.get("/products")
    assert stream.getvalue() == ""  # a page that was shown is no news
    logging.getLogger("traceability.mint").warning("the key folder cannot be read")
    assert "the key folder cannot be read" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_what_was_typed_stands_in_no_error_of_the_database(app: Flask) -> None:
    assert app.extensions["database"].engine.hide_parameters


def test_the_number_of_a_request_is_made_once(app: Flask) -> None:
    with app.test_request_context("/"):
        assert request_marks.number() == request_marks.number()
