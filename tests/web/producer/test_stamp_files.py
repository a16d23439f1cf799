"""The files of an order: PDF, ZPL, list of codes and pictures, each asked for, given out once and noted."""

import csv
import hashlib
import io
import re

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlmodel import select
from werkzeug.test import TestResponse

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.labels.zpl_printer import Printer
from tests.rolls import Mint
from traceability import print_files, print_room
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_account
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamps import FileKind, RangeState, StampDownload, StampOrder
from traceability.labels import LAYOUTS
from traceability.print_files import Made

pytestmark = SQLITE_ONLY
READY, DOWNLOADED = RangeState.READY, RangeState.DOWNLOADED


@pytest.fixture
def mint(database: Database, settings: Settings) -> Mint:
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def signed(client: FlaskClient, database: Database, owner: Producer) -> FlaskClient:
    factories.sign_in_as(client, database, factories.account(database, owner))
    return client


@pytest.fixture
def batch(mint: Mint, owner: Producer) -> Batch:
    return mint.batch(owner=owner)


def ask(client: FlaskClient, order: StampOrder, **typed: str) -> TestResponse:
    return client.post(f"/producer/stamp-orders/{order.id}/download", data=typed)


def fetched(client: FlaskClient, order: StampOrder, **typed: str) -> TestResponse:
    asked = ask(client, order, **typed)
    assert asked.status_code == 303
    answer = client.get(asked.headers["Location"])
    assert answer.status_code == 200
    assert client.get(asked.headers["Location"]).status_code == 303
    return answer


def notes(database: Database) -> list[StampDownload]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampDownload).order_by(StampDownload.asked_at)).all())


def text(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def read(picture: Image.Image) -> list[str]:
    return [
        found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    ]


@pytest.mark.parametrize("kind", ["pdf", "zpl", "csv", "png", "svg"])
def test_each_kind_of_file_is_given_out_once_and_noted_with_its_kind_and_digest(
    signed: FlaskClient, mint: Mint, batch: Batch, kind: str
) -> None:
    order = mint.ready(batch, 12, layout="roll-30x20", dpi=203)
    file = fetched(signed, order, kind=kind)
    assert int(file.headers["Content-Length"]) == len(file.data)
    assert file.headers["Content-Disposition"].endswith(f".{kind}")
    assert file.headers["Cache-Control"] == "no-store"
    (noted,) = notes(mint.database)
    assert (noted.kind, noted.size) == (kind, len(file.data))
    assert noted.sha256 == hashlib.sha256(file.data).hexdigest()
    page = text(signed.get(f"/producer/stamp-orders/{order.id}"))
    assert noted.sha256[:16] in page


def test_the_list_names_every_stamp_and_holds_no_live_formula(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    order = mint.ready(batch, 120)
    lines = list(csv.reader(io.StringIO(fetched(signed, order, kind="csv").data.decode("utf-8-sig"))))
    assert lines[0] == ["number", "code", "address", "lot"]
    for n in (0, 99, 119):
        code = mint.code(order, n)
        assert lines[n + 1] == [str(n + 1), code, order.url_prefix + code.replace("-", ""), batch.lot]
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    made = Made(order, "=HYPERLINK(1)", mint.keys)
    hostile = b"".join(print_files.file_of(FileKind.CSV, made).run()).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in hostile
    assert mint.ranges(order) == [(0, 119, DOWNLOADED)]


def test_the_zpl_of_a_roll_prints_every_code(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 3, layout="roll-30x20", dpi=203)
    labels = list(Printer().printed(fetched(signed, order, kind="zpl").data))
    codes = [read(Image.fromarray(~label.dots.astype(bool))) for label in labels]
    assert codes == [[order.url_prefix + mint.code(order, n).replace("-", "")] for n in range(3)]


def test_a_sheet_has_no_zpl(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 3)
    refused = ask(signed, order, kind="zpl")
    assert refused.status_code == 422
    assert "từng hàng một" in text(refused)
    assert notes(mint.database) == []
    assert mint.ranges(order) == [(0, 2, READY)]
    assert 'value="zpl"' not in text(signed.get(f"/producer/stamp-orders/{order.id}"))


def test_a_picture_gives_out_its_one_stamp_only(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 20, layout="roll-50x30")
    file = fetched(signed, order, kind="png", stamp="7")
    assert read(Image.open(io.BytesIO(file.data))) == [
        order.url_prefix + mint.code(order, 6).replace("-", "")
    ]
    assert mint.ranges(order) == [(0, 5, READY), (6, 6, DOWNLOADED), (7, 19, READY)]
    assert fetched(signed, order, kind="png", stamp="7").data == file.data
    assert "<svg" in fetched(signed, order, kind="svg", stamp="8").data.decode()
    with mint.database.reading(EVERYTHING) as session:
        (line,) = stamp_account.account(session)
    assert (line.ordered, line.printed, line.counts["out"], line.counts["waiting"]) == (20, 2, 2, 18)
    fetched(signed, order)
    assert {state for _, _, state in mint.ranges(order)} == {DOWNLOADED}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "png", "stamp": "21"}, "từ 1 đến 20"),
        ({"kind": "png", "stamp": "0"}, "1"),
        ({"kind": "png", "stamp": "-3"}, "1"),
        ({"kind": "svg", "stamp": "1,5"}, "số nguyên"),
        ({"kind": "png", "stamp": "5"}, "đã hủy"),
        ({"kind": "exe"}, ""),
        ({"kind": "packet"}, "Giao cho nhà in"),
        ({"rows": "501"}, "500"),
        ({"rows": "0"}, "1"),
        ({"start_position": "2"}, "từ 1 đến 1"),
    ],
)
def test_a_file_that_cannot_be_made_is_refused_on_the_page_and_not_noted(
    signed: FlaskClient, mint: Mint, batch: Batch, typed: dict[str, str], sentence: str
) -> None:
    order = mint.ready(batch, 20, layout="roll-50x30")
    mint.void(order, 4, 4)
    before = mint.ranges(order)
    refused = ask(signed, order, **typed)
    assert refused.status_code == 422
    assert "error-summary" in text(refused)
    assert sentence in text(refused)
    if "stamp" in typed:
        assert f'name="stamp" value="{typed["stamp"]}"' in text(refused)
    assert notes(mint.database) == []
    assert mint.ranges(order) == before


def test_stamps_with_a_scratch_pin_have_no_pictures(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 3, layout="roll-50x30", pins=True)
    assert "One stamp" not in text(signed.get(f"/producer/stamp-orders/{order.id}"))
    refused = ask(signed, order, kind="svg")
    assert refused.status_code == 422
    assert "mã cào" in text(refused)


def test_without_its_key_an_order_gives_out_nothing_and_says_why(
    signed: FlaskClient, mint: Mint, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = mint.ready(batch, 3)
    monkeypatch.setattr("traceability.mint.epoch_keys", lambda *_given: {})
    for answer in (
        ask(signed, order),
        signed.post(
            f"/producer/stamp-orders/{order.id}/hand-over", data={"handed_to": "Nhà in", "days": "3"}
        ),
    ):
        assert answer.status_code == 422
        assert "Khóa của phiếu này không có trên máy" in text(answer)
    assert notes(mint.database) == []


def test_a_roll_comes_on_pages_of_as_many_stamps_as_was_chosen(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    order = mint.ready(batch, 250, layout="roll-30x20", dpi=203)
    page = text(signed.get(f"/producer/stamp-orders/{order.id}"))
    offered = re.findall(r'<option value="(\d+)">', page)
    assert offered == ["1", "100", "200", "227", "500"]
    assert "227 tem · dài 4,99 m" in page
    assert "không mở bằng phần mềm Adobe" in page
    for rows, pages in (("100", 3), ("500", 1)):
        data = fetched(signed, order, rows=rows).data
        assert len(pypdfium2.PdfDocument(data)) == pages
    last = pypdfium2.PdfDocument(data)[0].render(scale=203 / 72, grayscale=True).to_pil()
    fit = print_room.fit_of(order, print_room.printed_order(order, mint.keys))
    roll = print_room.layout_of(order).with_rows(500)
    for n in (0, 249):
        top = round((roll.top_mm + n * (roll.stamp_height_mm + roll.gap_y_mm)) / fit.dot_mm)
        stamp = last.crop((0, top, last.width, top + fit.stamp_dots[1]))
        assert read(stamp) == [order.url_prefix + mint.code(order, n).replace("-", "")]
    assert [noted.rows for noted in notes(mint.database)] == [100, 500]


def test_the_carton_label_tells_lot_and_both_weights(mint: Mint, batch: Batch) -> None:
    for layout in ("roll-100x50-carton", "a4-2x4-99x67"):
        order = mint.ready(batch, 2, layout=layout, gross_weight="10,5")
        words = print_room.printed_order(order, mint.keys).text.lines
        assert any(line.startswith("Khối lượng tịnh") for line in words)
        assert "Khối lượng cả bì 10,5\u00a0kg" in words
        assert f"Lô {batch.lot}" in words
    assert LAYOUTS["roll-100x50-carton"].lines
