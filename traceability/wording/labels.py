"""Why a print was not made."""

from traceability.i18n import N_

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
}
