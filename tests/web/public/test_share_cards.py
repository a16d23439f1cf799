"""What a chat shows of a link that somebody passes on: the product's card, never a stamp's code or verdict."""

import io
import re

from flask.testing import FlaskClient
from PIL import Image

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger, records
from traceability.domain.actors import SYSTEM
from traceability.domain.producers import LegalForm
from traceability.domain.products import Product
from traceability.domain.stamp_codes import group

pytestmark = SQLITE_ONLY
_META = re.compile(r'<meta (?:property|name)="([a-z:_]+)" content="([^"]*)"')
#: What asks for a page in order to show a link of it.
PREVIEWERS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; ZaloBot/1.0; +https://zalo.me)",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23.20.0",
    "Twitterbot/1.0",
)


def meta(client: FlaskClient, path: str) -> dict[str, str]:
    return dict(_META.findall(client.get(path).text))


def test_product_lot_and_stamp_name_a_card_with_the_product_s_name(
    client: FlaskClient, lot: Lot, settings: Settings
) -> None:
    root, product = settings.public_root, f"/products/{lot.product.code}"
    pages = {
        product: product,
        f"/lots/{lot.product.code}/{lot.batch.lot}": f"/lots/{lot.product.code}/{lot.batch.lot}",
        f"/s/{lot.code(0)}": product,
    }
    for path, address in pages.items():
        told = meta(client, path)
        assert told["og:title"] == f"{lot.product.name} · {lot.producer.name}"
        assert told["og:url"] == root + address
        assert told["og:description"] == told["description"]
        assert told["twitter:card"] == "summary_large_image"
        assert told["og:image"].startswith(f"{root}/share/{lot.product.code}.jpg?v=")


def test_a_stamp_s_preview_tells_neither_its_code_nor_its_verdict(client: FlaskClient, lot: Lot) -> None:
    for number in (0, 5, 6, 9):
        code = lot.code(number)
        said = " ".join(meta(client, f"/s/{code}").values())
        assert code not in said
        assert group(code) not in said
        assert "tem" not in said.lower()


def test_the_card_is_a_picture_of_the_right_size_and_changes_its_address_with_the_product(
    client: FlaskClient, database: Database, lot: Lot, settings: Settings
) -> None:
    page = f"/products/{lot.product.code}"
    before = meta(client, page)["og:image"].removeprefix(settings.public_root)
    answer = client.get(before)
    picture = Image.open(io.BytesIO(answer.data))
    assert (picture.size, picture.format) == ((1200, 630), "JPEG")
    assert len(answer.data) < 300_000
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get(before, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert "immutable" not in client.get(before.partition("?")[0]).headers["Cache-Control"]
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Product, lot.product.id)
        row.name = "Bưởi năm roi có tên rất dài để phải xuống dòng nhiều lần và cuối cùng bị cắt bớt đi " * 2
        ledger.record(session, "product.revised", row)
    after = meta(client, page)["og:image"].removeprefix(settings.public_root)
    assert after != before
    assert client.get(after).data != answer.data


def test_the_card_of_a_household_names_the_place_and_no_family(
    client: FlaskClient, database: Database
) -> None:
    family = factories.producer(database, legal_form=LegalForm.HOUSEHOLD, name="Hộ Nguyễn Văn Kín")
    product = factories.product(database, family)
    told = meta(client, f"/products/{product.code}")
    assert "Kín" not in " ".join(told.values())
    assert client.get(f"/share/{product.code}.jpg").status_code == 200


def test_no_card_of_a_draft_or_of_nothing(client: FlaskClient, database: Database) -> None:
    draft = factories.product(database, factories.producer(database), approved=False)
    assert client.get(f"/share/{draft.code}.jpg").status_code == 404
    assert client.get("/share/KHONG-CO.jpg").status_code == 404


def test_whoever_makes_a_preview_is_not_counted(client: FlaskClient, lot: Lot) -> None:
    for agent in PREVIEWERS:
        page = client.get(f"/s/{lot.code(1)}", headers={"User-Agent": agent})
        assert "og:image" in page.text
    told = client.get(
        f"/s/{lot.code(1)}", headers={"Accept": "application/json", "User-Agent": PREVIEWERS[0]}
    )
    client.application.extensions["scan_gate"].recorder.drain()
    assert told.get_json()["opened"] == 0
