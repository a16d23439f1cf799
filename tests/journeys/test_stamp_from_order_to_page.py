"""From the order to the shopper: every stamp of a printed sheet opens its page, and says what it is at that moment."""

from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.rolls import Mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.stamps import StampOrder

STAMPS = 70


@pytest.fixture
def mint(database: Database, settings: Settings) -> Mint:
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def printed(app: Flask, database: Database, owner: Producer, order: StampOrder) -> bytes:
    """The print file, as the producer downloads it."""
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, owner))
    asked = client.post(f"/producer/stamp-orders/{order.id}/download")
    return bytes(client.get(asked.headers["Location"]).data)


def scanned(pdf: bytes, dpi: int = 203) -> list[str]:
    """What a phone reads of every symbol of a file."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        found += zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    return [symbol.text for symbol in found]


def page_of(client: FlaskClient, address: str) -> tuple[int, str]:
    """The page that an address leads to, redirections followed."""
    parts = urlsplit(address)
    here = f"{parts.scheme}://{parts.netloc}".lower()
    answer = client.get(parts.path, base_url=here, follow_redirects=True)
    return answer.status_code, answer.get_data(as_text=True)


def test_every_stamp_of_a_printed_sheet_opens_its_page(
    app: Flask, client: FlaskClient, database: Database, mint: Mint, owner: Producer
) -> None:
    batch: Batch = mint.batch(owner=owner)
    order = mint.ready(batch, STAMPS)
    addresses = scanned(printed(app, database, owner, order))
    assert len(set(addresses)) == STAMPS
    code, page = page_of(client, addresses[0])
    assert code == 200
    assert "chưa được kích hoạt" in page
    mint.activate(order, 0, STAMPS - 1)
    for address in addresses:
        code, page = page_of(client, address)
        assert (code, batch.lot in page) == (200, True)
    code, page = page_of(client, addresses[0].lower())
    assert (code, batch.lot in page) == (200, True)
    with database.transaction(SYSTEM) as session:
        stamp_suspensions.suspend_code(
            session, SYSTEM, order.epoch_number, order.first_serial, "Nghi bị sao chép"
        )
    first = next(address for address in addresses if address.endswith(mint.code(order, 0).replace("-", "")))
    assert "tạm dừng" in page_of(client, first)[1]
    mint.void(order, 1, 1)
    second = next(address for address in addresses if address.endswith(mint.code(order, 1).replace("-", "")))
    assert "Tem này đã bị hủy" in page_of(client, second)[1]


def test_a_digital_link_stamp_leads_to_the_same_page(
    app: Flask, client: FlaskClient, database: Database, mint: Mint, owner: Producer
) -> None:
    product = factories.product(database, owner, gtin="9521234543213")
    batch = factories.release(database, factories.harvest(database, owner, 1400, product_id=product.id))
    order = mint.ready(batch, 3, layout="roll-50x30", form="digital_link")
    addresses = scanned(printed(app, database, owner, order), 300)
    mint.activate(order, 0, 2)
    assert len(addresses) == 3
    for address in addresses:
        code, page = page_of(client, address)
        assert (code, batch.lot in page) == (200, True)
