"""The links that a producer registers under the GTIN of a product."""

from typing import Any

import pytest
from flask import Flask

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from tests.web.producer.places import Visit, visit
from traceability.config import Settings
from traceability.db import Database

pytestmark = SQLITE_ONLY
GTIN = "09520001000010"


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


@pytest.fixture
def lot(us: Visit, settings: Settings) -> Lot:
    product = factories.product(us.database, us.producer, gtin=GTIN)
    return stamped.lot(us.database, settings.keyring(), producer=us.producer, product=product, lot="L1")


def fields(**changes: str) -> dict[str, Any]:
    values = {
        "link_type": "recipeInfo",
        "href": "https://htx.example.vn/mon-ngon",
        "title": "Gỏi bưởi",
        "language": "vi",
        "media_type": "text/html",
        "level": "product",
    }
    return values | changes


def test_a_link_is_registered_changed_and_withdrawn(us: Visit, lot: Lot) -> None:
    there = f"/producer/products/{lot.product.id}/links"
    assert there in us.get(f"/producer/products/{lot.product.id}")
    page = us.get(us.accepted(f"{there}/new", **fields()))
    assert "Gỏi bưởi" in page
    assert "Công thức món ăn" in page
    edit = page.split('href="/producer/products/links/')[1].split('"')[0]
    form = us.get(f"/producer/products/links/{edit}")
    assert 'value="https://htx.example.vn/mon-ngon"' in form
    page = us.get(us.accepted(f"/producer/products/links/{edit}", **fields(title="Chè bưởi", is_default="1")))
    assert "Chè bưởi" in page
    assert "quét thông thường dẫn đến đây" in page
    us.accepted(f"/producer/products/links/{edit.replace('edit', 'withdraw')}")
    assert "Chè bưởi" not in us.get(there)


def test_a_link_may_belong_to_a_lot_or_a_stamp(us: Visit, lot: Lot) -> None:
    there = f"/producer/products/{lot.product.id}/links"
    us.accepted(f"{there}/new", **fields(level="lot", lot="L1", title="Phiếu lô"))
    us.accepted(f"{there}/new", **fields(level="stamp", stamp=lot.code(3).lower(), title="Ảnh tem"))
    page = us.get(there)
    assert "Một lô" in page
    assert lot.code(3) in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"link_type": "recallStatus"}, "chọn loại liên kết"),
        ({"link_type": "khong"}, "chọn loại liên kết"),
        ({"href": "javascript:alert(1)"}, "đầy đủ địa chỉ trang web"),
        ({"href": "https://ai:khoa@htx.example.vn/"}, "đầy đủ địa chỉ trang web"),
        ({"level": "lot", "lot": "L9"}, "không có lô L9"),
        ({"level": "lot"}, "nhập lô hàng"),
        ({"level": "stamp", "stamp": "0000000000000000"}, "Không có tem nào"),
        ({"level": "stamp"}, "nhập mã tem"),
        ({"language": "xx"}, "chọn ngôn ngữ"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    us: Visit, lot: Lot, changes: dict[str, str], sentence: str
) -> None:
    answer = us.post(f"/producer/products/{lot.product.id}/links/new", **fields(**changes))
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_stamp_s_default_stays_its_own_page(us: Visit, lot: Lot) -> None:
    values = fields(level="stamp", stamp=lot.code(0), is_default="1")
    assert us.post(f"/producer/products/{lot.product.id}/links/new", **values).status_code == 422
