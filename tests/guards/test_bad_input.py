"""Whatever is typed into whatever form: an answer in words, never an accident.

The forms are read from the pages themselves, so a new form is tried without being named here.
"""

import itertools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.databases import SQLITE_ONLY
from tests.guards.page_forms import Field, PageForm, forms
from tests.guards.rounds import Rounds
from tests.guards.world import TABLES
from traceability.db import Database
from traceability.domain.ownership import EVERYTHING

pytestmark = SQLITE_ONLY

ROLES = ("visitor", "manager", "inspector", "administrator")
#: Nobody may ever write this into a text.
UNREADABLE: dict[str, Any] = {
    "nul": "a\x00b",
    "lone surrogate": b"a\xed\xa0\x80b",
    "no text at all": b"\xff\xfe\xfa",
    "right to left": "abc\u202edef",
}
HOSTILE: dict[str, Any] = UNREADABLE | {
    "long": "x" * 100_000,
    "markup": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "decomposed": unicodedata.normalize("NFD", "Bưởi Năm Roi ở Vĩnh Long"),
    "formula": '=cmd|"/c calc"!A0',
    "emoji": "🍊👩‍🌾🇻🇳",
    "negative": "-1",
    "zero": "0",
    "no number": "NaN",
    "infinite": "1e999",
    "many digits": "9" * 400,
    "full-width digits": "１２３",
    "no such day": "31/02/2026",
    "the last day": "9999-12-31",
    "before all days": "0000-00-00T99:99",
    "blanks": " \t\u00a0\u3000 ",
    "template": "{{ 7*7 }}%(name)s{0.__class__}",
    "query": "' OR 1=1; --",
    "brackets": "[" * 3000,
}
WRONG_CHOICES = ("khong-co", "0" * 16, "<script>alert(1)</script>", "a\x00b", "x" * 5000)
#: A full walk sends every value to every field; the quick one sends each field some of them, in turn.
_EACH = len(HOSTILE) if os.environ.get("TRACE_SOAK") else 2
#: Who may sign in is not told to somebody who tries names.
_NAMES_NO_FIELD = {"/account/sign-in"}
#: A boundary is one field on the page; codes are read when both ends of a run are there.
_NAMED_AS = {"corners": "geometry"}
_READ_TOGETHER = ("first_code", "last_code")
_ROW_ID = re.compile(r"/[0-9a-z]{16}(?=/|$)")
#: Rows of a list beyond the second are like the second.
_FURTHER_ROW = re.compile(r"-([2-9]|\d\d+)-")


@dataclass(frozen=True)
class Place:
    """A form and the page it stands on."""

    endpoint: str
    path: str
    form: PageForm

    @property
    def target(self) -> str:
        """Where it is sent."""
        return urljoin(self.path, self.form.action) if self.form.action else self.path


@pytest.fixture
def rounds(demo_app: Flask, demo_database: Database, demo: dict[str, Any]) -> Rounds:
    return Rounds(demo_app, demo_database, demo)


class Walker:
    """Somebody of a role who sends forms; signs in again when a form has signed it out."""

    def __init__(self, rounds: Rounds, role: str) -> None:
        self.rounds, self.role = rounds, role
        self.client: FlaskClient = rounds.visit(role)
        self.wrong: list[str] = []

    def places(self) -> Iterator[Place]:
        """One page of each route, with each of its forms that differs from those seen before."""
        seen: set[tuple[str, str, frozenset[str]]] = set()
        opened: set[str] = set()
        closed: Counter[str] = Counter()
        for stop in self.rounds.stops(self.role):
            pattern = _ROW_ID.sub("/", stop.path)
            if stop.endpoint in opened or closed[pattern] == 4 or stop.endpoint.endswith("_export"):
                continue
            answer = self.client.get(stop.path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                closed[pattern] += 1
                continue
            opened.add(stop.endpoint)
            for form in forms(answer.get_data(as_text=True)):
                shape = (stop.endpoint if not form.action else "", form.method, frozenset(form.fields))
                if shape not in seen:
                    seen.add(shape)
                    yield Place(stop.endpoint, stop.path, form)

    def send(self, place: Place, what: str, data: dict[str, Any], **options: Any) -> TestResponse:
        """Sends a form; notes an accident."""
        if place.form.method == "get":
            answer = self.client.get(place.target, query_string=data)
        else:
            answer = self.client.post(place.target, data=MultiDict(data), **options)
        if answer.status_code >= 500:
            self.wrong.append(f"{self.role} {place.target} {what}: {answer.status}")
        page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        if "Traceback" in page or "<script>alert" in page or "<img src=x" in page:
            self.wrong.append(f"{self.role} {place.target} {what}: rough or not escaped")
        if answer.status_code == 303 and data.get("once"):
            self._send_again(place, what, data, answer)
        if "/account/sign-in" in (answer.location or "") and self.role != "visitor":
            self.client = self.rounds.visit(self.role)
        return answer

    def _send_again(self, place: Place, what: str, data: dict[str, Any], first: TestResponse) -> None:
        """The same form a second time, as after a lost connection: the same answer, and nothing more is done."""
        leaves = sa.select(sa.func.count()).select_from(sa.table("log_leaf"))
        with self.rounds.database.reading(EVERYTHING) as session:
            before = session.scalar(leaves)
        again = self.client.post(place.target, data=MultiDict(data))
        with self.rounds.database.reading(EVERYTHING) as session:
            after = session.scalar(leaves)
        if (again.status_code, again.location, after) != (303, first.location, before):
            self.wrong.append(f"{self.role} {place.target} {what}: sent twice, done twice: {again.status}")

    def still_there(self, place: Place) -> bool:
        """Whether the page still has the form."""
        page = self.client.get(place.path).get_data(as_text=True)
        return any(place.form.fields.keys() == form.fields.keys() for form in forms(page))


@pytest.mark.parametrize("role", ROLES)
def test_every_form_answers_whatever_is_typed(rounds: Rounds, role: str) -> None:
    walker, turn = Walker(rounds, role), itertools.cycle(HOSTILE)
    for place in list(walker.places()):
        for one, what in tries(place, turn):
            answer = walker.send(place, f"{one.name}: {what}", place.form.data(**{one.name: HOSTILE[what]}))
            if answer.status_code == 303 and not walker.still_there(place):
                break  # the act is done, and its form is gone
            walker.wrong += (
                named(place, one.name, answer) if what == "nul" and place.form.method == "post" else []
            )
            walker.wrong += kept(place, one.name, what, answer)
        for what, value in HOSTILE.items() if place.form.typed else ():
            walker.send(
                place, f"all: {what}", place.form.data(**{one.name: value for one in place.form.typed})
            )
    assert not walker.wrong, "\n".join(walker.wrong)


def tries(place: Place, turn: Iterator[str]) -> Iterator[tuple[Field, str]]:
    """What is typed into which field, one at a time: first what no field may take."""
    fields = [one for one in place.form.typed if not _FURTHER_ROW.search(one.name)]
    if place.form.method == "post":
        yield from ((one, "nul") for one in fields)
    for one in fields:
        yield from ((one, what) for what in itertools.islice(turn, _EACH))


def kept(place: Place, name: str, what: str, answer: TestResponse) -> list[str]:
    """A refused form comes back with what was typed."""
    value = HOSTILE[what]
    if answer.status_code != 422 or what in UNREADABLE or place.form.method == "get":
        return []
    for form in forms(answer.get_data(as_text=True)):
        if name in form.fields and form.method == "post":
            shown = "".join(form.fields[name].values)
            if unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", value):
                return []
            return [f"{place.target} {name}: {what} came back as {shown[:60]!r}"]
    return [f"{place.target} {name}: the refused form did not come back"]


def named(place: Place, name: str, answer: TestResponse) -> list[str]:
    """A refusal stands by its field, and in the list on top."""
    page = unescape(answer.get_data(as_text=True))
    if place.path in _NAMES_NO_FIELD or name.endswith(_READ_TOGETHER):
        return [] if answer.status_code == 422 else [f"{place.target} {name}: {answer.status}"]
    name = _NAMED_AS.get(name, name)
    if answer.status_code != 422:
        return [f"{place.target} {name}: a text with NUL was taken: {answer.status} {answer.location or ''}"]
    if f'id="f-{name}-error"' not in page and f'href="#f-{name}"' not in page:
        return [f"{place.target} {name}: the refusal does not name the field"]
    return []


@pytest.mark.parametrize("role", ROLES)
def test_every_choice_is_checked(rounds: Rounds, role: str) -> None:
    walker = Walker(rounds, role)
    for place in list(walker.places()):
        for one in place.form.chosen:
            for value in WRONG_CHOICES:
                answer = walker.send(
                    place, f"{one.name}={value[:20]!r}", place.form.data(**{one.name: value})
                )
                taken = answer.status_code in (302, 303) and value and one.kind != "checkbox"
                if taken and place.form.method == "post" and "/sign-in" not in (answer.location or ""):
                    walker.wrong.append(f"{role} {place.target} {one.name}={value[:20]!r} was taken")
    assert not walker.wrong, "\n".join(walker.wrong)


def test_no_form_takes_what_belongs_to_a_neighbour(rounds: Rounds) -> None:
    """Ids of another producer's rows, in lists and in hidden fields, are as good as none."""
    walker, tried = Walker(rounds, "manager"), 0
    for place in list(walker.places()):
        for name in place.form.fields:
            foreign = rounds.neighbours(TABLES[name]) if name in TABLES else None
            if foreign is None or place.form.method != "post":
                continue
            if f"?{name}=" in place.path:  # there the address would decide
                place = replace(place, path=place.path.partition("?")[0])
            answer = walker.send(place, f"{name}: a neighbour's", place.form.data(**{name: foreign}))
            tried += 1
            if not 400 <= answer.status_code < 500:
                walker.wrong.append(f"{place.target} {name}: a neighbour's was taken: {answer.status}")
    assert not walker.wrong, "\n".join(walker.wrong)
    assert tried >= 3


@pytest.mark.parametrize("role", ROLES)
def test_every_form_refuses_what_is_no_form(rounds: Rounds, role: str) -> None:
    """Bodies of other kinds, broken bodies, fields that stand twice or were never asked for."""
    walker = Walker(rounds, role)
    for place in list(walker.places()):
        if place.form.method != "post" or not (place.form.typed or place.form.chosen):
            continue
        needs_nothing = walker.client.post(place.target).status_code < 400
        for kind, body in (
            ("application/json", b'{"name": 1}'),
            ("text/plain", b"name=1"),
            ("application/xml", b"<a/>"),
            ("multipart/form-data", b"--x"),
            ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a'),
            ("application/x-www-form-urlencoded", b"%%%=%ZZ&=&&name=%ED%A0%80"),
        ):
            answer = walker.client.post(place.target, data=body, content_type=kind)
            a_form = kind.startswith(("multipart/", "application/x-www-form"))
            taken = answer.status_code < 400 and not (a_form and needs_nothing)
            if taken or answer.status_code >= 500:
                walker.wrong.append(f"{role} {place.target} {kind}: {answer.status}")
        twice = {name: [text, text] for name, text in place.form.data().items() if isinstance(text, str)}
        walker.send(place, "fields twice", twice)
        strange = {
            "producer_id": "x",
            "id": "x",
            "state": "approved",
            "__class__": "x",
            "a-0-b": "1",
            "a-999-b": "1",
        }
        walker.send(place, "fields that nobody asked for", place.form.data(**strange))
    assert not walker.wrong, "\n".join(walker.wrong)
