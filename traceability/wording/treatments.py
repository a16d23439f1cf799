"""Sentences and words for treatments of the field before a harvest."""

from traceability.domain.treatments import InputKind
from traceability.i18n import N_

REFUSALS = {
    "treatments.not_a_harvest": N_(
        "Lot {lot} was not harvested: a treatment of the field belongs to a harvest."
    ),
    "treatments.in_future": N_("This day is still to come. Please record a treatment once it is done."),
    "treatments.after_harvest": N_(
        "The lot was harvested on {harvested}. Please record a later treatment with the lot that it belongs to."
    ),
    "treatments.too_long_before": N_(
        "This day lies more than two years before the harvest of {harvested}: the earliest that is taken is "
        "{earliest}. Check the year."
    ),
}
NAMES = {
    InputKind: {
        InputKind.FERTILIZER: N_("Fertilizer"),
        InputKind.INSECTICIDE: N_("Insecticide"),
        InputKind.FUNGICIDE: N_("Fungicide"),
        InputKind.HERBICIDE: N_("Herbicide"),
        InputKind.BIOPESTICIDE: N_("Biopesticide"),
        InputKind.GROWTH_REGULATOR: N_("Growth regulator"),
        InputKind.VETERINARY: N_("Veterinary medicine"),
        InputKind.PROBIOTIC: N_("Probiotic"),
        InputKind.FEED_ADDITIVE: N_("Feed additive"),
    },
}
