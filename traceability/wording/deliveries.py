"""Sentences for deliveries, also those of the inbox."""

from traceability.i18n import N_

REFUSALS = {
    "deliveries.sent_in_future": N_("The day of shipment lies in the future. Today is {today}."),
    "deliveries.sent_before_harvest": N_(
        "The batch only began on {began}: it cannot have left before. Please check."
    ),
    "deliveries.no_receiver": N_(
        "Write who receives the goods: a customer, a producer on this platform, or a place."
    ),
    "deliveries.two_receivers": N_("Name a customer or a producer on this platform, not both."),
    "deliveries.cancelled": N_("The sender has declared that this delivery never left."),
    "deliveries.received_already": N_("This delivery has been received already."),
    "deliveries.received_in_future": N_("The time of receipt lies in the future. Please check it."),
    "deliveries.received_before_sent": N_(
        "It was only sent on {sent}, so it cannot have arrived before. Please check."
    ),
    "deliveries.contact_on_platform": N_(
        "This receiver is a producer on this platform and gets a notice. It needs no contact."
    ),
    "deliveries.contact_known": N_("A contact of this customer is written down already. It stays as it is."),
    "deliveries.more_than_sent": N_(
        "Only {sent} were sent. If more arrived, ask the sender to correct the shipment first."
    ),
    "deliveries.variance_unexplained": N_("{missing} are missing against what was sent. Please write why."),
    "notice.delivery_sent": N_(
        "{sender} has sent you {sent_g} of {product}, lot {lot}. Weigh it on arrival and confirm the receipt."
    ),
    "notice.delivery_received": N_("{receiver} has received lot {lot}: {received_g}, as sent."),
    "notice.delivery_differs": N_("{receiver} has received {received_g} of the {sent_g} sent of lot {lot}."),
}
