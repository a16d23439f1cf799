"""What stands on a sheet between and below the stamps: marks for cutting, and a footer that accounts for it.

The footer names the order, the page and the page's first and last code; it needs no words, so it is the
same in every language.
"""

from dataclasses import dataclass
from itertools import pairwise

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import group
from traceability.labels.face import Line
from traceability.labels.layout import Layout, Marks
from traceability.labels.typeset import CODE, PT_PER_MM, code_width, width_mm

_FOOTER_PT = 6.0
# Most laser printers leave the last 4.2 mm white.
_FOOTER_BASELINE_MM = 5.0
_FOOTER_ROOM_MM = 8.0
_CROP_GAP_MM, _CROP_MM = 1.0, 2.5
LETTERS = "0123456789/ -"
"""What the changing part of a footer is written with, beside the letters of codes."""


@dataclass(frozen=True)
class Rule:
    """A hairline between two points, in mm from the page's top left corner."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float


@dataclass(frozen=True)
class Footer:
    """The changing part of the footer: its place, and the width of a page's number."""

    x_mm: float
    baseline_mm: float
    size_pt: float
    pages: int

    def text(self, page: int, first: str, last: str) -> str:
        """Page (counted from 0) and codes; texts of all pages are of one length."""
        digits = len(str(self.pages))
        return f"{page + 1:>{digits}}/{self.pages}   {group(first)} - {group(last)}"


@dataclass(frozen=True)
class Sheet:
    rules: tuple[Rule, ...]
    title: Line | None
    """The number of the order, at the left of the footer."""
    footer: Footer | None

    @property
    def is_empty(self) -> bool:
        return not self.rules and self.footer is None


def compose(number: str, layout: Layout, pages: int) -> Sheet:
    """What the pages of an order show beside its stamps. Raises RuleBroken("labels.letter_missing")."""
    rules = {Marks.NONE: (), Marks.CROP: _crop_marks(layout), Marks.CUT: _cut_lines(layout)}[layout.marks]
    title, footer = _footer(number, layout, pages)
    return Sheet(rules, title, footer)


def _edges(first: float, count: int, length: float, gap: float) -> list[tuple[float, float]]:
    """Where each stamp begins and ends along one direction."""
    return [(first + n * (length + gap), first + n * (length + gap) + length) for n in range(count)]


def _columns(layout: Layout) -> list[tuple[float, float]]:
    return _edges(layout.left_mm, layout.columns, layout.stamp_width_mm, layout.gap_x_mm)


def _rows(layout: Layout) -> list[tuple[float, float]]:
    return _edges(layout.top_mm, layout.rows, layout.stamp_height_mm, layout.gap_y_mm)


def _crop_marks(layout: Layout) -> tuple[Rule, ...]:
    columns, rows = _columns(layout), _rows(layout)
    near, far = _CROP_GAP_MM, _CROP_GAP_MM + _CROP_MM
    left, right, top, bottom = columns[0][0], columns[-1][1], rows[0][0], rows[-1][1]
    marks = [
        Rule(x, start, x, end)
        for x in _apart([edge for column in columns for edge in column])
        for start, end in ((top - far, top - near), (bottom + near, bottom + far))
    ]
    marks += [
        Rule(start, y, end, y)
        for y in _apart([edge for row in rows for edge in row])
        for start, end in ((left - far, left - near), (right + near, right + far))
    ]
    return tuple(mark for mark in marks if _on_page(mark, layout))


def _on_page(mark: Rule, layout: Layout) -> bool:
    return min(mark.x1_mm, mark.y1_mm) >= 0 and (
        mark.x2_mm <= layout.page_width_mm and mark.y2_mm <= layout.page_height_mm
    )


def _cut_lines(layout: Layout) -> tuple[Rule, ...]:
    """Lines along whole rows and columns; stamps that touch share theirs."""
    columns, rows = _columns(layout), _rows(layout)
    left, right, top, bottom = columns[0][0], columns[-1][1], rows[0][0], rows[-1][1]
    down = [Rule(x, top, x, bottom) for x in _apart([edge for column in columns for edge in column])]
    across = [Rule(left, y, right, y) for y in _apart([edge for row in rows for edge in row])]
    return (*down, *across)


def _apart(edges: list[float]) -> list[float]:
    return [edges[0], *(after for before, after in pairwise(edges) if after - before > 0.01)]


def _footer(number: str, layout: Layout, pages: int) -> tuple[Line | None, Footer | None]:
    margin = layout.page_height_mm - _rows(layout)[-1][1]
    needed = _FOOTER_ROOM_MM + (_CROP_GAP_MM + _CROP_MM) * (layout.marks is Marks.CROP)
    if not layout.footer or margin < needed:
        return None, None
    left, baseline = max(layout.left_mm, 10.0), layout.page_height_mm - _FOOTER_BASELINE_MM
    title = Line(left, baseline, _FOOTER_PT, CODE, number)
    try:
        x = left + width_mm(number, CODE, _FOOTER_PT) + 4
    except RuleBroken as refused:
        raise RuleBroken(refused.code, field="number", **refused.facts) from None
    footer = Footer(x, baseline, _FOOTER_PT, pages)
    wide = code_width(32, 7) * _FOOTER_PT / PT_PER_MM + width_mm(f"{pages}/{pages}     ", CODE, _FOOTER_PT)
    return (title, footer) if x + wide <= layout.page_width_mm - 5 else (None, None)
