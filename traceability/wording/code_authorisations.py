"""Words and sentences for lent codes: who may use whose code, for how many kilograms, until when."""

from traceability.domain.area_codes import CodeOf
from traceability.domain.code_authorisations import AuthorisationState
from traceability.i18n import N_

NAMES = {
    AuthorisationState: {
        AuthorisationState.SIGNED: N_("signed, not yet accepted"),
        AuthorisationState.ACCEPTED: N_("accepted"),
        AuthorisationState.DECLINED: N_("declined"),
        AuthorisationState.ENDED: N_("ended early"),
    },
    CodeOf: {
        CodeOf.GROWING_AREA: N_("Code of a growing area"),
        CodeOf.PACKING_HOUSE: N_("Code of a packing house"),
    },
}

REFUSALS = {
    "code_authorisations.code_unknown": N_(
        "Choose a code of your own: a growing area's or a packing house's."
    ),
    "code_authorisations.market_not_of_code": N_(
        "The code {code} is not good for this market. Choose one of its own markets."
    ),
    "code_authorisations.days_reversed": N_("The last day lies before the first. Please check both."),
    "code_authorisations.over": N_("The last day is over already. Today is {today}."),
    "code_authorisations.too_long": N_(
        "At most {most} days can be signed at once. Sign again for the next season."
    ),
    "code_authorisations.document_used": N_(
        "The paper {document_no} has been used for another authorisation. One paper is good for one: check its number."
    ),
    "code_authorisations.house_not_good": N_(
        "The packing-house code {code} is not granted and valid on this day."
    ),
    "code_authorisations.answered": N_("The authorisation {number} has been answered already."),
    "code_authorisations.none": N_(
        "Nobody has signed the use of the code {code} over to you. Ask its holder for an authorisation."
    ),
    "code_authorisations.number_unknown": N_(
        "No authorisation {number} for the code {code} was signed for you."
        " Check the number on the paper with its holder."
    ),
    "code_authorisations.claimed_already": N_(
        "This record has already claimed the code {code}. A claim counts once; correct it instead."
    ),
    "code_authorisations.not_accepted": N_(
        "The use of the code {code} was signed for you, but you have not accepted it yet. Accept it first."
    ),
    "code_authorisations.ended": N_(
        "The authorisation for {number} was ended or declined. Ask the holder to sign a new one."
    ),
    "code_authorisations.wrong_market": N_(
        "The code {code} was signed over to you for the market {signed}, not for {market}."
    ),
    "code_authorisations.not_yet": N_(
        "The authorisation for the code {code} only begins on {begins}. Check the day, or ask its holder."
    ),
    "code_authorisations.expired": N_(
        "The authorisation for the code {code} ended on {ends}. Ask its holder to sign a new one."
    ),
    "code_authorisations.over_drawn": N_(
        "Only {left} are left under the authorisation for the code {code}, and {asked} were asked for."
        " Claim less, or ask its holder to sign for more."
    ),
    "notice.code_authorisation_signed": N_(
        "{holder} has signed for you: the code {number} for up to {granted_g}. Look at it and accept or decline."
    ),
    "notice.code_authorisation_accepted": N_("{user} has accepted your authorisation for the code {number}."),
    "notice.code_authorisation_declined": N_("{user} has declined your authorisation for the code {number}."),
    "notice.code_authorisation_ended": N_("The authorisation for the code {number} was ended: {reason}"),
    "notice.code_drawn": N_("{user} has used your code {number} for {drawn_g}; {left_g} are left."),
}
