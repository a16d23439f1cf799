"""Sentences for what an actor may not do."""

from traceability.i18n import N_

REFUSALS = {
    "access.not_permitted": N_(
        "Your account may not do this. Ask somebody whose account has the permission, or your administrator."
    ),
    "access.no_producer": N_("Choose first for which producer you are recording."),
}
