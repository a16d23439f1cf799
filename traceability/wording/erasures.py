"""Sentences and words for erasing a person's data."""

from traceability.domain.erasures import ErasedKind, ErasureState
from traceability.i18n import N_

REFUSALS = {
    "erasures.unknown": N_(
        "Nothing is on record under this name. Please check the user name, the ticket, the "
        "code of the producer or the number of the photo."
    ),
    "erasures.waiting": N_("A request about this person waits already. Carry it out or refuse it below."),
    "erasures.nothing": N_("There is no personal data left here. Nothing has to be erased."),
    "erasures.decided": N_("This request has been decided already. Please load the page again."),
    "erasures.second_person": N_(
        "Erasing needs two administrators. You wrote the request down, so another one must carry it out."
    ),
}

NAMES = {
    ErasedKind: {
        ErasedKind.ACCOUNT: N_("Holder of an account"),
        ErasedKind.REPORT: N_("Who reported a doubt"),
        ErasedKind.CONTACT: N_("Contact of a producer"),
        ErasedKind.PHOTO: N_("Who is on a photo of an entry"),
    },
    ErasureState: {
        ErasureState.ASKED: N_("Waits for a second administrator"),
        ErasureState.CARRIED_OUT: N_("Erased"),
        ErasureState.REFUSED: N_("Refused or taken back"),
    },
}
