"""Sentences for pictures of entries and events."""

from traceability.i18n import N_

REFUSALS = {
    "evidence_photos.enough": N_("An entry has at most {limit} photos. Choose the ones that tell most."),
}
