"""Why a print was not made, and what layouts and their parts are called."""

from enum import Enum
from typing import Any

from traceability.i18n import N_
from traceability.labels.layouts import Arrangement, Marks
from traceability.labels.order import PrintedForm, TextKind

REFUSALS = {
    "labels.nothing_to_print": N_(
        "There is nothing to print: the order has no stamps. Enter a count of at least 1."
    ),
    "labels.no_such_stamp": N_("The order has {count} stamps; there is no such one among them."),
    "labels.start_outside_page": N_(
        "The page has {cells} places. Enter how many of them are already used: fewer than {cells}, or"
        " 0 for a new page."
    ),
    "labels.unknown_resolution": N_("There is no print profile for {dpi} dpi. Choose 203, 300 or 600."),
    "labels.layout_empty": N_(
        "The layout has no place for a stamp: it needs at least one row and one column, and a printer"
        " of 203, 300 or 600 dpi."
    ),
    "labels.layout_exceeds_page": N_(
        "The stamps need {needed_mm} mm and the page has {page_mm} mm. Use fewer or smaller stamps, "
        "smaller gaps or another page."
    ),
    "labels.module_too_small": N_(
        "One square of the QR code would be {module_mm} mm wide; it needs at least {least_mm} mm to "
        "be read safely. Choose a larger QR code or the short address."
    ),
    "labels.symbol_exceeds_stamp": N_(
        "The QR code with its white border needs {needed_mm} mm on each side and does not fit on this"
        " stamp. Choose a larger stamp, a smaller QR code or the short address."
    ),
    "labels.no_room_for_text": N_(
        "Beside the QR code there is no room for the text. The stamp needs a width of at least "
        "{needed_mm} mm."
    ),
    "labels.text_too_long": N_(
        "“{text}” does not fit on this stamp even in the smallest type. Shorten it or choose a larger stamp."
    ),
    "labels.letter_missing": N_(
        "The stamp's typeface does not have the letter “{letter}”. Please write the text without it."
    ),
    "labels.address_characters": N_(
        "The address {address} has characters that this form of QR code cannot carry. Use plain "
        "letters, digits and - . : /"
    ),
    "labels.address_too_long": N_(
        "The address on the stamp would have {length} characters, too many for a QR code of this "
        "size. Use the short address or a shorter lot number."
    ),
    "labels.foreign_address": N_(
        "The address {address} does not lead to {ours}. Such stamps are not printed; check the public"
        " address in the settings."
    ),
    "labels.symbol_differs": N_(
        "A QR code came out wrong in the check before printing, so nothing was printed. Please report"
        " this to the people who run the system."
    ),
    "labels.no_height_for_text": N_(
        "Above the QR code there is no room for the text. The stamp needs a height of at least "
        "{needed_mm} mm."
    ),
    "labels.layout_too_many_cells": N_(
        "A page of more than {most} stamps is too large. Use fewer rows or columns; a long roll takes "
        "several pages."
    ),
    "labels.layout_copies": N_("Each stamp can be printed 1 to {most} times."),
    "labels.layout_length": N_(
        "This measure does not fit the stamp. Enter a number of millimetres from 0 and below {most_mm}; "
        "the squares of the QR code need more than 0."
    ),
    "labels.cut_line_touches": N_(
        "With cutting lines, text and QR code need a distance of at least {least_mm} mm from the edge "
        "of the stamp."
    ),
    "labels.layout_unreadable": N_(
        "The layout cannot be read. Choose a file that was saved by the layout editor."
    ),
    "labels.layout_field_unknown": N_(
        "The layout has an entry “{name}” that is not known here. Remove it or save the layout anew in "
        "the editor."
    ),
    "labels.layout_field_missing": N_("The layout has no entry “{name}”. Please add it."),
    "labels.layout_value": N_(
        "The entry “{name}” of the layout has a value that cannot be used here. Please check it."
    ),
    "labels.logo_unreadable": N_(
        "The logo cannot be read. Choose a PNG, JPEG or WebP picture of at most 4 MB."
    ),
    "labels.logo_empty": N_(
        "The logo has only one colour, so nothing of it would be seen on a stamp. Choose a picture with "
        "a dark drawing on a light ground."
    ),
    "labels.zpl_needs_roll": N_(
        "A label printer prints one row of stamps at a time. Choose a roll layout with one row; sheets "
        "are printed from the PDF."
    ),
    "labels.no_such_page": N_("The print has {pages} pages; there is no such one among them."),
    "labels.page_too_large": N_(
        "A page can have at most {most_mm} mm. Use fewer rows or smaller stamps; a long roll takes "
        "several pages."
    ),
}

NAMES: dict[type[Enum], dict[Any, str]] = {
    PrintedForm: {
        PrintedForm.SHORT: N_("short address (for phones)"),
        PrintedForm.DIGITAL_LINK: N_("GS1 Digital Link"),
    },
    Arrangement: {
        Arrangement.BESIDE: N_("QR code on the left, text beside it"),
        Arrangement.STACKED: N_("text above the QR code, centred"),
    },
    Marks: {
        Marks.NONE: N_("no marks"),
        Marks.CROP: N_("crop marks at the edges of the sheet"),
        Marks.CUT: N_("cutting lines around every stamp"),
    },
    TextKind: {
        TextKind.PRODUCER: N_("producer"),
        TextKind.LOT: N_("lot number"),
        TextKind.HARVESTED_ON: N_("harvest date"),
        TextKind.PACKED_ON: N_("packing date"),
        TextKind.BEST_BEFORE: N_("best before"),
        TextKind.GROWING_AREA: N_("growing area code"),
        TextKind.PACKING_HOUSE: N_("packing house code"),
        TextKind.NET_WEIGHT: N_("net weight"),
        TextKind.GROSS_WEIGHT: N_("gross weight"),
        TextKind.CONTENT: N_("content"),
        TextKind.CERTIFICATE: N_("certificate"),
        TextKind.OTHER: N_("other text"),
    },
}

LAYOUTS = {
    "a4-5x13-30x20": N_("A4 sheet, 65 stamps of 30 × 20 mm"),
    "a4-5x13-38x21": N_("A4 label sheet, 65 labels of 38.1 × 21.2 mm"),
    "a4-4x10-48x25": N_("A4 label sheet, 40 labels of 48.5 × 25.4 mm"),
    "a4-3x7-63x38": N_("A4 label sheet, 21 labels of 63.5 × 38.1 mm"),
    "a4-3x8-70x37": N_("A4 label sheet, 24 labels of 70 × 37 mm"),
    "a4-2x4-99x67": N_("A4 label sheet, 8 carton labels of 99.1 × 67.7 mm"),
    "a4-4x4-tag-40x70": N_("A4 sheet, 16 hang tags of 40 × 70 mm to cut"),
    "roll-30x20": N_("Roll, stamps of 30 × 20 mm"),
    "roll-35x22": N_("Roll, stamps of 35 × 22 mm"),
    "roll-50x30": N_("Roll, stamps of 50 × 30 mm"),
    "roll-100x50-carton": N_("Roll, carton labels of 100 × 50 mm"),
    "roll-40x70-tag": N_("Roll, hang tags of 40 × 70 mm"),
}
"""The ready layouts by name, as a person calls them."""
