"""Who may open what: every route, every role, against the reviewed table `access.csv`.

A new view needs a demand, an entry in the table, and answers a neighbour's id exactly as a missing one.
"""

import difflib
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter
from werkzeug.test import TestResponse

from tests.clients import without_tokens
from tests.databases import SQLITE_ONLY
from tests.guards import access
from tests.guards.access import Route
from tests.guards.world import ANY_TABLE, KINDS, MISSING, OTHERS, TABLES, World
from traceability.access import PUBLIC_VIEW, requires
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.agencies import GRANTABLE

pytestmark = SQLITE_ONLY
ROLES = ("visitor", "clerk", "manager", "data_entry", "on_behalf", "administrator")
ALL_WORDS = frozenset(GRANTABLE) - {Permission.DATA_ENTRY_ON_BEHALF}


@pytest.fixture
def world(app: Flask, database: Database) -> World:
    return World(app, database)


def test_the_reviewed_table_is_up_to_date(app: Flask) -> None:
    now, reviewed = set(access.routes(app)), set(access.read())
    new = "\n".join(f"+ {route}" for route in sorted(now - reviewed))
    gone = "\n".join(f"- {route}" for route in sorted(reviewed - now))
    assert now == reviewed, f"\n{new}\n{gone}\nWrite it anew with: {access.COMMAND}"


def test_every_view_says_what_it_demands(app: Flask) -> None:
    known = {word.value for word in Permission} | {"public", "signed-in"}
    for route in access.routes(app):
        assert route.demands <= known, route


def test_a_view_that_says_nothing_lets_nobody_in(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    app.add_url_rule("/open", "open", requires(PUBLIC_VIEW)(lambda: "open"))
    client = app.test_client()
    assert (client.get("/forgotten").status_code, client.get("/open").status_code) == (403, 200)


def address(app: Flask, rule: Rule, ids: dict[str, str]) -> str:
    """The address of a rule with `ids` in it, and for the rest what exists nowhere."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        if name in ids:
            values[name] = ids[name]
        elif isinstance(converter, AnyConverter):
            values[name] = sorted(converter.items)[0]
        else:
            values[name] = OTHERS.get(name, MISSING)
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=_method(rule))


def _method(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else sorted(rule.methods or ())[0]


def send(world: World, role: str, method: str, path: str, **options: Any) -> TestResponse:
    answer = world.visit(role).open(path, method=method, data={} if method != "GET" else None, **options)
    assert answer.status_code < 500, f"{role} {method} {path}: {answer.status_code}"
    return answer


def is_let_in(answer: TestResponse) -> bool:
    led = answer.location or ""
    away = led.startswith("/account/sign-in?") or led == "/account/sign-in" or led == "/inspector/act-for"
    return not (answer.status_code in (401, 403) or (answer.status_code == 303 and away))


def expected(world: World, route: Route, role: str, words: frozenset[Permission] = frozenset()) -> bool:
    audience = route.endpoint.partition(".")[0]
    if audience == "api":  # only a bearer token opens what machines ask; tests/web/api/test_tokens.py
        return "public" in route.demands
    return not route.demands.isdisjoint(world.grants(role, audience, words))


#: Views that lead to the sign-in or to the choice of a producer by their nature, also those whom they let in.
LEADERS = {"auth.sign_in_code", "auth.sign_out", "auth.sign_in", "inspector.act_for_choose"}


def walk(world: World, role: str, words: frozenset[Permission] = frozenset(), only: Any = None) -> list[str]:
    """What differs from the table when somebody of this role tries every route."""
    wrong = []
    for rule in access.rules(world.app):
        (route,) = [
            row
            for row in access.routes(world.app)
            if row.address == rule.rule and row.endpoint == rule.endpoint
        ]
        if only is not None and not only(route):
            continue
        for method in route.methods.split():
            answer = send(world, role, method, address(world.app, rule, {}))
            may = expected(world, route, role, words)
            if is_let_in(answer) != may and not (may and route.endpoint in LEADERS):
                wrong.append(
                    f"{role} {method} {route.endpoint}: {answer.status_code} {answer.location or ''}"
                )
    return wrong


@pytest.mark.parametrize("role", ROLES)
def test_each_role_passes_exactly_where_the_table_lets_it(world: World, role: str) -> None:
    assert walk(world, role) == []


@pytest.mark.parametrize("word", sorted(ALL_WORDS))
def test_an_agencys_word_opens_what_demands_it(world: World, word: Permission) -> None:
    words = frozenset({word})
    world.let_officer(words)
    assert walk(world, "officer", words, only=lambda route: word.value in route.demands) == []


def test_an_agency_without_any_word_only_looks(world: World) -> None:
    assert walk(world, "officer") == []


def test_no_word_opens_what_another_one_is_for(world: World) -> None:
    """Each view that demands a word stays closed to an agency that holds all the others."""
    wrong = []
    table = access.routes(world.app)
    for demand in sorted({route.demand for route in table}):
        words = frozenset(word for word in ALL_WORDS if word.value not in demand.split())
        if words == ALL_WORDS:
            continue
        world.let_officer(words)
        wrong += walk(world, "officer", words, only=lambda route, demand=demand: route.demand == demand)
    assert wrong == []


def test_nothing_is_changed_without_the_token_of_a_form(world: World) -> None:
    """A foreign page cannot make a browser send a form, whoever is signed in there."""
    world.let_officer(ALL_WORDS)
    for rule in access.rules(world.app):
        (route,) = [
            row
            for row in access.routes(world.app)
            if row.address == rule.rule and row.endpoint == rule.endpoint
        ]
        if route.token == "no":
            machines = route.address.startswith("/api/")  # there a bearer token opens, never a cookie
            assert route.demands == {"public"} or machines, (
                f"{route.endpoint}: only public forms may do without"
            )
            continue
        role = {"producer": "manager", "inspector": "officer"}.get(
            route.endpoint.partition(".")[0], "administrator"
        )
        for method in route.unsafe:
            answer = send(world, role, method, address(world.app, rule, {}), csrf=False)
            assert answer.status_code == 400, f"{method} {route.endpoint}: {answer.status_code}"


def owned_ids(rule: Rule) -> list[dict[str, str]]:
    """The sets of tables whose neighbour's rows an address can name: one for each kind where the kind is in it."""
    ids = {name for name in rule.arguments if name not in OTHERS and name != "kind"}
    ids -= {name for name in ids if isinstance(rule._converters[name], AnyConverter)}
    unknown = ids - TABLES.keys() - ANY_TABLE
    assert not unknown, f"{rule.rule}: say in tests/guards/world.py whose row {unknown} names"
    if not ids:
        return []
    if not ids & ANY_TABLE:
        return [{name: TABLES[name] for name in ids}]
    (key,) = ids & ANY_TABLE
    converter = rule._converters["kind"]
    words = sorted(converter.items) if isinstance(converter, AnyConverter) else sorted(KINDS)
    strange = set(words) - KINDS.keys()
    assert not strange, f"{rule.rule}: say in tests/guards/world.py which table {strange} names"
    return [{"kind": f"={word}", key: KINDS[word]} for word in words]


@pytest.mark.parametrize("role", ["clerk", "manager", "on_behalf", "officer"])
def test_a_neighbours_thing_answers_exactly_like_a_missing_one(world: World, role: str) -> None:
    world.let_officer(ALL_WORDS)
    for rule in access.rules(world.app):
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint not in ({"officer": {"inspector"}}.get(role, {"producer"}) | {"auth"}):
            continue
        for tables in owned_ids(rule):
            theirs = {
                name: table[1:] if table.startswith("=") else world.neighbours(table)
                for name, table in tables.items()
            }
            missing = {name: key if tables[name].startswith("=") else MISSING for name, key in theirs.items()}
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                answers = [
                    send(world, role, method, address(world.app, rule, ids)) for ids in (theirs, missing)
                ]
                seen = [
                    (
                        answer.status_code,
                        plain(answer.location or "", ids),
                        plain(without_tokens(answer.get_data(as_text=True)), ids),
                    )
                    for answer, ids in zip(answers, (theirs, missing), strict=True)
                ]
                apart = "\n".join(difflib.unified_diff(seen[0][2].splitlines(), seen[1][2].splitlines(), n=0))
                assert seen[0] == seen[1], (
                    f"{role} {method} {rule.rule}: a neighbour's row is told apart\n{apart}"
                )
                assert seen[0][0] in (303, 403, 404, 405), f"{role} {method} {rule.rule}: {seen[0][0]}"


def plain(text: str, ids: dict[str, str]) -> str:
    for key in ids.values():
        text = re.sub(re.escape(str(key)), "", text)
    return text
