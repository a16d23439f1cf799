"""Sheets for an office: CSV that Excel opens with its Vietnamese letters, and XLSX. Nothing in them is a live formula.

A spreadsheet runs what begins with = + - or @; text that a producer typed must never be run on an officer's machine.
In CSV such text gets an apostrophe in front, in XLSX every text is written as text. Numbers and days stay numbers and
days. Both are the same bytes for the same rows, but for the moment that XLSX notes of itself, which is fixed.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter

Cell = str | int | float | date | None

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WIDEST = 60
_NOT_IN_A_NAME = re.compile(r"[][:*?/\\']")  # of a sheet
_MOST_LETTERS = 32_767  # Excel's limit of a cell


def harmless(cell: Cell) -> Cell:
    """A text as it may stand in a CSV: with an apostrophe in front where a spreadsheet would run it."""
    if isinstance(cell, str) and (cell.startswith(_LIVE) or cell.lstrip().startswith(_LIVE)):
        return "'" + cell
    return cell


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV in UTF-8 with a byte order mark; days in ISO form, moments cut to the minute by the caller."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in header])
    for row in rows:
        writer.writerow([_plain(harmless(cell)) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return _decimal(cell)
    return cell.isoformat() if isinstance(cell, date) else cell


def _decimal(number: float) -> str | float:
    """Three decimals look like a group of three, a thousand times as much, to every Vietnamese and to our own imports:
    a fourth tells them apart."""
    text = repr(number)
    return f"{text}0" if re.fullmatch(r"-?\d+\.\d{3}", text) else number


#: A tab of a workbook: its name, its header, its rows.
Tab = tuple[str, Sequence[str], Iterable[Sequence[Cell]]]


def xlsx_bytes(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """An XLSX with one sheet: a bold header that stays in view, filters, and columns as wide as they need."""
    return book_bytes(title, [(title, header, rows)])


def book_bytes(title: str, tabs: Iterable[Tab]) -> bytes:
    """An XLSX with a sheet for each tab."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": title, "created": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "bg_color": "#E3EFE7", "border": 1, "text_wrap": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, header, rows in tabs:
        _fill(book.add_worksheet(_NOT_IN_A_NAME.sub(" ", name)[:31]), header, rows, bold, day)
    book.close()
    return file.getvalue()


def _fill(sheet: Any, header: Sequence[str], rows: Iterable[Sequence[Cell]], bold: Any, day: Any) -> None:
    widths = [len(name) for name in header]
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                sheet.write_string(last, column, cell[:_MOST_LETTERS])
            elif isinstance(cell, date):
                sheet.write_datetime(last, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001
            else:
                sheet.write_number(last, column, cell)
            widths[column] = max(widths[column], min(_WIDEST, len(str(cell))))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width + 2)
    sheet.freeze_panes(1, 0)
    if header and last:
        sheet.autofilter(0, 0, last, len(header) - 1)
