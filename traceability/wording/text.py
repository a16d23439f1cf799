"""Why a text was not taken."""

from traceability.i18n import N_

REFUSALS = {
    "text_missing": N_("Please fill in this field."),
    "text_too_long": N_(
        "This text has {length} characters; at most {limit} are accepted. Please shorten it."
    ),
    "text_without_letter": N_("A name needs at least one letter. Please write it out."),
    "text_control": N_(
        "Character {position} is a control character ({character}) that cannot be stored. Please delete it, or type "
        "the text instead of pasting it."
    ),
    "text_invisible": N_(
        "Character {position} is invisible ({character}). Please delete it, or type the text instead of pasting it."
    ),
    "text_bidi": N_(
        "Character {position} turns the reading direction round ({character}), so that the text would show something "
        "else than it says. Please delete it."
    ),
    "text_surrogate": N_(
        "Character {position} arrived damaged ({character}). Please type the text again, without that sign."
    ),
    "text_private": N_(
        "Character {position} ({character}) exists only in one font and nobody else can read it. Please write it with "
        "ordinary letters (Unicode typing)."
    ),
    "text_unassigned": N_(
        "Character {position} ({character}) is not known to this system. Please leave it out."
    ),
    "text_undecodable": N_(
        "Character {position} was lost on the way: the text is not in Unicode. Please set the keyboard to Unicode and "
        "type it again."
    ),
}
