"""The static face of a stamp: everything but the symbol and the code, which change from stamp to stamp.

`compose` decides where each word goes, in mm from the stamp's top left corner, and says so as plain data
that the PDF, the SVG and the PNG all draw. The symbol with its quiet zone takes the top left corner; the
text stands in the column to its right. A strip that is left below carries the domain across the stamp, and
the code too where it is high enough. Text shrinks until it fits, down to a size that can still be read.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import ALPHABET
from traceability.labels.layouts import MM_PER_INCH, POINTS_PER_INCH, Fit
from traceability.labels.order import FaceText

REGULAR = "BeVietnamPro-Regular"
BOLD = "BeVietnamPro-Bold"
CODE = "BeVietnamPro-SemiBold"
FONTS = Path(__file__).parent / "fonts"
DEMO_WORD = "DEMO"

PT_PER_MM = POINTS_PER_INCH / MM_PER_INCH
_EDGE_MM = 0.8
_STRIP_FOR_DOMAIN_MM = 2.2
_STRIP_FOR_CODE_MM = 4.6
_DEMO_BAR_MM, _DEMO_MM = 2.8, 8.0
_LARGEST_PT = 10.0
_SMALLEST_PT = 3.7
_PRODUCT_SCALE = 1.15
_MOST_LINES = 4
# Vietnamese stacks marks on capitals (Ễ, Ỗ): their tops reach 1.0 em, descenders 0.27.
_ASCENT, _LEADING = 0.95, 1.16
GROUPS = ((0, 4), (4, 8), (8, 12), (12, 16))


@dataclass(frozen=True)
class Line:
    """A line of text: its baseline's left end in mm from the top left corner, its size in points."""

    x_mm: float
    baseline_mm: float
    size_pt: float
    font: str
    text: str
    white: bool = False


@dataclass(frozen=True)
class CodeLine:
    """A line of the code: `groups` are the spans of the code's characters that it shows, joined by
    hyphens."""

    x_mm: float
    baseline_mm: float
    size_pt: float
    groups: tuple[tuple[int, int], ...]
    ends_in_hyphen: bool

    def text(self, code: str) -> str:
        shown = "-".join(code[first:last] for first, last in self.groups)
        return shown + "-" if self.ends_in_hyphen else shown


@dataclass(frozen=True)
class Bar:
    """A black rectangle, in mm from the top left corner."""

    x_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class Face:
    lines: tuple[Line, ...]
    code_lines: tuple[CodeLine, ...]
    bars: tuple[Bar, ...]


@lru_cache(maxsize=1)
def register_fonts() -> None:
    """Make the family known to ReportLab, once in a process."""
    for name in (REGULAR, BOLD, CODE):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))


def width_pt(text: str, font: str, size_pt: float) -> float:
    """Advance width of a text. Raises RuleBroken("labels.letter_missing") when the font lacks a letter of
    it."""
    known = true_type(font).face.charToGlyph
    missing = next((letter for letter in text if ord(letter) not in known), None)
    if missing is not None:
        raise RuleBroken("labels.letter_missing", field="text", letter=missing)
    return float(pdfmetrics.stringWidth(text, font, size_pt))


def true_type(font: str) -> TTFont:
    """The registered font, with its glyphs and its subsets."""
    register_fonts()
    registered = pdfmetrics.getFont(font)
    assert isinstance(registered, TTFont)
    return registered


@lru_cache(maxsize=1)
def _code_character() -> tuple[float, float]:
    """Mean and standard deviation of a code character's width at 1 pt."""
    widths = [width_pt(character, CODE, 1) for character in ALPHABET]
    mean = sum(widths) / len(widths)
    return mean, math.sqrt(sum((w - mean) ** 2 for w in widths) / len(widths))


def _code_width(characters: int, hyphens: int) -> float:
    """Width at 1 pt that a run of random code characters passes once in a thousand million (6 sigma)."""
    mean, deviation = _code_character()
    return characters * mean + 6 * deviation * math.sqrt(characters) + hyphens * width_pt("-", CODE, 1)


def compose(text: FaceText, fit: Fit, *, demo: bool) -> Face:
    """Where everything stands on the stamp.

    Raises RuleBroken("labels.text_too_long") when a text does not fit at the smallest readable size, and
    ("labels.letter_missing") when the font lacks a letter.
    """
    width, height = fit.layout.stamp_width_mm, fit.layout.stamp_height_mm
    area = fit.area_mm
    strip = height - area
    column_width = width - area - _EDGE_MM
    bottom = area if strip >= _STRIP_FOR_DOMAIN_MM else height - _EDGE_MM
    lines: list[Line] = []
    code_lines: list[CodeLine] = []
    bars: list[Bar] = []

    if strip >= _STRIP_FOR_CODE_MM:
        # A stamp with room to spare gives it to the column: the strip keeps to the height that it needs.
        code = _one_code_line(width - 2 * _EDGE_MM, (strip - 0.3) / 2)
        high = code.size_pt * _LEADING / PT_PER_MM
        rest = min(strip - 0.3 - high, 1.1 * high)
        bottom = height - 0.3 - high - rest
        top = bottom + high
        code_lines.append(replace(code, baseline_mm=bottom + _ASCENT * code.size_pt / PT_PER_MM))
        if demo:
            bars.append(Bar(width - _EDGE_MM - _DEMO_MM, top, _DEMO_MM, rest))
        lines.append(_domain_line(text.domain, width - (_DEMO_MM + 0.5) * demo, top, rest))
    else:
        if strip >= _STRIP_FOR_DOMAIN_MM:
            if demo:
                bars.append(Bar(width - _EDGE_MM - _DEMO_MM, area, _DEMO_MM, strip - 0.3))
            lines.append(_domain_line(text.domain, width - (_DEMO_MM + 0.5) * demo, area, strip - 0.3))
        else:
            domain = _block([(text.domain.replace(".", "\u200b."), REGULAR, 1.0)], column_width, 4.5, 6.0)
            bottom -= domain.height
            lines.extend(domain.at(area, bottom))
        size = min(_LARGEST_PT, column_width * PT_PER_MM / _code_width(8, 2))
        bottom -= 2 * size * _LEADING / PT_PER_MM
        for row, groups in enumerate((GROUPS[:2], GROUPS[2:])):
            baseline = bottom + (row * _LEADING + _ASCENT) * size / PT_PER_MM
            code_lines.append(CodeLine(area, baseline, size, groups, ends_in_hyphen=row == 0))

    if demo and not bars:
        bottom -= _DEMO_BAR_MM
        bars.append(Bar(area, bottom, column_width, _DEMO_BAR_MM))
        bottom -= 0.3
    lines.extend(_demo_word(bar) for bar in bars)
    paragraphs = [(text.product, BOLD, _PRODUCT_SCALE), *((line, REGULAR, 1.0) for line in text.lines)]
    block = _block(paragraphs, column_width, bottom - _EDGE_MM)
    return Face((*block.at(area, _EDGE_MM), *lines), tuple(code_lines), tuple(bars))


def _demo_word(bar: Bar) -> Line:
    size = min(bar.height_mm * PT_PER_MM, bar.width_mm * PT_PER_MM / width_pt(DEMO_WORD, BOLD, 1.1))
    x = bar.x_mm + (bar.width_mm - width_pt(DEMO_WORD, BOLD, size) / PT_PER_MM) / 2
    baseline = bar.top_mm + bar.height_mm / 2 + 0.37 * size / PT_PER_MM
    return Line(x, baseline, size, BOLD, DEMO_WORD, white=True)


def _one_code_line(width: float, height: float) -> CodeLine:
    size = min(_LARGEST_PT, width * PT_PER_MM / _code_width(16, 3), height * PT_PER_MM / _LEADING)
    return CodeLine(_EDGE_MM, 0.0, size, GROUPS, ends_in_hyphen=False)


def _domain_line(domain: str, width: float, top: float, height: float) -> Line:
    size = min(
        7.0, height * PT_PER_MM / _LEADING, (width - 2 * _EDGE_MM) * PT_PER_MM / width_pt(domain, REGULAR, 1)
    )
    if size < _SMALLEST_PT:
        raise RuleBroken("labels.text_too_long", field="domain", text=domain)
    return Line(_EDGE_MM, top + _ASCENT * size / PT_PER_MM, size, REGULAR, domain)


@dataclass(frozen=True)
class _Block:
    rows: tuple[tuple[str, str, float], ...]
    """(text, font, size in points) from the top down."""

    @property
    def height(self) -> float:
        return sum(size * _LEADING for _, _, size in self.rows) / PT_PER_MM

    def at(self, x: float, top: float) -> list[Line]:
        lines = []
        for text, font, size in self.rows:
            lines.append(Line(x, top + _ASCENT * size / PT_PER_MM, size, font, text))
            top += size * _LEADING / PT_PER_MM
        return lines


def _block(
    paragraphs: list[tuple[str, str, float]], width: float, height: float, largest: float = _LARGEST_PT
) -> _Block:
    """Paragraphs wrapped into a box (mm) at the largest size at which they fit, to a tenth of a point."""
    best: _Block | None = None
    low, high = round(_SMALLEST_PT * 10), round(largest * 10)
    while low <= high:
        tenths = (low + high) // 2
        block = _set(paragraphs, tenths / 10, width)
        if block is not None and block.height <= height:
            best, low = block, tenths + 1
        else:
            high = tenths - 1
    if best is None:
        longest = max((text for text, _, _ in paragraphs), key=len)
        raise RuleBroken("labels.text_too_long", field="text", text=longest.replace("\u200b", ""))
    return best


def _set(paragraphs: list[tuple[str, str, float]], size: float, width: float) -> _Block | None:
    rows: list[tuple[str, str, float]] = []
    for text, font, scale in paragraphs:
        wrapped = _wrap(text, font, size * scale, width * PT_PER_MM)
        if wrapped is None:
            return None
        rows.extend((line, font, size * scale) for line in wrapped)
    return _Block(tuple(rows))


def _wrap(text: str, font: str, size: float, width: float) -> list[str] | None:
    """The text on at most four lines, or None. A zero-width space marks where a long word may break."""
    lines: list[str] = []
    for word in text.split(" "):
        for at, piece in enumerate(word.split("\u200b")):
            joint = "" if at else " "
            if lines and width_pt(lines[-1] + joint + piece, font, size) <= width:
                lines[-1] += joint + piece
            elif width_pt(piece, font, size) <= width:
                lines.append(piece)
            else:
                return None
    return lines if len(lines) <= _MOST_LINES else None
