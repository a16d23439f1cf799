"""Sentences for pictures of entries and events."""

from traceability.i18n import N_

REFUSALS = {
    "evidence_photos.enough": N_("An entry has at most {limit} photos. Choose the ones that tell most."),
    "evidence_photos.withdrawn": N_("This photo has been withdrawn already. Nothing more needs to be done."),
    "evidence_photos.withdrawn_before": N_(
        "This photo was withdrawn from this entry and cannot be put there again. Send another one."
    ),
    "evidence_photos.enough_withdrawn": N_(
        "{limit} photos have been withdrawn from this entry already, no more can be. Ask an agency that oversees you."
    ),
}
