"""Sentences and words for batches and their release."""

from traceability.domain.batches import BatchState, Origin
from traceability.i18n import N_

REFUSALS = {
    "batches.unknown": N_("This batch is not among your batches. Open it from the list and try again."),
    "batches.area_unknown": N_("Choose one of your own growing areas from the list."),
    "batches.product_unknown": N_("Choose one of your own products from the list."),
    "batches.area_of_another": N_(
        "The area {area} belongs to another producer than the product. Choose an area and a product of one producer."
    ),
    "batches.producer_suspended": N_(
        "{name} is suspended and takes no new batches. See the reason in your notices, or ask your agency."
    ),
    "batches.harvest_in_future": N_(
        "The harvest lies in the future. Today is {today}: record it when it has been done."
    ),
    "batches.harvest_on_two_days": N_(
        "The time of the harvest is not on the day of the harvest. Please check the two."
    ),
    "batches.lot_taken": N_(
        "You already have a batch {lot} of this product. Take another lot number, for example {suggestion}."
    ),
    "batches.reference_taken": N_(
        "Your reference “{reference}” already names lot {lot} (id {record_id}). Go on with that lot, or send another"
        " reference for another one."
    ),
    "batches.not_enough": N_(
        "Only {left} of batch {lot} are left on that day, and {asked} are asked for. Please check the weight."
    ),
    "batches.in_units": N_(
        "Only {left} of batch {lot} lie loose, and {asked} are asked for; {packed} are in closed cartons or pallets. "
        "Open one first, or ship it as a whole."
    ),
    "batches.held": N_(
        "Batch {lot} is suspended by an agency: nothing may leave, be worked up or be stamped. "
        "See the reason on its page."
    ),
    "batches.recalled": N_(
        "Batch {lot} is recalled: nothing may leave, be worked up or be stamped. Keep what is left apart."
    ),
    "batches.closed": N_("Batch {lot} is closed: nothing more can be recorded for it."),
    "batches.still_on_hand": N_(
        "There are still {left} on hand. Record where they went (shipped, used or lost), then close the batch."
    ),
    "releases.released_already": N_("Batch {lot} is already published."),
    "releases.producer_approved": N_("Your producer's record must first be approved by an agency."),
    "releases.producer_address": N_(
        "Your producer's address is incomplete: the commune and the province are needed."
    ),
    "releases.product_approved": N_("The product must first be approved by an agency."),
    "releases.product_name": N_("The product has no name."),
    "releases.product_picture": N_("The product needs a picture."),
    "releases.product_standard": N_('The product must name at least one standard it applies, or say "none".'),
    "releases.origin": N_("The place of origin is missing."),
    "releases.date": N_("The day of the harvest or production is missing."),
    "releases.lot": N_("The lot number is missing."),
    "releases.event": N_("At least one event must be recorded."),
}

NAMES = {
    Origin: {
        Origin.HARVEST: N_("Harvest"),
        Origin.TRANSFORM: N_("Processing"),
        Origin.SPLIT: N_("Split off another lot"),
        Origin.MERGE: N_("Merged from several lots"),
        Origin.REPACK: N_("Repacked"),
        Origin.REWORK: N_("Reworked"),
        Origin.RETURN: N_("Goods that came back"),
    },
    BatchState: {
        BatchState.OPEN: N_("Not published yet"),
        BatchState.RELEASED: N_("Published"),
        BatchState.HELD: N_("Suspended by an agency"),
        BatchState.RECALLED: N_("Recalled"),
        BatchState.CLOSED: N_("Closed"),
    },
}
