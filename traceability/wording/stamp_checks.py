"""Words of the check of a scratch PIN."""

from traceability.i18n import N_

REFUSALS = {
    "stamp_checks.no_pin": N_("This stamp has no PIN under a scratch panel."),
    "stamp_checks.not_in_use": N_(
        "This stamp should be on no goods, so its PIN is not checked. See what its page says."
    ),
    "stamp_checks.enough": N_(
        "The PIN of this stamp was tried {most} times today. Please try again tomorrow: nothing is lost."
    ),
    "stamp_checks.wrong": N_(
        "This is not the PIN of this stamp. Compare it with the scratch panel; 0 and O, 1 and I are taken as the same. "
        "Tries left today: {left}."
    ),
}
