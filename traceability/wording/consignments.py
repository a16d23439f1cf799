"""Words and sentences for export consignments."""

from typing import Any

from traceability.domain.consignment_reasons import Reason
from traceability.domain.consignments import ConsignmentState, Treatment
from traceability.domain.quantities import kg_text
from traceability.i18n import N_, country, language
from traceability.wording import sentence

NAMES = {
    ConsignmentState: {
        ConsignmentState.DRAFT: N_("being put together"),
        ConsignmentState.SEALED: N_("sealed"),
        ConsignmentState.DEPARTED: N_("departed"),
        ConsignmentState.CANCELLED: N_("cancelled"),
    },
    Treatment: {
        Treatment.IRRADIATION: N_("Irradiation"),
        Treatment.HOT_WATER: N_("Hot water"),
        Treatment.VAPOUR_HEAT: N_("Vapour heat"),
        Treatment.COLD: N_("Cold treatment"),
        Treatment.FUMIGATION: N_("Fumigation"),
        Treatment.OTHER: N_("Another treatment"),
    },
}

REFUSALS = {
    "consignments.home_market": N_(
        "A consignment goes abroad. For Viet Nam, ship the lot from its own page."
    ),
    "consignments.leaves_in_past": N_("This day is over. Today is {today}."),
    "consignments.leaves_too_far": N_(
        "“Leaves on” is {leaves_on}, more than two years ahead. Check the year: the latest day is {latest}."
    ),
    "consignments.treated_after": N_("The treatment lies after the day it leaves. Please check both."),
    "consignments.other_producer": N_("Only lots of your own go into your consignment."),
    "consignments.too_many_lots": N_("At most {most} lots go into one consignment. Begin another one."),
    "consignments.draft": N_("Consignment {number} is not sealed yet. Seal it first."),
    "consignments.sealed": N_(
        "Consignment {number} is sealed: it cannot be changed any more, only cancelled."
    ),
    "consignments.departed": N_("Consignment {number} has left already."),
    "consignments.cancelled": N_("Consignment {number} was cancelled. Begin a new one."),
    "consignments.not_eligible": N_(
        "Consignment {number} cannot be sealed yet: {count} points stand against it. Each stands by its lot below."
    ),
    "consignments.stopped_since": N_(
        "Consignment {number} may not leave: since it was sealed, {count} points have come to stand against it. Each"
        " stands by its lot below. Cancel it to have the goods in the stock again; if they are gone already, tell the"
        " agency."
    ),
    "consignments.departs_in_future": N_("The day of departure lies in the future. Today is {today}."),
    "consignments.departs_before_seal": N_("It was only sealed on {sealed}. Check the day of departure."),
    "consignments.phyto_used": N_(
        "The phytosanitary certificate {phyto_no} stands on another consignment."
        " One certificate is good for one: check it."
    ),
    "consignment.no_lots": N_("No lot has been put in yet."),
    "consignment.container_no_missing": N_("The number of the container is missing."),
    "consignment.seal_no_missing": N_("The number of the seal is missing."),
    "consignment.house_missing": N_("The code of the packing house is missing."),
    "consignment.house_not_authorised": N_(
        "The packing house {code} is not yours, and nobody has signed its use over to you for this market and day."
    ),
    "consignment.house_unknown": N_(
        "No packing house with the code {code} is on record. Check the code letter by letter."
    ),
    "consignment.house_not_good": N_("The packing house {code} is not granted and valid on {day}."),
    "consignment.house_market": N_("The packing house {code} is not good for {market}."),
    "consignment.not_enough": N_("Of lot {lot} only {left} are on hand, and {asked} are in the consignment."),
    "consignment.in_units": N_(
        "Of lot {lot} only {left} lie loose, and {asked} are in the consignment; {packed} are in cartons."
        " Open the cartons, or take less."
    ),
    "consignment.source_unknown": N_("Part of lot {lot} comes from where nobody has recorded."),
    "consignment.no_code_for_market": N_("The area {area} has no code for {market}."),
    "consignment.code_not_good": N_("The code {code} of the area {area} is not granted and valid on {day}."),
    "consignment.not_authorised": N_(
        "The code {code} belongs to {holder}, which has not signed its use over to you for this market and day."
    ),
    "consignment.over_drawn": N_(
        "Only {left} are left under the authorisation for {code}, and {asked} are needed."
    ),
    "consignment.interval_broken": N_(
        "Lot {lot} was harvested on {harvested}, before the interval of {substance} was over ({earliest})."
    ),
    "consignment.interval_unknown": N_(
        "For lot {lot} it is unknown whether the interval was kept: a label's days are missing in the diary."
    ),
    "consignment.ingredient_banned": N_(
        "Lot {lot} was given {ingredients} on {applied}, which is banned here or in that market."
    ),
    "consignment.result_failed": N_("Report {report_no} has failed."),
    "consignment.residue_exceeded": N_(
        "Report {report_no}: {name} {measured} µg/kg lies above the limit for {market}, {limit} µg/kg."
    ),
    "consignment.result_missing": N_(
        "{market} demands a residue result, and for lot {lot} there is none from which a figure can be read."
    ),
    "consignment.limits_unknown": N_(
        "No residue limits of {market} for these goods are known here: no result could be held against them."
    ),
    "consignment.result_none": N_("There is no laboratory result behind lot {lot}."),
    "consignment.area_suspended": N_("The growing area {area} is suspended."),
    "consignment.product_suspended": N_("The product {product} is suspended."),
    "consignment.producer_suspended": N_(
        "The producer {name} is suspended: none of its goods may go abroad."
    ),
    "consignment.since_suspended": N_("Suspended by {agency} since {since}."),
    "consignment.since_suspended_by_platform": N_(
        "Suspended by the administrators of the platform since {since}."
    ),
    "consignment.since_stopped": N_("The agency has suspended it."),
    "consignment.since_withdrawn": N_("The agency has withdrawn it."),
    "consignment.since_waiting": N_("The agency has not confirmed it yet."),
    "consignment.since_over": N_("It was valid until {until}."),
    "consignment.since_not_yet": N_("It is valid from {begins} on."),
    "notice.consignment_stopped": N_(
        "Consignment {number} for {market} may not leave. {reason} Open it to see all that speaks against it."
    ),
    "notice.consignment_free": N_(
        "Nothing speaks against consignment {number} for {market} any more: it may leave."
    ),
    "notice.consignment_list_changed": N_(
        "The list of {market} by which consignment {number} was sealed has changed: codes, packing house or residue "
        "limits. What it was sealed by is kept with it; check before it leaves."
    ),
    "notice.consignment_sealed": N_("Consignment {number} was sealed: {sent_g} for the market {market}."),
}


def reason(found: Reason) -> str:
    """The sentence of a reason, in the reader's language, and that of what lies behind it."""
    said = {key: value for name, raw in found.facts.items() for key, value in _fact(name, raw)}
    told = sentence(found.code, said)
    return f"{told} {reason(found.because)}" if found.because is not None else told


def told_reason(told: dict[str, Any] | None) -> str:
    """The sentence of the reason that a notice holds."""
    found = _of_notice(told)
    return reason(found) if found is not None else ""


def _of_notice(told: dict[str, Any] | None) -> Reason | None:
    if told is None:
        return None
    return Reason(told["code"], told["facts"], because=_of_notice(told["because"]))


def _fact(name: str, value: Any) -> list[tuple[str, Any]]:
    """A fact under the name that sentences use: grams as a weight, an ISO day as a day, a market as a country."""
    if name.endswith("_g"):
        return [(name.removesuffix("_g"), kg_text(int(value), language()))]
    if (name.endswith("_on") or name == "day") and isinstance(value, str):
        year, month, day = value.split("-")
        return [(name.removesuffix("_on"), f"{day}/{month}/{year}")]
    return [(name, country(value) if name == "market" else value)]
