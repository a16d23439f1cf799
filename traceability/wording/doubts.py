"""Words of the reports of a doubt."""

from traceability.domain.doubts import DoubtKind, DoubtState
from traceability.i18n import N_

REFUSALS = {
    "doubts.enough": N_(
        "Several people have reported this stamp today, and it is being looked into. Reporting it again is not needed."
    ),
    "doubts.answered": N_("This report has been answered already."),
    "doubts.too_many": N_("Many reports have come from your network. Please wait an hour and try again."),
    "notice.stray_doubt_reported": N_("A shopper reported a stamp that is not on record."),
    "notice.doubt_reported": N_("A shopper reported a doubt about a stamp of lot {lot}."),
}

NAMES = {
    DoubtKind: {
        DoubtKind.LOOKS_DIFFERENT: N_("The goods look different from the picture"),
        DoubtKind.STAMP_DAMAGED: N_("The stamp is damaged or stuck over another one"),
        DoubtKind.QUALITY: N_("Something is wrong with the quality"),
        DoubtKind.PLACE_SOLD: N_("It is sold in an odd place or at an odd price"),
        DoubtKind.OTHER: N_("Something else"),
    },
    DoubtState: {
        DoubtState.OPEN: N_("Report received"),
        DoubtState.LOOKED_AT: N_("Being looked into"),
        DoubtState.ANSWERED: N_("Report answered"),
    },
}
