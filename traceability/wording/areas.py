"""Sentences and words for growing areas, their codes, and packing houses."""

from collections.abc import Iterable
from dataclasses import dataclass

from traceability.domain.areas import AreaState, CodeFamily, CodeState
from traceability.i18n import N_

REFUSALS = {
    "areas.reference_taken": N_(
        "Your reference “{reference}” already names growing area {name} (id {record_id}). Go on with that area, or"
        " send another reference for another one."
    ),
    "areas.name_taken": N_("You already have an area called {name}. Give this one another name."),
    "areas.gln_taken": N_(
        "Another growing area carries this GLN already. Each place has a number of its own."
    ),
    "areas.crop_unknown": N_("Choose the crop from the list."),
    "areas.planted_in_future": N_("The year of planting lies in the future."),
    "areas.suspended_unchangeable": N_(
        "This area is suspended or withdrawn: its boundary and crop cannot be changed now."
    ),
    "areas.not_a_draft": N_("This area is not waiting for approval."),
    "areas.still_draft": N_(
        "The area {name} has not been approved yet: no batch can come from it. Ask your agency to approve it."
    ),
    "areas.suspended": N_(
        "The area {name} is suspended: it takes no new batches. See the reason in your notices."
    ),
    "areas.withdrawn": N_("The area {name} was withdrawn: it takes no new entries."),
    "areas.other_crop": N_("The area {name} grows another crop than this product is made of."),
    "area_codes.domestic_market": N_("A domestic code is for the market of Vietnam."),
    "area_codes.export_market": N_("Choose the importing market of an export code."),
    "area_codes.issued_in_future": N_("The day of issue lies in the future. Please check the year."),
    "area_codes.validity": N_("The code would end before it begins: check the two days."),
    "area_codes.taken": N_("This area already has the code {code} for this market."),
    "area_codes.not_applied": N_("The code {code} is not waiting for confirmation."),
    "area_codes.not_of_area": N_(
        "The code {code} does not belong to this area, and nobody has signed its use over to you."
        " Choose one of the area's codes, or ask the code's holder for an authorisation."
    ),
    "area_codes.applied": N_("The code {code} was applied for, but its grant is not confirmed yet."),
    "area_codes.suspended": N_("The code {code} is suspended."),
    "area_codes.withdrawn": N_("The code {code} was withdrawn."),
    "area_codes.not_yet_valid": N_("The code {code} was not valid yet on that day."),
    "area_codes.expired": N_("The code {code} had expired on that day."),
    "market_unknown": N_("A market is named by two letters, for example VN, CN, US, EU."),
    "packing_houses.code_taken": N_("You already have a packing house with the code {code}."),
    "packing_houses.validity": N_("The code would end before it begins: check the two days."),
    "packing_houses.not_applied": N_("This packing house is not waiting for confirmation."),
    "packing_houses.suspended_unchangeable": N_(
        "The code of this packing house is suspended or withdrawn: it cannot be changed now."
    ),
    "notice.area_approved": N_("The growing area {name} was approved. You can record harvests from it."),
    "notice.area_code_granted": N_("The growing-area code {number} was confirmed as granted."),
    "notice.packing_house_granted": N_("The packing-house code {number} was confirmed as granted."),
}


@dataclass(frozen=True)
class AreaWords:
    """What a place of production is called, by what comes from it; sentences to be translated where they are shown.

    `outline` and `suspended` take `%(place)s` and `%(day)s`.
    """

    area: str
    code: str
    codes: str
    outline: str
    suspended: str
    code_suspended: str
    households: str


_FIELD = AreaWords(
    area=N_("Growing area"),
    code=N_("Growing-area code"),
    codes=N_("Growing-area codes"),
    outline=N_("Rough outline of the growing area in %(place)s"),
    suspended=N_("A growing area of this lot has been suspended since %(day)s."),
    code_suspended=N_("The growing-area code of this lot has been suspended since %(day)s."),
    households=N_("Households growing here"),
)
_WATER = AreaWords(
    area=N_("Farming area"),
    code=N_("Farming-area code"),
    codes=N_("Farming-area codes"),
    outline=N_("Rough outline of the farming area in %(place)s"),
    suspended=N_("A farming area of this lot has been suspended since %(day)s."),
    code_suspended=N_("The farming-area code of this lot has been suspended since %(day)s."),
    households=N_("Households farming here"),
)
_BEES = AreaWords(
    area=N_("Apiary site"),
    code=N_("Apiary-site code"),
    codes=N_("Apiary-site codes"),
    outline=N_("Rough outline of the apiary site in %(place)s"),
    suspended=N_("An apiary site of this lot has been suspended since %(day)s."),
    code_suspended=N_("The apiary-site code of this lot has been suspended since %(day)s."),
    households=N_("Households keeping bees here"),
)


def area_words(crop_kind: str | None) -> AreaWords:
    """How the areas of a kind of crop (`Crop.kind`) are called: fields, ponds and cages, or places for hives."""
    return {"aquaculture": _WATER, "apiculture": _BEES}.get(crop_kind or "", _FIELD)


@dataclass(frozen=True)
class OfficeWords:
    """The same for menus, lists and forms of the offices. `waiting` takes `%(n)s`; `number` stands beside a figure."""

    area: str
    areas: str
    number: str
    new: str
    waiting: str
    code: str
    codes: str


_FIELDS = OfficeWords(
    area=N_("Growing area"),
    areas=N_("Growing areas"),
    number=N_("growing areas"),
    new=N_("New growing area"),
    waiting=N_("Growing areas waiting for approval: %(n)s"),
    code=N_("Growing-area code"),
    codes=N_("Growing-area codes"),
)
_WATERS = OfficeWords(
    area=N_("Farming area"),
    areas=N_("Farming areas"),
    number=N_("farming areas"),
    new=N_("New farming area"),
    waiting=N_("Farming areas waiting for approval: %(n)s"),
    code=N_("Farming-area code"),
    codes=N_("Farming-area codes"),
)
_HIVES = OfficeWords(
    area=N_("Apiary site"),
    areas=N_("Apiary sites"),
    number=N_("apiary sites"),
    new=N_("New apiary site"),
    waiting=N_("Apiary sites waiting for approval: %(n)s"),
    code=N_("Apiary-site code"),
    codes=N_("Apiary-site codes"),
)
#: Of a producer that has several kinds, and of all producers.
ANY_AREA = OfficeWords(
    area=N_("Growing or farming area"),
    areas=N_("Growing and farming areas"),
    number=N_("growing and farming areas"),
    new=N_("New growing or farming area"),
    waiting=N_("Growing and farming areas waiting for approval: %(n)s"),
    code=N_("Area code"),
    codes=N_("Area codes"),
)


def office_words(crop_kinds: Iterable[str]) -> OfficeWords:
    """How areas of these kinds of crops are called together; of none as yet, fields."""
    found = {{"aquaculture": _WATERS, "apiculture": _HIVES}.get(kind, _FIELDS) for kind in crop_kinds}
    return ANY_AREA if len(found) > 1 else next(iter(found), _FIELDS)


NAMES = {
    AreaState: {
        AreaState.DRAFT: N_("Waiting for approval"),
        AreaState.APPROVED: N_("Approved"),
        AreaState.SUSPENDED: N_("Suspended"),
        AreaState.WITHDRAWN: N_("Withdrawn"),
    },
    CodeFamily: {
        CodeFamily.DOMESTIC: N_("Domestic code"),
        CodeFamily.EXPORT: N_("Export code"),
    },
    CodeState: {
        CodeState.APPLIED: N_("Applied for"),
        CodeState.GRANTED: N_("Granted"),
        CodeState.SUSPENDED: N_("Suspended"),
        CodeState.WITHDRAWN: N_("Withdrawn"),
    },
}
