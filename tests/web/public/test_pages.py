"""The home page, the catalogue, the lots."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.producers import LegalForm, Register

pytestmark = SQLITE_ONLY


def figures(page: str) -> list[str]:
    return re.findall(r'figure-value">([^<]+)<', page)


def test_the_counters_count_the_province_s_own_register(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    factories.producer(database, stamps=False)
    factories.producer(database, approved=False)
    sister = factories.producer(database, register_of=Register.SISTER)
    factories.product(database, sister)
    factories.agency(database, Permission.INSPECT)
    assert figures(client.get("/").text)[:4] == ["1", "2", "0", "1"]  # stamps, but no account yet
    factories.account(database, lot.producer)
    shown = figures(client.get("/").text)
    assert shown[:4] == ["1", "2", "1", "1"]
    assert shown[4:7] == ["1", "1", "20"]


def test_products_are_found_without_accents(client: FlaskClient, database: Database, lot: Lot) -> None:
    factories.product(database, lot.producer, name="Cam sành Tam Bình", category="cam-sanh")
    for sought in ("cam sanh", "CAM SÀNH", "tam binh", "sành cam"):
        page = client.get("/products", query_string={"q": sought}).text
        assert "Cam sành Tam Bình" in page
        assert lot.product.name not in page
    assert "Không tìm thấy" in client.get("/products?q=xyz%25_").text
    assert lot.product.name in client.get("/products", query_string={"q": lot.producer.name}).text


def test_drafts_are_not_in_the_catalogue(client: FlaskClient, database: Database, lot: Lot) -> None:
    draft = factories.product(database, lot.producer, approved=False, name="Bản nháp bí mật")
    assert "Bản nháp bí mật" not in client.get("/products").text
    assert client.get(f"/products/{draft.code}").status_code == 404
    hidden = factories.producer(database, approved=False)
    assert client.get(f"/producers/{hidden.code}").status_code == 404


def test_a_household_is_found_by_its_code_only(client: FlaskClient, database: Database) -> None:
    household = factories.producer(database, name="Hộ Trần Thị Kín", legal_form=LegalForm.HOUSEHOLD)
    factories.product(database, household, name="Bưởi của hộ")
    assert household.code in client.get("/producers", query_string={"q": household.code}).text
    for path in ("/producers", "/products"):
        page = client.get(path, query_string={"q": "Tran Thi Kin"}).text
        assert f"/producers/{household.code}" not in page
        assert "Bưởi của hộ" not in page
    for path in ("/producers", "/products", f"/producers/{household.code}"):
        assert "Kín" not in client.get(path).text


def test_a_lot_has_a_page_that_says_what_it_cannot_tell(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    page = client.get(f"/lots/{lot.product.code}/{lot.batch.lot}")
    assert page.status_code == 200
    assert "không phân biệt được" in page.text
    assert f"/lots/{lot.product.code}/{lot.batch.lot}" in client.get(f"/products/{lot.product.code}").text
    unpublished = factories.harvest(database, lot.producer, product_id=lot.product.id, area_id=lot.area.id)
    assert client.get(f"/lots/{lot.product.code}/{unpublished.lot}").status_code == 404


def test_the_chosen_language_is_carried_by_the_links(client: FlaskClient, lot: Lot) -> None:
    page = client.get("/products?lang=en").text
    assert lot.product.name_en in page
    assert f"/products/{lot.product.code}?lang=en" in page
    assert "?lang=" not in re.sub(
        r'<nav class="languages".*?</nav>', "", client.get("/products").text, flags=re.S
    )


def test_search_engines_are_told_to_leave_stamps_alone(client: FlaskClient, lot: Lot) -> None:
    assert "Disallow: /s/" in client.get("/robots.txt").text
    assert client.get("/s/" + lot.code(0)).headers["X-Robots-Tag"] == "noindex"


def test_the_box_for_codes_works_without_a_script(client: FlaskClient) -> None:
    page = client.get("/").text
    assert re.search(r'<form class="code-box" action="/s" method="get"', page)
    assert 'name="code"' in page


def test_odd_addresses_get_a_page_and_no_error(client: FlaskClient) -> None:
    for path in (
        "/products/x%00y",
        "/products/%F0%9F%8D%8A",
        "/lots/a/b%00",
        "/producers/../x",
        "/s?code=%00",
    ):
        assert 400 <= client.get(path).status_code < 500, path


def test_each_figure_of_the_home_page_says_what_it_counts(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "sản phẩm trong sổ đăng ký của tỉnh" in page
    assert "cơ sở trong sổ đăng ký của tỉnh" in page
    assert "lô hàng đã công bố, gồm cả vùng liên kết" in page


@pytest.mark.parametrize(
    ("kind", "code", "outline"),
    [
        ("perennial_fruit", "Mã số vùng trồng:", "của vùng trồng"),
        ("aquaculture", "Mã số vùng nuôi / cơ sở nuôi:", "của vùng nuôi"),
        ("apiculture", "Mã số điểm đặt ong:", "của điểm đặt ong"),
    ],
)
def test_ponds_and_hives_are_not_called_fields(
    client: FlaskClient, database: Database, lot: Lot, kind: str, code: str, outline: str
) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE crop SET kind = :kind"), {"kind": kind})
        connection.execute(sa.text("UPDATE batch SET area_code = 'VN-VLOR-9001'"))
    page = client.get("/s/" + lot.code(0)).text
    assert outline in page
    assert code in page
    assert (kind == "perennial_fruit") == ("vùng trồng tại" in page)
