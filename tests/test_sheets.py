"""Sheets for an office: Vietnamese letters survive, and nothing that a person typed is run as a formula."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from traceability import sheets

DANGEROUS = ["=1+1", "+84 909", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =cmd|' /C calc'!A0", "＝1+1"]
HEADER = ["Số lô", "Khối lượng (kg)", "Ngày"]


def test_a_csv_opens_in_excel_with_its_letters() -> None:
    data = sheets.csv_bytes(HEADER, [["Bưởi Năm Roi", 12.5, date(2026, 11, 24)], ["", None, None]])
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [HEADER, ["Bưởi Năm Roi", "12.5", "2026-11-24"], ["", "", ""]]


@pytest.mark.parametrize("text", DANGEROUS)
def test_nothing_is_run_as_a_formula(text: str) -> None:
    [_header, [cell]] = list(
        csv.reader(io.StringIO(sheets.csv_bytes(["x"], [[text]]).decode("utf-8-sig"), ""))
    )
    assert cell == "'" + text
    book = openpyxl.load_workbook(io.BytesIO(sheets.xlsx_bytes("x", ["x"], [[text]])))
    written = book.active["A2"]
    assert written.data_type == "s"
    assert written.value


def test_a_negative_number_stays_a_number() -> None:
    data = sheets.csv_bytes(["x"], [[-5]]).decode("utf-8-sig")
    assert data.splitlines()[1] == "-5"
    book = openpyxl.load_workbook(io.BytesIO(sheets.xlsx_bytes("x", HEADER, [["a", -5, date(2026, 1, 2)]])))
    assert [cell.data_type for cell in book.active[2]] == ["s", "n", "d"]
