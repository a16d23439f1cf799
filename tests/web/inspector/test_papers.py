"""An overseer's papers: of every lot and producer within the scope, and of no other."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import lot_papers
from traceability.db import Database

pytestmark = SQLITE_ONLY


@pytest.fixture
def client(app: Flask, database: Database) -> FlaskClient:
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, factories.agency(database)))
    return client


def test_papers_of_lots_within_the_scope_are_handed_out_and_no_others(
    client: FlaskClient, database: Database
) -> None:
    here = factories.harvest(database, factories.producer(database))
    elsewhere = factories.producer(
        database, province_code="08", commune_code="00952", commune_name="Xã Cao Bồ"
    )
    there = factories.harvest(database, elsewhere)
    for name in ("", *(f"/{paper}" for paper in lot_papers.ALL)):
        assert client.get(f"/inspector/batches/{here.id}/papers{name}").status_code == 200, name
        assert client.get(f"/inspector/batches/{there.id}/papers{name}").status_code == 404, name


def test_one_step_back_and_forward_of_a_producer_within_the_scope(
    client: FlaskClient, database: Database
) -> None:
    owner = factories.producer(database)
    batch = factories.harvest(database, owner)
    factories.sent(database, batch, 20, customer="Chợ đầu mối (minh họa)")
    page = client.get(f"/inspector/producers/{owner.id}/steps").get_data(as_text=True)
    assert "Chợ đầu mối (minh họa)" in page
    for name in ("steps.xlsx", "steps.csv"):
        assert client.get(f"/inspector/producers/{owner.id}/steps/{name}").status_code == 200
    elsewhere = factories.producer(
        database, province_code="08", commune_code="00952", commune_name="Xã Cao Bồ"
    )
    assert client.get(f"/inspector/producers/{elsewhere.id}/steps").status_code == 404
