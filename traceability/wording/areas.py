"""Sentences and words for growing areas, their codes, and packing houses."""

from traceability.domain.areas import AreaState, CodeFamily, CodeState
from traceability.i18n import N_

REFUSALS = {
    "areas.name_taken": N_("You already have an area called {name}. Give this one another name."),
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
    "area_codes.not_of_area": N_("The code {code} does not belong to this area. Choose one of its codes."),
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
