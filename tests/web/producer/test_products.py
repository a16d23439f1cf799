"""Products, pictures and certificates on the producer's pages."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain.actors import Role
from traceability.domain.clock import today

pytestmark = SQLITE_ONLY


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    factories.crop(database)
    return visit(app, database)


def fields(**changes):
    values = {
        "name": "Bưởi Năm Roi loại 1",
        "category": "buoi",
        "crop_id": factories.POMELO,
        "form": "fresh_pack",
        "unit": "trái",
        "net_weight": "1,4",
        "shelf_life_days": "45",
        "standards-0-code": "TCVN 12827:2023",
        "standards-2-code": "TCCS 01",
        "standards-2-title": "Bưởi",
    }
    return values | changes


def a_picture(size=(600, 400)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, (30, 130, 60)).save(out, "JPEG")
    out.seek(0)
    return out


def test_a_product_is_written_down_and_shown(us: Visit) -> None:
    page = us.get(us.accepted("/producer/products/new", **fields(gtin="9520001000010")))
    assert "Chờ duyệt" in page
    assert "09520001000010" in page
    assert "chỉ dành cho ví dụ" in page
    assert "TCCS 01" in page
    assert "Chưa có ảnh" in page
    assert "Bưởi Năm Roi loại 1" in us.get("/producer/products")


def test_the_form_of_a_product_shows_what_is_stored(us: Visit) -> None:
    product = factories.product(us.database, us.producer, net_weight="1234 g")
    page = us.get(f"/producer/products/{product.id}/edit")
    assert 'value="1,2340"' in page
    assert 'value="TCVN 12827:2023"' in page
    us.accepted(f"/producer/products/{product.id}/edit", **fields(net_weight="1,2340", storage="10–13 °C"))
    assert "10–13 °C" in us.get(f"/producer/products/{product.id}")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("net_weight", "0", "0"),
        ("net_weight", "1,250", "1250"),
        ("net_weight", "", "Vui lòng"),
        ("gtin", "9520001000011", "Chữ số cuối"),
        ("gtin", "2000000000008", "GTIN"),
        ("shelf_life_days", "", "hạn sử dụng"),
        ("shelf_life_days", "10000", "3650"),
        ("category", "khong-co", "nhóm sản phẩm"),
        ("form", "liquid-gold", "chọn"),
        ("name", "", "Vui lòng"),
    ],
)
def test_a_bad_value_comes_back_with_a_sentence_and_what_was_typed(
    us: Visit, field: str, value: str, sentence: str
) -> None:
    page = us.refused("/producer/products/new", **fields(description="Mô tả dài") | {field: value})
    assert "Mô tả dài" in page
    assert f'id="f-{field}' in page
    assert sentence in page
    assert 'value="TCCS 01"' in page


def test_a_picture_is_kept_shown_and_served_for_ever(us: Visit) -> None:
    product = factories.product(us.database, us.producer)
    here = f"/producer/products/{product.id}"
    assert us.accepted(here, picture=(a_picture(), "buoi.jpg"), alt="Bưởi trên cây") == here
    page = us.get(here)
    assert 'alt="Bưởi trên cây"' in page
    address = page.split('src="/pictures/')[1].split('"')[0]
    for query in ("", "?small=1"):
        answer = us.client.application.test_client().get(f"/pictures/{address}{query}")
        assert answer.status_code == 200
        assert answer.mimetype == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    assert us.client.get(f"/pictures/{'0' * 64}.webp").status_code == 404
    assert us.client.get(f"/pictures/{'..' * 32}.webp").status_code == 404


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg onload='alert(1)'/>", "không phải ảnh"),
        (b"", "rỗng"),
        (b"\xff\xd8\xff\xe0 not really", "ảnh"),
    ],
)
def test_what_is_no_picture_is_refused_at_its_field(us: Visit, data: bytes, sentence: str) -> None:
    product = factories.product(us.database, us.producer)
    page = us.refused(f"/producer/products/{product.id}", picture=(io.BytesIO(data), "buoi.jpg"), alt="Bưởi")
    assert sentence in page
    assert 'value="Bưởi"' in page


def test_a_picture_must_be_chosen(us: Visit) -> None:
    product = factories.product(us.database, us.producer)
    assert "chọn" in us.refused(f"/producer/products/{product.id}", alt="Bưởi")


def test_a_clerk_sees_products_but_changes_none(app: Flask, database: Database) -> None:
    clerk = visit(app, database, role=Role.CLERK)
    product = factories.product(database, clerk.producer)
    assert "Gửi ảnh" not in clerk.get(f"/producer/products/{product.id}")
    assert clerk.client.get("/producer/products/new").status_code == 403
    assert clerk.post(f"/producer/products/{product.id}").status_code == 403


def test_another_producers_product_is_not_there(us: Visit) -> None:
    product = factories.product(us.database, factories.producer(us.database))
    for path in ("", "/edit"):
        assert us.client.get(f"/producer/products/{product.id}{path}").status_code == 404
    assert us.post(f"/producer/products/{product.id}", picture=(a_picture(), "a.jpg")).status_code == 404


# --- Certificates -------------------------------------------------------------------------------------------


def certificate(us: Visit, **changes):
    values = {
        "scheme": "VietGAP",
        "number": "VG-01",
        "issuer": "Tổ chức chứng nhận Mẫu",
        "covered_id": us.producer.id,
        "issued_on": (today() - timedelta(days=300)).isoformat(),
        "expires_on": (today() + timedelta(days=30)).strftime("%d/%m/%Y"),
    }
    return values | changes


def test_a_certificate_shows_how_long_it_lasts(us: Visit) -> None:
    product = factories.product(us.database, us.producer)
    assert us.accepted("/producer/certificates/new", **certificate(us)) == "/producer/certificates"
    ended = {
        "number": "VG-02",
        "expires_on": (today() - timedelta(days=1)).isoformat(),
        "covered_id": product.id,
    }
    us.accepted("/producer/certificates/new", **certificate(us, **ended))
    page = us.get("/producer/certificates")
    assert "còn 30 ngày" in page
    assert "Đã hết hạn" in page
    assert "cơ sở tự khai" in page
    assert "Đã hết hạn" in us.get(f"/producer/products/{product.id}")


def test_a_certificate_is_withdrawn_by_a_button(us: Visit) -> None:
    us.accepted("/producer/certificates/new", **certificate(us))
    action = us.get("/producer/certificates").split('action="/producer/certificates/')[1].split('"')[0]
    us.accepted(f"/producer/certificates/{action}")
    assert "Đã rút lại" in us.get("/producer/certificates")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"issued_on": "31/02/2026"}, "31"),
        ({"issued_on": "2099-01-01"}, "tương lai"),
        ({"expires_on": "2001-01-01"}, "trước ngày cấp"),
        ({"covered_id": "0000000000000000"}, "Hãy chọn trong danh sách"),
        ({"number": ""}, "Vui lòng"),
        ({"verify_url": "javascript:alert(1)"}, "f-verify_url-error"),
    ],
)
def test_a_bad_certificate_comes_back_with_a_sentence(us: Visit, changes, sentence: str) -> None:
    page = us.refused("/producer/certificates/new", **certificate(us, scope_text="Bưởi 12 ha") | changes)
    assert "Bưởi 12 ha" in page
    assert sentence in page


def test_only_ones_own_things_can_be_certified(us: Visit) -> None:
    foreign = factories.product(us.database, factories.producer(us.database))
    us.refused("/producer/certificates/new", **certificate(us, covered_id=foreign.id))
