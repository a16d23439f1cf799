"""Sentences and words for certificates."""

from traceability.domain.certificates import CoveredKind, Standing
from traceability.i18n import N_

REFUSALS = {
    "certificates.validity": N_("The certificate would end before it was issued: check the two days."),
    "certificates.issued_in_future": N_("The day of issue lies in the future. Please check the year."),
    "certificates.covered_unknown": N_("Choose what the certificate covers from the list."),
    "certificates.taken": N_("The certificate {number} is already written down for this."),
    "certificates.withdrawn": N_("This certificate was withdrawn."),
    "notice.certificate_checked": N_("An agency checked the certificate {number}."),
}

NAMES = {
    CoveredKind: {
        CoveredKind.AREA: N_("Production area"),
        CoveredKind.PRODUCT: N_("Product"),
        CoveredKind.PRODUCER: N_("Producer"),
    },
    Standing: {
        Standing.VALID: N_("Valid"),
        Standing.EXPIRING: N_("Expiring soon"),
        Standing.EXPIRED: N_("Expired"),
        Standing.NOT_YET: N_("Not yet valid"),
        Standing.WITHDRAWN: N_("Withdrawn by the producer"),
    },
}
