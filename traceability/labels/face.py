"""A stamp's face as plain data: where each word, bar and dot stands, in mm from the top left corner.

`compose` makes it; the PDF, the SVG, the PNG and ZPL all draw it. The static part is the same on all stamps
of an order; the symbol, the code and the PIN change from stamp to stamp.
"""

from dataclasses import dataclass, replace

from traceability.labels.logo import Logo

DEMO_WORD = "DEMO"
FRAME_LINE_MM = 0.2
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
class PinLine:
    """Where the PIN stands, in its frame."""

    x_mm: float
    baseline_mm: float
    size_pt: float
    characters: int


@dataclass(frozen=True)
class Bar:
    """A black rectangle, in mm from the top left corner."""

    x_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class Frame:
    """The outline of a rectangle: where the scratch panel goes. Its line lies inside it."""

    x_mm: float
    top_mm: float
    width_mm: float
    height_mm: float

    def bars(self) -> tuple[Bar, ...]:
        """Its four sides."""
        x, top, width, height, line = self.x_mm, self.top_mm, self.width_mm, self.height_mm, FRAME_LINE_MM
        return (
            Bar(x, top, width, line),
            Bar(x, top + height - line, width, line),
            Bar(x, top + line, line, height - 2 * line),
            Bar(x + width - line, top + line, line, height - 2 * line),
        )


@dataclass(frozen=True)
class PlacedLogo:
    """The producer's mark, in whole dots of the printer."""

    left: int
    top: int
    width: int
    height: int
    logo: Logo


@dataclass(frozen=True)
class Face:
    """`symbol` is the top left corner of the symbol with its quiet zone, in dots from the stamp's corner."""

    lines: tuple[Line, ...]
    code_lines: tuple[CodeLine, ...]
    bars: tuple[Bar, ...]
    symbol: tuple[int, int] = (0, 0)
    frames: tuple[Frame, ...] = ()
    pin: PinLine | None = None
    logo: PlacedLogo | None = None

    def black(self) -> tuple[Bar, ...]:
        """All black rectangles, the frames' sides among them."""
        return (*self.bars, *(side for frame in self.frames for side in frame.bars()))

    def moved(self, right: int, down: int, dot_mm: float) -> "Face":
        """The same face so many dots further right and down."""
        x, y = right * dot_mm, down * dot_mm
        return Face(
            tuple(replace(line, x_mm=line.x_mm + x, baseline_mm=line.baseline_mm + y) for line in self.lines),
            tuple(
                replace(line, x_mm=line.x_mm + x, baseline_mm=line.baseline_mm + y)
                for line in self.code_lines
            ),
            tuple(replace(bar, x_mm=bar.x_mm + x, top_mm=bar.top_mm + y) for bar in self.bars),
            (self.symbol[0] + right, self.symbol[1] + down),
            tuple(replace(frame, x_mm=frame.x_mm + x, top_mm=frame.top_mm + y) for frame in self.frames),
            self.pin and replace(self.pin, x_mm=self.pin.x_mm + x, baseline_mm=self.pin.baseline_mm + y),
            self.logo and replace(self.logo, left=self.logo.left + right, top=self.logo.top + down),
        )
