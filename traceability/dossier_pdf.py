"""The dossier of a lot as a PDF: A4, Vietnamese letters, pictures, tables that break over pages, the trace drawn."""

import io
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Picture
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from traceability.domain.public_areas import OUTLINE_HEIGHT, OUTLINE_WIDTH
from traceability.labels import typeset
from traceability.labels.typeset import BOLD, REGULAR
from traceability.lot_dossiers import LotDossier, Outline, Section
from traceability.trace_pages import Label, TracePage

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12  # a frame keeps 6 pt on each side
_TALLEST = A4[1] - 60 * mm
_GREEN, _INK, _MUTED, _LINE, _STOP, _ARROW = (
    HexColor(value) for value in ("#0b6b3a", "#1b2420", "#55605a", "#c9c6ba", "#a01c15", "#8aa896")
)
_TINTS = {
    "root": "#e6f2ea",
    "own": "#ffffff",
    "foreign": "#f3f1ea",
    "hidden": "#eceeea",
    "material": "#fdf6e3",
}
_STYLES = {
    "title": (BOLD, 17, 22, _GREEN),
    "heading": (BOLD, 12, 16, _GREEN),
    "stop": (BOLD, 12, 16, _STOP),
    "lead": (REGULAR, 11, 15, _INK),
    "text": (REGULAR, 9, 12.5, _INK),
    "warning": (REGULAR, 9, 12.5, _STOP),
    "label": (REGULAR, 8.5, 11, _MUTED),
    "cell": (REGULAR, 8.5, 11, _INK),
    "head": (BOLD, 8.5, 11, _INK),
}
_LONGEST = 4_000
#: The room beside the text of a cell, with a point to spare.
_SIDES = 7
_COMMAND = re.compile(r"([MLHVCZ])([^MLHVCZ]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def pdf(dossier: LotDossier, picture: Path | None) -> bytes:
    """The document; the same dossier gives the same bytes. `picture` is the file of the product's picture."""
    typeset.register_fonts()
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=16 * mm, bottomMargin=18 * mm,
        title=dossier.title, author=dossier.producer, subject=dossier.goods, invariant=1,
    )  # fmt: skip
    story: list[Flowable] = [_head(dossier, picture), Spacer(1, 4 * mm)]
    for section in dossier.sections:
        story += _section(section)
    if dossier.outlines:
        drawn: list[Flowable] = [_Drawn.of_outline(one) for one in dossier.outlines]
        story.append(KeepTogether([_text(dossier.outlines_title, "heading"), _side_by_side(drawn)]))
    if dossier.drawing is not None:
        story += [
            CondPageBreak(70 * mm),
            _text(dossier.drawing_title, "heading"),
            _Drawn.of_trace(dossier.drawing),
        ]

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.setFont(REGULAR, 7.5)
        canvas.setFillColor(_MUTED)
        canvas.drawString(_MARGIN, 10 * mm, dossier.footer)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"{dossier.title} · {canvas.getPageNumber()}")

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return written.getvalue()


def _text(text: str, style: str = "text") -> Paragraph:
    """A paragraph of plain text: nothing in it is markup."""
    font, size, leading, colour = _STYLES[style]
    look = ParagraphStyle(
        style, fontName=font, fontSize=size, leading=leading, textColor=colour, splitLongWords=1,
        spaceBefore=8 if style in ("heading", "stop") else 0, spaceAfter=3 if style in ("heading", "stop") else 1,
    )  # fmt: skip
    return Paragraph(escape(text[:_LONGEST]).replace("\n", "<br/>"), look)


def _head(dossier: LotDossier, picture: Path | None) -> Flowable:
    words: list[Flowable] = [
        _text(dossier.title, "title"),
        _text(dossier.goods, "lead"),
        _text(dossier.producer, "lead"),
        Spacer(1, 2 * mm),
        _text(dossier.address, "label"),
    ]
    shown = _picture(picture) if picture is not None else None
    if shown is None:
        return Table([[words]], colWidths=[_WIDTH], style=_BARE)
    column: list[Flowable] = [shown, _text(dossier.picture_caption, "label")]
    return Table([[words, column]], colWidths=[_WIDTH - 52 * mm, 52 * mm], style=_BARE)


_BARE = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])


def _picture(path: Path) -> Image | None:
    """The picture in plain colours, as large as its column; None where the file is gone."""
    if not path.exists():
        return None
    with Picture.open(path) as opened:
        plain, width, height = io.BytesIO(), *opened.size
        opened.convert("RGB").save(plain, "PNG")
    plain.seek(0)
    scale = min(48 * mm / width, 48 * mm / height)
    return Image(plain, width=width * scale, height=height * scale)


def _section(section: Section) -> list[Flowable]:
    parts: list[Flowable] = [
        CondPageBreak(28 * mm),
        _text(section.title, "stop" if section.stop else "heading"),
    ]
    if section.facts:
        rows = [[_text(label, "label"), _text(value, "cell")] for label, value in section.facts]
        parts.append(_grid(rows, [45 * mm, _WIDTH - 45 * mm], head=False))
    parts += [_text(note, "warning" if section.stop else "text") for note in section.notes]
    if section.rows:
        rows = [[_text(cell, "head") for cell in section.header]]
        rows += [[_text(cell, "cell") for cell in row] for row in section.rows]
        parts.append(_grid(rows, _columns(section), head=True))
    return parts


def _columns(section: Section) -> list[float]:
    """Columns as wide as their usual text asks for, the longest ones held back; no number or word is broken in two."""
    lengths = [
        max(9, min(28, max(len(row[column]) for row in (section.header, *section.rows))))
        for column in range(len(section.header))
    ]
    longest = [
        max(
            stringWidth(word, BOLD, _STYLES["cell"][1])
            for row in (section.header, *section.rows)
            for word in (row[column].split(" ") or [""])
        )
        for column in range(len(section.header))
    ]
    needed = [min(width + _SIDES, _WIDTH / 3) for width in longest]
    rest = _WIDTH - sum(needed)
    if rest < 0:
        return [_WIDTH * length / sum(lengths) for length in lengths]
    return [need + rest * length / sum(lengths) for need, length in zip(needed, lengths, strict=True)]


def _grid(rows: list[list[Paragraph]], widths: list[float], *, head: bool) -> Table:
    style: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), _SIDES - 3),
    ]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), HexColor("#eef3ef")))
    return Table(rows, colWidths=widths, repeatRows=1 if head else 0, style=TableStyle(style), spaceAfter=4)


# --- Drawings --------------------------------------------------------------------------------------------


def _side_by_side(drawn: list[Flowable]) -> Table:
    """Drawings two in a row."""
    rows = [drawn[place : place + 2] for place in range(0, len(drawn), 2)]
    return Table([[*row, *[""] * (2 - len(row))] for row in rows], colWidths=[_WIDTH / 2] * 2, style=_BARE)


class _Drawn(Flowable):
    """Something drawn in the units of an SVG, y downwards, scaled to fit a width and a page."""

    def __init__(self, width: float, height: float, room: float, paint: Any) -> None:
        super().__init__()
        self.scale = min(room / width, _TALLEST / height, 0.75)
        self.width, self.height = width * self.scale, height * self.scale
        self._paint, self._full = paint, height

    @classmethod
    def of_outline(cls, outline: Outline) -> "_Drawn":
        width, height = (OUTLINE_WIDTH, OUTLINE_HEIGHT)

        def paint(canvas: Canvas) -> None:
            canvas.setFillColor(HexColor("#d5e6da"))
            canvas.setStrokeColor(_GREEN)
            canvas.setLineWidth(1.5)
            canvas.drawPath(_path(canvas, outline.path, height + 24), stroke=1, fill=1)
            _write(canvas, outline.caption[:60], 2, height + 16, height + 24, REGULAR, 11, _INK)

        return cls(width, height + 24, _WIDTH / 2 - 4 * mm, paint)

    @classmethod
    def of_trace(cls, page: TracePage) -> "_Drawn":
        drawing = page.drawing

        def paint(canvas: Canvas) -> None:
            canvas.setStrokeColor(_ARROW)
            for one in drawing.arrows:
                canvas.setLineWidth(one.thickness)
                canvas.drawPath(_path(canvas, one.path, drawing.height), stroke=1, fill=0)
            for box in drawing.boxes:
                _box(canvas, page.labels[box.id], box.x, box.y, box.width, box.height, drawing.height)

        return cls(drawing.width, drawing.height, _WIDTH, paint)

    def draw(self) -> None:
        self.canv.saveState()
        self.canv.scale(self.scale, self.scale)
        self._paint(self.canv)
        self.canv.restoreState()


def _box(canvas: Canvas, label: Label, x: float, y: float, width: float, height: float, full: float) -> None:
    canvas.setFillColor(HexColor(_TINTS[label.kind]))
    canvas.setStrokeColor(_STOP if label.state else _GREEN if label.kind == "root" else _MUTED)
    canvas.setLineWidth(2 if label.state or label.kind == "root" else 0.8)
    canvas.roundRect(x, full - y - height, width, height, 8, stroke=1, fill=1)
    _write(canvas, label.title, x + 12, y + 21, full, BOLD, 13, _INK)
    for number, line in enumerate(label.lines, start=1):
        colour = _STOP if label.state and number == 1 else _INK
        _write(canvas, line, x + 12, y + 22 + 16 * number, full, REGULAR, 11.5, colour)


def _write(
    canvas: Canvas, text: str, x: float, y: float, full: float, font: str, size: float, colour: Color
) -> None:
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    canvas.drawString(x, full - y, text)


def _path(canvas: Canvas, d: str, full: float) -> PDFPathObject:
    """The `d` of an SVG path (M, L, H, V, C, Z, all absolute) as a path of the canvas, y turned round."""
    path = canvas.beginPath()
    x = y = 0.0
    for command, rest in _COMMAND.findall(d):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if command == "Z":
            path.close()
        elif command == "H":
            x = numbers[-1]
            path.lineTo(x, full - y)
        elif command == "V":
            y = numbers[-1]
            path.lineTo(x, full - y)
        elif command == "C":
            for place in range(0, len(numbers) - 5, 6):
                one, two, three, four, x, y = numbers[place : place + 6]
                path.curveTo(one, full - two, three, full - four, x, full - y)
        else:
            for place in range(0, len(numbers) - 1, 2):
                x, y = numbers[place : place + 2]
                (path.moveTo if command == "M" and place == 0 else path.lineTo)(x, full - y)
    return path
