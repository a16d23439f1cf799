"""Sentences for what a failed laboratory result does."""

from traceability.i18n import N_

REFUSALS = {
    "failed_samples.nothing_held": N_("No lot is held any more for this sample."),
    "notice.sample_failed": N_(
        "A sample of lot {lot} has failed (report {report_no}): {count} of your lots are held."
        " Stop selling and stamping; look at what has left already."
    ),
    "notice.sample_failed_received": N_(
        "A sample of the plot of lot {lot} has failed (report {report_no}). Goods from there were sent to you: set"
        " aside what you still have and ask the sender."
    ),
    "notice.sample_failed_there": N_(
        "A sample of lot {lot} has failed (report {report_no}); {count} lots are reached. See what has left already."
    ),
}
