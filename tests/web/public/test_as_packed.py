"""A lot's page as it was when the lot was published, beside today's."""

import hashlib
import json

from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain import ledger, records
from traceability.domain.actors import SYSTEM
from traceability.domain.products import Product

pytestmark = SQLITE_ONLY


def renamed(database: Database, lot: Lot) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Product, lot.product.id)
        row.name = "Bưởi tên mới"
        ledger.record(session, "product.revised", row)


def test_the_stamps_page_offers_both_and_shows_what_differs(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    path = "/s/" + lot.code(0)
    assert "Hôm nay mọi nội dung vẫn như vậy" in client.get(path).text
    renamed(database, lot)
    page = client.get(path).text
    assert f"khi đó: {lot.product.name}; nay: Bưởi tên mới" in page
    assert f"/as-packed/{lot.product.code}/{lot.batch.lot}" in page


def test_the_two_pages_stand_side_by_side(client: FlaskClient, database: Database, lot: Lot) -> None:
    address = f"/as-packed/{lot.product.code}/{lot.batch.lot}"
    assert 'class="differs"' not in client.get(address).text
    renamed(database, lot)
    for language, words in (
        ("vi", "Khi đóng gói và hôm nay"),
        ("en", "As packed, and today"),
        ("zh", "包装时与今天"),
    ):
        page = client.get(address + f"?lang={language}")
        assert page.status_code == 200
        assert words in page.text
        assert page.text.count('class="differs"') == 1
        assert lot.product.name in page.text
        assert "Bưởi tên mới" in page.text


def test_anybody_can_compute_the_digest_again(client: FlaskClient, lot: Lot) -> None:
    address = f"/as-packed/{lot.product.code}/{lot.batch.lot}"
    told = client.get(address, headers={"Accept": "application/json"}).get_json()
    text = json.dumps(told["facts"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == told["digest"]
    assert told["digest"] in client.get(address).text


def test_a_lot_that_is_not_published_has_no_such_page(client: FlaskClient, lot: Lot) -> None:
    for address in (f"/as-packed/{lot.product.code}/KHONG", "/as-packed/KHONG/KHONG", "/as-packed/x/%2e%2e"):
        assert client.get(address).status_code == 404
