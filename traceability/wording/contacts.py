"""Sentences for e-mail addresses, telephone numbers and codes of registers."""

from traceability.i18n import N_

REFUSALS = {
    "email_form": N_("This is not an e-mail address. Please write it like ten@vidu.vn."),
    "phone_form": N_(
        "This is not a telephone number. Please write 8 to 15 digits, for example 0912 345 678."
    ),
    "tax_code_form": N_(
        "This is not a tax code: it has 10 digits (a branch has 13), and the last one is a check."
    ),
    "register_code_form": N_("A code has 1 to 20 letters without accents and digits, for example F01."),
}
