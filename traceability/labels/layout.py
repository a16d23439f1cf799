"""One layout: a sheet or roll of stamps in millimetres, and what results on a printer's grid of dots.

A layout is data; `layouts` lists the ready ones, `as_json` and `from_json` keep those of an editor.
`Layout.fit` places it on the grid of its print profile: the QR module is a whole number of printer dots and
every origin a whole number of dots from the page's top left corner, because a scaled module comes out
uneven. The quiet zone is 4 modules on all four sides (ISO/IEC 18004, 6.3.8), towards the stamp's own text
and the edge too.

X-dimension (the width of a module): a GS1 Digital Link for retail scanners needs 0.396 mm (GS1 General
Specifications, symbol specification table for QR with Digital Link); the short form is read by phones only
and may go down to 0.25 mm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from traceability.domain.errors import RuleBroken
from traceability.labels import layout_json, qr
from traceability.labels.order import PrintedForm, PrintOrder, TextKind
from traceability.labels.symbol import SymbolEncoder

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0
QUIET_MODULES = 4
DPI_PROFILES = (203, 300, 600)
LEAST_MODULE_MM = {PrintedForm.SHORT: 0.25, PrintedForm.DIGITAL_LINK: 0.396}
_LEAST_COLUMN_MM = 9.0
_LEAST_TEXT_MM = 9.0
LARGEST_PAGE_MM = 5000
"""14,400 points: what Adobe's programs show of a page."""
LONGEST_ROLL_MM = 20_000
"""A page of a roll may be longer than Adobe's programs show: the drivers of roll printers take it. UserUnit, with
which PDF 1.6 allows larger pages, is no way: PDFium and Poppler ignore it, so that stamps would come out too small."""
MOST_ROWS = 500
_LEAST_INSET_WITHIN_CUTS_MM = 0.3
_MOST_CELLS = 2000
MOST_COPIES = 100


class Arrangement(StrEnum):
    """How the face of a stamp is divided."""

    BESIDE = "beside"
    """The symbol stands at the top left, the text in the column to its right."""
    STACKED = "stacked"
    """The text stands above the symbol, the code below it, all centred: for upright tags."""


class Marks(StrEnum):
    """What is drawn between the stamps for whoever cuts the sheet."""

    NONE = "none"
    CROP = "crop"
    """Short ticks outside the block of stamps, in line with every edge."""
    CUT = "cut"
    """A hairline around every stamp."""


@dataclass(frozen=True)
class Layout:
    """Where stamps lie on a page and what they show, in mm; a roll is a page of one column.

    `module_mm` is the wished width of a QR module; `fit` takes the nearest whole number of dots. The face
    keeps `inset_mm` away from every edge of the stamp (printers leave the edge of a sheet white, knives and
    rolls stray) and `hole_mm` free at the top, where a tag is punched. `logo_mm` is the height of the
    producer's mark, 0 for none. `lines` chooses and orders the lines of text by their kind, none of them
    stands for all. `footer` writes order, page and codes into the bottom margin of a sheet that has room.
    Every stamp is printed `copies` times, one after the other. `form` and `language` are what orders on this
    layout are made with; the press prints the order's own form.
    """

    name: str
    page_width_mm: float
    page_height_mm: float
    columns: int
    rows: int
    stamp_width_mm: float
    stamp_height_mm: float
    left_mm: float
    top_mm: float
    gap_x_mm: float
    gap_y_mm: float
    module_mm: float
    dpi: int = 300
    arrangement: Arrangement = Arrangement.BESIDE
    inset_mm: float = 0
    hole_mm: float = 0
    logo_mm: float = 0
    lines: tuple[TextKind, ...] = ()
    language: str = "vi"
    form: PrintedForm = PrintedForm.SHORT
    marks: Marks = Marks.NONE
    footer: bool = True
    copies: int = 1

    @classmethod
    def from_json(cls, data: str | bytes | Mapping[str, Any]) -> "Layout":
        """A layout that an editor has kept, checked.

        Raises RuleBroken, naming the field: "labels.layout_unreadable" for what is no JSON object,
        "labels.layout_field_unknown", "labels.layout_field_missing", "labels.layout_value" for a value of
        another kind, and what `check` refuses.
        """
        layout = cls(**layout_json.values(cls, data))
        layout.check()
        return layout

    def as_json(self) -> dict[str, Any]:
        """All fields as plain values; `from_json` gives an equal layout back."""
        return layout_json.plain(self)

    @property
    def per_page(self) -> int:
        """Cells on a full page: each takes one copy of one stamp."""
        return self.columns * self.rows

    def at(self, dpi: int) -> "Layout":
        """The same layout on a printer of another resolution. Raises RuleBroken for one that is no
        profile."""
        if dpi not in DPI_PROFILES:
            raise RuleBroken("labels.unknown_resolution", field="dpi", dpi=dpi)
        return replace(self, dpi=dpi)

    def with_rows(self, rows: int) -> "Layout":
        """A roll on longer pages: `rows` stamps one below the other (100 and more spare the printer's driver);
        at most `longest_rows`, and `most_rows` for programs of every maker."""
        height = self.top_mm * 2 + rows * self.stamp_height_mm + (rows - 1) * self.gap_y_mm
        return replace(self, rows=rows, page_height_mm=height)

    @property
    def most_rows(self) -> int:
        """How many rows of this roll a page can have that every program shows."""
        return self._rows_within(LARGEST_PAGE_MM)

    @property
    def longest_rows(self) -> int:
        """How many rows of this roll a page can have at all."""
        return min(MOST_ROWS, self._rows_within(LONGEST_ROLL_MM))

    def _rows_within(self, length_mm: float) -> int:
        pitch = self.stamp_height_mm + self.gap_y_mm
        return min(_MOST_CELLS // self.columns, int((length_mm - 2 * self.top_mm + self.gap_y_mm) / pitch))

    @property
    def is_roll(self) -> bool:
        """Whether a page is one row of stamps and nothing else."""
        return self.rows == 1 and self.page_height_mm - self.stamp_height_mm - 2 * self.top_mm < 0.01

    def check(self) -> None:
        """Raises RuleBroken when the stamps do not lie on the page, or a measure makes no sense."""
        if min(self.columns, self.rows) < 1 or self.dpi not in DPI_PROFILES:
            raise RuleBroken("labels.layout_empty", field="layout")
        if self.columns * self.rows > _MOST_CELLS:
            raise RuleBroken("labels.layout_too_many_cells", field="rows", most=_MOST_CELLS)
        if not 1 <= self.copies <= MOST_COPIES:
            raise RuleBroken("labels.layout_copies", field="copies", most=MOST_COPIES)
        along = (self.page_width_mm, self.left_mm, self.columns, self.stamp_width_mm, self.gap_x_mm)
        _check_along("page_width_mm", LARGEST_PAGE_MM, *along)
        down = (self.page_height_mm, self.top_mm, self.rows, self.stamp_height_mm, self.gap_y_mm)
        _check_along("page_height_mm", LONGEST_ROLL_MM, *down)
        narrow = min(self.stamp_width_mm, self.stamp_height_mm)
        # Not (a and b), so that a NaN is refused as well.
        for field, length, longest in (
            ("module_mm", self.module_mm, narrow),
            ("inset_mm", self.inset_mm, narrow / 2),
            ("hole_mm", self.hole_mm, self.stamp_height_mm),
            ("logo_mm", self.logo_mm, self.stamp_height_mm),
        ):
            if not 0 <= length < longest or (field == "module_mm" and length == 0):
                raise RuleBroken("labels.layout_length", field=field, most_mm=round(longest, 2))
        if self.marks is Marks.CUT and self.inset_mm < _LEAST_INSET_WITHIN_CUTS_MM:
            # The line would stand in the quiet zone.
            least = _LEAST_INSET_WITHIN_CUTS_MM
            raise RuleBroken("labels.cut_line_touches", field="inset_mm", least_mm=least)

    def fit(self, order: PrintOrder, *, small_modules: bool = False) -> "Fit":
        """The layout of one order on the printer's grid.

        `small_modules` overrides the least X-dimension of the Digital Link form, never that of the short
        form. Raises RuleBroken, with the sizes that are needed, for what does not fit.
        """
        encoder = SymbolEncoder(order.prefix, mode=order.form.mode, level=order.level)
        return self.fit_version(encoder.version, order.form, small_modules=small_modules)

    def fit_version(self, version: int, form: PrintedForm, *, small_modules: bool = False) -> "Fit":
        """`fit` for a known QR version."""
        self.check()
        per_module = max(1, round(self.module_mm * self.dpi / MM_PER_INCH))
        fit = Fit(self, version, qr.size(version), per_module)
        least = LEAST_MODULE_MM[form]
        overridden = small_modules and form is PrintedForm.DIGITAL_LINK
        if fit.module_mm < least and not overridden:
            raise RuleBroken(
                "labels.module_too_small",
                field="module_mm",
                module_mm=round(fit.module_mm, 3),
                least_mm=least,
            )
        _, _, width, height = fit.box_mm
        if fit.area_mm > min(width, height) + fit.dot_mm / 2:
            raise RuleBroken(
                "labels.symbol_exceeds_stamp",
                field="layout",
                needed_mm=round(fit.area_mm, 1),
                version=version,
            )
        if self.arrangement is Arrangement.BESIDE and width - fit.area_mm < _LEAST_COLUMN_MM:
            needed = self.stamp_width_mm - width + fit.area_mm + _LEAST_COLUMN_MM
            raise RuleBroken("labels.no_room_for_text", field="stamp_width_mm", needed_mm=round(needed, 1))
        if self.arrangement is Arrangement.STACKED and height - fit.area_mm < _LEAST_TEXT_MM:
            needed = self.stamp_height_mm - height + fit.area_mm + _LEAST_TEXT_MM
            raise RuleBroken("labels.no_height_for_text", field="stamp_height_mm", needed_mm=round(needed, 1))
        return fit


def _check_along(
    field: str, most: float, page: float, first: float, count: int, stamp: float, gap: float
) -> None:
    """One direction of a page: its greatest and its own length, the first stamp's place, how many, how long, how far
    apart (mm)."""
    needed = first + count * stamp + (count - 1) * gap
    if page > most:
        raise RuleBroken("labels.page_too_large", field=field, most_mm=most)
    possible = page > 0 and stamp > 0 and first >= 0 and gap >= 0
    if not (possible and needed <= page + 0.01):
        raise RuleBroken(
            "labels.layout_exceeds_page", field=field, needed_mm=round(needed, 2), page_mm=round(page, 2)
        )


@dataclass(frozen=True)
class Fit:
    """A layout with a QR version, counted in whole printer dots."""

    layout: Layout
    version: int
    modules: int
    """Along one side, without the quiet zone."""
    dots_per_module: int

    @property
    def dot_mm(self) -> float:
        return MM_PER_INCH / self.layout.dpi

    @property
    def dot_pt(self) -> float:
        return POINTS_PER_INCH / self.layout.dpi

    @property
    def module_mm(self) -> float:
        """The X-dimension."""
        return self.dots_per_module * self.dot_mm

    @property
    def area_dots(self) -> int:
        """Side of the symbol with its quiet zone."""
        return (self.modules + 2 * QUIET_MODULES) * self.dots_per_module

    @property
    def area_mm(self) -> float:
        return self.area_dots * self.dot_mm

    @property
    def symbol_mm(self) -> float:
        """Side of the dark symbol, without the quiet zone."""
        return self.modules * self.module_mm

    def dots(self, mm: float) -> int:
        """The nearest whole number of dots."""
        return round(mm / self.dot_mm)

    @property
    def page_dots(self) -> tuple[int, int]:
        """Width and height of the page, rounded down so that a renderer's bitmap has exactly these
        pixels."""
        layout = self.layout
        return int(layout.page_width_mm / self.dot_mm), int(layout.page_height_mm / self.dot_mm)

    @property
    def stamp_dots(self) -> tuple[int, int]:
        return self.dots(self.layout.stamp_width_mm), self.dots(self.layout.stamp_height_mm)

    @property
    def inset_dots(self) -> int:
        return self.dots(self.layout.inset_mm)

    @property
    def box_mm(self) -> tuple[float, float, float, float]:
        """The part of the stamp that the face may use: left, top, width, height; its corner lies on a dot."""
        layout, inset = self.layout, self.inset_dots * self.dot_mm
        top = max(inset, self.dots(layout.hole_mm) * self.dot_mm)
        return inset, top, layout.stamp_width_mm - 2 * inset, layout.stamp_height_mm - top - inset

    def cell_dots(self, column: int, row: int) -> tuple[int, int]:
        """Top left corner of a cell, from the page's top left corner."""
        layout = self.layout
        x = layout.left_mm + column * (layout.stamp_width_mm + layout.gap_x_mm)
        y = layout.top_mm + row * (layout.stamp_height_mm + layout.gap_y_mm)
        return self.dots(x), self.dots(y)
