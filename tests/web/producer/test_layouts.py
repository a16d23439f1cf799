"""The layout editor: drawn as it prints, refused with a sentence, kept, used by an order."""

import json
import re
from dataclasses import fields

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability import print_room
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.layouts import PrintLayout
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamps import StampOrder
from traceability.labels import Layout, preview
from traceability.layout_drafts import LayoutDraft

pytestmark = SQLITE_ONLY

SHEET = {
    "name": "Tờ tem 4 x 9",
    "page_width_mm": "210",
    "page_height_mm": "297",
    "columns": "4",
    "rows": "9",
    "stamp_width_mm": "45,5",
    "stamp_height_mm": "28",
    "left_mm": "8",
    "top_mm": "15",
    "gap_x_mm": "3",
    "gap_y_mm": "2",
    "module_mm": "0,45",
    "dpi": "300",
    "inset_mm": "1",
    "hole_mm": "0",
    "copies": "1",
    "start_position": "1",
    "form": "short",
    "arrangement": "beside",
    "language": "vi",
    "marks": "none",
}


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def signed(client: FlaskClient, database: Database, owner: Producer) -> FlaskClient:
    factories.sign_in_as(client, database, factories.account(database, owner))
    return client


def rows(database: Database) -> list[PrintLayout]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(PrintLayout)).all())


def test_a_layout_is_drawn_kept_and_printed(
    signed: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    assert signed.get("/producer/layouts/new").status_code == 200
    looked = signed.post("/producer/layouts/new", data=SHEET | {"look": "1"})
    assert looked.status_code == 200
    assert rows(database) == []
    assert signed.post("/producer/layouts/new", data=SHEET).status_code == 303
    (row,) = rows(database)
    assert json.loads(row.data)["stamp_width_mm"] == 45.5
    mint = Mint(database, settings.keyring(), settings.public_root)
    batch = mint.batch(owner=owner)
    assert "Tờ tem 4 x 9" in signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}").get_data(
        as_text=True
    )
    values = {"batch_id": batch.id, "quantity": "40", "layout": row.key, "form": "short"}
    made = signed.post("/producer/stamp-orders/new", data=values)
    assert made.status_code == 303
    with database.reading(EVERYTHING) as session:
        (order,) = session.exec(select(StampOrder)).all()
    asked = signed.post(f"/producer/stamp-orders/{order.id}/download")
    page = pypdfium2.PdfDocument(signed.get(asked.headers["Location"]).data)[0]
    found = zxingcpp.read_barcodes(
        page.render(scale=300 / 72, grayscale=True).to_pil(), formats=zxingcpp.BarcodeFormat.QRCodeModel2
    )
    assert len(found) == 36


def test_the_drawing_has_the_measures_of_the_print(
    signed: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    drawn = signed.post("/producer/layouts/preview", data=SHEET).get_data(as_text=True)
    assert "phiên bản 3, mỗi ô vuông 0,423 mm" in drawn
    assert re.search(r"Cạnh nhỏ nhất của tem</dt><dd>15,7\s*mm", drawn)
    boxes = re.findall(r'class="drawn-(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn)
    signed.post("/producer/layouts/new", data=SHEET)
    mint = Mint(database, settings.keyring(), settings.public_root)
    order = mint.ready(mint.batch(owner=owner), 36, layout=rows(database)[0].key)
    printed = print_room.printed_order(order, mint.keys)
    page = preview.page(printed, print_room.layout_of(order))
    for kind, told in (("outline", "outline"), ("symbol", "symbol")):
        theirs = [(float(x), float(y), float(w)) for name, x, y, w in boxes if name == told]
        ours = [(box.x_mm, box.y_mm, box.width_mm) for box in (getattr(s, kind) for s in page.stamps)]
        assert len(theirs) == 36
        for drawn_box, printed_box in zip(theirs, ours, strict=True):
            assert drawn_box == pytest.approx(printed_box, abs=0.1)


def test_the_editor_has_a_field_for_every_measure_of_a_layout(signed: FlaskClient) -> None:
    page = signed.get("/producer/layouts/new").get_data(as_text=True)
    names = {field.name for field in fields(Layout)}
    assert names <= set(LayoutDraft.model_fields)
    assert not [name for name in LayoutDraft.model_fields if f'name="{name}"' not in page]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"columns": "5"}, "trang"),
        ({"stamp_width_mm": "rộng"}, "mi-li-mét"),
        ({"stamp_width_mm": "-3"}, "mi-li-mét"),
        ({"module_mm": "0,1"}, "0,25"),
        ({"form": "digital_link", "module_mm": "0,3", "stamp_height_mm": "28"}, "0,396"),
        ({"rows": "0"}, "1"),
        ({"copies": "101"}, "100"),
        ({"start_position": "37"}, "từ 1 đến 36"),
        ({"stamp_width_mm": "20"}, "Bên cạnh"),
        ({"dpi": "72"}, "203"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_a_sentence(
    signed: FlaskClient, database: Database, typed: dict[str, str], sentence: str
) -> None:
    for where in ("/producer/layouts/new", "/producer/layouts/preview"):
        answer = signed.post(where, data=SHEET | typed)
        assert answer.status_code == 422
        page = answer.get_data(as_text=True)
        assert sentence in page
        if where.endswith("new"):
            for name, text in typed.items():
                assert f'value="{text}"' in page or name == "dpi"
    assert rows(database) == []


def test_small_squares_of_a_digital_link_need_a_reason(signed: FlaskClient, database: Database) -> None:
    small = SHEET | {"form": "digital_link", "module_mm": "0,34", "stamp_width_mm": "45,5"}
    assert signed.post("/producer/layouts/new", data=small).status_code == 422
    reasoned = small | {"small_reason": "Tem trên cây giống, chỉ quét bằng điện thoại"}
    assert signed.post("/producer/layouts/new", data=reasoned).status_code == 303
    assert rows(database)[0].small_reason.startswith("Tem trên cây giống")


def test_a_layout_out_of_use_is_offered_no_longer(
    signed: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    signed.post("/producer/layouts/new", data=SHEET)
    assert signed.post("/producer/layouts/new", data=SHEET).status_code == 422
    (row,) = rows(database)
    assert signed.get(f"/producer/layouts/{row.id}").status_code == 200
    assert signed.post(f"/producer/layouts/{row.id}/retire").status_code == 303
    mint = Mint(database, settings.keyring(), settings.public_root)
    values = {"batch_id": mint.batch(owner=owner).id, "quantity": "4", "layout": row.key}
    refused = signed.post("/producer/stamp-orders/new", data=values)
    assert "Không có mẫu in này" in refused.get_data(as_text=True)
