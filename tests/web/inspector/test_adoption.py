"""The page of adoption by commune, and its sheet."""

from flask.testing import FlaskClient

from tests import factories
from traceability.db import Database


def test_an_overseer_sees_how_far_the_producers_of_a_commune_have_come(
    client: FlaskClient, database: Database
) -> None:
    owner = factories.producer(database)
    factories.harvest(database, owner)
    officer = factories.account(database, factories.agency(database))
    factories.sign_in_as(client, database, officer)
    assert "/inspector/adoption" in client.get("/inspector/producers").text
    page = client.get("/inspector/adoption").text
    assert "Phường Cái Vồn" in page
    assert "Bước yếu nhất" in page
    sheet = client.get("/inspector/adoption/export?format=csv").get_data(as_text=True)
    assert "Tổng cộng" in sheet
    assert '"Phường Cái Vồn"' in sheet or "Phường Cái Vồn," in sheet
