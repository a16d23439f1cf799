"""What is wrong with a typed stamp code; `positions` are counted from 1 for the reader."""

from traceability.i18n import N_

REFUSALS = {
    "stamp_codes.empty": N_("Please type the 16 letters and digits printed on the stamp."),
    "stamp_codes.characters": N_(
        "Some characters (at {positions}) occur in no stamp code. Compare them with the stamp: a code"
        " has only digits and the letters A to Z without I, L, O and U."
    ),
    "stamp_codes.length": N_("A stamp code has {expected} letters and digits; you typed {found}."),
    "stamp_codes.check": N_(
        "This code was mistyped somewhere: its last character does not match the others. Please "
        "compare it with the stamp, letter by letter."
    ),
}
