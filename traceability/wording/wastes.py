"""Sentences and words for goods that are thrown away."""

from enum import StrEnum
from typing import Any

from traceability.domain.wastes import WasteHandling, WasteReason
from traceability.i18n import N_

REFUSALS = {
    "wastes.handling_of_stolen": N_(
        'What was stolen is gone, and only what was stolen. Choose "stolen" and "gone" together, or neither.'
    ),
}

NAMES: dict[type[StrEnum], dict[Any, str]] = {
    WasteReason: {
        WasteReason.SPOILED: N_("Spoiled or rotten"),
        WasteReason.DAMAGED: N_("Damaged"),
        WasteReason.EXPIRED: N_("Past its best-before date"),
        WasteReason.FAILED_TEST: N_("Failed a laboratory test"),
        WasteReason.RECALLED: N_("Recalled"),
        WasteReason.SORTED_OUT: N_("Sorted out"),
        WasteReason.STOLEN: N_("Stolen"),
        WasteReason.OTHER: N_("Another reason"),
    },
    WasteHandling: {
        WasteHandling.DESTROYED: N_("Destroyed"),
        WasteHandling.COMPOSTED: N_("Composted"),
        WasteHandling.ANIMAL_FEED: N_("Fed to animals"),
        WasteHandling.COLLECTED: N_("Handed to a waste collector"),
        WasteHandling.OTHER_USE: N_("Used for something else, not as food"),
        WasteHandling.GONE: N_("Gone (stolen)"),
    },
}
