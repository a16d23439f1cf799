"""Programs: tokens, scopes, the same thing done once, problems that name the field."""

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlmodel import func, select

from tests import factories
from tests.programs import Program
from traceability import create_app, limits
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import api_tokens, idempotency, own_references, suspensions
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.api_tokens import ApiToken, RevokeInput
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.suspensions import SuspendedKind, SuspensionInput


@pytest.fixture
def program(app: Flask, database: Database) -> Program:
    return Program(app, database)


@pytest.fixture
def harvest(database: Database, program: Program) -> dict[str, Any]:
    area = factories.area(database, program.owner)
    product = factories.product(database, program.owner)
    day = (today() - timedelta(days=1)).isoformat()
    return {
        "area_id": area.id,
        "product_id": product.id,
        "harvested_on": day,
        "kilograms": 125.5,
        "external_ref": "ERP-1",
    }


def test_a_program_registers_a_batch_and_gets_a_receipt(program: Program, harvest: dict[str, Any]) -> None:
    made = program.send("POST", "/batches", harvest)
    assert made.status_code == 201, made.text
    said = made.get_json()
    assert (said["made_g"], said["external_ref"]) == (125_500, "ERP-1")
    with program.database.reading(EVERYTHING) as session:
        leaf = session.get_one(LogLeaf, said["log_index"])
    assert leaf.kind == "batch.registered"
    assert json.loads(leaf.body)["id"] == said["id"]
    assert program.send("GET", f"/batches/{said['id']}").get_json()["lot"] == said["lot"]
    found = program.send("GET", "/batches?external_ref=ERP-1").get_json()
    assert [item["id"] for item in found["items"]] == [said["id"]]
    event = program.send(
        "POST", f"/batches/{said['id']}/events", {"type": "pack", "happened_at": now().isoformat()}
    )
    assert event.status_code == 201, event.text
    events = program.send("GET", f"/batches/{said['id']}/events").get_json()["items"]
    assert [item["type"] for item in events] == ["harvest", "pack"]


def test_one_token_writes_so_much_in_a_minute_and_another_is_not_kept_waiting(
    settings: Settings,
    database: Database,
    app: Flask,
    program: Program,
    harvest: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "API_WRITES", "3 per minute")
    real = create_app(replace(settings, testing=False), database)
    real.test_client_class = app.test_client_class
    hasty, calm = Program(real, database), Program(real, database, owner=program.owner)
    try:
        answers = [hasty.send("POST", path, {}) for path in ("/batches", "/areas", "/batches", "/areas")]
        assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
        assert answers[-1].content_type == "application/problem+json"
        assert answers[-1].get_json()["error"]["message"]
        assert not any("Retry-After" in answer.headers for answer in answers[:-1])
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert hasty.send("GET", "/batches").status_code == 200
        assert calm.send("POST", "/batches", {}).status_code == 422
        _fail(monkeypatch, [Exception("database is locked")])
        busy = calm.send("POST", "/batches", harvest)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5"), "not the rest of the minute"
    finally:
        limits.limiter.enabled = False  # one limiter serves all applications of this process


def test_the_same_key_and_body_is_done_once_and_answered_the_same(
    program: Program, harvest: dict[str, Any]
) -> None:
    first = program.send("POST", "/batches", harvest, Idempotency_Key="k-1")
    again = program.send("POST", "/batches", harvest, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = program.send("POST", "/batches", harvest | {"kilograms": 7}, Idempotency_Key="k-1")
    assert (other.status_code, other.get_json()["error"]["field"]) == (422, "Idempotency-Key")
    with program.database.reading(EVERYTHING) as session:
        assert session.exec(select(func.count()).select_from(Batch)).one() == 1


def test_a_refused_request_may_be_sent_again_under_its_key(program: Program, harvest: dict[str, Any]) -> None:
    late = harvest | {"harvested_on": (today() + timedelta(days=3)).isoformat()}
    assert program.send("POST", "/batches", late, Idempotency_Key="k-2").status_code == 422
    assert program.send("POST", "/batches", harvest, Idempotency_Key="k-2").status_code == 201


def test_what_is_being_done_is_told_and_what_died_is_taken_over(
    program: Program, harvest: dict[str, Any]
) -> None:
    body = json.dumps(harvest).encode()
    asked = idempotency.fingerprint("POST", "/api/v1/batches", body)
    with program.database.transaction(program.actor) as session:
        idempotency.claim(session, program.actor.user_id or "", "k-3", asked)
    at_work = program.send("POST", "/batches", body, Idempotency_Key="k-3")
    assert (at_work.status_code, at_work.headers["Retry-After"]) == (409, "1")
    with program.database.engine.connect().execution_options(write=True) as connection:
        past = now() - 2 * idempotency.LEASE
        connection.execute(sa.update(idempotency.RepeatedRequest).values(at=past))
        connection.commit()
    assert program.send("POST", "/batches", body, Idempotency_Key="k-3").status_code == 201


class Deadlock(Exception):
    sqlstate = "40P01"


def test_an_act_that_the_database_ended_is_tried_once_more(
    program: Program, harvest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(monkeypatch, [Deadlock()])
    assert program.send("POST", "/batches", harvest, Idempotency_Key="k-4").status_code == 201


@pytest.mark.parametrize(
    "errors", [[Deadlock(), Deadlock()], [Exception("database is locked")]], ids=["deadlock", "locked"]
)
def test_what_the_database_cannot_take_now_is_503_and_its_key_is_free_again(
    program: Program, harvest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, errors: list[Exception]
) -> None:
    _fail(monkeypatch, errors)
    busy = program.send("POST", "/batches", harvest, Idempotency_Key="k-5")
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert busy.content_type == "application/problem+json"
    again = program.send("POST", "/batches", harvest, Idempotency_Key="k-5")
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, None)
    with program.database.reading(EVERYTHING) as session:
        assert session.exec(select(func.count()).select_from(Batch)).one() == 1


def test_an_error_of_ours_leaves_no_key_behind(
    app: Flask, program: Program, harvest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "answer", lambda *_given: 1 // 0)
        assert program.send("POST", "/batches", harvest, Idempotency_Key="k-6").status_code == 500
    assert program.send("POST", "/batches", harvest, Idempotency_Key="k-6").status_code == 201


def _fail(monkeypatch: pytest.MonkeyPatch, errors: list[Exception]) -> None:
    """The next acts end with these errors of the database, at their very end."""
    answer, left = idempotency.answer, list(errors)

    def fails(*given: Any) -> None:
        if left:
            raise OperationalError("UPDATE", {}, left.pop(0))
        answer(*given)

    monkeypatch.setattr(idempotency, "answer", fails)


def test_of_eight_at_once_one_is_done(program: Program, harvest: dict[str, Any], app: Flask) -> None:
    answers: list[int] = []

    def send() -> None:
        sent = {"Authorization": f"Bearer {program.secret}", "Idempotency-Key": "k-8"}
        answers.append(app.test_client().post("/api/v1/batches", json=harvest, headers=sent).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    with program.database.reading(EVERYTHING) as session:
        assert session.exec(select(func.count()).select_from(Batch)).one() == 1


def test_without_a_key_nothing_is_done_and_the_answer_says_what_to_send(
    program: Program, harvest: dict[str, Any], app: Flask
) -> None:
    written = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and "POST" in rule.methods
    ]
    assert len(written) > 5
    for rule in written:
        path = re.sub(r"<\w+>", "0" * 16, rule.rule).removeprefix("/api/v1")
        answer = program.send("POST", path, {}, Idempotency_Key="")
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), rule.rule
        said = answer.get_json()["error"]
        assert said["field"] == "Idempotency-Key"
        assert "Idempotency-Key" in said["message"]
    assert program.send("POST", "/batches", harvest, Idempotency_Key="").status_code == 400
    assert _batches(program) == 0
    assert program.send("POST", "/batches", harvest, Idempotency_Key="ả").status_code == 422


def test_a_program_without_memory_makes_nothing_twice(program: Program, harvest: dict[str, Any]) -> None:
    lot = harvest | {"lot": "L1"}
    made = program.send("POST", "/batches", lot).get_json()
    again = program.send("POST", "/batches", lot)
    said = again.get_json()["error"]
    assert (again.status_code, said["field"], said["record_id"]) == (422, "external_ref", made["id"])
    assert "ERP-1" in said["message"]
    assert made["lot"] in said["message"]
    assert _batches(program) == 1
    assert program.send("POST", "/batches", harvest | {"external_ref": None}).status_code == 201
    factories.release(program.database, _batch(program, made["id"]))
    things: list[tuple[str, dict[str, Any]]] = [
        (f"/batches/{made['id']}/events", {"type": "store", "happened_at": now().isoformat()}),
        ("/stamp-orders", {"batch_id": made["id"], "quantity": 9, "layout": "a4-4x10-48x25"}),
    ]
    for path, body in things:
        first = program.send("POST", path, body | {"external_ref": "ERP-1"})
        assert first.status_code == 201, first.text
        second = program.send("POST", path, body | {"external_ref": "ERP-1"})
        assert second.status_code == 422, "of its own kind once, whatever other kinds have it"
        assert second.get_json()["error"]["record_id"] == first.get_json()["id"]
        assert program.send("POST", path, body | {"external_ref": "ERP-2"}).status_code == 201


def test_a_reference_is_each_producers_own(app: Flask, program: Program, harvest: dict[str, Any]) -> None:
    assert program.send("POST", "/batches", harvest).status_code == 201
    neighbour = Program(app, program.database)
    own = {
        "area_id": factories.area(program.database, neighbour.owner).id,
        "product_id": factories.product(program.database, neighbour.owner).id,
    }
    assert neighbour.send("POST", "/batches", harvest | own).status_code == 201


def test_of_two_at_once_under_one_reference_one_is_done_and_the_other_told_which(
    program: Program, harvest: dict[str, Any], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two products, so that no lock keeps the two apart. With the look of the rule off, the index decides."""
    other = harvest | {"product_id": factories.product(program.database, program.owner, name="Bưởi sấy").id}
    both, looked = threading.Barrier(2, timeout=20), threading.local()
    look = own_references.must_be_new

    def blind(*given: Any) -> None:  # the first look of each finds nothing
        if getattr(looked, "once", False):
            look(*given)
        elif program.database.engine.dialect.name == "postgresql":
            both.wait()
        looked.once = True

    monkeypatch.setattr(own_references, "must_be_new", blind)
    answers: list[tuple[int, dict[str, Any]]] = []

    def send(body: dict[str, Any]) -> None:
        sent = {"Authorization": f"Bearer {program.secret}", "Idempotency-Key": body["product_id"]}
        answer = app.test_client().post("/api/v1/batches", json=body, headers=sent)
        answers.append((answer.status_code, answer.get_json()))

    threads = [threading.Thread(target=send, args=(body,)) for body in (harvest, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (done, made), (refused, said) = sorted(answers, key=lambda one: one[0])
    assert (done, refused) == (201, 422)
    assert said["error"]["record_id"] == made["id"]
    assert _batches(program) == 1


def _batches(program: Program) -> int:
    with program.database.reading(EVERYTHING) as session:
        return session.exec(select(func.count()).select_from(Batch)).one()


def _batch(program: Program, batch_id: str) -> Batch:
    with program.database.reading(EVERYTHING) as session:
        return session.get_one(Batch, batch_id)


def test_a_token_opens_only_what_it_was_made_for(app: Flask, database: Database) -> None:
    reader = Program(app, database, Permission.VIEW_OWN)
    assert reader.send("GET", "/batches").status_code == 200
    assert reader.send("POST", "/batches", {}).status_code == 403
    with database.transaction(reader.actor) as session:
        api_tokens.revoke(session, reader.actor, RevokeInput(token_id=reader.token.id))
    ended = reader.send("GET", "/batches")
    assert (ended.status_code, ended.content_type) == (401, "application/problem+json")
    assert "Bearer" in ended.headers["WWW-Authenticate"]


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer trc_nonsense", "Basic dTpw", "Bearer " + "x" * 5000])
def test_without_a_live_token_nothing_opens(client: FlaskClient, sent: str) -> None:
    answer = client.get("/api/v1/batches", headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401


def test_a_cookie_counts_for_nothing(app: Flask, database: Database) -> None:
    client = app.test_client()
    owner = factories.producer(database)
    factories.sign_in_as(client, database, factories.account(database, producer_id=owner.id))
    assert client.get("/api/v1/batches").status_code == 401


def test_an_expired_token_is_dead_and_a_secret_is_never_stored(program: Program) -> None:
    with program.database.reading(EVERYTHING) as session:
        row = session.get_one(ApiToken, program.token.id)
        assert program.secret not in str(row.model_dump())
    with program.database.engine.connect().execution_options(write=True) as connection:
        connection.execute(sa.update(ApiToken).values(expires_at=now() - timedelta(seconds=1)))
        connection.commit()
    assert program.send("GET", "/batches").status_code == 401


def test_another_producers_thing_is_not_there(app: Flask, program: Program, harvest: dict[str, Any]) -> None:
    made = program.send("POST", "/batches", harvest).get_json()["id"]
    stranger = Program(app, program.database)
    for method, path, body in (
        ("GET", f"/batches/{made}", None),
        ("GET", f"/batches/{made}/events", None),
        ("GET", "/batches/nothing", None),
    ):
        assert stranger.send(method, path, body).status_code == 404
    taken = stranger.send(
        "POST", f"/batches/{made}/events", {"type": "pack", "happened_at": now().isoformat()}
    )
    missing = stranger.send(
        "POST", "/batches/nothing/events", {"type": "pack", "happened_at": now().isoformat()}
    )
    assert (taken.status_code, taken.get_json()) == (missing.status_code, missing.get_json())
    assert stranger.send("GET", "/batches").get_json()["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None), (b"[]", 422, None), (b"\xff", 400, None), (b'{"a": NaN}', 400, None),
        (b"[" * 5000, 400, None), (b"{}", 422, "area_id"), (b'{"area_id": 1}', 422, "area_id"),
        (b'{"x": 1}', 422, "area_id"), (b'{"area_id": "\\ud800"}', 422, "area_id"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_names_its_field(
    program: Program, body: bytes, status: int, field: str | None
) -> None:
    answer = program.send("POST", "/batches", body)
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)
    assert answer.content_type == "application/problem+json"


def test_the_contract_names_every_address_and_its_page_is_readable(client: FlaskClient, app: Flask) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    assert document["components"]["schemas"]["HarvestInput"]["properties"]["kilograms"]["type"] == [
        "number",
        "string",
    ]
    assert "batch_id" not in document["components"]["schemas"]["EventInput"]["properties"]
    known = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert len(document["paths"]) == len(known) - 2
    page = client.get("/api/v1/docs").text
    for path in document["paths"]:
        assert path.replace("{", "{") in page


def test_a_person_makes_and_ends_a_token(app: Flask, database: Database) -> None:
    client = app.test_client()
    owner = factories.producer(database)
    factories.sign_in_as(client, database, factories.account(database, producer_id=owner.id))
    page = client.post("/account/tokens", data={"name": "Kế toán", "scopes": ["view_own"], "days": "30"})
    assert page.status_code == 200, page.text
    secret = page.text.split("trc_", 1)[1].split("<", 1)[0]
    assert client.get("/account/tokens").text.count(secret) == 0
    found = app.test_client().get("/api/v1/batches", headers={"Authorization": f"Bearer trc_{secret}"})
    assert found.status_code == 200
    refused = client.post("/account/tokens", data={"name": "x", "scopes": ["set_rules"], "days": "30"})
    assert refused.status_code == 422


def test_what_a_rule_refuses_a_program_is_noted_for_the_overseers(
    program: Program, harvest: dict[str, Any], database: Database
) -> None:
    area = harvest["area_id"]
    with database.transaction(SYSTEM) as session:
        value = SuspensionInput(
            subject_kind=SuspendedKind.AREA, subject_id=area, reason="Chờ kết quả kiểm tra"
        )
        suspensions.suspend(session, factories.officer(Permission.SUSPEND_AREA), value)
    for _time in range(2):
        assert (
            program.send("POST", "/batches", harvest | {"harvested_on": today().isoformat()}).status_code
            == 422
        )
    with database.reading(EVERYTHING) as session:
        (flag,) = session.exec(select(RuleFlag)).all()
    assert (flag.rule, flag.state, flag.area_id) == (RuleCode.SUSPENDED_AREA, FlagState.REFUSED, area)
