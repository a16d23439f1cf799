"""Words for webhooks: what they are told of, how sending went, and what is refused."""

from traceability.domain.webhook_deliveries import DeliveryState
from traceability.domain.webhooks import Change, Interest
from traceability.i18n import N_

NAMES = {
    Interest: {
        Interest.RECALL: N_("Recalls opened, lifted and closed"),
        Interest.VOID: N_("Stamps that are made void"),
        Interest.ACTIVATION: N_("Stamps activated, or activation taken back"),
        Interest.BATCH: N_("What happens to batches: harvested, processed, published, shipped, closed …"),
    },
    Change: {
        Change.PAUSE: N_("Pause it"),
        Change.RESUME: N_("Resume it"),
        Change.END: N_("End it"),
    },
    DeliveryState: {
        DeliveryState.WAITING: N_("waits to be sent"),
        DeliveryState.DELIVERED: N_("arrived"),
        DeliveryState.GIVEN_UP: N_("given up"),
    },
}
REFUSALS = {
    "webhooks.no_owner": N_("A webhook belongs to a producer or an agency. Your account is of neither."),
    "webhooks.https_only": N_(
        "The address must begin with https:// so that nobody on the way can read along."
    ),
    "webhooks.port": N_("Use the usual port (443) or one from 1024 on."),
    "webhooks.not_public": N_(
        "This address lies inside a private network. Give one that can be reached on the internet."
    ),
    "webhooks.too_many": N_("There are already {limit} webhooks. End one that is no longer used."),
    "webhooks.ended": N_("This webhook has ended. Set up a new one."),
    "webhooks.trial_waits": N_(
        "The last test message has not arrived yet. See on the webhook's page how it goes, or send it again."
    ),
    "webhooks.not_live": N_("Nothing is sent while the webhook is paused. Resume it first."),
    "notice.webhook_given_up": N_(
        "A message to {host} ({name}) was tried for four days and given up. You can send it again by hand."
    ),
    "notice.webhook_paused": N_(
        "{host} ({name}) does not answer, so nothing more is sent to it. Put it right and resume the webhook: "
        "everything since then will be sent."
    ),
    "notice.webhook_restored": N_(
        "Data were put back from a backup, so nothing more is sent to {host} ({name}) for now. Resume the webhook when "
        "its receiver may be told again."
    ),
}
#: What stands for an attempt on which nothing came back.
TROUBLE = {
    "name": N_("the name of the address is not known"),
    "address": N_("the address lies inside a private network"),
    "connection": N_("no connection"),
    "tls": N_("the certificate is not accepted"),
    "timeout": N_("no answer in time"),
    "answer": N_("the answer cannot be read"),
}
