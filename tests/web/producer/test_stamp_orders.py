"""The producer's stamp pages: order, download, look over, activate, make void, as a person does it."""

import base64
import hashlib
import re
from collections.abc import Iterator

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability import print_room
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import log_tree, producers
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamps import RangeState, StampDownload, StampOrder
from traceability.labels import LAYOUTS

pytestmark = SQLITE_ONLY


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


def text(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def download(signed: FlaskClient, order: StampOrder, **typed: str) -> TestResponse:
    asked = signed.post(f"/producer/stamp-orders/{order.id}/download", data=typed)
    assert asked.status_code == 303
    return signed.get(asked.headers["Location"])


def pages(pdf: bytes, dpi: int) -> Iterator[list[str]]:
    """The texts of all QR codes on each page of a PDF, as a phone reads them."""
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        yield [
            found.text
            for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        ]


def test_an_order_is_made_ready_and_its_page_says_what_to_do(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    shown = text(signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}"))
    assert "1.020" in shown
    assert "1.400 kg" in shown.replace("\u00a0", " ")
    assert shown.count('class="layout-choice"') == len(LAYOUTS)
    values = {"batch_id": batch.id, "quantity": "1.000", "layout": "a4-5x13-30x20", "start_position": "1"}
    made = signed.post("/producer/stamp-orders/new", data=values | {"once": "one"})
    assert made.status_code == 303
    again = signed.post("/producer/stamp-orders/new", data=values | {"once": "one"})
    assert again.headers["Location"] == made.headers["Location"]
    with mint.database.reading(EVERYTHING) as session:
        (order,) = session.exec(select(StampOrder)).all()
    assert order.ready_at is not None
    page = text(signed.get(made.headers["Location"]))
    assert mint.code(order, 0) in page
    assert mint.code(order, 999) in page
    assert "Tải tệp PDF" in page
    assert order.number in text(signed.get("/producer/stamp-orders"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"quantity": "1021"}, "nhiều nhất 1.020 tem"),
        ({"quantity": "0"}, "ít nhất 1 tem"),
        ({"quantity": "1,5"}, "số nguyên"),
        ({"quantity": "1000000000"}, "1.000.000 tem"),
        ({"quantity": ""}, "Vui lòng"),
        ({"layout": "a0"}, "Không có mẫu in này"),
        ({"form": "digital_link"}, "GTIN"),
        ({"start_position": "66"}, "từ 1 đến 65"),
        ({"dpi": "1200"}, "203, 300"),
    ],
)
def test_a_refused_order_comes_back_as_it_was_typed(
    signed: FlaskClient, batch: Batch, typed: dict[str, str], sentence: str
) -> None:
    values = {"batch_id": batch.id, "quantity": "77", "layout": "a4-5x13-30x20"} | typed
    answer = signed.post("/producer/stamp-orders/new", data=values)
    assert answer.status_code == 422
    assert sentence in text(answer)
    if "quantity" not in typed:
        assert 'value="77"' in text(answer)


def test_more_than_the_lot_may_have_is_refused_before_a_password_is_asked_or_looked_at(
    signed: FlaskClient, batch: Batch
) -> None:
    values = {"batch_id": batch.id, "quantity": "20000", "layout": "a4-5x13-30x20"}
    for proof in ("", "wrong-password"):
        answer = signed.post("/producer/stamp-orders/new", data=values | {"proof": proof})
        assert answer.status_code == 422
        assert "nhiều nhất 1.020 tem" in text(answer)
        assert 'name="proof"' not in text(answer)


def test_every_stamp_of_a_downloaded_sheet_decodes_to_its_own_code(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    order = mint.ready(batch, 100, start_position=40)
    file = download(signed, order)
    assert file.headers["Content-Type"] == "application/pdf"
    assert "Content-Encoding" not in file.headers
    assert int(file.headers["Content-Length"]) == len(file.data)
    found = list(pages(file.data, 203))
    assert [len(page) for page in found] == [26, 65, 9]
    codes = [mint.code(order, n).replace("-", "") for n in range(100)]
    prefix = mint.root.upper() + "/S/"
    assert sorted(code for page in found for code in page) == sorted(prefix + code for code in codes)
    with mint.database.reading(EVERYTHING) as session:
        (noted,) = session.exec(select(StampDownload)).all()
    assert noted.sha256 == hashlib.sha256(file.data).hexdigest()
    assert noted.size == len(file.data)
    assert mint.ranges(order) == [(0, 99, RangeState.DOWNLOADED)]


def test_each_download_has_the_same_bytes_and_each_link_works_once(
    signed: FlaskClient, mint: Mint, batch: Batch, app: Flask
) -> None:
    order = mint.ready(batch, 70)
    first = download(signed, order)
    moved = Settings(**(app.extensions["settings"].__dict__ | {"public_root": "https://moved.example"}))
    app.extensions["settings"] = moved
    asked = signed.post(f"/producer/stamp-orders/{order.id}/download")
    link = asked.headers["Location"]
    assert signed.head(link).status_code == 405
    assert signed.get(link).data == first.data
    used = signed.get(link)
    assert used.status_code == 303
    assert "đã dùng rồi" in text(signed.get(used.headers["Location"]))
    assert signed.get(f"/producer/stamp-orders/{order.id}/file/nothing").status_code == 404
    elsewhere = download(signed, order, start_position="30")
    assert elsewhere.data != first.data
    assert sum(len(page) for page in pages(elsewhere.data, 203)) == 70


def test_a_download_that_begins_beside_the_sheet_is_refused_and_not_noted(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    order = mint.ready(batch, 10)
    asked = signed.post(f"/producer/stamp-orders/{order.id}/download", data={"start_position": "66"})
    assert asked.status_code == 422
    assert "từ 1 đến 65" in text(asked)
    assert 'value="66"' in text(asked)
    assert mint.ranges(order) == [(0, 9, RangeState.READY)]


def test_a_roll_for_a_203_dpi_printer_decodes(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 4, layout="roll-30x20", dpi=203)
    found = list(pages(download(signed, order).data, 203))
    assert found == [[mint.root.upper() + "/S/" + mint.code(order, n).replace("-", "")] for n in range(4)]


def test_a_digital_link_stamp_carries_gtin_lot_and_code(
    signed: FlaskClient, mint: Mint, owner: Producer, database: Database
) -> None:
    product = factories.product(database, owner, gtin="9521234543213")
    batch = factories.harvest(database, owner, 1400, product_id=product.id)
    page = text(signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}"))
    assert "GS1 Digital Link" in page
    order = mint.ready(batch, 3, layout="roll-50x30", form="digital_link")
    found = list(pages(download(signed, order).data, 300))
    link = f"{mint.root}/01/09521234543213/10/{batch.lot}/21/"
    assert found == [[link + mint.code(order, n).replace("-", "")] for n in range(3)]


def test_an_order_cut_short_can_be_prepared_again(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ordered(batch, 10)
    page = text(signed.get(f"/producer/stamp-orders/{order.id}"))
    assert "Chuẩn bị lại" in page
    assert mint.code(order, 0) not in page
    refused = signed.post(f"/producer/stamp-orders/{order.id}/download")
    assert "chưa chuẩn bị xong" in text(refused)
    assert signed.post(f"/producer/stamp-orders/{order.id}/prepare").status_code == 303
    assert mint.ranges(order) == [(0, 9, RangeState.READY)]


def test_the_print_is_looked_over_with_a_spoiled_run(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 100)
    where = f"/producer/stamp-orders/{order.id}/printed"
    assert "Kiểm tra bản in" in text(signed.get(where))
    wrong = signed.post(where, data={"bad-1-first_code": "ABC"})
    assert wrong.status_code == 422
    assert 'href="#f-bad-1-first_code"' in text(wrong)
    typed = {"bad-0-first_code": mint.code(order, 5), "bad-0-last_code": mint.code(order, 6)}
    assert signed.post(where, data=typed).status_code == 303
    assert mint.ranges(order)[1] == (5, 6, RangeState.VOID)


def test_a_roll_is_shown_before_it_is_activated(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 100)
    mint.void(order, 50, 54)
    where = "/producer/stamp-orders/activate"
    assert "roll_scanner.js" in text(signed.get(where))
    typed = {"first_code": mint.code(order, 99).lower(), "last_code": mint.code(order, 0)}
    refused = signed.post(where, data=typed)
    assert refused.status_code == 422
    assert "đứng trước mã đầu" in text(refused)
    assert f'value="{typed["first_code"]}"' in text(refused)
    assert 'name="turn"' in text(refused)
    shown = signed.post(where, data=typed | {"turn": "1"})
    page = text(shown)
    assert shown.status_code == 200
    assert "<b>95</b>" in page
    assert mint.code(order, 50) in page
    assert mint.ranges(order)[0] == (0, 49, RangeState.DOWNLOADED)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert hidden["first_code"] == mint.code(order, 0)
    done = signed.post(where, data={key: value for key, value in hidden.items() if key != "csrf_token"})
    assert done.headers["Location"].endswith(order.id)
    assert "Đã kích hoạt 95 tem" in text(signed.get(done.headers["Location"]))
    assert [state for _, _, state in mint.ranges(order)] == [
        RangeState.ACTIVE,
        RangeState.VOID,
        RangeState.ACTIVE,
    ]
    refused = signed.post(where, data=typed | {"turn": "1"})
    assert refused.status_code == 422
    assert "đã kích hoạt rồi" in text(refused)


def test_a_run_is_made_void_from_its_line_on_the_page(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 10)
    page = text(signed.get(f"/producer/stamp-orders/{order.id}"))
    link = re.search(r'href="(/producer/stamp-orders/void\?range=\w+)"', page)
    assert link
    form = text(signed.get(link[1]))
    assert mint.code(order, 0) in form
    missing = signed.post(link[1], data={"first_code": mint.code(order, 0)})
    assert missing.status_code == 422
    typed = {"first_code": mint.code(order, 0), "reason": "lost", "note": "Rơi trên đường ra vựa"}
    done = signed.post(link[1], data=typed)
    assert "Đã hủy 1 tem" in text(signed.get(done.headers["Location"]))
    assert mint.ranges(order)[0] == (0, 0, RangeState.VOID)


def test_the_cover_sheet_names_the_lot_and_both_ends(signed: FlaskClient, mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 10)
    sheet = signed.get(f"/producer/stamp-orders/{order.id}/cover.pdf")
    assert sheet.data == signed.get(f"/producer/stamp-orders/{order.id}/cover.pdf").data
    assert sheet.headers["Cache-Control"] == "no-store"
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(sheet.data))
    for said in (order.number, batch.lot, mint.code(order, 0), mint.code(order, 9), "Phiếu cấp tem"):
        assert said in words


def test_the_cover_sheet_takes_the_logs_checkpoint_along_for_ever(
    signed: FlaskClient, mint: Mint, batch: Batch
) -> None:
    order = mint.ready(batch, 10)
    cover = f"/producer/stamp-orders/{order.id}/cover.pdf"
    before = signed.get(cover).data
    mint.ready(batch, 5)  # the log goes on
    assert signed.get(cover).data == before
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(before))
    with mint.database.engine.connect() as connection:
        size = log_tree.size(connection)
        roots = [base64.b64encode(log_tree.root(connection, at)).decode() for at in range(size + 1)]
    letters = "".join(words.split())
    assert sum(root in letters for root in roots) == 1


def test_a_producer_without_stamps_reads_why(
    signed: FlaskClient, database: Database, owner: Producer
) -> None:
    with database.transaction(SYSTEM) as session:
        producers.set_stamps(session, SYSTEM, owner.id, False)
    for where in (
        "/producer/stamp-orders",
        "/producer/stamp-orders/new",
        "/producer/stamp-orders/new?batch_id=x",
    ):
        answer = signed.get(where)
        assert answer.status_code == 200
        assert "chưa được đăng ký cấp tem" in text(answer)


def test_another_producers_order_is_missing(signed: FlaskClient, mint: Mint, database: Database) -> None:
    foreign = mint.downloaded(mint.batch(), 10)
    base = f"/producer/stamp-orders/{foreign.id}"
    assert [signed.get(base + end).status_code for end in ("", "/cover.pdf", "/printed", "/file/x")] == [
        404
    ] * 4
    assert signed.post(base + "/download").status_code == 404
    assert signed.post(base + "/prepare").status_code == 404
    answer = signed.post(
        "/producer/stamp-orders/activate",
        data={"first_code": mint.code(foreign, 0), "last_code": mint.code(foreign, 9)},
    )
    assert answer.status_code == 422
    assert "không phải tem của cơ sở" in text(answer)


def test_every_ready_layout_prints_for_a_long_name(mint: Mint, owner: Producer, database: Database) -> None:
    product = factories.product(
        database, owner, name="Bưởi Năm Roi Bình Minh hữu cơ chuyển đổi loại đặc biệt túi lưới"
    )
    batch = factories.harvest(database, owner, 1400, product_id=product.id)
    for name in LAYOUTS:
        order = mint.ready(batch, 2, layout=name)
        printed = print_room.printed_order(order, mint.keys)
        assert printed.text.lines
        assert print_room.pages_of(order) >= 1
