"""Words in the stamps' typeface: how wide they are, and how large they can be in a box.

Be Vietnam Pro, in the folder `fonts`, has every Vietnamese letter. Sizes are in points, boxes in mm.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import ALPHABET
from traceability.labels.layout import MM_PER_INCH, POINTS_PER_INCH

REGULAR = "BeVietnamPro-Regular"
BOLD = "BeVietnamPro-Bold"
CODE = "BeVietnamPro-SemiBold"
FONTS = Path(__file__).parent / "fonts"

PT_PER_MM = POINTS_PER_INCH / MM_PER_INCH
SMALLEST_PT = 3.7
# Vietnamese stacks marks on capitals (Ễ, Ỗ): their tops reach 1.0 em, descenders 0.27.
ASCENT, LEADING = 0.95, 1.16
BREAK = "\u200b"
"""A zero-width space marks where a long word may break."""

_MOST_LINES = 4
_WORTH_A_BREAK = 0.88
_SMALL_PT = 8.0


@lru_cache(maxsize=1)
def register_fonts() -> None:
    """Make the family known to ReportLab, once in a process."""
    for name in (REGULAR, BOLD, CODE):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))


def true_type(font: str) -> TTFont:
    """The registered font, with its glyphs and its subsets."""
    register_fonts()
    registered = pdfmetrics.getFont(font)
    assert isinstance(registered, TTFont)
    return registered


def width_pt(text: str, font: str, size_pt: float) -> float:
    """Advance width of a text. Raises RuleBroken("labels.letter_missing") when the font lacks a letter of
    it."""
    known = true_type(font).face.charToGlyph
    missing = next((letter for letter in text if ord(letter) not in known), None)
    if missing is not None:
        raise RuleBroken("labels.letter_missing", field="text", letter=missing)
    return float(pdfmetrics.stringWidth(text, font, size_pt))


def width_mm(text: str, font: str, size_pt: float) -> float:
    """`width_pt` in millimetres."""
    return width_pt(text, font, size_pt) / PT_PER_MM


def line_mm(size_pt: float) -> float:
    """Height of a line of text."""
    return size_pt * LEADING / PT_PER_MM


def baseline_mm(size_pt: float) -> float:
    """From the top of a line of text to its baseline."""
    return size_pt * ASCENT / PT_PER_MM


@lru_cache(maxsize=1)
def _code_character() -> tuple[float, float]:
    """Mean and standard deviation of a code character's width at 1 pt."""
    widths = [width_pt(character, CODE, 1) for character in ALPHABET]
    mean = sum(widths) / len(widths)
    return mean, math.sqrt(sum((w - mean) ** 2 for w in widths) / len(widths))


def code_width(characters: int, hyphens: int, sigmas: float = 6) -> float:
    """Width at 1 pt that a run of random code characters passes once in a thousand million (6 sigma); the
    mean with 0."""
    mean, deviation = _code_character()
    return characters * mean + sigmas * deviation * math.sqrt(characters) + hyphens * width_pt("-", CODE, 1)


@dataclass(frozen=True)
class Block:
    """Lines of text, one below the other: (text, font, size in points)."""

    rows: tuple[tuple[str, str, float], ...]

    @property
    def height(self) -> float:
        return sum(line_mm(size) for _, _, size in self.rows)


def block(paragraphs: list[tuple[str, str, float]], width: float, height: float, largest: float) -> Block:
    """Paragraphs (text, font, scale) wrapped into a box at the largest size at which they fit, to a tenth of
    a point. Raises RuleBroken("labels.text_too_long") when they do not even at the smallest."""
    best: Block | None = None
    low, high = round(SMALLEST_PT * 10), round(largest * 10)
    while low <= high:
        tenths = (low + high) // 2
        tried = _set(paragraphs, tenths / 10, width)
        if tried is not None and tried.height <= height:
            best, low = tried, tenths + 1
        else:
            high = tenths - 1
    if best is None:
        longest = max((text for text, _, _ in paragraphs), key=len)
        raise RuleBroken("labels.text_too_long", field="text", text=longest.replace(BREAK, ""))
    return _balanced(paragraphs, _with_fewer_breaks(paragraphs, best, width), width)


def _set(paragraphs: list[tuple[str, str, float]], size: float, width: float) -> Block | None:
    rows: list[tuple[str, str, float]] = []
    for text, font, scale in paragraphs:
        wrapped = _wrap(text, font, size * scale, width * PT_PER_MM)
        if wrapped is None:
            return None
        rows.extend((line, font, size * scale) for line in wrapped)
    return Block(tuple(rows))


def _with_fewer_breaks(paragraphs: list[tuple[str, str, float]], found: Block, width: float) -> Block:
    """A slightly smaller size, if it needs fewer lines: a weight is not torn from its unit for a hair. Small
    type stays as large as it can be."""
    size = found.rows[0][2] / paragraphs[0][2]
    least = max(_SMALL_PT, _WORTH_A_BREAK * size)
    best = found
    for tenths in range(round(size * 10) - 1, math.ceil(least * 10) - 1, -1):
        tried = _set(paragraphs, tenths / 10, width)
        if tried is not None and len(tried.rows) < len(best.rows):
            best = tried
    return best


def _balanced(paragraphs: list[tuple[str, str, float]], found: Block, width: float) -> Block:
    """The same block with lines of like length, so that no word is left alone on the last one."""
    size = found.rows[0][2] / paragraphs[0][2]
    rows: list[tuple[str, str, float]] = []
    for text, font, scale in paragraphs:
        lines = _wrap(text, font, size * scale, width * PT_PER_MM) or []
        for tried in range(50, 100, 5) if len(lines) > 1 else ():
            narrower = _wrap(text, font, size * scale, width * PT_PER_MM * tried / 100)
            if narrower is not None and len(narrower) == len(lines):
                lines = narrower
                break
        rows.extend((line, font, size * scale) for line in lines)
    return Block(tuple(rows))


def _wrap(text: str, font: str, size: float, width: float) -> list[str] | None:
    """The text on at most four lines, or None."""
    lines: list[str] = []
    for word in text.split(" "):
        for at, piece in enumerate(word.split(BREAK)):
            joint = "" if at else " "
            if lines and width_pt(lines[-1] + joint + piece, font, size) <= width:
                lines[-1] += joint + piece
            elif width_pt(piece, font, size) <= width:
                lines.append(piece)
            else:
                return None
    return lines if len(lines) <= _MOST_LINES else None
