"""The cover sheet of a print order: a document of its own, so that the file of stamps never changes.

It goes with the stamps to whoever prints and sticks them: what was ordered, the first and the last code, how
to print, and the state of the log when the order became ready. The words come from the caller, in its reader's
language, NFC.
"""

import io
from dataclasses import dataclass

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from traceability.labels import typeset
from traceability.labels.face import DEMO_WORD
from traceability.labels.typeset import BOLD, CODE, PT_PER_MM, REGULAR

_LEFT, _RIGHT, _TOP, _BOTTOM = 20 * PT_PER_MM, 190 * PT_PER_MM, 277 * PT_PER_MM, 20 * PT_PER_MM
_VALUES = 68 * PT_PER_MM


@dataclass(frozen=True)
class CoverSheet:
    """What the sheet says, top to bottom.

    `rows` are (label, value): order number, producer, product, lot, count, layout ... `codes` are (label, code in
    groups) of the first and the last stamp. `notes` are sentences for the printer; `checkpoint` lines are
    set as they are, without wrapping words.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    codes: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    checkpoint_title: str = ""
    checkpoint: tuple[str, ...] = ()
    demo: bool = False


def pdf(sheet: CoverSheet) -> bytes:
    """The sheet as an A4 PDF of one page or more; the same sheet gives the same bytes.

    Raises RuleBroken("labels.letter_missing") for a letter that the font does not have.
    """
    written = io.BytesIO()
    typeset.register_fonts()
    canvas = Canvas(written, pagesize=A4, invariant=1, pageCompression=1, initialFontName=REGULAR)  # type: ignore[arg-type]
    canvas.setTitle(sheet.title)
    _Writer(canvas, sheet).write()
    canvas.showPage()
    canvas.save()
    return written.getvalue()


class _Writer:
    """Sets lines from the top down and turns the page when it is full."""

    def __init__(self, canvas: Canvas, sheet: CoverSheet) -> None:
        self._canvas, self._sheet = canvas, sheet
        self._y = 0.0

    def write(self) -> None:
        sheet = self._sheet
        self._open_page()
        self._lines(sheet.title, BOLD, 18, _LEFT)
        self._rule()
        for label, value in sheet.rows:
            self._pair(label, value, REGULAR, 11)
        self._rule()
        for label, code in sheet.codes:
            self._pair(label, code, CODE, 15)
        if sheet.notes:
            self._rule()
            for note in sheet.notes:
                self._lines(note, REGULAR, 11, _LEFT)
                self._y -= 3
        if sheet.checkpoint:
            self._rule()
            self._lines(sheet.checkpoint_title, BOLD, 11, _LEFT)
            for line in sheet.checkpoint:
                self._lines(line, REGULAR, 9, _LEFT)

    def _open_page(self) -> None:
        self._y = _TOP
        if self._sheet.demo:
            self._canvas.saveState()
            self._canvas.setFont(BOLD, 150)
            self._canvas.setFillGray(0.88)
            self._canvas.translate(A4[0] / 2, A4[1] / 2)
            self._canvas.rotate(55)
            self._canvas.drawCentredString(0, -50, DEMO_WORD)
            self._canvas.restoreState()

    def _pair(self, label: str, value: str, font: str, size: float) -> None:
        top = self._y
        self._lines(label, REGULAR, 10, _LEFT, right=_VALUES - 8, lead=size)
        below, self._y = self._y, top
        self._lines(value, font, size, _VALUES)
        self._y = min(below, self._y) - 3

    def _lines(
        self, text: str, font: str, size: float, left: float, right: float = _RIGHT, lead: float | None = None
    ) -> None:
        typeset.width_pt(text, font, size)
        for line in simpleSplit(text, font, size, right - left):
            # One word longer than the line (a hash) is cut where the line ends.
            for piece in _cut(line, font, size, right - left):
                self._turn(size)
                self._y -= (lead or size) * 1.35
                self._canvas.setFont(font, size)
                self._canvas.drawString(left, self._y, piece)

    def _rule(self) -> None:
        self._turn(20)
        self._y -= 12
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_LEFT, self._y, _RIGHT, self._y)
        self._y -= 6

    def _turn(self, needed: float) -> None:
        if self._y - needed * 1.35 < _BOTTOM:
            self._canvas.showPage()
            self._open_page()


def _cut(line: str, font: str, size: float, width: float) -> list[str]:
    pieces = [""]
    for letter in line:
        if pieces[-1] and typeset.width_pt(pieces[-1] + letter, font, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
