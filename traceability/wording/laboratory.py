"""Sentences for laboratory results."""

from traceability.i18n import N_

REFUSALS = {
    "laboratory.reported_in_future": N_("The day of the report lies in the future. Today is {today}."),
    "laboratory.reported_before_sampled": N_(
        "The sample was taken on {sampled}: the report cannot be older. Please check the two days."
    ),
    "laboratory.passed_above_limit": N_(
        "“{name}”: {value} lies above the limit of {limit}, and it is marked as passed. Correct the figures, or take"
        " the mark away; a limit from below is written with ≥."
    ),
    "laboratory.passed_below_limit": N_(
        "“{name}”: {value} does not reach the least of {limit}, and it is marked as passed. Correct the figures, or"
        " take the mark away."
    ),
    "laboratory.recorded_already": N_(
        "Report {report_no} of this laboratory is already recorded for this batch."
    ),
}
