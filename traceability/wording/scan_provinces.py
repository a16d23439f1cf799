"""Words of where a stamp was looked at."""

from traceability.i18n import N_

REFUSALS = {
    "scan_provinces.said_today": N_(
        "You have said so for this stamp today already: each visitor counts once a day."
    ),
    "scan_provinces.enough": N_(
        "Very many visitors have said so for this stamp today. Please try again tomorrow."
    ),
}
