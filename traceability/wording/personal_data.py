"""Words for why an official looked at personal data."""

from traceability.i18n import N_, gettext

PURPOSES = {
    "inspection": N_("For an inspection"),
    "recall": N_("For a recall"),
    "doubt": N_("To follow up a report of a doubt"),
    "support": N_("To help the producer"),
    "administration": N_("To administer accounts"),
}


def purpose(code: str) -> str:
    """Why somebody looked, in the reader's language; a dash where no reason was given."""
    return gettext(PURPOSES[code]) if code in PURPOSES else "–"
