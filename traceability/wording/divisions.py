"""Sentences for splits, mergers, repacking, reworking, and for declaring that one never happened."""

from traceability.domain.history import Part
from traceability.domain.repacks import Rework
from traceability.i18n import N_

REFUSALS = {
    "successors.source_younger": N_(
        "Lot {lot} only began on {began}: nothing can be taken from it before that day. Please check the day."
    ),
    "successors.past_best_before": N_(
        "The best-before day of lot {lot} was {day}, and a new lot would hide that. Record what is past it as thrown "
        "away."
    ),
    "successors.too_little_to_divide": N_(
        "{weight} of {source} are too little to be divided among {count} lots: each must get a gram of it at least. "
        "Enter what was really used, or record lots that hold none of it as an act of their own."
    ),
    "mergers.two_needed": N_("Choose at least two lots to merge, with the kilograms or the whole of each."),
    "mergers.twice": N_("Lot {lot} stands there twice. Give its kilograms once."),
    "mergers.other_product": N_(
        "Lot {lot} is of another product than {product}. Only lots of one product are merged; to mix products, record "
        "processing."
    ),
    "mergers.nothing_left": N_("Nothing of lot {lot} lies loose. Take it out of the list."),
    "repacks.other_goods": N_(
        "Choose a product of the same crop as {product}: repacked goods stay what they are. To make something else, "
        "record processing."
    ),
    "repacks.weight_missing": N_("Write how many kilograms were taken for the new lots."),
    "repacks.output_exceeds": N_(
        "Only {total} were there before, so no more can come out: nothing is added when goods are repacked or reworked."
    ),
    "repacks.same_or_new": N_(
        "Leave this empty, or choose the other way: either it stays one lot, or new lots come out of it."
    ),
    "undoings.touched": N_(
        "Something has been recorded for lot {lot} since: it exists. Correct what was recorded for it first."
    ),
    "undoings.published": N_(
        "Lot {lot} is published: shoppers have read of it. What is wrong with its weight is recorded as lost."
    ),
    "undoings.stamped": N_(
        "Stamps are ordered for lot {lot}. Make them void first, then declare that the lot never was."
    ),
    "packages_unreadable": N_(
        '"{typed}" is not a number of packages. Please write a whole number, for example 250.'
    ),
}

NAMES = {
    Rework: {
        Rework.REPACK: N_("Repacking"),
        Rework.REWORK: N_("Reworking"),
    },
    Part: {
        Part.OUTPUT: N_("Made"),
        Part.BY_PRODUCT: N_("By-product"),
        Part.CONTENT: N_("Packed"),
    },
}
