"""Words and sentences for the farm diary and the store of farm inputs."""

from traceability.domain.amounts import Measure
from traceability.domain.diary import DiaryTask
from traceability.i18n import N_

NAMES = {
    DiaryTask: {
        DiaryTask.SPRAY: N_("Spraying"),
        DiaryTask.FERTILISE: N_("Fertilising"),
        DiaryTask.IRRIGATE: N_("Irrigating"),
        DiaryTask.WEED: N_("Weeding"),
        DiaryTask.PRUNE: N_("Pruning"),
        DiaryTask.PESTS: N_("Looking for pests"),
        DiaryTask.FEED: N_("Feeding"),
        DiaryTask.SOW: N_("Sowing, planting, stocking"),
        DiaryTask.HARVEST: N_("Harvesting"),
        DiaryTask.HIVES: N_("Moving hives"),
        DiaryTask.CLEAN: N_("Cleaning, collecting empty packages"),
        DiaryTask.OTHER: N_("Other work"),
    },
    Measure: {Measure.GRAM: N_("by weight (g, kg)"), Measure.MILLILITRE: N_("by volume (ml, l)")},
}

REFUSALS = {
    "amount_unreadable": N_("Write the amount with its unit, for example 500 ml, 2,5 l or 10 kg."),
    "amount_ambiguous": N_("Is this {whole} or {decimal}? Write it without a mark, or with fewer decimals."),
    "amount_too_precise": N_("This amount is finer than a thousandth of a gram or millilitre."),
    "amount_zero": N_("An amount above zero is needed."),
    "amount_too_large": N_("This amount is too large. Please check the unit."),
    "interval_unreadable": N_("Days as a whole number from 0 to {most}; left empty, they are unknown."),
    "farm_inputs.taken": N_("{name} stands in your store already. Add a lot to it instead."),
    "farm_inputs.crop_unknown": N_("This crop is not known."),
    "farm_inputs.measure_fixed": N_("Lots of it are in the store already: it stays measured as it is."),
    "farm_inputs.unknown": N_("Choose one of your products."),
    "farm_inputs.other_measure": N_(
        "{name} is measured the other way: write kg or g for weight, l or ml for volume."
    ),
    "farm_inputs.received_in_future": N_("The day of receipt lies in the future. Today is {today}."),
    "farm_inputs.expired_on_receipt": N_(
        "It had expired when it was received. Do not take it into the store."
    ),
    "diary_amount_missing": N_("Write how much was taken from the store."),
    "diary.area_unknown": N_("Choose one of your growing areas."),
    "diary.in_future": N_("The day of the work lies in the future. Today is {today}."),
    "diary.too_old": N_("This day lies too far back. Please check the year."),
    "diary.more_than_area": N_(
        "{treated} were treated, but the area {area} has {whole}. Check the number and its unit (ha, m²)."
    ),
    "diary.ref_used": N_(
        "Something else was sent under the same mark. Open the page again and write it anew."
    ),
    "diary.input_unexpected": N_(
        "For this work nothing of the store is used. Choose spraying, fertilising, feeding, weeding or sowing."
    ),
    "diary.lot_unknown": N_("Choose a lot from your own store."),
    "diary.other_measure": N_(
        "{name} is measured the other way: write kg or g for weight, l or ml for volume."
    ),
    "diary.not_yet_received": N_("{name} only came into the store on {received}. Check the day of the work."),
    "diary.lot_expired": N_(
        "{name}, lot {lot}, was good until {expired}. An expired product must not be used."
    ),
    "diary.stock_exceeded": N_(
        "Of {name}, lot {lot}, only {left} can have been used on {day}."
        " Check the amount, or enter what was bought first."
    ),
    "diary.interval_shorter": N_(
        "The label of {name} demands {days} days before a harvest. Fewer cannot be written."
    ),
    "diary.entry_unknown": N_("This entry is not there."),
    "diary.corrected_already": N_("This entry has been corrected already. Correct the newest one."),
}
