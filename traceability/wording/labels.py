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
}
