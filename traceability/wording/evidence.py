"""Who vouches for a public fact, in words; and what the letters of the grades mean."""

from traceability.domain.evidence import Evidence, Grade, How
from traceability.i18n import N_, day, gettext
from traceability.wording.agency_names import agency_name

_SENTENCES = {
    How.APPROVED: N_("Approved by %(by)s on %(day)s"),
    How.CHECKED: N_("Checked by %(by)s on %(day)s"),
    How.GRANTED: N_("Its grant was confirmed by %(by)s on %(day)s"),
    How.DECIDED: N_("Decided by %(by)s on %(day)s"),
    How.CONFIRMED: N_("Measured by %(by)s, reported on %(day)s; the report was entered by %(also)s"),
    How.MEASURED: N_("Measured by %(by)s, reported on %(day)s; the report was entered by the producer"),
    How.COMPUTED: N_("Computed by this platform from the records on %(day)s"),
    How.ENTERED: N_("Declared by the producer on %(day)s, written down for it by %(by)s"),
    How.DECLARED: N_("Declared by the producer on %(day)s"),
}

NAMES = {
    Grade: {
        Grade.A: N_("A named agency approved it, checked it or decided it."),
        Grade.B: N_("A named laboratory measured it; the producer entered the report."),
        Grade.C: N_("This platform computed it from what is on record."),
        Grade.D: N_("The producer says so. Nobody else has confirmed it."),
    },
}


def sentence(evidence: Evidence) -> str:
    """Who vouches, how, and since when, in the reader's language."""
    facts = {"by": agency_name(evidence.by), "also": agency_name(evidence.also), "day": day(evidence.on)}
    return gettext(_SENTENCES[evidence.how], **facts)
