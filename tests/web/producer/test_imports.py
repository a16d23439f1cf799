"""Imports from Excel as a clerk meets them: template, trial, everything or nothing, and the way round."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import openpyxl
import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability import import_pages, sheets
from traceability.db import Database
from traceability.domain import areas, farm_inputs
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.batches import listed
from traceability.domain.clock import today
from traceability.domain.diary import DiaryEntry, every
from traceability.domain.farm_inputs import FarmInputInput, InputLotInput

pytestmark = SQLITE_ONLY
HEADER = ["Mã sản phẩm", "Vùng trồng", "Ngày thu hoạch", "Khối lượng (kg)"]


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database, role=Role.CLERK)


def place(us: Visit, **names: str) -> tuple[str, str]:
    """The name of an area and the code of a product of ours."""
    area = factories.area(us.database, us.producer, name=names.get("area", "Vùng bưởi Mỹ Hòa"))
    product = factories.product(us.database, us.producer, name=names.get("product", "Bưởi Năm Roi"))
    return area.name, product.code


def send(us: Visit, data: bytes, book: str = "batches", name: str = "so.csv") -> tuple[int, str]:
    answer = us.client.post(f"/producer/{book}/import", data={"file": (io.BytesIO(data), name)})
    return answer.status_code, unescape(answer.get_data(as_text=True))


def raw(us: Visit, data: bytes, book: str = "batches") -> str:
    """The page of a trial as it came, so that what stands in attributes can be told apart."""
    answer = us.client.post(f"/producer/{book}/import", data={"file": (io.BytesIO(data), "x")})
    assert answer.status_code == 200, unescape(answer.get_data(as_text=True))
    return str(answer.get_data(as_text=True))


def carry_out(us: Visit, data: bytes, book: str = "batches") -> str:
    """Sends a file and says yes: what the next page says."""
    page = raw(us, data, book)
    (rows,) = re.findall(r'name="rows" value="([^"]*)"', page)
    answer = us.client.post(
        f"/producer/{book}/import/confirm", data={"rows": unescape(rows)}, follow_redirects=True
    )
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def lots(us: Visit) -> list[str]:
    with us.database.reading(SYSTEM.scope) as session:
        rows, _pages = listed(session, producer_id=us.producer.id)
    return sorted(batch.lot for batch, _product in rows)


def sheet(*rows: list[Any], header: list[str] = HEADER) -> bytes:
    return sheets.csv_bytes(header, rows)


def test_a_sheet_is_looked_at_first_and_registered_when_the_clerk_says_so(us: Visit) -> None:
    area, code = place(us)
    data = sheet(
        [code, area, today(), "1.250,5", "LO-1"],
        [code, area, today(), "80", "LO-2"],
        header=[*HEADER, "Số lô"],
    )
    assert "/producer/batches/import" in us.get("/producer/batches")
    page = unescape(raw(us, data))
    assert "Số dòng ghi được: 2." in page
    assert "lô LO-1" in page
    assert lots(us) == []
    assert "Đã ghi 2 dòng." in carry_out(us, data)
    assert lots(us) == ["LO-1", "LO-2"]
    again = unescape(raw(us, data))
    assert "Tất cả các dòng đã có trong sổ" in again
    assert "/import/confirm" not in again


def test_a_refused_row_is_named_with_its_column_and_nothing_can_be_confirmed(us: Visit) -> None:
    area, code = place(us)
    status, page = send(
        us, sheet([code, area, today(), "80"], [code, area, today(), "1,250"], [code, "Vùng lạ", "x", "1"])
    )
    assert status == 422
    assert "Có 2 trên tổng số 3 dòng chưa nhận được" in page
    assert re.search(r"<b>Dòng 3</b>.*?Khối lượng \(kg\): “1,250” có thể", page, re.S)
    assert "Vùng trồng: Cơ sở không có “Vùng lạ”" in page
    assert "/import/confirm" not in page


def test_what_changed_between_the_look_and_the_yes_is_refused_whole(
    us: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    area, code = place(us)
    data = sheet(
        [code, area, today(), "80", "LO-1"], [code, area, today(), "90", "LO-2"], header=[*HEADER, "Số lô"]
    )
    page = raw(us, data)
    (rows,) = re.findall(r'name="rows" value="([^"]*)"', page)
    carry_out(us, sheet([code, area, today(), "7", "LO-2"], header=[*HEADER, "Số lô"]))
    monkeypatch.setattr(import_pages, "trial", None)  # what was refused is shown as it was, not tried again
    text = us.refused("/producer/batches/import/confirm", rows=unescape(rows))
    assert "Dòng 3 không còn được nhận" in text
    assert re.search(r"Số lô: .*LO-2", text)
    assert lots(us) == ["LO-2"]


def test_made_up_rows_are_refused_in_words(us: Visit) -> None:
    for rows in ("", "[]", "rubbish", '[[1,{"kilograms":5}]]'):
        assert us.post("/producer/batches/import/confirm", rows=rows).status_code == 422
    assert "Dữ liệu gửi lên không trọn vẹn" in us.refused("/producer/batches/import/confirm", rows="rubbish")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "không có dòng dữ liệu nào"),
        (sheet(["a", "b", "c", "d", "e"], header=[*HEADER, "Giá bán"]), "Không nhận ra cột “Giá bán”"),
        (sheet(["a", "b", "c"], header=HEADER[:3]), "Thiếu cột “Khối lượng (kg)”"),
        (sheet(["a", "b", "c", "d", "e"], header=[*HEADER, "vung trong"]), "Có hai cột “vung trong”"),
        ("Mã sản phẩm;kg\n".encode() + b"a;1\n" * 900_000, "Tệp có hơn 500 dòng"),
    ],
    ids=["nothing", "unknown column", "missing column", "column twice", "a million rows"],
)
def test_a_file_that_cannot_be_taken_says_what_to_do(us: Visit, data: bytes, sentence: str) -> None:
    status, page = send(us, data)
    assert (status, sentence in page) == (422, True), page[-6000:]


def test_no_file_and_a_file_beyond_all_limits_are_refused(us: Visit) -> None:
    assert "Vui lòng chọn tệp" in us.refused("/producer/batches/import")
    status, page = send(us, b"a;b\n" * 1_300_000)
    assert (status, "Tệp lớn hơn 4 MB" in page) == (422, True)
    status, page = send(us, b"a;b\n" * 3_000_000)
    assert (status, "nhiều phần" in page) == (413, True)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("book", ["batches", "diary"])
def test_a_template_is_taken_back_but_for_its_example(us: Visit, book: str, kind: str) -> None:
    place(us)
    answer = us.client.get(f"/producer/{book}/import/template?format={kind}")
    assert answer.status_code == 200
    status, page = send(us, answer.data, book)
    assert status == 422
    assert "Dòng 2 là dòng ví dụ của tệp mẫu" in page
    if kind == "csv":
        head, line = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
        line[head.index("Ghi chú")] = ""
        assert "Số dòng ghi được: 1." in unescape(raw(us, sheets.csv_bytes(head, [line]), book))


def a_farm(us: Visit) -> dict[str, str]:
    """An area, a product of a fixed code and a lot in the store, under the same names for every producer."""
    area, code = place(us)
    actor = factories.manager_of(us.producer)
    with us.database.transaction(actor) as session:
        label = FarmInputInput(name="Abamectin 3,6 EC", kind="insecticide", measure="ml")
        bought = farm_inputs.register(session, actor, label)
        came = InputLotInput(
            farm_input_id=bought.id, amount="2 lít", received_on=today() - timedelta(days=30), lot="A1"
        )
        farm_inputs.receive(session, actor, came)
    return {"area": area, "code": code}


def another(app: Flask, us: Visit) -> Visit:
    """An empty producer with the same area, product and store. Codes of products are one producer's: it has another."""
    return visit(app, us.database, role=Role.CLERK)


def renamed(data: bytes, kind: str, old: str, new: str) -> bytes:
    """A sheet for another producer: the code of its product instead of ours."""
    if kind == "csv":
        return data.replace(old.encode(), new.encode())
    book = openpyxl.load_workbook(io.BytesIO(data))
    for (cell,) in book.active.iter_rows(min_row=2, max_col=1):
        cell.value = new
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_harvests_taken_along_and_imported_into_an_empty_producer_are_the_same(
    app: Flask, us: Visit, kind: str
) -> None:
    ours, them = a_farm(us), another(app, us)
    theirs = a_farm(them)
    header = [*HEADER, "Số lô", "Người thu hái", "Ghi chú", "Mã tham chiếu của cơ sở", "Cách thu hoạch"]
    early = f"{today() - timedelta(days=1):%d/%m/%Y} 05:30"
    carry_out(
        us,
        sheet(
            [
                ours["code"],
                ours["area"],
                today(),
                "1,1250",
                "LO-1",
                "Tổ 2",
                "- rửa; phơi, đóng",
                "so-1",
                "cắt tay",
            ],
            [ours["code"], ours["area"], early, "1.250,5", "", "", "", "", ""],
            [ours["code"], ours["area"], early, "1.250,5", "", "", "", "", ""],
            header=header,
        ),
    )
    taken = us.client.get(f"/producer/batches/harvests?format={kind}").data
    assert taken.count(b"\n") == 4 or kind == "xlsx"
    assert "Tất cả các dòng đã có trong sổ" in unescape(raw(us, taken))
    assert "Đã ghi 3 dòng." in carry_out(them, renamed(taken, kind, ours["code"], theirs["code"]))
    again = them.client.get("/producer/batches/harvests?format=csv").data
    first = us.client.get("/producer/batches/harvests?format=csv").data
    assert again.replace(theirs["code"].encode(), ours["code"].encode()) == first
    assert lots(us) == lots(them)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_diary_taken_along_and_imported_into_an_empty_producer_is_the_same(
    app: Flask, us: Visit, kind: str
) -> None:
    them = another(app, us)
    a_farm(us), a_farm(them)
    header = [
        "Vùng trồng", "Ngày", "Công việc", "Tên thương phẩm", "Lấy từ kho", "Số lô trong kho", "Diện tích xử lý (ha)",
        "Sản lượng thu (kg)", "Lượng nước (lít)", "Ghi chú",
    ]  # fmt: skip
    area = "vung buoi my hoa"
    carry_out(
        us,
        sheet(
            [area, today(), "Phun thuốc", "Abamectin 3,6 EC", "1125 ml", "A1", "1,125", "", "200", ""],
            [area, today(), "thu hoạch", "", "", "", "", "1,1250", "", "=1+1"],
            [area, today(), "irrigate", "", "", "", "", "", "", "sai"],
            header=header,
        ),
        "diary",
    )
    wrong = next(entry for entry in entries(us) if entry.note == "sai")
    never = {"area_id": wrong.area_id, "done_on": wrong.done_on.isoformat(), "task": "irrigate"}
    us.accepted(
        f"/producer/diary/{wrong.id}/correct", reason="did_not_occur", explanation="Ghi nhầm ngày", **never
    )
    taken = us.client.get(f"/producer/diary/{wrong.area_id}/export?format={kind}").data
    page = unescape(raw(us, taken, "diary"))
    assert "Số dòng đã có trong sổ, được giữ nguyên: 2." in page
    assert "Số dòng đã được đính chính nên bỏ qua: 2." in page
    again = sheet([area, today(), "irrigate", "", "", "", "", "", "", "sai"], header=header)
    page = unescape(raw(us, again, "diary"))
    assert "Số dòng đã được khai là không xảy ra nên bỏ qua: 1." in page
    assert "đã có trong sổ" not in re.sub(r"<details.*", "", page, flags=re.S)
    assert "/import/confirm" not in page
    assert "Đã ghi 2 dòng." in carry_out(them, taken, "diary")
    ours = [said(entry) for entry in entries(us) if entry.note != "sai" and not entry.corrects_id]
    assert [said(entry) for entry in entries(them)] == ours
    assert len(ours) == 2


def entries(us: Visit) -> list[DiaryEntry]:
    with us.database.reading(SYSTEM.scope) as session:
        (area,) = areas.all_of(session, us.producer.id)
        return every(session, area.id)


def said(entry: DiaryEntry) -> dict[str, Any]:
    own = {
        "id",
        "area_id",
        "producer_id",
        "input_lot_id",
        "external_ref",
        "record_key",
        "revision",
        "created_at",
    }
    return entry.model_dump(exclude=own | {"recorded_by_id", "updated_at", "changed_at"})
