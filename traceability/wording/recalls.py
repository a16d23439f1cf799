"""Words of recalls: who asked, where they stand, why a step is refused, and what everybody concerned reads."""

from traceability.domain.recalls import RecallKind, RecallState
from traceability.i18n import N_

REFUSALS = {
    "recalls.decision_missing": N_("A compulsory recall rests on a decision. Please enter its number."),
    "recalls.decided_on_missing": N_("Please enter the day of the decision."),
    "recalls.decided_in_future": N_("The day of the decision lies in the future. Please check it."),
    "recalls.already_open": N_(
        "Batch {lot} is under such a recall already. Open that recall to see how it stands."
    ),
    "recalls.not_open": N_("Recall {number} is no longer open. Please load the page again."),
    "recalls.lift_asked_already": N_(
        "Somebody has asked to lift this recall already; a second person can confirm it."
    ),
    "recalls.lift_not_asked": N_(
        "Nobody has asked to lift this recall yet. The first step is to ask, with a reason."
    ),
    "recalls.same_person": N_("Lifting a recall needs two persons: whoever asked for it cannot confirm it."),
    "recalls.agency_must_lift": N_(
        "A compulsory recall is lifted by an agency. Your request stands; please wait for it."
    ),
    "notice.recall_opened": N_(
        "Recall {number} has been opened on batch {lot}. It reaches these of your batches or receipts: {lots}. "
        "Stop selling and using them, and tell your customers."
    ),
    "notice.recall_opened_oversight": N_(
        "Recall {number} was opened on batch {lot}; it reaches {count} batches."
    ),
    "notice.recall_lift_asked": N_(
        "Somebody asks to lift recall {number} of batch {lot}; a second person has to confirm it. Reason: {reason}"
    ),
    "notice.recall_lifted": N_("Recall {number} of batch {lot} is lifted. Free again: {lots}."),
    "notice.recall_lifted_oversight": N_(
        "Recall {number} of batch {lot} is lifted; {count} batches are free again."
    ),
}
NAMES = {
    RecallKind: {
        RecallKind.VOLUNTARY: N_("Voluntary"),
        RecallKind.COMPULSORY: N_("Compulsory"),
    },
    RecallState: {
        RecallState.OPEN: N_("Recall in force"),
        RecallState.LIFTED: N_("Recall lifted"),
        RecallState.CLOSED: N_("Recall completed"),
    },
}
