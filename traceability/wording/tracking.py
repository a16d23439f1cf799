"""What a tracking sheet cannot say yet, and where it is filled in."""

from traceability.domain.tracking import Gap
from traceability.i18n import N_

NAMES = {
    Gap: {
        Gap.DESTINATION: N_(
            "The customer's place is missing. Write it into the delivery when goods are shipped."
        ),
        Gap.DOCUMENT: N_("The number of the delivery note is missing. Write it into the delivery."),
        Gap.PHONE: N_("The telephone of the farm is missing. It stands in the profile."),
        Gap.PICKER: N_("Nobody wrote down who picked. Write the picking team into the next harvest."),
        Gap.PUBLIC_PAGE: N_("The lot is not published, so that nobody can look up who assigned its code."),
        Gap.PACKING: N_("No packing was recorded. Record it among the events of the lot."),
    }
}
