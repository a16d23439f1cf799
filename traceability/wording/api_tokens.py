"""Words for tokens of programs and for what they ask."""

from traceability.i18n import N_

REFUSALS = {
    "api_tokens.scope_not_held": N_(
        "A token can only do what your own account may do. Take this permission off."
    ),
    "api_tokens.too_many": N_("There are already {limit} live tokens. End one that is no longer used."),
    "evidence_photos.event_unknown": N_(
        "This batch has no such event. Leave it out, or take one of the batch's own history."
    ),
    "api.cursor_unknown": N_("This cursor is none of ours. Leave it out to begin at the start."),
    "api.reference_too_long": N_("A reference of your own has at most {limit} characters."),
    "api.limit_unknown": N_("A page holds 1 to 100 items."),
}
