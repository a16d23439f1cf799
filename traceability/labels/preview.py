"""The geometry of one page as plain measures, for a layout editor: what the PDF will show, without the PDF.

Everything is in millimetres from the page's top left corner (sizes of type in points) and stands on the
printer's dots where the press puts it there, so a drawing of it equals the PDF within a tenth of a
millimetre. A PIN is never shown: hyphens stand in its place.
"""

from dataclasses import asdict, dataclass
from typing import Any

from traceability.domain.errors import RuleBroken
from traceability.labels import imposition, sheet, typeset
from traceability.labels.compose import compose
from traceability.labels.face import Bar, Face
from traceability.labels.layout import QUIET_MODULES, Fit, Layout
from traceability.labels.order import PrintOrder


@dataclass(frozen=True)
class Rectangle:
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class Text:
    """A line of text by its baseline; `width_mm` is its advance width."""

    x_mm: float
    baseline_mm: float
    width_mm: float
    size_pt: float
    font: str
    text: str
    white: bool = False


@dataclass(frozen=True)
class Stamp:
    """One printed stamp; `n` counts over the order from 0, `copy` over its copies."""

    n: int
    copy: int
    outline: Rectangle
    symbol: Rectangle
    """The dark symbol."""
    quiet: Rectangle
    """The symbol with its quiet zone."""
    texts: tuple[Text, ...]
    bars: tuple[Rectangle, ...]
    frames: tuple[Rectangle, ...]
    logo: Rectangle | None


@dataclass(frozen=True)
class Page:
    number: int
    """Counted from 0."""
    pages: int
    width_mm: float
    height_mm: float
    stamps: tuple[Stamp, ...]
    rules: tuple[sheet.Rule, ...]
    footer: tuple[Text, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def page(
    order: PrintOrder, layout: Layout, number: int = 0, *, start: int = 0, small_modules: bool = False
) -> Page:
    """One page of a print. Raises RuleBroken as the press does, and ("labels.no_such_page")."""
    fit = layout.fit(order, small_modules=small_modules)
    face = compose(order.text, fit, demo=order.demo, pin_width=order.pin_width)
    pages = imposition.pages(layout, order.count, start)
    if not 0 <= number < pages:
        raise RuleBroken("labels.no_such_page", field="page", pages=pages)
    prints = imposition.prints_on(layout, number, order.count, start)
    stamps = []
    for n, copy in (divmod(index, layout.copies) for index in prints):
        place = imposition.place(layout, n, start, copy)
        corner = fit.cell_dots(place.column, place.row)
        stamps.append(_stamp(face, fit, n, copy, order.code(n), corner))
    around = sheet.compose(order.number, layout, pages)
    width, height = (dots * fit.dot_mm for dots in fit.page_dots)
    footer = _footer(around, number, stamps, order)
    return Page(number, pages, width, height, tuple(stamps), around.rules, footer)


def _stamp(face: Face, fit: Fit, n: int, copy: int, code: str, corner: tuple[int, int]) -> Stamp:
    x, y = (dots * fit.dot_mm for dots in corner)
    width, height = (dots * fit.dot_mm for dots in fit.stamp_dots)
    left, top = (dots * fit.dot_mm for dots in face.symbol)
    quiet = QUIET_MODULES * fit.module_mm
    texts = [
        _text(x, y, line.x_mm, line.baseline_mm, line.size_pt, line.font, line.text, line.white)
        for line in face.lines
    ]
    texts += [
        _text(x, y, line.x_mm, line.baseline_mm, line.size_pt, typeset.CODE, line.text(code))
        for line in face.code_lines
    ]
    if face.pin:
        pin = face.pin
        shown = "-" * pin.characters
        texts.append(_text(x, y, pin.x_mm, pin.baseline_mm, pin.size_pt, typeset.CODE, shown))
    logo = None
    if face.logo:
        placed = (face.logo.left, face.logo.top, face.logo.width, face.logo.height)
        across, down, wide, high = (dots * fit.dot_mm for dots in placed)
        logo = Rectangle(x + across, y + down, wide, high)
    return Stamp(
        n,
        copy,
        Rectangle(x, y, width, height),
        Rectangle(x + left + quiet, y + top + quiet, fit.symbol_mm, fit.symbol_mm),
        Rectangle(x + left, y + top, fit.area_mm, fit.area_mm),
        tuple(texts),
        tuple(_moved(bar, x, y) for bar in face.bars),
        tuple(
            Rectangle(x + frame.x_mm, y + frame.top_mm, frame.width_mm, frame.height_mm)
            for frame in face.frames
        ),
        logo,
    )


def _moved(bar: Bar, x: float, y: float) -> Rectangle:
    return Rectangle(x + bar.x_mm, y + bar.top_mm, bar.width_mm, bar.height_mm)


def _text(
    x: float,
    y: float,
    right: float,
    down: float,
    size: float,
    font: str,
    text: str,
    white: bool = False,
) -> Text:
    return Text(x + right, y + down, typeset.width_mm(text, font, size), size, font, text, white)


def _footer(around: sheet.Sheet, number: int, stamps: list[Stamp], order: PrintOrder) -> tuple[Text, ...]:
    if around.title is None or around.footer is None:
        return ()
    title, footer = around.title, around.footer
    shown = footer.text(number, order.code(stamps[0].n), order.code(stamps[-1].n))
    return (
        _text(0, 0, title.x_mm, title.baseline_mm, title.size_pt, title.font, title.text),
        _text(0, 0, footer.x_mm, footer.baseline_mm, footer.size_pt, typeset.CODE, shown),
    )
