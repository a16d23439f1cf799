"""Every page of every role over the demo: it stands without a script, and axe-core finds nothing serious on it."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from werkzeug.test import TestResponse

from tests.browser import axe
from tests.browser.fixtures import PHONE, LiveServer
from tests.databases import SQLITE_ONLY
from tests.guards import access
from tests.guards.rounds import ELSEWHERE, ROLES, Rounds, Stop
from traceability.config import Settings
from traceability.db import Database

pytestmark = SQLITE_ONLY

#: So many pages of one route are opened in the browser, in different states of what they show.
_SEEN_OF_A_ROUTE = {"visitor": 3, "manager": 3, "on_behalf": 1, "inspector": 2, "administrator": 1}
#: What a page may answer to an address that is in order.
_FINE = {200, 303, 307, 403, 404}
#: Pages that say themselves what is wrong with the address.
_REFUSALS = ("/s", "/S", "/01/")
_H1 = re.compile(r"<h1[ >]")
_NOT_OURS = re.compile(
    r"""<(?:script|img|iframe|link|source|video|form)\b[^>]*\b(?:src|href|action)=["'](?:https?:)?//"""
)
_INLINE = re.compile(r"""<[a-z][^>]*\s(?:style|on[a-z]+)=["']""", re.IGNORECASE)
_ROUGH = re.compile(r"Traceback|Undefined|StrEnum|&lt;[A-Z]\w+ object|None</|\{\{|%\([a-z_]+\)s")


@pytest.fixture
def rounds(demo_app: Flask, demo_database: Database, demo: dict[str, Any]) -> Rounds:
    return Rounds(demo_app, demo_database, demo)


def faults(answer: TestResponse) -> list[str]:
    """What is wrong with a page as the server sends it, before any script has run."""
    page = answer.get_data(as_text=True)
    found = []
    if not page.lstrip().lower().startswith("<!doctype html>") or '<html lang="' not in page:
        found.append("no document in a language")
    if len(_H1.findall(page)) != 1:
        found.append(f"{len(_H1.findall(page))} headings of the first rank")
    if not re.search(r"<title>[^<]*\w[^<]*</title>", page):
        found.append("no title")
    if 'name="viewport"' not in page:
        found.append("no viewport")
    found += [f"not ours: {what}" for what in _NOT_OURS.findall(page)]
    found += [f"refused by the content policy: {what[:80]}" for what in _INLINE.findall(page)]
    found += [f"rough: {what}" for what in _ROUGH.findall(page)]
    return found


def test_every_page_stands_without_a_script(rounds: Rounds) -> None:
    """Each route is opened by somebody, and each page is whole as the server sends it."""
    wrong, opened = [], set()
    for role in ROLES:
        client = rounds.visit(role)
        for stop in rounds.stops(role):
            answer = client.get(stop.path)
            refused = answer.status_code in (400, 422) and stop.path.startswith(_REFUSALS)
            if answer.status_code not in _FINE and not refused:
                wrong.append(f"{role} {stop.path}: {answer.status}")
            if answer.status_code == 200 or refused:
                opened.add(stop.endpoint)
            kept = "attachment" in answer.headers.get("Content-Disposition", "")  # a file to keep is no page
            if answer.mimetype == "text/html" and answer.status_code not in (303, 307) and not kept:
                wrong += [f"{role} {stop.path}: {fault}" for fault in faults(answer)]
    assert not wrong, "\n".join(wrong)
    routes = {route.endpoint for route in access.routes(rounds.app) if "GET" in route.methods.split()}
    pages = {endpoint for endpoint in routes if not endpoint.startswith("api.")}  # tests/web/api asks those
    assert pages - opened - ELSEWHERE.keys() == set(), "nobody has seen these pages"


@pytest.mark.browser
@pytest.mark.parametrize("role", ROLES)
def test_no_page_has_a_serious_fault(
    rounds: Rounds,
    role: str,
    demo_app: Flask,
    demo_settings: Settings,
    serve: Callable[..., LiveServer],
    visitor: Callable[..., Page],
) -> None:
    """On phone and laptop; the fixtures see script errors, refused content and requests to other servers."""
    site, client, page = serve(demo_app, demo_settings.port).url, rounds.visit(role), visitor(PHONE)
    cookie = client.get_cookie("trace")
    if cookie is not None:
        page.context.add_cookies([{"name": "trace", "value": cookie.value, "url": site}])
    wrong: list[str] = []
    for stop in seen(client, rounds.stops(role), _SEEN_OF_A_ROUTE[role]):
        page.goto(site + stop.path)
        try:
            axe.check_accessible(page)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)


def seen(client: Any, stops: list[Stop], most: int) -> list[Stop]:
    """The pages worth a look: those that open, `most` of each route."""
    times: Counter[str] = Counter()
    found = []
    for stop in stops:
        if times[stop.endpoint] >= most and stop.endpoint not in ("stamp", "digital link"):
            continue
        answer = client.get(stop.path)
        kept = "attachment" in answer.headers.get("Content-Disposition", "")  # a file to keep is no page
        if (
            not kept
            and answer.mimetype == "text/html"
            and (answer.status_code == 200 or stop.endpoint in ("stamp", "missing", "public.look_up"))
        ):
            times[stop.endpoint] += 1
            found.append(stop)
    return found
