"""An XLSX that somebody hands in, read as text, cell by cell: the first visible sheet and nothing else of the file.

Nobody has seen what such a file holds. It is unpacked as a stream and within limits, its XML may define nothing of its
own (no DTD, so no entities), and no formula is ever worked out: a cell with one is refused. Of the format (ECMA-376,
part 1, section 18) only what carries plain values is read: rows, cells, shared and inline strings, the formats that
tell a day from a number.
"""

import math
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Final
from xml.sax import ContentHandler, SAXException

from defusedxml import sax
from defusedxml.common import DefusedXmlException

from traceability.domain.errors import RuleBroken

#: All parts together, as the archive's own list says; the archive module never unpacks more of a part than that.
MOST_UNPACKED: Final = 24 * 1024 * 1024
_MOST_PARTS: Final = 2000
#: Rows and cells, also empty ones with a border or a colour. A sheet of 500 rows and 60 columns has 30,500.
MOST_CELLS: Final = 200_000
#: seconds
_DAY: Final = 24 * 60 * 60
_MOST_STRINGS: Final = 100_000
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384

#: Number formats that are built in and show a day (18.8.30); the East Asian ones among them.
_DAYS_BUILT_IN: Final = frozenset({14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)})
_NOT_A_LETTER_OF_DAYS: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")

Cells = dict[int, str]


class _Ended(Exception):
    """Enough is known: the rest of a part need not be read."""


def column_name(column: int) -> str:
    """The letters over a column, which counts from 1: `A`, `Z`, `AA`."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def read(data: bytes, field: str, most_rows: int) -> Iterator[tuple[int, Cells]]:
    """The rows that hold something, each with its number as the spreadsheet shows it, its cells by column (from 1).

    Numbers come with a decimal comma and are never ambiguous (`1,1250`), days in ISO form. Stops after the header,
    `most_rows` rows and one more.
    Raises `RuleBroken`: `sheets.damaged`, `.unpacks_too_large`, `.too_many_cells`, `.formula`, `.error_value`.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            yield from _rows(archive, field, most_rows)
    except (zipfile.BadZipFile, zlib.error, DefusedXmlException, SAXException) as error:
        raise RuleBroken("sheets.damaged", field) from error
    except (NotImplementedError, RuntimeError, EOFError, OSError, KeyError, ValueError, LookupError) as error:
        # an encrypted part, an unknown way of packing, a part cut short, one that is not there, a broken number
        raise RuleBroken("sheets.damaged", field) from error


def _rows(archive: zipfile.ZipFile, field: str, most_rows: int) -> list[tuple[int, Cells]]:
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        limit = MOST_UNPACKED // 1024 // 1024
        raise RuleBroken("sheets.unpacks_too_large", field, limit=limit, rows=most_rows)
    known = {part.filename.lstrip("/").casefold(): part for part in parts}

    def walk(name: str, handler: ContentHandler) -> None:
        try:
            with archive.open(known[name.casefold()]) as stream:
                sax.parse(stream, handler, forbid_dtd=True)
        except _Ended:
            pass

    book = _Book()
    walk("xl/workbook.xml", book)
    targets = _Targets()
    walk("xl/_rels/workbook.xml.rels", targets)
    formats, strings = _Formats(), _Strings(field)
    if "xl/styles.xml" in known:
        walk("xl/styles.xml", formats)
    if "xl/sharedstrings.xml" in known:
        walk("xl/sharedStrings.xml", strings)
    first = posixpath.normpath(posixpath.join("/xl", targets.by_id[book.first]))
    sheet = _Sheet(field, most_rows, strings.texts, formats.days, book.from_1904)
    walk(first.lstrip("/"), sheet)
    return sheet.rows


class _Handler(ContentHandler):
    """Elements by their local name: some programs write `x:row` where others write `row`."""

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - named by the standard library
        self.begin(name.rpartition(":")[2], attrs)

    def endElement(self, name: str) -> None:  # noqa: N802
        self.end(name.rpartition(":")[2])

    def begin(self, name: str, attrs: Any) -> None: ...

    def end(self, name: str) -> None: ...


class _Book(_Handler):
    """Which sheet is the first that is not hidden, and from which day its numbers count."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.from_1904 = "", False

    def begin(self, name: str, attrs: Any) -> None:
        if name == "workbookPr":
            self.from_1904 = attrs.get("date1904", "") in ("1", "true")
        elif name == "sheet" and not self.first and attrs.get("state", "visible") == "visible":
            self.first = next((attrs[key] for key in attrs.getNames() if key.endswith(":id")), "")


class _Targets(_Handler):
    """Which part of the archive a sheet is."""

    def __init__(self) -> None:
        super().__init__()
        self.by_id: dict[str, str] = {}

    def begin(self, name: str, attrs: Any) -> None:
        if name == "Relationship" and attrs.get("TargetMode") != "External":
            self.by_id[attrs["Id"]] = attrs["Target"]


class _Formats(_Handler):
    """Which styles of cells show days."""

    def __init__(self) -> None:
        super().__init__()
        self.days: list[bool] = []
        self._own: dict[str, bool] = {}
        self._inside = False

    def begin(self, name: str, attrs: Any) -> None:
        if name == "numFmt":
            letters = _NOT_A_LETTER_OF_DAYS.sub("", attrs.get("formatCode", "")).casefold()
            self._own[attrs["numFmtId"]] = "d" in letters or "y" in letters
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            number = attrs.get("numFmtId", "0")
            self.days.append(self._own.get(number, number.isdigit() and int(number) in _DAYS_BUILT_IN))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            raise _Ended


class _Texts(_Handler):
    """Gathers the text of `t` elements, but not that of the readings over East Asian words (`rPh`)."""

    def __init__(self) -> None:
        super().__init__()
        self._text: list[str] = []
        self._open = self._reading = False

    def characters(self, content: str) -> None:
        if self._open and not self._reading:
            self._text.append(content)


class _Strings(_Texts):
    """The shared strings."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._field = field

    def begin(self, name: str, attrs: Any) -> None:
        if name == "si":
            self._text = []
        elif name == "t":
            self._open = True
        elif name == "rPh":
            self._reading = True

    def end(self, name: str) -> None:
        if name == "t":
            self._open = False
        elif name == "rPh":
            self._reading = False
        elif name == "si":
            self.texts.append("".join(self._text))
            if len(self.texts) > _MOST_STRINGS:
                raise RuleBroken("sheets.too_many_cells", self._field)


class _Sheet(_Texts):
    """The rows of a sheet."""

    def __init__(
        self, field: str, most_rows: int, strings: list[str], days: list[bool], from_1904: bool
    ) -> None:
        super().__init__()
        self.rows: list[tuple[int, Cells]] = []
        self._field, self._most, self._strings, self._days = field, most_rows, strings, days
        self._begin = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        self._row = self._column = self._seen = 0
        self._cells: Cells = {}
        self._kind, self._style = "n", ""

    def begin(self, name: str, attrs: Any) -> None:
        if name in ("row", "c"):
            self._seen += 1
            if self._seen > MOST_CELLS:
                raise RuleBroken("sheets.too_many_cells", self._field)
        if name == "row":
            self._row = int(attrs.get("r") or self._row + 1)
            if not 0 < self._row <= _LAST_ROW:
                raise ValueError(self._row)
            self._cells, self._column = {}, 0
        elif name == "c":
            place = _REFERENCE.fullmatch(attrs.get("r", ""))
            self._column = _column_number(place[1]) if place else self._column + 1
            if self._column > _LAST_COLUMN:
                raise ValueError(self._column)
            self._kind, self._style, self._text = attrs.get("t", "n"), attrs.get("s", ""), []
        elif name == "f":
            raise self._refusal("sheets.formula")
        elif name in ("v", "t"):
            self._open = True
        elif name == "rPh":
            self._reading = True

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._open = False
        elif name == "rPh":
            self._reading = False
        elif name == "c":
            text = self._value("".join(self._text))
            if text.strip():
                self._cells[self._column] = text
        elif name == "row" and self._cells:
            self.rows.append((self._row, self._cells))
            if len(self.rows) >= self._most + 2:
                raise _Ended
        elif name == "sheetData":
            raise _Ended

    def _refusal(self, code: str) -> RuleBroken:
        return RuleBroken(code, self._field, row=self._row, column=column_name(self._column))

    def _value(self, text: str) -> str:
        if not text:
            return ""
        if self._kind == "s":
            return self._strings[int(text)]
        if self._kind in ("str", "inlineStr"):
            return text
        if self._kind == "e":
            raise self._refusal("sheets.error_value")
        if self._kind == "b":
            return "1" if text.strip() == "1" else "0"
        if self._kind == "d":
            return text.strip().removesuffix("T00:00:00")
        try:
            number = Decimal(format(float(text), ".15g"))  # what is kept as 0.30000000000000004 is 0.3
        except (InvalidOperation, OverflowError):
            raise ValueError(text) from None
        if not number.is_finite() or abs(number.adjusted()) > 20:
            raise self._refusal("sheets.error_value")
        style = int(self._style) if self._style.isdigit() and len(self._style) < 7 else 0
        if style < len(self._days) and self._days[style]:
            return self._day(number)
        return _number_text(number)

    def _day(self, number: Decimal) -> str:
        """A day counted from the first one; what comes after the comma is the time of day, cut to the minute."""
        whole = math.floor(number)
        seconds = min(
            round((number - whole) * _DAY), _DAY - 1
        )  # the last moment of a day is not the next one yet
        try:
            moment = self._begin + timedelta(days=whole, seconds=seconds)
        except OverflowError:
            raise self._refusal("sheets.error_value") from None
        moment = moment.replace(second=0)
        if moment.time() == time():
            return moment.date().isoformat()
        return moment.strftime("%Y-%m-%d %H:%M")


def _number_text(number: Decimal) -> str:
    """A number as a Vietnamese would write it. Three decimals look like a group of three: a fourth tells them apart."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _mark, decimals = text.partition(".")
    return f"{whole},{decimals}{'0' * (len(decimals) == 3)}" if decimals else whole
