"""Sentences and words for cartons and pallets."""

from enum import StrEnum
from typing import Any

from traceability.domain.logistic_units import UnitKind, UnitState
from traceability.i18n import N_

REFUSALS = {
    "units.empty": N_(
        "Nothing is in it yet. Name a lot with its kilograms, stamps by their codes, or a carton."
    ),
    "units.unknown": N_("This carton or pallet is not among yours. Open it from the list and try again."),
    "units.carton_in_carton": N_(
        "Only cartons stand on a pallet: no carton in a carton, no pallet on a pallet."
    ),
    "units.two_owners": N_("All that lies in one carton or pallet is of one producer."),
    "units.content_incomplete": N_("Give both the lot and its kilograms."),
    "units.stamps_elsewhere": N_(
        "Some of these stamps are in carton or pallet {sscc} already. Scan the first and the last code again."
    ),
    "units.stamps_twice": N_(
        "Some of these stamps are in an earlier row of this form already. Scan the first and the last code again."
    ),
    "units.stamps_of_another": N_(
        "These stamps are those of lot {lot}, and another lot is chosen beside them. Leave the lot empty, or scan its "
        "own."
    ),
    "units.in_pallet": N_(
        "Carton {sscc} stands on pallet {pallet}. Ship the whole pallet, or open the pallet first."
    ),
    "units.sent": N_("{sscc} has left already."),
    "units.opened": N_("{sscc} has been opened already: what was in it lies loose."),
    "units.gone": N_("{sscc} has left: whoever has it opens it. What comes back is recorded as a return."),
    "units.not_received": N_("{sscc} has not been received yet. Confirm its receipt first, then open it."),
    "units.nothing_to_receive": N_("Nothing in it waits to be received."),
    "units.no_gln": N_(
        "Cartons and pallets are numbered under a GS1 location number (GLN), and {name} has none. Have it entered in "
        "your details first."
    ),
    "units.numbers_exhausted": N_(
        "All numbers under the prefix {prefix} are used up. Ask GS1 Vietnam for another company prefix."
    ),
}

NAMES: dict[type[StrEnum], dict[Any, str]] = {
    UnitKind: {
        UnitKind.CARTON: N_("Carton"),
        UnitKind.PALLET: N_("Pallet"),
    },
    UnitState: {
        UnitState.PACKED: N_("Closed, in stock"),
        UnitState.SENT: N_("Shipped"),
        UnitState.OPENED: N_("Opened"),
    },
}
