"""Words of inspections and findings."""

from traceability.domain.inspections import FindingState, Severity, SubjectKind
from traceability.i18n import N_

REFUSALS = {
    "inspections.no_agency": N_("Only an agency's account can write an inspection."),
    "inspections.in_future": N_("The day of the inspection lies in the future. Please check it."),
    "inspections.subject_unknown": N_(
        "What was inspected is not among what you oversee. Please choose it again."
    ),
    "inspections.of_another_agency": N_(
        "This inspection was held by another agency; only that agency can add to it."
    ),
    "findings.action_missing": N_(
        "A major or critical finding needs a corrective action: what must be done?"
    ),
    "findings.due_missing": N_("A major or critical finding needs a deadline: by when must it be corrected?"),
    "findings.due_in_past": N_("This deadline lies in the past. Please choose a later day."),
    "findings.corrected": N_("This finding is settled; nothing more is needed."),
    "findings.not_answered": N_("The producer has not answered this finding yet."),
    "notice.inspection_held": N_("An inspection of {held_on} has been recorded ({number})."),
    "notice.finding_added": N_(
        "Inspection {number} has a finding about “{about}”. To be corrected by {due_on}."
    ),
    "notice.finding_added_no_date": N_(
        "Inspection {number} has a finding about “{about}”. Please answer it."
    ),
    "notice.finding_answered": N_("{name} has answered the finding about “{about}” (inspection {number})."),
    "notice.finding_corrected": N_("The finding about “{about}” is settled."),
    "notice.finding_sent_back": N_(
        "Your answer to the finding about “{about}” does not do yet: {reason} New deadline: {due_on}."
    ),
}
NAMES = {
    SubjectKind: {
        SubjectKind.PRODUCER: N_("Producer"),
        SubjectKind.AREA: N_("Growing area"),
        SubjectKind.BATCH: N_("Batch"),
        SubjectKind.PRODUCT: N_("Product"),
        SubjectKind.STAMP_ORDER: N_("Stamp order"),
    },
    Severity: {
        Severity.MINOR: N_("Minor"),
        Severity.MAJOR: N_("Major"),
        Severity.CRITICAL: N_("Critical"),
    },
    FindingState: {
        FindingState.OPEN: N_("Not answered yet"),
        FindingState.ANSWERED: N_("Answered, to be checked"),
        FindingState.CORRECTED: N_("Corrected"),
    },
}

#: The lines of an inspection's minutes.
CHECKLIST = {
    "variety": N_("Variety"),
    "tree_age": N_("Age of the trees"),
    "growth_stage": N_("Growth stage"),
    "expected_harvest": N_("Expected harvest"),
    "expected_yield": N_("Expected yield"),
    "pesticides_vn": N_("Pesticides used that Vietnam allows"),
    "pesticides_importer": N_("Pesticides used that the importing country allows"),
    "pesticides_other": N_("Other pesticides used"),
    "diary": N_("Diary: kept and complete?"),
    "pests": N_("Pests and their density"),
    "control_method": N_("Method of control"),
    "sample": N_("Sample taken, and its result"),
    "gap": N_("Good agricultural practice applied"),
    "hygiene": N_("Hygiene of the area or house"),
    "empty_containers": N_("Collection of empty pesticide containers"),
    "other": N_("Other observations"),
}
