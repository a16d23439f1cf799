"""The ready layouts: usual label sheets, rolls for thermal printers, a carton label and a hang tag.

Measures of label sheets are those of the common A4 formats, whoever makes them. All are for 300 dpi;
`Layout.at` gives the others.
"""

from dataclasses import replace

from traceability.labels.layout import (
    DPI_PROFILES,
    LEAST_MODULE_MM,
    MM_PER_INCH,
    MOST_COPIES,
    POINTS_PER_INCH,
    QUIET_MODULES,
    Arrangement,
    Fit,
    Layout,
    Marks,
)
from traceability.labels.order import TextKind

__all__ = [
    "DPI_PROFILES",
    "LAYOUTS",
    "LEAST_MODULE_MM",
    "MM_PER_INCH",
    "MOST_COPIES",
    "POINTS_PER_INCH",
    "QUIET_MODULES",
    "Arrangement",
    "Fit",
    "Layout",
    "Marks",
]

# What a carton and a hang tag (tea, honey) tell; the last of them are left out where there is no room.
_CARTON_LINES = (
    TextKind.PRODUCER,
    TextKind.LOT,
    TextKind.NET_WEIGHT,
    TextKind.GROSS_WEIGHT,
    TextKind.HARVESTED_ON,
    TextKind.PACKED_ON,
)
_TAG_LINES = (
    TextKind.PRODUCER,
    TextKind.LOT,
    TextKind.NET_WEIGHT,
    TextKind.BEST_BEFORE,
    TextKind.HARVESTED_ON,
)

# name, page, columns and rows, stamp, left and top, gaps, module
A4_5X13 = Layout("a4-5x13-30x20", 210, 297, 5, 13, 30, 20, 22, 9.5, 4, 1.5, 0.375)
A4_5X13_38X21 = Layout("a4-5x13-38x21", 210, 297, 5, 13, 38.1, 21.2, 4.75, 10.7, 2.5, 0, 0.42, inset_mm=1)
A4_4X10 = Layout("a4-4x10-48x25", 210, 297, 4, 10, 48.5, 25.4, 8, 21.5, 0, 0, 0.45, inset_mm=1.5)
A4_3X7 = Layout("a4-3x7-63x38", 210, 297, 3, 7, 63.5, 38.1, 7.2, 15.15, 2.55, 0, 0.7, inset_mm=2, logo_mm=6)
# This sheet is covered to its edges, where most printers leave some four millimetres white.
A4_3X8 = Layout("a4-3x8-70x37", 210, 297, 3, 8, 70, 37, 0, 0.5, 0, 0, 0.52, inset_mm=5)
A4_2X4 = Layout(
    "a4-2x4-99x67",
    *(210, 297, 2, 4, 99.1, 67.7, 4.65, 13.1, 2.5, 0, 0.9),
    inset_mm=3,
    logo_mm=9,
    lines=_CARTON_LINES,
)
A4_TAGS = Layout(
    "a4-4x4-tag-40x70",
    *(210, 297, 4, 4, 40, 70, 25, 8.5, 0, 0, 0.6),
    arrangement=Arrangement.STACKED,
    inset_mm=1.5,
    hole_mm=9,
    logo_mm=7,
    lines=_TAG_LINES,
    marks=Marks.CUT,
    footer=False,
)
ROLL_30X20 = Layout("roll-30x20", 30, 20, 1, 1, 30, 20, 0, 0, 0, 2, 0.375)
ROLL_35X22 = Layout("roll-35x22", 35, 22, 1, 1, 35, 22, 0, 0, 0, 2, 0.42)
ROLL_50X30 = Layout("roll-50x30", 50, 30, 1, 1, 50, 30, 0, 0, 0, 3, 0.5)
CARTON_100X50 = Layout(
    "roll-100x50-carton",
    *(100, 50, 1, 1, 100, 50, 0, 0, 0, 3, 0.9),
    inset_mm=1.5,
    logo_mm=9,
    lines=_CARTON_LINES,
)
TAG_40X70 = replace(
    A4_TAGS,
    name="roll-40x70-tag",
    page_width_mm=40,
    page_height_mm=70,
    columns=1,
    rows=1,
    left_mm=0,
    top_mm=0,
    gap_y_mm=3,
    marks=Marks.NONE,
)

LAYOUTS = {
    layout.name: layout
    for layout in (
        A4_5X13,
        A4_5X13_38X21,
        A4_4X10,
        A4_3X7,
        A4_3X8,
        A4_2X4,
        A4_TAGS,
        ROLL_30X20,
        ROLL_35X22,
        ROLL_50X30,
        CARTON_100X50,
        TAG_40X70,
    )
}
"""The ready layouts by name."""
