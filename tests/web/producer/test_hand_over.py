"""The sealed hand-off: a print shop fetches the file once, and the signed manifest names that very file."""

import hashlib
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability import signatures
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import clock, stamp_handoffs
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import RangeState, StampDownload, StampOrder

pytestmark = SQLITE_ONLY


@pytest.fixture
def mint(database: Database, settings: Settings) -> Mint:
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def order(mint: Mint, database: Database, client: FlaskClient) -> StampOrder:
    """A ready order of the producer who is signed in."""
    owner = factories.producer(database)
    factories.sign_in_as(client, database, factories.account(database, owner))
    return mint.ready(mint.batch(owner=owner), 70)


def hand_over(client: FlaskClient, order: StampOrder, **typed: str) -> str:
    """The path of the link."""
    answer = client.post(
        f"/producer/stamp-orders/{order.id}/hand-over",
        data={"handed_to": "Nhà in Cửu Long", "days": "3"} | typed,
    )
    assert answer.status_code == 200
    found = re.search(r"https?://[^/\s]+(/print/[\w-]+)", answer.get_data(as_text=True))
    assert found
    return found[1]


def test_the_file_is_fetched_once_and_is_the_one_that_was_signed(
    app: Flask, client: FlaskClient, order: StampOrder, mint: Mint, settings: Settings
) -> None:
    link = hand_over(client, order)
    assert mint.ranges(order) == [(0, 69, RangeState.DOWNLOADED)]
    shop = app.test_client()
    page = shop.get(link).get_data(as_text=True)
    assert "Nhà in Cửu Long" in page
    assert mint.code(order, 0) in page
    assert mint.code(order, 69) in page
    manifest, signature = (shop.get(f"{link}/manifest.{end}").data for end in ("json", "sig"))
    pem = shop.get("/print-key.pem").data
    assert signatures.verifies(pem, manifest, signature)
    assert not signatures.verifies(pem, manifest.replace(b"70", b"71"), signature)
    said = json.loads(manifest)
    assert (said["count"], said["last_code"]) == (70, mint.code(order, 69))
    file = shop.post(link)
    assert file.status_code == 200
    assert said["pdf"] == {"bytes": len(file.data), "sha256": hashlib.sha256(file.data).hexdigest()}
    again = shop.post(link)
    assert again.status_code == 422
    assert "đã được tải" in again.get_data(as_text=True)
    with mint.database.reading(EVERYTHING) as session:
        (noted,) = session.exec(select(StampDownload)).all()
    assert (noted.sha256, noted.handed_to) == (said["pdf"]["sha256"], "Nhà in Cửu Long")
    assert shop.get(f"{link}/carton.pdf").data.startswith(b"%PDF")
    assert "Nhà in Cửu Long" in client.get(f"/producer/stamp-orders/{order.id}").get_data(as_text=True)


def test_a_link_that_is_withdrawn_or_over_gives_nothing(
    app: Flask, client: FlaskClient, order: StampOrder, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hand_over(client, order), hand_over(client, order, days="1")
    with mint.database.reading(EVERYTHING) as session:
        rows = session.exec(select(StampDownload).order_by(StampDownload.asked_at)).all()
    assert client.post(f"/producer/stamp-orders/hand-over/{rows[0].id}/withdraw").status_code == 303
    shop = app.test_client()
    assert shop.post(first).status_code == 422
    later = clock.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(stamp_handoffs, "now", lambda: later)
    assert "đã hết hạn" in shop.get(second).get_data(as_text=True)
    assert shop.post(second).status_code == 422
    assert shop.get("/print/khong-co").status_code == 404


@pytest.mark.parametrize("days", ["0", "31", "-1", "1,5", "", "mai"])
def test_a_link_lives_one_to_thirty_days(client: FlaskClient, order: StampOrder, days: str) -> None:
    answer = client.post(
        f"/producer/stamp-orders/{order.id}/hand-over", data={"handed_to": "Nhà in", "days": days}
    )
    assert answer.status_code == (200 if days == "" else 422)
