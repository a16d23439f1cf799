"""Sentences and words for goods that come back, and for receipts that are corrected."""

from traceability.domain.returns import ReturnReason
from traceability.i18n import N_

REFUSALS = {
    "returns.delivery_unknown": N_(
        "This delivery is not among those that you sent. Open it from the page of its batch."
    ),
    "returns.before_sent": N_(
        "It was only sent on {sent}, so it cannot have come back before. Please check the day."
    ),
    "returns.not_received_yet": N_(
        "The receiver has not confirmed this delivery yet. What it does not accept comes back when it has; if it never "
        "left, correct the shipment."
    ),
    "returns.with_receiver": N_(
        "The receiver took these goods into its stock; only {left} of the {sent} sent were not accepted or given back. "
        "Ask the receiver to record that it gave them back, or to correct its receipt."
    ),
    "returns.more_than_sent": N_(
        "Of the {sent} sent, only {left} have not come back yet. Please check the weight and the delivery."
    ),
    "receipts.not_received": N_("This delivery has not been received yet. Confirm its receipt instead."),
    "receipts.used_already": N_(
        "{used} of it are used already, so at least that much has arrived. Correct what was made of it first."
    ),
    "receipts.used_before": N_(
        "It was used for lot {lot} on {day}, so it had arrived by then. Please check the day."
    ),
    "received_stock.not_enough": N_("Only {left} of this delivery are left. Please check the weight."),
    "received_stock.before_receipt": N_(
        "The goods only arrived on {received}: it cannot have been before. Please check the day."
    ),
    "notice.delivery_given_back": N_(
        "{receiver} gave {given_back_g} of lot {lot} back on {given_back_on}. Weigh it and record that goods came back."
    ),
    "notice.receipt_corrected": N_(
        "{receiver} has corrected the receipt of lot {lot}: {received_g} arrived, not {before_g} (sent: {sent_g})."
    ),
}

NAMES = {
    ReturnReason: {
        ReturnReason.UNSOLD: N_("Not sold"),
        ReturnReason.REFUSED: N_("Not accepted on arrival"),
        ReturnReason.DAMAGED: N_("Damaged"),
        ReturnReason.COMPLAINT: N_("A customer complained"),
        ReturnReason.RECALLED: N_("Recalled"),
        ReturnReason.OTHER: N_("Another reason"),
    },
}
