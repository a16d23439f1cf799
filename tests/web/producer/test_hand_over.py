"""The sealed hand-off: a print shop fetches the files once, and the signed manifest names those very files."""

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta

import pypdfium2
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
from traceability.domain import clock, ledger, records, stamp_handoffs
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import FileKind, RangeState, StampDownload, StampOrder

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


def test_the_packet_is_fetched_once_and_holds_the_files_that_were_signed(
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
    sent = shop.post(link)
    assert sent.status_code == 200
    assert sent.headers["Content-Type"] == "application/zip"
    assert int(sent.headers["Content-Length"]) == len(sent.data)
    files = unpacked(sent.data)
    number = order.number
    assert set(files) == {
        f"tem-{number}.pdf",
        f"tem-{number}.csv",
        f"{number}.json",
        f"{number}.sig",
        f"phieu-{number}.pdf",
    }
    for kind in ("pdf", "csv"):
        file = files[f"tem-{number}.{kind}"]
        assert said[kind] == {"bytes": len(file), "sha256": hashlib.sha256(file).hexdigest()}
    assert "zpl" not in said
    assert (files[f"{number}.json"], files[f"{number}.sig"]) == (manifest, signature)
    listed = list(csv.reader(io.StringIO(files[f"tem-{number}.csv"].decode("utf-8-sig"))))
    assert listed[70][:2] == ["70", mint.code(order, 69)]
    again = shop.post(link)
    assert again.status_code == 422
    assert "đã được tải" in again.get_data(as_text=True)
    with mint.database.reading(EVERYTHING) as session:
        (noted,) = session.exec(select(StampDownload)).all()
    assert (noted.sha256, noted.size) == (hashlib.sha256(sent.data).hexdigest(), len(sent.data))
    assert (noted.kind, noted.handed_to) == (FileKind.PACKET, "Nhà in Cửu Long")
    carton = shop.get(f"{link}/carton.pdf").data
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(carton))
    for told in (mint.code(order, 0), mint.code(order, 69), said["csv"]["sha256"][:40], "Nhà in Cửu Long"):
        assert told in words
    assert "Nhà in Cửu Long" in client.get(f"/producer/stamp-orders/{order.id}").get_data(as_text=True)


def test_a_label_printers_roll_comes_as_zpl_too_and_on_pages_as_long_as_was_chosen(
    app: Flask, client: FlaskClient, order: StampOrder, mint: Mint
) -> None:
    with mint.database.reading(EVERYTHING) as session:
        batch = records.find(session, Batch, order.batch_id)
    roll = mint.ready(batch, 250, layout="roll-30x20")
    assert 'name="rows"' in client.get(f"/producer/stamp-orders/{roll.id}/hand-over").get_data(as_text=True)
    link = hand_over(client, roll, rows="200")
    shop = app.test_client()
    said = json.loads(shop.get(f"{link}/manifest.json").data)
    assert (said["pages"], said["layout"]["rows"]) == (2, 200)
    files = unpacked(shop.post(link).data)
    assert hashlib.sha256(files[f"tem-{roll.number}.zpl"]).hexdigest() == said["zpl"]["sha256"]
    assert files[f"tem-{roll.number}.zpl"].count(b"^PQ") == 250
    pdf = files[f"tem-{roll.number}.pdf"]
    assert hashlib.sha256(pdf).hexdigest() == said["pdf"]["sha256"]
    assert len(pypdfium2.PdfDocument(pdf)) == 2


def test_a_link_from_before_there_were_packets_still_gives_the_signed_pdf(
    app: Flask, client: FlaskClient, order: StampOrder, mint: Mint
) -> None:
    link = hand_over(client, order)
    with mint.database.transaction(SYSTEM) as session:
        row = session.exec(select(StampDownload)).one()
        said = json.loads(row.manifest)
        row.kind, row.manifest = FileKind.PDF, json.dumps({key: said[key] for key in said if key != "csv"})
        ledger.record(session, "test.aged", row)
    shop = app.test_client()
    assert shop.get(link).status_code == 200
    sent = shop.post(link)
    assert hashlib.sha256(sent.data).hexdigest() == said["pdf"]["sha256"]


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packet:
        assert packet.testzip() is None
        return {name: packet.read(name) for name in packet.namelist()}


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
