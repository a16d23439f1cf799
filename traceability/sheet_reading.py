"""Sheets that somebody hands in: CSV or XLSX becomes a header and rows of text, or is refused in words.

What kind a file is, its content says; the name of a file proves nothing. All limits stand here and in
`workbook_reading`: a file of a million rows is refused after the first rows too many, without reading on.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, NoReturn

from traceability import sheets, workbook_reading
from traceability.domain.errors import RuleBroken
from traceability.workbook_reading import Cells, column_name

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 2000
#: All cells together: the rows travel from the page that shows them to the next.
MOST_TEXT: Final = 1_000_000
_ZIP: Final = b"PK\x03\x04"
#: Excel's format of before 2007, and every Office file that a password locks.
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SEPARATORS: Final = (";", "\t", ",")


class Line(NamedTuple):
    """A row that holds something: its number in the spreadsheet, and its cells as far as the header reaches."""

    number: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """The first row that holds something, and those after it."""

    header: tuple[str, ...]
    lines: list[Line]


def read(data: bytes, most_rows: int, field: str = "file") -> Table:
    """The table of an uploaded file, at most `most_rows` rows besides its header.

    Raises `RuleBroken`: `sheets.empty`, `.too_large`, `.old_office`, `.not_a_sheet`, `.encoding`, `.quotes`,
    `.too_many_rows`, `.too_many_columns`, `.cell_too_long`, `.too_much_text`, `.no_heading`, and what
    `workbook_reading.read` refuses.
    """
    if len(data) > MOST_BYTES:
        _refuse("too_large", field, limit=MOST_BYTES // 1024 // 1024, rows=most_rows)
    if not data.strip():
        _refuse("empty", field)
    if data.startswith(_OLD_OFFICE):
        _refuse("old_office", field)
    if data.startswith(_ZIP):
        return _table(workbook_reading.read(data, field, most_rows), field, most_rows)
    return _table(_csv_rows(_text(data, field), field), field, most_rows)


def _refuse(why: str, field: str, **facts: int | str) -> NoReturn:
    raise RuleBroken(f"sheets.{why}", field, **facts)


def _text(data: bytes, field: str) -> str:
    """UTF-8, or the UTF-16 that Excel writes as “Unicode text”."""
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        _refuse("not_a_sheet" if b"\0" in data else "encoding", field)
    if "\0" in text or text.lstrip().startswith(("%PDF", "<", "{")):
        _refuse("not_a_sheet", field)
    return text


def _csv_rows(text: str, field: str) -> Iterator[tuple[int, Cells]]:
    text, separator = _separated(text)
    number = 0
    try:
        # an unfinished quotation would swallow the rest of the file: strict says so
        for number, row in enumerate(
            csv.reader(io.StringIO(text), delimiter=separator, strict=True), start=1
        ):
            cells = {column: _as_meant(cell) for column, cell in enumerate(row, start=1) if cell.strip()}
            if cells:
                yield number, cells
    except csv.Error:
        _refuse("quotes", field, row=number + 1)


def _separated(text: str) -> tuple[str, str]:
    """The text without Excel's own line `sep=;`, and what stands between its cells: what its first line has most of."""
    first, _mark, rest = text.partition("\n")
    if first.casefold().startswith("sep=") and len(first.strip()) == 5:
        return rest, first.strip()[4]
    head = next((line for line in text[:20_000].splitlines() if line.strip()), "")
    return text, max(_SEPARATORS, key=head.count)


def _as_meant(cell: str) -> str:
    """Without the apostrophe that our own sheets put before what a spreadsheet would run."""
    return cell[1:] if cell.startswith("'") and sheets.harmless(cell[1:]) == cell else cell


def _table(rows: Iterable[tuple[int, Cells]], field: str, most_rows: int) -> Table:
    header: tuple[str, ...] = ()
    lines: list[Line] = []
    text = 0
    for number, cells in rows:
        if max(cells) > MOST_COLUMNS:
            _refuse("too_many_columns", field, row=number, limit=MOST_COLUMNS)
        for column, cell in cells.items():
            if len(cell) > LONGEST_CELL:
                _refuse("cell_too_long", field, row=number, column=column_name(column), limit=LONGEST_CELL)
        text += sum(map(len, cells.values()))
        if text > MOST_TEXT:
            _refuse("too_much_text", field)
        if not header:
            header = tuple(cells.get(column, "").strip() for column in range(1, max(cells) + 1))
            continue
        stray = next((column for column in cells if column > len(header) or not header[column - 1]), None)
        if stray is not None:
            _refuse("no_heading", field, row=number, column=column_name(stray))
        if len(lines) == most_rows:
            _refuse("too_many_rows", field, limit=most_rows)
        lines.append(Line(number, tuple(cells.get(column, "") for column in range(1, len(header) + 1))))
    if not lines:
        _refuse("empty", field)
    return Table(header, lines)
