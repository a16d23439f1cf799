"""Sheets that somebody hands in: what Excel and its kin write is read, and what harms is refused in words, at once."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from time import perf_counter
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from traceability import sheet_reading, sheets, workbook_reading
from traceability.domain.errors import RuleBroken
from traceability.sheet_reading import Line, read

MOST = 500
HEADER = ("Mã", "Khối lượng (kg)", "Ghi chú")


def refused(data: bytes, most: int = MOST) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        read(data, most)
    assert caught.value.field == "file"
    return caught.value


def workbook(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True} | options)
    fill(book, book.add_worksheet())
    book.close()
    return file.getvalue()


def with_part(data: bytes, name: str, content: bytes | Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part of it replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            body = old.read(part)
            if part == name:
                body = content if isinstance(content, bytes) else content(body)
            new.writestr(part, body)
    return out.getvalue()


SMALL = sheets.xlsx_bytes("x", HEADER, [["A", 1250, "đủ"]])
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "data",
    [
        "Mã;Khối lượng (kg);Ghi chú\r\nA;1.250,5;đủ; rồi\r\n".replace("; rồi", "").encode(),
        '\ufeffMã,Khối lượng (kg),Ghi chú\nA,"1.250,5",đủ\n\n'.encode(),
        "Mã\tKhối lượng (kg)\tGhi chú\nA\t1.250,5\tđủ".encode("utf-16"),
        "sep=;\nMã;Khối lượng (kg);Ghi chú\nA;1.250,5;đủ\n".encode(),
    ],
    ids=["semicolons", "commas and a mark", "Unicode text of Excel", "sep="],
)
def test_every_csv_that_excel_writes_is_read(data: bytes) -> None:
    assert read(data, MOST) == (HEADER, [Line(2, ("A", "1.250,5", "đủ"))])


def test_rows_keep_the_numbers_that_the_spreadsheet_shows() -> None:
    table = read('\nMã;Ghi chú\n\nA;"hai\ndòng"\nB;x\n'.encode(), MOST)
    assert table.lines == [Line(4, ("A", "hai\ndòng")), Line(5, ("B", "x"))]
    filled = workbook(lambda _book, sheet: (sheet.write(2, 1, "Mã"), sheet.write(6, 1, "A")))
    assert read(filled, MOST) == (("", "Mã"), [Line(7, ("", "A"))])


@pytest.mark.parametrize(
    "write", [sheets.csv_bytes, lambda *said: sheets.xlsx_bytes("x", *said)], ids=["csv", "xlsx"]
)
def test_what_our_own_sheets_say_comes_back(write: Callable[..., bytes]) -> None:
    rows = [["- rửa sạch", 1.125, date(2026, 11, 24)], ["=1+1", 1250, None], ["'x", 0.3, date(2026, 1, 2)]]
    header, lines = read(write(["a", "b", "c"], rows), MOST)
    assert [line.cells for line in lines][1] == ("=1+1", "1250", "")
    assert [cells[0] for _number, cells in lines] == ["- rửa sạch", "=1+1", "'x"]
    assert [cells[2] for _number, cells in lines] == ["2026-11-24", "", "2026-01-02"]
    assert lines[0].cells[1] in ("1.1250", "1,1250")  # never 1.125, which is a thousand and more
    assert header == ("a", "b", "c")


def test_days_numbers_and_texts_of_a_workbook_are_told_apart() -> None:
    book = openpyxl.Workbook()
    book.active.append(["day", "moment", "number", "noise", "flag", "text", "percent", "large"])
    book.active.append(
        [date(2024, 2, 29), datetime(2026, 11, 24, 7, 30), 85.5, 0.1 + 0.2, True, "007", 0.5, 26112401]
    )
    book.active["A2"].number_format, book.active["B2"].number_format = (
        '[$-42A]dd"/"mm/yyyy;@',
        "dd/mm/yyyy hh:mm",
    )
    book.active["G2"].number_format = '0.00" d"'  # the letter is not a day's
    file = io.BytesIO()
    book.save(file)
    (line,) = read(file.getvalue(), MOST).lines
    assert line.cells == ("2024-02-29", "2026-11-24 07:30", "85,5", "0,3", "1", "007", "0,5", "26112401")


def test_a_time_is_cut_to_its_minute_and_never_goes_to_another_day() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b", "c", "d", "e"])
        style = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        day = 46_350  # 2026-11-24
        for place, clock in enumerate((86_399, 86_399.9, 27_000, 27_059, 20)):
            sheet.write_number(1, place, day + clock / 86_400, style)

    (line,) = read(workbook(fill), MOST).lines
    assert line.cells == (
        "2026-11-24 23:59", "2026-11-24 23:59", "2026-11-24 07:30", "2026-11-24 07:30", "2026-11-24",
    )  # fmt: skip


def test_workbooks_that_count_from_1904_and_hide_their_first_sheet_are_read() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.sheet_state = "hidden"
    book.active.append(["geheim"])
    sheet = book.create_sheet("Dữ liệu")
    sheet.append(["day"])
    sheet.append([date(2026, 11, 24)])
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue(), MOST).lines == [Line(2, ("2026-11-24",))]


def test_a_formula_is_neither_worked_out_nor_its_kept_result_believed() -> None:
    data = workbook(
        lambda _book, sheet: (sheet.write(0, 0, "kg"), sheet.write_formula(1, 0, "=1+1", None, 999))
    )
    error = refused(data)
    assert (error.code, error.facts) == ("sheets.formula", {"row": 2, "column": "A"})


def test_an_error_of_excel_and_an_impossible_number_are_refused_by_their_cell() -> None:
    book = with_part(SMALL, SHEET, lambda body: body.replace(b"<v>1250</v>", b"<v>1e400</v>"))
    assert (refused(book).code, refused(book).facts) == ("sheets.error_value", {"row": 2, "column": "B"})
    book = with_part(SMALL, SHEET, lambda body: body.replace(b'"B2"><v>1250', b'"B2" t="e"><v>#N/A'))
    assert refused(book).code == "sheets.error_value"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \r\n \n", "empty"),
        ("Mã;kg\n".encode(), "empty"),
        (b"x" * (sheet_reading.MOST_BYTES + 1), "too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_office"),
        (b"%PDF-1.7", "not_a_sheet"),
        (b"<html>", "not_a_sheet"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not_a_sheet"),
        ("Mã;Ghi chú\nA;đủ".encode("utf-16-le"), "not_a_sheet"),
        ("Mã;Ghi chú\nA;đủ\n".encode("cp1258", "replace"), "encoding"),
        (b'a;b\n1;"2\n3;4\n', "quotes"),
        (b"a;b\n1;" + b"x" * 2001, "cell_too_long"),
        (b"a;b\n1;2;3\n", "no_heading"),
        (b";".join([b"a"] * 61) + b"\n1", "too_many_columns"),
        (b"PK\x03\x04 and nothing", "damaged"),
        (SMALL[:-30], "damaged"),
        (with_part(SMALL, "xl/workbook.xml", b"<workbook/>"), "damaged"),
        (with_part(SMALL, SHEET, b"<worksheet><sheetData><row>"), "damaged"),
        (with_part(SMALL, SHEET, lambda body: body.replace(b't="s"><v>0', b't="s"><v>99')), "damaged"),
    ],
)  # fmt: skip
def test_every_other_file_is_refused_in_words(data: bytes, code: str) -> None:
    assert refused(data).code == f"sheets.{code}"


def test_entities_are_refused_before_they_are_expanded() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    for part in ("xl/workbook.xml", SHEET, "xl/sharedStrings.xml"):
        hostile = with_part(SMALL, part, lambda body: laughs + body.partition(b"?>")[2])
        assert refused(hostile).code == "sheets.damaged"
    outside = b'<?xml version="1.0"?><!DOCTYPE w SYSTEM "file:///etc/passwd">'
    assert (
        refused(with_part(SMALL, SHEET, lambda body: outside + body.partition(b"?>")[2])).code
        == "sheets.damaged"
    )


def quickly(data: bytes) -> RuleBroken:
    """Refused while hardly a row of it has been looked at. The limit is wide: what it must never be is minutes."""
    began = perf_counter()
    error = refused(data)
    assert perf_counter() - began < 10
    return error


def test_a_million_rows_are_refused_after_the_first_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    data = "Mã;kg\n".encode() + b"A;1\n" * 1_000_000
    assert len(data) < sheet_reading.MOST_BYTES
    looked: list[str] = []
    monkeypatch.setattr(sheet_reading, "_as_meant", lambda cell: looked.append(cell) or cell)
    error = quickly(data)
    assert (error.code, error.facts) == ("sheets.too_many_rows", {"limit": MOST})
    assert len(looked) == 2 * (MOST + 2)


def test_a_million_rows_in_a_workbook_are_refused_too() -> None:
    row = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'
    body = (
        b"<worksheet><sheetData>"
        + b"".join(row % (n, n) for n in range(1, 400_001))
        + b"</sheetData></worksheet>"
    )
    assert quickly(with_part(SMALL, SHEET, body)).code == "sheets.too_many_rows"


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = with_part(SMALL, SHEET, b"<worksheet>" + b" " * (workbook_reading.MOST_UNPACKED + 1))
    assert len(bomb) < 100_000
    opened: list[Any] = []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *said: opened.append(said))
    assert quickly(bomb).code == "sheets.unpacks_too_large"
    assert opened == []


@pytest.mark.parametrize(
    "row",
    ["<row>" + "<c/>" * 1000 + "</row>", '<row><c r="XFD1"/></row>', "<row/>"],
    ids=["empty cells", "far cells", "empty rows"],
)
def test_a_huge_or_sparse_sheet_is_refused_soon(row: str) -> None:
    many = row.encode() * (2 * workbook_reading.MOST_CELLS // row.count("<"))
    sheet = b"<worksheet><sheetData>" + many * 2 + b"</sheetData></worksheet>"
    assert quickly(with_part(SMALL, SHEET, sheet)).code == "sheets.too_many_cells"


def test_a_workbook_may_repeat_one_long_text_only_so_often() -> None:
    cells = [["x" * 1999] * 60] * 40
    assert refused(sheets.xlsx_bytes("x", ["a"] * 60, cells)).code == "sheets.too_much_text"
