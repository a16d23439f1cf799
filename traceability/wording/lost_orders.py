"""Words of stamp orders that are put on record again."""

from traceability.i18n import N_

REFUSALS = {
    "lost_orders.on_record": N_("Order {number} is on record already."),
    "lost_orders.batch_lost": N_(
        "The lot of order {number} is not on record: it was lost too. Its stamps cannot come back."
    ),
    "lost_orders.epoch_lost": N_(
        "No key here reads the codes of order {number}: put the newest key backup back, or the mint of these codes is "
        "not on record."
    ),
    "lost_orders.exceed_batch": N_(
        "Order {number} has {quantity} stamps, but lot {lot} may have {left} more at most: make stamps void that were "
        "ordered since, or record the weight that the restore lost."
    ),
    "lost_orders.overlap": N_("Other stamps have the serials of order {number}: nothing was changed."),
}
