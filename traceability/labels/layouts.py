"""Sheets, rolls and stamps in millimetres, and what results on a printer's grid of dots.

A layout is data. `Layout.fit` places it on the grid of its print profile: the QR module is a whole number
of printer dots and every origin a whole number of dots from the page's top left corner, because a scaled
module comes out uneven. The quiet zone is 4 modules on all four sides (ISO/IEC 18004, 6.3.8), towards the
stamp's own text and the edge too.

X-dimension (the width of a module): a GS1 Digital Link for retail scanners needs 0.396 mm (GS1 General
Specifications, symbol specification table for QR with Digital Link); the short form is read by phones only
and may go down to 0.25 mm.
"""

from dataclasses import dataclass, replace

from traceability.domain.errors import RuleBroken
from traceability.labels import qr
from traceability.labels.order import PrintedForm, PrintOrder
from traceability.labels.symbol import SymbolEncoder

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0
QUIET_MODULES = 4
DPI_PROFILES = (203, 300, 600)
LEAST_MODULE_MM = {PrintedForm.SHORT: 0.25, PrintedForm.DIGITAL_LINK: 0.396}
_LEAST_COLUMN_MM = 9.0
_LARGEST_PAGE_MM = 5000.0


@dataclass(frozen=True)
class Layout:
    """Where stamps lie on a page, in mm; a roll is a page of one column.

    `module_mm` is the wished width of a QR module; `fit` takes the nearest whole number of dots.
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

    @property
    def per_page(self) -> int:
        """Stamps on a full page."""
        return self.columns * self.rows

    def at(self, dpi: int) -> "Layout":
        """The same layout on a printer of another resolution. Raises RuleBroken for one that is no
        profile."""
        if dpi not in DPI_PROFILES:
            raise RuleBroken("labels.unknown_resolution", field="dpi", dpi=dpi)
        return replace(self, dpi=dpi)

    def with_rows(self, rows: int) -> "Layout":
        """A roll on longer pages: `rows` stamps one below the other (100 to 500 spare the printer's
        driver)."""
        height = self.top_mm * 2 + rows * self.stamp_height_mm + (rows - 1) * self.gap_y_mm
        return replace(self, rows=rows, page_height_mm=height)

    def check(self) -> None:
        """Raises RuleBroken when the stamps do not lie on the page."""
        if min(self.columns, self.rows) < 1 or self.dpi not in DPI_PROFILES:
            raise RuleBroken("labels.layout_empty", field="layout")
        for field, page, first, count, stamp, gap in (
            (
                "page_width_mm",
                self.page_width_mm,
                self.left_mm,
                self.columns,
                self.stamp_width_mm,
                self.gap_x_mm,
            ),
            (
                "page_height_mm",
                self.page_height_mm,
                self.top_mm,
                self.rows,
                self.stamp_height_mm,
                self.gap_y_mm,
            ),
        ):
            needed = first + count * stamp + (count - 1) * gap
            # Not (a and b), so that a NaN is refused as well.
            if not (
                0 < page <= _LARGEST_PAGE_MM
                and stamp > 0
                and first >= 0
                and gap >= 0
                and needed <= page + 0.01
            ):
                raise RuleBroken(
                    "labels.layout_exceeds_page", field=field, needed_mm=round(needed, 2), page_mm=page
                )

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
        if fit.area_mm > min(self.stamp_width_mm, self.stamp_height_mm) + fit.dot_mm / 2:
            raise RuleBroken(
                "labels.symbol_exceeds_stamp",
                field="layout",
                needed_mm=round(fit.area_mm, 1),
                version=version,
            )
        if self.stamp_width_mm - fit.area_mm < _LEAST_COLUMN_MM:
            raise RuleBroken(
                "labels.no_room_for_text",
                field="stamp_width_mm",
                needed_mm=round(fit.area_mm + _LEAST_COLUMN_MM, 1),
            )
        return fit


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

    def cell_dots(self, column: int, row: int) -> tuple[int, int]:
        """Top left corner of a cell, from the page's top left corner."""
        layout = self.layout
        x = layout.left_mm + column * (layout.stamp_width_mm + layout.gap_x_mm)
        y = layout.top_mm + row * (layout.stamp_height_mm + layout.gap_y_mm)
        return self.dots(x), self.dots(y)


A4_5X13 = Layout("a4-5x13-30x20", 210, 297, 5, 13, 30, 20, 22, 9.5, 4, 1.5, 0.375)
ROLL_30X20 = Layout("roll-30x20", 30, 20, 1, 1, 30, 20, 0, 0, 0, 2, 0.375)
ROLL_35X22 = Layout("roll-35x22", 35, 22, 1, 1, 35, 22, 0, 0, 0, 2, 0.42)
ROLL_50X30 = Layout("roll-50x30", 50, 30, 1, 1, 50, 30, 0, 0, 0, 3, 0.5)

LAYOUTS = {layout.name: layout for layout in (A4_5X13, ROLL_30X20, ROLL_35X22, ROLL_50X30)}
"""The ready layouts by name, for printers of 300 dpi; `at` gives the others."""
