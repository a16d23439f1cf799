"""Sentences for naming another producer of the platform."""

from traceability.i18n import N_

REFUSALS = {
    "partners.unknown": N_('No approved producer is found for "{typed}". Please choose one from the list.'),
    "partners.ambiguous": N_("{count} producers fit: {some}. Please write the code of the one you mean."),
    "partners.itself": N_("This is your own producer. Please name another one."),
}
