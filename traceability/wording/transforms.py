"""Sentences for transforms."""

from traceability.i18n import N_

REFUSALS = {
    "transforms.in_future": N_(
        "The processing lies in the future. Today is {today}: record it when it has been done."
    ),
    "transforms.ended_before_begin": N_(
        "It cannot have ended before it began on {began}. Please check the two."
    ),
    "transforms.source_unknown": N_("Choose a batch or a received delivery from the list."),
    "transforms.one_source": N_("Choose a batch or name a material, one of the two, and give its weight."),
    "transforms.input_unknown": N_(
        "This is not in your stock. Choose a batch or a received delivery from the list."
    ),
    "transforms.input_younger": N_(
        "Lot {lot} was only there on {began}, after this processing began. Please check the day."
    ),
    "transforms.delivery_not_received": N_(
        "Lot {lot} has not arrived yet. Confirm its receipt first, then use it."
    ),
    "transforms.source_withdrawn": N_(
        "Lot {lot} is suspended or recalled at its producer: it may not be used. Keep it apart and wait for word."
    ),
    "transforms.output_exceeds_inputs": N_(
        "Only {total} went in, so no more can come out. If sugar, water or packaging was added, enter it as a material."
    ),
}
