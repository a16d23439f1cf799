"""GS1 Digital Links on packs: to the page of the stamp, the lot or the product; honest where they disagree."""

import pytest
from flask.testing import FlaskClient

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.stamps import RangeState

pytestmark = SQLITE_ONLY
GTIN = "09520001000010"
OTHER = "09520001000027"


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    """A published lot of a product with a GTIN; its first stamp is active."""
    owner = factories.producer(database)
    product = factories.product(database, owner, gtin=GTIN)
    made = stamped.lot(database, settings.keyring(), producer=owner, product=product, lot="LO/1-%A")
    stamped.put(database, made, 0, 0, RangeState.ACTIVE)
    return made


def location(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 307, answer.text[:300]
    assert "Set-Cookie" not in answer.headers
    root = client.application.extensions["settings"].public_root
    assert answer.headers["Location"].startswith(root + "/")
    return answer.headers["Location"].removeprefix(root)


def test_a_link_leads_to_the_stamp_s_page(client: FlaskClient, lot: Lot) -> None:
    code = lot.code(0)
    for path in (
        f"/01/{GTIN}/10/LO%2F1-%25A/21/{code}",
        f"/01/{GTIN}/21/{code}",
        f"/01/{GTIN}/21/{code}/",
    ):
        assert location(client, path) == f"/s/{code}"
    page = client.get(location(client, f"/01/{GTIN}/21/{code}?17=261231"))
    assert "Tem đang hiệu lực" in page.text
    assert location(client, f"/01/{GTIN}/21/{code}?lang=en") == f"/s/{code}?lang=en"


def test_a_link_without_a_stamp_leads_to_the_lot_or_the_product(client: FlaskClient, lot: Lot) -> None:
    there = location(client, f"/01/{GTIN}/10/LO%2F1-%25A")
    assert there == f"/lots/{lot.product.code}/LO%2F1-%25A"
    assert "LO/1-%A" in client.get(there).text
    assert location(client, f"/01/{GTIN}") == f"/products/{lot.product.code}"


def test_a_stamp_that_is_not_on_record_walks_up_and_the_page_says_so(client: FlaskClient, lot: Lot) -> None:
    there = location(client, f"/01/{GTIN}/10/LO%2F1-%25A/21/0000000000000000")
    assert there.startswith(f"/lots/{lot.product.code}/")
    assert "Tem này không có trong hệ thống" in client.get(there).text
    there = location(client, f"/01/{GTIN}/21/XYZ")
    assert "Tem này không có trong hệ thống" in client.get(there).text
    there = location(client, f"/01/{GTIN}/10/NOLOT")
    assert "Lô hàng này không có trong hệ thống" in client.get(there).text


def test_where_link_and_code_disagree_the_code_s_own_record_is_shown_with_a_warning(
    client: FlaskClient, lot: Lot
) -> None:
    warning = "nêu sản phẩm hoặc lô hàng khác"
    code = lot.code(0)
    for path in (f"/01/{OTHER}/21/{code}", f"/01/{GTIN}/10/ANOTHER/21/{code}"):
        page = client.get(location(client, path))
        assert page.status_code == 200
        assert warning in page.text
        assert lot.product.name in page.text
    assert warning not in client.get(location(client, f"/01/{GTIN}/10/LO%2F1-%25A/21/{code}")).text


MALFORMED = [
    "/01/09520001000011",  # check digit
    "/01/9520001000010x",
    "/01/",
    "/01",
    "/99/123",
    f"/01/{GTIN}/21/A/10/B",  # order
    f"/01/{GTIN}/10/A/10/B",
    f"/01/{GTIN}/10",
    f"/01/{GTIN}/10/%C3%A1",
    f"/01/{GTIN}/10/%zz",
    f"/01/{GTIN}/10/" + "9" * 21,
    "/01/" + "9" * 3000,
    f"/01//{GTIN}",
    f"/01/{GTIN}/21/%00",
]


def test_a_malformed_link_is_a_400_with_a_sentence(client: FlaskClient, lot: Lot) -> None:
    for path in MALFORMED:
        answer = client.get(path)
        assert answer.status_code == 400, path
        assert "<h1>" in answer.text


def test_a_number_that_nobody_here_holds_is_a_404(client: FlaskClient, lot: Lot) -> None:
    for path in (f"/01/{OTHER}", f"/01/{OTHER}/21/0000", "/414/9520001000010"):
        assert client.get(path).status_code == 404


def test_a_number_that_names_no_goods_here_says_what_to_compare_and_where_to_type_a_code(
    client: FlaskClient, lot: Lot
) -> None:
    for path, status, title in (
        ("/01/09520123456780", 400, "Mã số này không đúng"),
        ("/01/09521234543213", 404, "Không có hàng hóa mang mã số này trên hệ thống"),
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert f"<h1>{title}</h1>" in answer.text
        assert "đối chiếu từng chữ số" in answer.text
        assert "tải lại trang" not in answer.text
        for link in ("/", "/how-to-check"):
            assert f'href="{link}"' in answer.text
