"""An overseer's trace: all within the scope with weights, the rest as the public sees it."""

from html import unescape

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain.test_shares import made_of
from traceability.db import Database
from traceability.domain import ledger, records
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState

pytestmark = SQLITE_ONLY


@pytest.fixture
def chain(database: Database) -> tuple[Batch, Batch]:
    """A harvest of another province, and what was made of it here."""
    elsewhere = factories.producer(
        database,
        province_code="08",
        commune_code="00952",
        commune_name="Xã Cao Bồ",
        name="HTX Núi (minh họa)",
    )
    here = factories.producer(database)
    harvest = factories.harvest(database, elsewhere, 777)
    delivery = factories.received(database, factories.sent(database, harvest, 300, here))
    return harvest, made_of(database, here, 200, {"delivery_id": delivery.id, "kilograms": 250})


def page(app: Flask, database: Database, batch: Batch, query: str = "") -> tuple[int, str]:
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, factories.agency(database)))
    answer = client.get(f"/inspector/batches/{batch.id}/trace{query}")
    return answer.status_code, unescape(answer.get_data(as_text=True))


def test_weights_within_the_scope_are_shown_and_those_outside_are_not(
    app: Flask, database: Database, chain: tuple[Batch, Batch]
) -> None:
    harvest, made = chain
    status, text = page(app, database, made)
    assert status == 200
    for word in (harvest.lot, "HTX Núi (minh họa)", "250\u00a0kg", "200\u00a0kg"):
        assert word in text
    assert "777\u00a0kg" not in text
    assert page(app, database, harvest)[0] == 404


def test_a_recalled_lot_says_so_in_words(app: Flask, database: Database, chain: tuple[Batch, Batch]) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, chain[0].id)
        row.state = BatchState.RECALLED
        ledger.record(session, "batch.recalled", row)
    _status, text = page(app, database, chain[1])
    assert '<g class="trace-box foreign tone-stop">' in text
    assert '<text class="state"' in text
    assert "Bị thu hồi</text>" in text
