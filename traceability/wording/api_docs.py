"""Words of the page about the API: what each operation does, in the reader's language and in the document."""

from traceability.i18n import N_

#: By the operation's id, which is the name of its view.
SUMMARIES = {
    "areas_register": N_("A growing area is written down; an agency approves it."),
    "areas_list": N_(
        "The producer's growing areas, the oldest first; with external_ref the one of your own reference."
    ),
    "areas_read": N_("One growing area."),
    "areas_list_codes": N_("The codes of a growing area, by market."),
    "crops_list": N_("The crops that a growing area may name, by id."),
    "layouts_list": N_(
        "The print layouts that a stamp order may name: your own first, then those that everybody has."
    ),
    "products_list": N_("The producer's products, the oldest first; of a suspended one no batches are made."),
    "batches_register": N_("A harvest becomes a batch."),
    "batches_list": N_(
        "The producer's batches, the oldest first; with external_ref the one of your own reference."
    ),
    "batches_export_csv": N_("All batches as a CSV file, a column for each field of a batch."),
    "batches_export_xlsx": N_("All batches as an Excel sheet."),
    "batches_read": N_("One batch with its account of kilograms."),
    "batches_record_event": N_(
        "A step of work, packing, storing or a loss is appended to a batch's history."
    ),
    "batches_list_events": N_("The history of a batch as it was written down; with external_ref one entry."),
    "batches_attach": N_(
        "A picture of what was done, or of a paper about it; place and camera data in the file are removed."
    ),
    "batches_list_attachments": N_("The pictures of a batch's history, the oldest first."),
    "attachments_picture": N_("The picture itself, as WebP."),
    "stamp_orders_order": N_(
        "Stamps are ordered for a batch and their codes made. Orders above the limits need the page and a person."
    ),
    "stamp_orders_list": N_("The producer's stamp orders, the oldest first."),
    "stamp_orders_read": N_("One stamp order."),
    "stamp_orders_codes": N_("The codes of a prepared order, a thousand a page."),
    "stamps_activate": N_(
        "A run of printed stamps, by its first and last code, begins to speak for its batch: all of it or none."
    ),
    "recalls_open": N_("A producer recalls a batch of its own and everything made of it."),
    "recalls_list": N_(
        "The recalls of the producer's own batches, the oldest first, whoever opened them; with external_ref one."
    ),
    "recalls_read": N_("One recall of a batch of the producer."),
}
ABOUT = N_(
    "Programs act with a bearer token of a producer's account. Weights go in as kilograms (a number, or text with a"
    " unit) and come out as whole grams. Every write carries an Idempotency-Key and answers with its place in the"
    " public log."
)
ABOUT_WEBHOOKS = N_(
    "Signed as in Standard Webhooks: webhook-signature holds one or two `v1,` + base64(HMAC-SHA256(secret,"
    " webhook-id + '.' + webhook-timestamp + '.' + body)); the secret is the base64 after `whsec_`. Refuse what is"
    " older than five minutes, and do what has the same webhook-id once. Answer 2xx within ten seconds; anything else"
    " is tried again for four days, 410 ends it. Messages may come twice and out of order: data.record says what to"
    " ask for."
)
PICTURE = N_("JPEG, PNG or WebP, at most 10 MB.")
