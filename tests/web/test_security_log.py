"""The security log: one line for each kind of thing that it promises to hold, with the same fields, and no secret."""

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.listening import Heard
from tests.programs import Program
from traceability import create_app, limits, logs, security_log
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import accounts, agencies, sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.agencies import AgencyInput
from traceability.scan_gate import gate
from traceability.security_log import Kind
from traceability.wording.facts import FACTS

pytestmark = SQLITE_ONLY
PASSWORD = "mưa rơi ngoài hiên"
SIGN_IN = "/account/sign-in"
FIELDS = {"account", "agency", "producer", "subject", "reason", "network", "count"}
ALWAYS = {"event", "level", "logger", "timestamp"}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.77"}


@pytest.fixture
def account(database: Database) -> Account:
    return factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)


def said(heard: Heard, kind: str) -> dict[str, Any]:
    """The last line of a kind; every line has the fields that are promised."""
    lines = [line for line in heard.lines if line["logger"] == "security"]
    for line in lines:
        assert set(line) - {"request", "method", "endpoint"} == FIELDS | ALWAYS, line
    return [line for line in lines if line["event"] == kind][-1]


def test_a_sign_in_and_a_sign_out_are_noted(client: FlaskClient, account: Account, heard: Heard) -> None:
    client.post(SIGN_IN, data={"username": "dn-f01", "password": PASSWORD}, environ_overrides=ELSEWHERE)
    line = said(heard, Kind.SIGNED_IN)
    assert (line["account"], line["producer"]) == (account.id, account.producer_id)
    assert (line["network"], line["level"]) == ("203.0.113.0/24", "info")
    client.post("/account/sign-out")
    assert said(heard, Kind.SIGNED_OUT)["account"] == account.id


def test_a_failed_and_a_locked_sign_in_are_noted_without_what_was_typed(
    client: FlaskClient, account: Account, heard: Heard
) -> None:
    for _ in range(sign_in.FREE_FAILURES):
        client.post(SIGN_IN, data={"username": "dn-f01", "password": "doan-mo"}, environ_overrides=ELSEWHERE)
    failed = said(heard, Kind.SIGN_IN_FAILED)
    assert (failed["account"], failed["reason"]) == (account.id, "sign_in.wrong")
    client.post(SIGN_IN, data={"username": "dn-f01", "password": PASSWORD}, environ_overrides=ELSEWHERE)
    assert said(heard, Kind.SIGN_IN_LOCKED)["account"] == account.id
    client.post(SIGN_IN, data={"username": "khong-ai-ca", "password": "doan-mo"})
    assert said(heard, Kind.SIGN_IN_FAILED)["account"] == ""
    for secret in ("doan-mo", PASSWORD, "dn-f01", "khong-ai-ca", "203.0.113.77"):
        assert secret not in heard.text


def test_a_new_password_is_noted(
    client: FlaskClient, account: Account, database: Database, heard: Heard
) -> None:
    factories.sign_in_as(client, database, account)
    new = "nắng lên ngoài sân"
    answer = client.post("/account/password", data={"current": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 303
    line = said(heard, "account.password_set")
    assert (line["account"], line["subject"]) == (account.id, f"account:{account.id}")
    assert new not in heard.text


def test_changes_of_accounts_and_of_what_an_agency_may_do_are_noted(
    app: Flask, database: Database, heard: Heard
) -> None:
    agency = factories.agency(database, Permission.INSPECT)
    administrator = factories.actor_of(database, factories.account(database))
    officer = factories.account(database, agency)
    assert said(heard, "account.opened")["subject"] == f"account:{officer.id}"
    with database.transaction(administrator) as session:
        value = AgencyInput(
            code=agency.code, name=agency.name, permissions=["inspect", "void_stamps"], provinces=["86"]
        )
        agencies.revise(session, administrator, agency.id, value)
    line = said(heard, "agency.revised")
    assert (line["account"], line["subject"]) == (administrator.user_id, f"agency:{agency.id}")
    with database.transaction(administrator) as session:
        accounts.disable(session, administrator, officer.id)
    assert said(heard, "account.disabled")["account"] == administrator.user_id


def test_what_was_refused_after_all_is_not_noted_as_done(
    app: Flask, database: Database, heard: Heard
) -> None:
    officer = factories.account(database, factories.agency(database, Permission.INSPECT))
    with pytest.raises(ZeroDivisionError), database.transaction(SYSTEM) as session:
        accounts.disable(session, SYSTEM, officer.id)
        raise ZeroDivisionError
    assert "account.disabled" not in heard.text


def test_a_token_that_is_made_ended_or_refused_is_noted(
    app: Flask, client: FlaskClient, database: Database, heard: Heard, seldom: None
) -> None:
    program = Program(app, database)
    assert said(heard, "api_token.issued")["subject"] == f"api_token:{program.token.id}"
    with database.reading(SYSTEM.scope) as session:
        holder = session.get_one(Account, program.token.account_id)
    factories.sign_in_as(client, database, holder)
    client.post("/account/tokens/end", data={"token_id": program.token.id})
    assert said(heard, "api_token.revoked")["account"] == holder.id
    assert program.send("GET", "/batches").status_code == 401
    line = said(heard, Kind.TOKEN_REFUSED)
    assert (line["level"], line["endpoint"]) == ("warning", "api.batches_list")
    assert program.secret not in heard.text


def test_another_tenant_s_row_is_noted_and_a_missing_one_is_not(
    client: FlaskClient, database: Database, account: Account, heard: Heard
) -> None:
    neighbour = factories.producer(database)
    area = factories.area(database, neighbour)
    factories.sign_in_as(client, database, account)
    missing = client.get("/producer/areas/0000000000000000")
    assert (missing.status_code, Kind.FOREIGN.value in heard.text) == (404, False)
    foreign = client.get(f"/producer/areas/{area.id}")
    assert foreign.status_code == 404
    line = said(heard, Kind.FOREIGN)
    assert (line["account"], line["subject"]) == (account.id, f"growing_area:{area.id}")
    number = re.compile(r"[0-9a-f]{12}|nonce=\"[^\"]+\"|name=\"csrf_token\" value=\"[^\"]+\"")
    assert number.sub("", foreign.text) == number.sub("", missing.text)


def test_a_page_that_one_may_not_open_is_noted(
    client: FlaskClient, database: Database, account: Account, heard: Heard
) -> None:
    factories.sign_in_as(client, database, account)
    assert client.get("/inspector/administration").status_code == 403
    line = said(heard, Kind.FORBIDDEN)
    assert (line["account"], line["endpoint"]) == (account.id, "inspector.administration")


@pytest.fixture
def seldom() -> None:
    security_log._said.clear()


def test_a_limit_that_was_reached_is_noted_and_a_flood_is_one_line(
    app: Flask,
    settings: Settings,
    database: Database,
    heard: Heard,
    seldom: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = create_app(replace(settings, testing=False), database)
    monkeypatch.setattr(limits, "TRIES", "2 per minute")
    logs.begin(machine=True, stream=heard.stream)
    limited.test_client_class = app.test_client_class
    visitor = limited.test_client()
    answers = [visitor.post(SIGN_IN, data={"username": "a", "password": "b"}).status_code for _ in range(5)]
    assert answers.count(429) == 3
    lines = [line for line in heard.lines if line["event"] == Kind.LIMIT]
    assert [(line["count"], line["reason"]) for line in lines] == [(1, "requests")]
    assert logging.getLogger("security").level == logging.INFO
    monkeypatch.setattr(security_log, "_SELDOM", 0.0)
    visitor.post(SIGN_IN, data={"username": "a", "password": "b"})
    assert said(heard, Kind.LIMIT)["count"] == 3  # the two that came meanwhile, and this one


def test_a_flood_of_scans_is_noted_without_a_code_or_an_address(
    app: Flask, client: FlaskClient, heard: Heard, seldom: None
) -> None:
    load = gate(app).load
    load.pressure, load.most = 0, 1
    answers = [client.get("/s/ABCD1234EFGH5678", environ_overrides=ELSEWHERE).status_code for _ in range(8)]
    assert 503 in answers
    line = said(heard, Kind.LIMIT)
    assert (line["reason"], line["count"]) == ("scans", 1)
    assert load.turned_away[503] == answers.count(503)
    assert "ABCD1234" not in heard.text
    assert "203.0.113" not in heard.text


def test_files_that_are_taken_away_and_looks_at_personal_data_are_noted(
    client: FlaskClient, database: Database, heard: Heard
) -> None:
    producer = factories.producer(database)
    words = (Permission.VIEW_ALL, Permission.MANAGE_ACCOUNTS)
    officer = factories.account(database, factories.agency(database, *words))
    person = factories.account(database, producer)
    factories.sign_in_as(client, database, officer)
    assert client.get("/inspector/producers/export?format=csv").status_code == 200
    line = said(heard, Kind.EXPORTED)
    assert (line["account"], line["agency"]) == (officer.id, officer.agency_id)
    assert line["subject"].startswith("text/csv")
    client.get(f"/inspector/administration/accounts/{person.id}")
    line = said(heard, Kind.PERSONAL_READ)
    assert (line["subject"], line["reason"]) == (f"account:{person.id}", "administration")


def test_backups_of_data_and_keys_and_their_return_are_noted(
    app: Flask, tmp_path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACE_KEY_PASSPHRASE", "mười hai ký tự trở lên")
    runner = app.test_cli_runner()
    app.extensions["settings"].keyring().secret("log")

    def run(*words: str) -> int:
        return runner.invoke(args=["traceability", *words]).exit_code

    assert run("backup", str(tmp_path / "b.tar")) == 0
    assert said(heard, Kind.BACKED_UP)["account"] == ""
    assert run("backup-keys", str(tmp_path / "k.json")) == 0
    assert said(heard, Kind.KEYS_BACKED_UP)
    assert run("restore-keys", str(tmp_path / "k.json")) == 0
    assert said(heard, Kind.KEYS_RESTORED)
    assert run("restore", str(tmp_path / "b.tar")) == 0
    assert said(heard, Kind.RESTORED)
    assert run("restore", str(tmp_path / "b.tar")) == 2  # over data: refused, and so not noted
    assert len([line for line in heard.lines if line["event"] == Kind.RESTORED]) == 1
    assert "mười hai" not in heard.text


@pytest.mark.usefixtures("backend")
def test_every_fact_that_is_repeated_exists() -> None:
    assert sorted(security_log.FACTS - set(FACTS)) == []


@pytest.mark.usefixtures("backend")
def test_every_kind_stands_in_the_operator_s_guide() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/operating.md").read_text("utf-8")
    assert [kind for kind in (*Kind, *sorted(security_log.FACTS)) if f"`{kind}`" not in guide] == []
    assert [field for field in sorted(FIELDS) if f"`{field}`" not in guide] == []
