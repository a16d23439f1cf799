"""Words of suspensions: what they stop, why one is refused, and what the producer reads."""

from traceability.domain.suspensions import SuspendedKind
from traceability.i18n import N_

REFUSALS = {
    "suspensions.already": N_(
        "This is suspended already. Lift the standing suspension before you place another one."
    ),
    "suspensions.not_in_use": N_(
        "Only what is in use can be suspended: this is a draft, was withdrawn, or is void already."
    ),
    "suspensions.recalled": N_("This batch is recalled already, which stops it as well."),
    "suspensions.not_suspended": N_(
        "This is not suspended, so there is nothing to lift. Please load the page again."
    ),
    "oversight.other_agency": N_(
        "This was ordered by {agency}. Only that agency, the one above it or an administrator can lift it: please ask "
        "there."
    ),
    "notice.suspended_producer": N_(
        "Your registration is suspended: new batches and stamps wait until it is lifted. Reason: {reason}"
    ),
    "notice.suspended_area": N_(
        "Growing area “{name}” is suspended: it takes no new batches until this is lifted. Reason: {reason}"
    ),
    "notice.suspended_area_code": N_(
        "Growing-area code {name} is suspended: it cannot be used for new batches. Reason: {reason}"
    ),
    "notice.suspended_product": N_(
        "Product “{name}” is suspended: no new batches of it until this is lifted. Reason: {reason}"
    ),
    "notice.suspended_batch": N_(
        "Batch {name} is suspended: it may not be shipped, worked up or stamped, and its stamps say so. "
        "Reason: {reason}"
    ),
    "notice.suspended_stamp_range": N_(
        "{count} stamps of order {name} are suspended; whoever scans one reads it. Reason: {reason}"
    ),
    "notice.lifted_producer": N_("The suspension of your registration is lifted. Reason: {reason}"),
    "notice.lifted_area": N_("The suspension of growing area “{name}” is lifted. Reason: {reason}"),
    "notice.lifted_area_code": N_("The suspension of growing-area code {name} is lifted. Reason: {reason}"),
    "notice.lifted_product": N_("The suspension of product “{name}” is lifted. Reason: {reason}"),
    "notice.lifted_batch": N_("The suspension of batch {name} is lifted. Reason: {reason}"),
    "notice.lifted_stamp_range": N_("{count} stamps of order {name} are good again. Reason: {reason}"),
}
NAMES = {
    SuspendedKind: {
        SuspendedKind.PRODUCER: N_("Producer"),
        SuspendedKind.AREA: N_("Growing area"),
        SuspendedKind.AREA_CODE: N_("Growing-area code"),
        SuspendedKind.PRODUCT: N_("Product"),
        SuspendedKind.BATCH: N_("Batch"),
        SuspendedKind.STAMP_RANGE: N_("Stamps"),
    },
}
