"""The label of a carton or pallet: its SSCC as a GS1-128 symbol, and what lies in it in words.

GS1 General Specifications 6.6 and figure 5.12.3: X-dimension 0.495-0.940 mm, height at least 31.75 mm, quiet zones of
10 X. The page is 100 mm wide and 100 mm high: any label printer prints it, and so does a corner of A4.
"""

import io
from dataclasses import dataclass

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from traceability.labels import typeset
from traceability.labels.face import DEMO_WORD
from traceability.labels.typeset import BOLD, CODE, PT_PER_MM, REGULAR

WIDTH_MM = HEIGHT_MM = 100.0
X_MM, BAR_HEIGHT_MM = 0.5, 32.0
_FNC1 = "\xf1"
_LEFT, _RIGHT = 6 * PT_PER_MM, 94 * PT_PER_MM
_LEAST_Y = 46 * PT_PER_MM


@dataclass(frozen=True)
class CartonLabel:
    """What the label says. `rows` are (label, value): who packed, what, lots, weight, day."""

    title: str
    sscc: str
    rows: tuple[tuple[str, str], ...]
    demo: bool = False


def pdf(label: CartonLabel) -> bytes:
    """The label as a PDF of one page; the same label gives the same bytes. What has no room is left out at the end.

    Raises RuleBroken("labels.letter_missing") for a letter that the font does not have.
    """
    written = io.BytesIO()
    typeset.register_fonts()
    size = (WIDTH_MM * PT_PER_MM, HEIGHT_MM * PT_PER_MM)
    canvas = Canvas(written, pagesize=size, invariant=1, pageCompression=1, initialFontName=REGULAR)  # type: ignore[arg-type]
    canvas.setTitle(f"SSCC {label.sscc}")
    if label.demo:
        canvas.saveState()
        canvas.setFont(BOLD, 52)
        canvas.setFillGray(0.88)
        canvas.translate(size[0] / 2, 70 * PT_PER_MM)
        canvas.rotate(25)
        canvas.drawCentredString(0, -18, DEMO_WORD)
        canvas.restoreState()
    _words(canvas, label)
    _symbol(canvas, label.sscc)
    canvas.showPage()
    canvas.save()
    return written.getvalue()


def _words(canvas: Canvas, label: CartonLabel) -> None:
    y = 92 * PT_PER_MM
    typeset.width_pt(label.title, BOLD, 14)
    canvas.setFont(BOLD, 14)
    canvas.drawString(_LEFT, y, label.title)
    for name, value in label.rows:
        text = f"{name}: {value}"
        typeset.width_pt(text, REGULAR, 10)
        for line in simpleSplit(text, REGULAR, 10, _RIGHT - _LEFT)[:2]:
            y -= 13
            if y < _LEAST_Y:
                return
            canvas.setFont(REGULAR, 10)
            canvas.drawString(_LEFT, y, line)


def _symbol(canvas: Canvas, sscc: str) -> None:
    bars = Code128(
        f"{_FNC1}00{sscc}", barWidth=X_MM * PT_PER_MM, barHeight=BAR_HEIGHT_MM * PT_PER_MM, quiet=False
    )
    left = (WIDTH_MM * PT_PER_MM - bars.width) / 2
    bars.drawOn(canvas, left, 12 * PT_PER_MM)
    canvas.setFont(CODE, 12)
    canvas.drawCentredString(WIDTH_MM * PT_PER_MM / 2, 6 * PT_PER_MM, f"(00) {sscc}")
