"""Office papers: letters and reports of one page or more, in the stamps' typeface.

A paper is a list of parts, set from the top down; a file holds one paper after the other, each from a new page. The
words come from the caller, in its reader's language, NFC. The same papers give the same bytes.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from traceability.labels import typeset
from traceability.labels.typeset import BOLD, PT_PER_MM, REGULAR

_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * PT_PER_MM, 190 * PT_PER_MM, 280 * PT_PER_MM, 22 * PT_PER_MM
_GAP = 6.0
_REPLACED = "□"


@dataclass(frozen=True)
class Sides:
    """Two short blocks side by side: who writes, and the heading of the State. Lines are centred, the first bold."""

    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True)
class Title:
    """A heading in the middle of the page."""

    text: str
    below: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading within the paper."""

    text: str


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Pairs:
    """Labels with their values; empty values are left out."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grid:
    """A table with rules. `widths` are parts of the width; columns in `right` are set flush right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Blank:
    """A line to be written on by hand, after its label."""

    label: str


@dataclass(frozen=True)
class Space:
    """Room, for a signature."""

    mm: float


Part = Sides | Title | Heading | Words | Pairs | Grid | Blank | Space


@dataclass(frozen=True)
class Paper:
    """One letter or report. `foot` stands small at the foot of each page."""

    name: str
    parts: tuple[Part, ...]
    foot: str = ""
    demo: str = ""


def pdf(papers: Iterable[Paper], title: str) -> bytes:
    """The papers as one A4 PDF. A letter that the typeface lacks is set as a box: a letter is never held up by it."""
    written = io.BytesIO()
    typeset.register_fonts()
    canvas = Canvas(written, pagesize=A4, invariant=1, pageCompression=1, initialFontName=REGULAR)  # type: ignore[arg-type]
    canvas.setTitle(title)
    for paper in papers:
        _Setter(canvas, paper).set()
    canvas.save()
    return written.getvalue()


class _Setter:
    """Sets the parts of one paper and turns the page when it is full."""

    def __init__(self, canvas: Canvas, paper: Paper) -> None:
        self._canvas, self._paper = canvas, paper
        self._y = _TOP
        self._page = 1

    def set(self) -> None:
        self._begin()
        for part in self._paper.parts:
            self._part(part)
        self._end()

    def _part(self, part: Part) -> None:
        if isinstance(part, Sides):
            self._sides(part)
        elif isinstance(part, Title):
            self._y -= _GAP
            self._centred(part.text, BOLD, 15, _LEFT, _RIGHT)
            if part.below:
                self._centred(part.below, REGULAR, 11, _LEFT, _RIGHT)
            self._y -= _GAP
        elif isinstance(part, Heading):
            self._turn(40)
            self._y -= _GAP
            self._lines(part.text, BOLD, 12, _LEFT, _RIGHT)
        elif isinstance(part, Words):
            self._lines(part.text, BOLD if part.bold else REGULAR, 11, _LEFT, _RIGHT)
            self._y -= _GAP / 2
        elif isinstance(part, Pairs):
            self._pairs(part)
        elif isinstance(part, Grid):
            self._grid(part)
        elif isinstance(part, Space):
            self._turn(part.mm * PT_PER_MM)
            self._y -= part.mm * PT_PER_MM
        else:
            self._blank(part)

    def _begin(self) -> None:
        self._y = _TOP
        if self._paper.demo:
            self._canvas.saveState()
            self._canvas.setFont(BOLD, 120)
            self._canvas.setFillGray(0.9)
            self._canvas.translate(A4[0] / 2, A4[1] / 2)
            self._canvas.rotate(55)
            self._canvas.drawCentredString(0, -40, _known(self._paper.demo))
            self._canvas.restoreState()

    def _end(self) -> None:
        self._canvas.setFont(REGULAR, 8)
        foot = _known(self._paper.foot)
        self._canvas.drawString(_LEFT, 12 * PT_PER_MM, foot)
        self._canvas.drawRightString(_RIGHT, 12 * PT_PER_MM, str(self._page))
        self._canvas.showPage()

    def _turn(self, needed: float) -> None:
        if self._y - needed < _BOTTOM:
            self._end()
            self._page += 1
            self._begin()

    def _sides(self, part: Sides) -> None:
        top, middle, ends = self._y, (_LEFT + _RIGHT) / 2, []
        for lines, left, right in ((part.left, _LEFT, middle - 6), (part.right, middle + 6, _RIGHT)):
            self._y = top
            for number, line in enumerate(lines):
                self._centred(line, BOLD if number == 0 else REGULAR, 10.5, left, right)
            ends.append(self._y)
        self._y = min(ends) - _GAP

    def _centred(self, text: str, font: str, size: float, left: float, right: float) -> None:
        for line in _split(text, font, size, right - left):
            self._turn(size * 1.4)
            self._y -= size * 1.35
            self._canvas.setFont(font, size)
            self._canvas.drawCentredString((left + right) / 2, self._y, line)

    def _lines(self, text: str, font: str, size: float, left: float, right: float) -> None:
        for line in _split(text, font, size, right - left):
            self._turn(size * 1.4)
            self._y -= size * 1.4
            self._canvas.setFont(font, size)
            self._canvas.drawString(left, self._y, line)

    def _pairs(self, part: Pairs) -> None:
        value_at = _LEFT + 58 * PT_PER_MM
        for label, value in part.rows:
            if not value:
                continue
            lines = _split(value, REGULAR, 11, _RIGHT - value_at)
            labels = _split(label, REGULAR, 10, value_at - _LEFT - 8)
            self._turn(16 * min(2, max(len(lines), len(labels))))
            top = self._y
            self._lines(label, REGULAR, 10, _LEFT, value_at - 8)
            below, self._y = self._y, top
            self._lines(value, REGULAR, 11, value_at, _RIGHT)
            self._y = min(below, self._y)

    def _grid(self, part: Grid) -> None:
        edges = [_LEFT]
        for width in part.widths:
            edges.append(edges[-1] + width * (_RIGHT - _LEFT) / sum(part.widths))
        self._y -= _GAP
        self._row(part.header, edges, part.right, BOLD)
        for row in part.rows:
            if self._y - self._height(row, edges, REGULAR) < _BOTTOM:
                self._end()
                self._page += 1
                self._begin()
                self._row(part.header, edges, part.right, BOLD)
            self._row(row, edges, part.right, REGULAR)
        self._y -= _GAP

    def _height(self, row: tuple[str, ...], edges: list[float], font: str) -> float:
        most = max(len(_split(text, font, 9, edges[at + 1] - edges[at] - 6)) for at, text in enumerate(row))
        return 9 * 1.35 * max(1, min(most, 40)) + 6

    def _row(self, row: tuple[str, ...], edges: list[float], right: frozenset[int], font: str) -> None:
        height = self._height(row, edges, font)
        self._turn(height)
        self._canvas.setLineWidth(0.4)
        self._canvas.setFont(font, 9)
        for at, text in enumerate(row):
            self._canvas.rect(edges[at], self._y - height, edges[at + 1] - edges[at], height)
            for number, line in enumerate(_split(text, font, 9, edges[at + 1] - edges[at] - 6)[:40]):
                base = self._y - 3 - 9 - number * 9 * 1.35
                if at in right:
                    self._canvas.drawRightString(edges[at + 1] - 3, base, line)
                else:
                    self._canvas.drawString(edges[at] + 3, base, line)
        self._y -= height

    def _blank(self, part: Blank) -> None:
        self._turn(24)
        self._y -= 20
        label = _known(part.label)
        self._canvas.setFont(REGULAR, 11)
        self._canvas.drawString(_LEFT, self._y, label)
        start = _LEFT + typeset.width_pt(label, REGULAR, 11) + 6
        self._canvas.setDash(1, 2)
        self._canvas.line(min(start, _RIGHT - 60), self._y - 2, _RIGHT, self._y - 2)
        self._canvas.setDash()


def _known(text: str) -> str:
    """The text with a box for each letter that the typeface lacks."""
    glyphs = typeset.true_type(REGULAR).face.charToGlyph
    box = _REPLACED if ord(_REPLACED) in glyphs else "?"
    return "".join(letter if ord(letter) in glyphs or letter == "\n" else box for letter in text)


def _split(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines that fit; a word longer than a line is cut where the line ends."""
    lines: list[str] = []
    for line in simpleSplit(_known(text), font, size, width):
        piece = ""
        for letter in line:
            if piece and typeset.width_pt(piece + letter, font, size) > width:
                lines.append(piece)
                piece = ""
            piece += letter
        lines.append(piece)
    return lines
