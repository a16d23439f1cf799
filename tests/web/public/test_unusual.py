"""A code that was opened very often: a note on the verdict, never a verdict."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import SQLModel

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from tests.web.public.test_kept_pages import the_long_way
from traceability.db import Database
from traceability.domain.clock import now
from traceability.stamp_pages import UNUSUALLY_OFTEN

pytestmark = SQLITE_ONLY
NOTE = "Nhiều bất thường"


def opened(database: Database, lot: Lot, times: int, number: int = 0) -> None:
    counts = SQLModel.metadata.tables["stamp_count"]
    moment = (now() - timedelta(hours=3)).replace(second=0, microsecond=0)
    values = {
        "epoch_number": lot.key.epoch_id,
        "serial": lot.order.first_serial + number,
        "opened": times,
        "first_at": moment,
        "last_at": moment,
    }
    with database.engine.begin() as connection:
        connection.execute(counts.insert().values(**values))


@pytest.mark.parametrize(
    ("times", "noted"), [(UNUSUALLY_OFTEN - 2, False), (UNUSUALLY_OFTEN - 1, True), (9000, True)]
)
def test_from_a_number_on_the_page_notes_that_it_is_unusual(
    app: Flask,
    client: FlaskClient,
    database: Database,
    lot: Lot,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    noted: bool,
) -> None:
    opened(database, lot, times)
    path = "/s/" + lot.code(0)
    monkeypatch.setattr(app.extensions["scan_gate"].recorder, "note", lambda *_sighting: None)
    page = client.get(path).text
    assert (NOTE in page) is noted
    assert "Tem đang hiệu lực" in page  # a flood of scans condemns no honest stamp
    assert "<!--" not in page
    with the_long_way(monkeypatch):
        assert client.get(path).text == page
    told = client.get(path, headers={"Accept": "application/json"}).get_json()
    assert (told["state"], told["unusual"]) == ("active", noted)


def test_the_note_of_one_stamp_stands_on_no_other(client: FlaskClient, database: Database, lot: Lot) -> None:
    opened(database, lot, 500)
    assert NOTE in client.get("/s/" + lot.code(0)).text
    assert NOTE not in client.get("/s/" + lot.code(1)).text
    assert NOTE not in client.get("/s/" + lot.code(1)).text
