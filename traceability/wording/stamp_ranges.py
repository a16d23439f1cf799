"""Why a run of stamps could not be cut out of an order."""

from traceability.i18n import N_

REFUSALS = {
    "stamp_ranges.outside_order": N_(
        "These stamps do not all belong to order {number}. Please read the first and the last stamp again."
    ),
    "stamp_ranges.several": N_(
        "Between these two stamps lie {count} runs in different states. Please choose a shorter run."
    ),
}
