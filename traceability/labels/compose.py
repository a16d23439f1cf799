"""Where everything stands on a stamp: the arrangements.

*Beside*: the symbol with its quiet zone takes the top left corner; the text stands in the column to its
right. A strip that is left below carries the domain across the stamp, and the code too where it is high
enough. *Stacked*: text, symbol, code and domain stand one below the other, centred.

Text shrinks until it fits, down to a size that can still be read.
"""

from dataclasses import dataclass, field, replace

from traceability.domain.errors import RuleBroken
from traceability.labels import typeset
from traceability.labels.face import (
    DEMO_WORD,
    GROUPS,
    Bar,
    CodeLine,
    Face,
    Frame,
    Line,
    PinLine,
    PlacedLogo,
)
from traceability.labels.layout import Arrangement, Fit
from traceability.labels.logo import Logo
from traceability.labels.order import FaceText
from traceability.labels.typeset import BOLD, BREAK, PT_PER_MM, REGULAR, SMALLEST_PT, line_mm, width_mm

_EDGE_MM = 0.8
_GAP_MM = 0.6
_STRIP_FOR_DOMAIN_MM = 2.2
_STRIP_FOR_CODE_MM = 4.6
_DEMO_BAR_MM, _DEMO_MM = 2.8, 8.0
_DEMO_PROPORTION = 2.6
_COLUMN_CODE = 0.8
_WIDE_COLUMN_MM = 40.0
_STACKED_DEMO_MM = 16.0
_LARGEST_PT = 10.0
_LARGEST_PT_PER_MM = 0.32
_PRODUCT_SCALE = 1.15
_LARGEST_PIN_PT, _LARGEST_PIN_LABEL_PT = 9.0, 5.5
_LEAST_PANEL_MM = 12.0


def compose(text: FaceText, fit: Fit, *, demo: bool, pin_width: int = 0) -> Face:
    """The face of an order's stamps; `pin_width` is the number of a PIN's characters, 0 for none.

    Raises RuleBroken("labels.text_too_long") when a text does not fit at the smallest readable size, and
    ("labels.letter_missing") when the font lacks a letter.
    """
    left, top, width, height = fit.box_mm
    drawing = _Drawing(text, fit, width, height, demo, pin_width)
    if fit.layout.arrangement is Arrangement.STACKED:
        _stacked(drawing)
    else:
        _beside(drawing)
    return drawing.face().moved(fit.dots(left), fit.dots(top), fit.dot_mm)


@dataclass
class _Drawing:
    """A face in the making, in mm from the top left corner of the part of the stamp that it may use."""

    text: FaceText
    fit: Fit
    width: float
    height: float
    demo: bool
    pin_width: int
    lines: list[Line] = field(default_factory=list)
    code_lines: list[CodeLine] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    symbol: tuple[int, int] = (0, 0)
    pin: PinLine | None = None
    logo: PlacedLogo | None = None

    @property
    def largest_pt(self) -> float:
        """Larger stamps are read from farther away."""
        return max(_LARGEST_PT, _LARGEST_PT_PER_MM * min(self.width, self.height))

    def face(self) -> Face:
        self.lines.extend(_demo_word(bar) for bar in self.bars)
        return Face(
            # As they are read: from the top down.
            tuple(sorted(self.lines, key=lambda line: line.baseline_mm)),
            tuple(self.code_lines),
            tuple(self.bars),
            self.symbol,
            tuple(self.frames),
            self.pin,
            self.logo,
        )

    def paragraphs(self) -> list[tuple[str, str, float]]:
        chosen = self.text.chosen(self.fit.layout.lines)
        return [(self.text.product, BOLD, _PRODUCT_SCALE), *((line, REGULAR, 1.0) for line in chosen)]

    def write(self, block: typeset.Block, x: float, top: float, within: float | None = None) -> None:
        """The block's lines, each in the middle of the width `within` if given."""
        for text, font, size in block.rows:
            indent = 0.0 if within is None else (within - width_mm(text, font, size)) / 2
            self.lines.append(Line(x + indent, top + typeset.baseline_mm(size), size, font, text))
            top += line_mm(size)

    def panel(self, x: float, bottom: float, width: float, *, centred: bool = False) -> float:
        """The PIN in its frame, with its label above, ending at `bottom`; returns where it begins."""
        if not self.pin_width:
            return bottom
        wide = typeset.code_width(self.pin_width, 0)
        size = min(_LARGEST_PIN_PT, (width - 2) * PT_PER_MM / wide)
        label = self.text.pin_label
        label_pt = min(_LARGEST_PIN_LABEL_PT, width / width_mm(label, REGULAR, 1))
        if min(size, label_pt) < SMALLEST_PT:
            raise RuleBroken("labels.text_too_long", field="text", text=label)
        frame_width = min(width, max(_LEAST_PANEL_MM, size * wide / PT_PER_MM + 3))
        if centred:
            x += (width - frame_width) / 2
        high = line_mm(size) + 0.9
        top = bottom - high
        self.frames.append(Frame(x, top, frame_width, high))
        indent = (frame_width - size * typeset.code_width(self.pin_width, 0, sigmas=0) / PT_PER_MM) / 2
        baseline = top + 0.45 + typeset.baseline_mm(size)
        self.pin = PinLine(x + indent, baseline, size, self.pin_width)
        top -= line_mm(label_pt) + 0.1
        label_x = x + (frame_width - width_mm(label, REGULAR, label_pt)) / 2 if centred else x
        self.lines.append(Line(label_x, top + typeset.baseline_mm(label_pt), label_pt, REGULAR, label))
        return top - 0.3

    def mark(self, x: float, top: float, width: float, *, centred: bool = False) -> float:
        """The producer's mark, if the layout has a place for it; returns where the text may begin."""
        logo, high = self.text.logo, self.fit.layout.logo_mm
        if logo is None or not high:
            return top
        dots = _logo_dots(logo, self.fit.dots(width), self.fit.dots(high))
        indent = (self.fit.dots(width) - dots[0]) // 2 if centred else 0
        self.logo = PlacedLogo(self.fit.dots(x) + indent, self.fit.dots(top), *dots, logo)
        return top + dots[1] * self.fit.dot_mm + _GAP_MM


def _logo_dots(logo: Logo, width: int, height: int) -> tuple[int, int]:
    """The mark's size in dots: as large as the box allows, in its own proportions."""
    if logo.width * height <= logo.height * width:
        return max(1, round(height * logo.width / logo.height)), height
    return width, max(1, round(width * logo.height / logo.width))


def _beside(drawing: _Drawing) -> None:
    text, width, height = drawing.text, drawing.width, drawing.height
    area = drawing.fit.area_mm
    strip = height - area
    column = width - area - _EDGE_MM
    bottom = area if strip >= _STRIP_FOR_DOMAIN_MM else height - _EDGE_MM
    domain_pt = 0.7 * drawing.largest_pt

    if strip >= _STRIP_FOR_CODE_MM:
        # A stamp with room to spare gives it to the column: the strip keeps to the height that it needs.
        code = _one_code_line(drawing, width - 2 * _EDGE_MM, (strip - 0.3) / 2)
        high = line_mm(code.size_pt)
        rest = min(strip - 0.3 - high, 1.1 * high)
        bottom = height - 0.3 - high - rest
        top = bottom + high
        drawing.code_lines.append(replace(code, baseline_mm=bottom + typeset.baseline_mm(code.size_pt)))
        left = _demo_at_the_right(drawing, top, rest)
        drawing.lines.append(_domain_line(text.domain, left, top, rest, domain_pt))
    else:
        if strip >= _STRIP_FOR_DOMAIN_MM:
            left = _demo_at_the_right(drawing, area, strip - 0.3)
            drawing.lines.append(_domain_line(text.domain, left, area, strip - 0.3, domain_pt))
        else:
            domain = typeset.block([(text.domain.replace(".", BREAK + "."), REGULAR, 1.0)], column, 4.5, 6.0)
            bottom -= domain.height
            drawing.write(domain, area, bottom)
        size = min(_COLUMN_CODE * drawing.largest_pt, column * PT_PER_MM / typeset.code_width(8, 2))
        bottom -= 2 * line_mm(size)
        _two_code_lines(drawing, area, bottom, size)

    if drawing.demo and not drawing.bars:
        bottom -= _DEMO_BAR_MM
        drawing.bars.append(Bar(area, bottom, column, _DEMO_BAR_MM))
        bottom -= 0.3
    bottom = drawing.panel(area, bottom, column)
    top = drawing.mark(area, _EDGE_MM, column)
    logo = drawing.logo
    if logo and column >= _WIDE_COLUMN_MM:
        # Beside the text there is more room than above it.
        drawing.logo = replace(logo, left=drawing.fit.dots(width - _EDGE_MM) - logo.width)
        column -= logo.width * drawing.fit.dot_mm + 3 * _GAP_MM
        top = _EDGE_MM
    block = typeset.block(drawing.paragraphs(), column, bottom - top, drawing.largest_pt)
    drawing.write(block, area, top)


def _demo_at_the_right(drawing: _Drawing, top: float, height: float) -> float:
    """The bar of a demo stamp in the strip; returns the width that is left beside it."""
    if not drawing.demo:
        return drawing.width
    wide = max(_DEMO_MM, min(_DEMO_PROPORTION * height, drawing.width / 4))
    drawing.bars.append(Bar(drawing.width - _EDGE_MM - wide, top, wide, height))
    return drawing.width - wide - 0.5


def _stacked(drawing: _Drawing) -> None:
    fit, text, width = drawing.fit, drawing.text, drawing.width
    inner = width - 2 * _EDGE_MM
    bottom = drawing.height - _EDGE_MM
    domain = typeset.block(
        [(text.domain.replace(".", BREAK + "."), REGULAR, 1.0)], inner, 6.0, 0.7 * drawing.largest_pt
    )
    bottom -= domain.height
    drawing.write(domain, _EDGE_MM, bottom, inner)
    code = _one_code_line(drawing, inner, 4.0)
    bottom -= line_mm(code.size_pt)
    mean = code.size_pt * typeset.code_width(16, 3, sigmas=0) / PT_PER_MM
    baseline = bottom + typeset.baseline_mm(code.size_pt)
    drawing.code_lines.append(replace(code, x_mm=(width - mean) / 2, baseline_mm=baseline))
    if drawing.demo:
        bottom -= _DEMO_BAR_MM + 0.2
        bar = min(inner, _STACKED_DEMO_MM)
        drawing.bars.append(Bar((width - bar) / 2, bottom, bar, _DEMO_BAR_MM))
    bottom = drawing.panel(_EDGE_MM, bottom - 0.3 * bool(drawing.pin_width), inner, centred=True)
    area_top = int(bottom / fit.dot_mm) - fit.area_dots
    drawing.symbol = (fit.dots(width) - fit.area_dots) // 2, area_top
    top = drawing.mark(_EDGE_MM, _EDGE_MM, inner, centred=True)
    room = area_top * fit.dot_mm - top
    block = typeset.block(drawing.paragraphs(), inner, room, drawing.largest_pt)
    drawing.write(block, _EDGE_MM, top + (room - block.height) / 2, inner)


def _demo_word(bar: Bar) -> Line:
    size = min(bar.height_mm * PT_PER_MM, bar.width_mm / width_mm(DEMO_WORD, BOLD, 1.1))
    x = bar.x_mm + (bar.width_mm - width_mm(DEMO_WORD, BOLD, size)) / 2
    baseline = bar.top_mm + bar.height_mm / 2 + 0.37 * size / PT_PER_MM
    return Line(x, baseline, size, BOLD, DEMO_WORD, white=True)


def _one_code_line(drawing: _Drawing, width: float, height: float) -> CodeLine:
    size = min(
        drawing.largest_pt,
        width * PT_PER_MM / typeset.code_width(16, 3),
        height * PT_PER_MM / typeset.LEADING,
    )
    return CodeLine(_EDGE_MM, 0.0, size, GROUPS, ends_in_hyphen=False)


def _two_code_lines(drawing: _Drawing, x: float, top: float, size: float) -> None:
    for row, groups in enumerate((GROUPS[:2], GROUPS[2:])):
        baseline = top + row * line_mm(size) + typeset.baseline_mm(size)
        drawing.code_lines.append(CodeLine(x, baseline, size, groups, ends_in_hyphen=row == 0))


def _domain_line(domain: str, width: float, top: float, height: float, largest: float) -> Line:
    size = min(
        largest, height * PT_PER_MM / typeset.LEADING, (width - 2 * _EDGE_MM) / width_mm(domain, REGULAR, 1)
    )
    if size < SMALLEST_PT:
        raise RuleBroken("labels.text_too_long", field="domain", text=domain)
    return Line(_EDGE_MM, top + typeset.baseline_mm(size), size, REGULAR, domain)
