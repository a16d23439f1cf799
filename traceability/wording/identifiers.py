"""Why a GS1 number, a lot, a code or a Digital Link was not taken, and what looks odd about a code."""

from traceability.i18n import N_

REFUSALS = {
    "gtin_missing": N_("Please enter the GTIN, the number under the barcode."),
    "gtin_not_digits": N_("A GTIN has only digits. Please copy the number under the barcode."),
    "gtin_length": N_(
        "A GTIN has 8, 12, 13 or 14 digits; this one has {length}. Please compare it with the number under the barcode."
    ),
    "gtin_check_digit": N_(
        "The last digit of this GTIN should be {expected}, not {found}. Please compare all digits with the package."
    ),
    "gtin_restricted": N_(
        "GTINs that begin with 02, 04 or 20 to 29 are for use inside one shop or company only. Please enter the "
        "number that GS1 Vietnam issued, or leave the field empty."
    ),
    "gln_missing": N_("Please enter the location number (GLN)."),
    "gln_not_digits": N_("A location number (GLN) has only digits. Please check it."),
    "gln_length": N_("A location number (GLN) has 13 digits; this one has {length}. Please check it."),
    "gln_check_digit": N_(
        "The last digit of this location number should be {expected}, not {found}. Please check all digits."
    ),
    "sscc_missing": N_("Please enter the container code (SSCC)."),
    "sscc_not_digits": N_("A container code (SSCC) has only digits. Please check it."),
    "sscc_length": N_("A container code (SSCC) has 18 digits; this one has {length}. Please check it."),
    "sscc_check_digit": N_(
        "The last digit of this container code should be {expected}, not {found}. Please check all digits."
    ),
    "lot_missing": N_("Please enter a lot number, for example BUOI-2611-01."),
    "lot_too_long": N_(
        "A lot number has at most {limit} characters; this one has {length}. Please shorten it."
    ),
    "lot_characters": N_(
        "A lot number is printed in the QR code, so it cannot hold “{character}”: use digits, letters without accents, "
        "hyphen and dot. For example: {suggestion}."
    ),
    "lot_only_dots": N_("A lot number needs a letter or a digit, for example BUOI-2611-01."),
    "code_missing": N_("Please enter the code as it stands in the decision."),
    "code_too_long": N_(
        "A code has at most {limit} characters; this one has {length}. Please enter only the code itself."
    ),
    "link_too_long": N_("This address is too long for a GS1 Digital Link: at most {limit} characters."),
    "link_encoding": N_(
        "This address holds characters that a GS1 Digital Link cannot have. Please scan the code again."
    ),
    "link_segments": N_(
        "This address is not a complete GS1 Digital Link: after each number for the kind there must be its value."
    ),
    "link_key": N_("This address does not begin with a GS1 key, such as 01 for a GTIN (found: {ai})."),
    "link_foreign": N_("({ai}) may not stand in this place of a GS1 Digital Link."),
    "link_order": N_("The parts of this GS1 Digital Link stand in the wrong order; the order is {order}."),
    "link_repeated": N_("({ai}) stands twice in this GS1 Digital Link."),
    "link_value": N_("The value of ({ai}) {title} does not have the form that GS1 prescribes."),
    "link_check_digit": N_(
        "The check digit of ({ai}) {title} is wrong, so this number was never issued. Please scan the code again or "
        "compare the digits."
    ),
}

#: What `area_codes.warnings` and `identifiers.lot_warnings` answer.
WARNINGS = {
    "code_lower_case": N_("Codes are usually written in capital letters. It was kept as you typed it."),
    "code_blanks": N_(
        "Codes usually have hyphens where this one has spaces or other dashes. It was kept as you typed it."
    ),
    "code_of_area": N_(
        "The letters OR mark a growing area, not a packing house. Please compare it with the decision."
    ),
    "code_of_packing_house": N_(
        "The letters PH mark a packing house, not a growing area. Please compare it with the decision."
    ),
    "code_odd_format": N_(
        "Unusual form for a code. Please compare it with the decision; if it stands there like this, it is right."
    ),
    "lot_not_plain": N_(
        "Small letters and signs other than hyphen and dot make the QR code denser. Digits, capital letters, hyphen "
        "and dot print best."
    ),
}
