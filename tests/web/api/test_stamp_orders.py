"""Stamp orders of programs: taken in one transaction, made ready in a second, whatever comes between the two."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.rolls import Mint
from traceability import daily, mint, print_room, unprepared
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import api_tokens
from traceability.domain.actors import Role
from traceability.domain.api_tokens import TokenInput
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import StampOrder

NOW = timedelta(0)


@pytest.fixture
def batch(database: Database, settings: Settings) -> Batch:
    return Mint(database, settings.keyring()).batch(released=False)


@pytest.fixture
def headers(database: Database, batch: Batch) -> dict[str, str]:
    account = factories.account(database, producer_id=batch.producer_id, role=Role.MANAGER)
    actor = factories.actor_of(database, account)
    with database.transaction(actor) as session:
        value = TokenInput(name="máy in", scopes=list(api_tokens.SCOPES), days=5)
        _token, secret = api_tokens.issue(session, actor, value)
    return {"Authorization": f"Bearer {secret}", "Idempotency-Key": "one order"}


def order(client: FlaskClient, batch: Batch, headers: dict[str, str]) -> Any:
    body = {"batch_id": batch.id, "quantity": 10, "layout": "a4-5x13-30x20"}
    return client.post("/api/v1/stamp-orders", json=body, headers=headers)


def orders(database: Database) -> list[StampOrder]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampOrder)).all())


@pytest.fixture
def cut_short(app: Flask, database: Database, batch: Batch, headers: dict[str, str]) -> StampOrder:
    """An order whose program's connection was cut between the two transactions, as by a crash."""

    def crash(*_args: Any) -> None:
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(print_room, "make_ready", crash)
        with pytest.raises(SystemExit):
            order(app.test_client(), batch, headers)
    (made,) = orders(database)
    assert made.ready_at is None
    return made


def test_an_order_that_was_cut_short_is_made_ready_when_it_is_sent_again(
    client: FlaskClient, database: Database, batch: Batch, headers: dict[str, str], cut_short: StampOrder
) -> None:
    again = order(client, batch, headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    (made,) = orders(database)
    assert (made.id, again.get_json()["id"]) == (cut_short.id, cut_short.id)
    assert made.ready_at is not None
    codes = client.get(f"/api/v1/stamp-orders/{made.id}/codes", headers=headers).get_json()["items"]
    assert len(codes) == 10


def test_an_order_that_was_cut_short_is_made_ready_without_being_asked(
    app: Flask, database: Database, settings: Settings, cut_short: StampOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unprepared.prepare_left(database, settings) == 0  # it may be at work just now
    monkeypatch.setattr(unprepared, "YOUNG", NOW)
    with app.test_request_context():
        daily.run(database, settings)
    assert orders(database)[0].ready_at is not None
    assert unprepared.prepare_left(database, settings) == 0


def test_an_order_that_waits_for_a_second_person_is_not_made_ready_by_the_round(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprepared, "YOUNG", NOW)
    rolls = Mint(database, settings.keyring())
    batch = rolls.batch(800_000)
    account = factories.account(database, producer_id=batch.producer_id, role=Role.MANAGER)
    actor = factories.actor_of(database, account)
    made = rolls.ordered(batch, 500_001, proven=True, actor=actor, layout="roll-30x20")
    assert made.waits_for_approval
    assert unprepared.prepare_left(database, settings) == 0


def test_a_missing_key_of_the_mint_loses_no_order_and_is_no_error_of_the_program(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    batch: Batch,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unprepared, "YOUNG", NOW)
    mint.ensure_epoch(database, settings.keyring(), demo=True)
    skip: set[str] = set()
    with monkeypatch.context() as patch:
        patch.setattr(mint, "epoch_keys", lambda *_args: {})
        assert order(client, batch, headers).status_code == 201
        assert unprepared.prepare_left(database, settings, skip=skip) == 0
    (made,) = orders(database)
    assert (made.ready_at, skip) == (None, set()), "it is tried again when the key is back"
    assert order(client, batch, headers).status_code == 201
    assert orders(database)[0].ready_at is not None


def test_a_page_that_needs_a_missing_key_says_that_it_can_be_tried_later(app: Flask) -> None:
    def missing() -> None:
        raise print_room.MintKeyMissing("the key of stamp epoch 1 is missing")

    missing.__demand__ = ("public",)  # type: ignore[attr-defined]
    app.add_url_rule("/missing-key", view_func=missing)
    answer = app.test_client().get("/missing-key")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "stamp epoch" not in answer.text
