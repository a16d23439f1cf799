"""What a scan says: the word of each verdict, the sentences of its page, and why a stamp was made void."""

from dataclasses import dataclass

from traceability.domain.scans import Verdict
from traceability.domain.stamps import VoidReason
from traceability.i18n import N_

NAMES = {
    Verdict: {
        Verdict.RECALLED: N_("Under recall"),
        Verdict.VOID: N_("Made void"),
        Verdict.SUSPENDED: N_("Suspended"),
        Verdict.INACTIVE: N_("Not activated"),
        Verdict.EXPIRED: N_("Past its date"),
        Verdict.ACTIVE: N_("In force"),
        Verdict.UNKNOWN: N_("Not on record"),
    },
}


@dataclass(frozen=True)
class VerdictPage:
    """The three things a page says first: how it stands, what that means, what to do next."""

    title: str
    meaning: str
    advice: str


PAGES = {
    Verdict.ACTIVE: VerdictPage(
        N_("This stamp is active"),
        N_("It was issued by the province's platform and activated by the producer for the lot below."),
        N_("Compare the picture, the weight, the lot and the dates with what you hold."),
    ),
    Verdict.RECALLED: VerdictPage(
        N_("This lot is under recall"),
        N_("The lot below, or one that it was made of, has been called back."),
        N_("Do not use it and do not sell it. Keep the pack and take it back to where you bought it."),
    ),
    Verdict.VOID: VerdictPage(
        N_("This stamp is void"),
        N_("It may not stand on any goods."),
        N_("Do not buy goods that carry it, and report where you saw it."),
    ),
    Verdict.SUSPENDED: VerdictPage(
        N_("This stamp is suspended for now"),
        N_(
            "A management agency or the producer has stopped this lot or its stamps while something is being checked."
        ),
        N_("Do not buy or use the goods until this page says that the stamp is active again."),
    ),
    Verdict.INACTIVE: VerdictPage(
        N_("This stamp is not activated yet"),
        N_("It was issued but not yet put to use: goods on sale should not carry it."),
        N_("If you see it on goods, do not buy them on the strength of the stamp, and report it."),
    ),
    Verdict.EXPIRED: VerdictPage(
        N_("The best-before date has passed"),
        N_("The stamp was activated for the lot below, whose date has passed."),
        N_("Compare the date with the one on the pack, and do not buy goods past their date."),
    ),
}

#: Why stamps were made void, in words for a shopper.
VOID_REASONS = {
    VoidReason.MISPRINT: N_("It was misprinted and thrown away."),
    VoidReason.SPOILED: N_("It was damaged before it could be used."),
    VoidReason.LOST: N_("It was reported lost before it was used."),
    VoidReason.STOLEN: N_("It was reported stolen before it was used."),
    VoidReason.RETURNED: N_("It was not needed and was given back."),
    VoidReason.COUNTERFEIT: N_("Copies of it were found on other goods."),
    VoidReason.OVERPRINT: N_("It was printed beyond what the lot allows."),
}
