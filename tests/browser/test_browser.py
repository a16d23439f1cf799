"""The browser tests can be trusted: they see what they must refuse."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.fixtures import LiveServer, Visits

_PAGE = '<!doctype html><html lang="vi"><title>Tem</title>{}<main><h1>Tem truy xuất</h1>{}</main></html>'
_VIEWPORT = '<meta name="viewport" content="width=device-width">'


def _page(body: str, head: str = _VIEWPORT) -> str:
    return _PAGE.format(head, body)


@pytest.fixture
def pages() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/good", "good", lambda: _page("<p>Bưởi Năm Roi</p>"))
    app.add_url_rule("/nameless", "nameless", lambda: _page('<a href="/good"></a>'))
    app.add_url_rule("/wide", "wide", lambda: _page('<div style="width:700px">rộng</div>'))
    app.add_url_rule("/curious", "curious", lambda: _page('<img alt="" src="https://example.invalid/a.png">'))
    app.add_url_rule("/broken", "broken", lambda: _page("<script>nothing.here()</script>"))
    return app


def test_a_sound_page_passes(serve: Callable[..., LiveServer], pages: Flask, screen: Page) -> None:
    screen.goto(serve(pages).url + "/good")
    axe.check_accessible(screen)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/nameless", "link-name"),
        ("/wide", "wider than the screen"),
        ("/tiny", "not laid out for this screen"),
    ],
)
def test_a_faulty_page_is_found(
    serve: Callable[..., LiveServer], pages: Flask, phone: Page, path: str, fault: str
) -> None:
    phone.goto(serve(pages).url + path)
    with pytest.raises(AssertionError, match=fault):
        axe.check_accessible(phone)


@pytest.mark.parametrize(
    ("path", "problem"), [("/curious", "asked another server"), ("/broken", "script error")]
)
def test_script_errors_and_foreign_requests_are_seen(
    serve: Callable[..., LiveServer], pages: Flask, phone: Page, visits: Visits, path: str, problem: str
) -> None:
    phone.goto(serve(pages).url + path)
    phone.wait_for_timeout(50)
    assert any(text.startswith(problem) for text in visits.problems), visits.problems
    visits.problems.clear()
