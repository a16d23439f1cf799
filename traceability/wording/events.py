"""Sentences and words for events, their key data elements and their corrections."""

from traceability.domain.history import CorrectionReason, EventType
from traceability.domain.logistic_units import UnitKind
from traceability.domain.returns import ReturnReason
from traceability.domain.treatments import InputKind
from traceability.domain.wastes import WasteHandling, WasteReason
from traceability.i18n import N_
from traceability.wording import logistic_units, returns, treatments, wastes

REFUSALS = {
    "moment_unreadable": N_(
        "This is not a date with a time. Please write it as day/month/year hour:minute, for example 24/11/2026 07:30."
    ),
    "events.not_by_hand": N_(
        "This kind of event is not recorded here. Use the harvest, processing, delivery or laboratory form instead."
    ),
    "events.reference_taken": N_(
        "Your reference “{reference}” already names what was recorded of {happened_at} (id {record_id}). Go on with"
        " that entry, or send another reference for another one."
    ),
    "events.in_future": N_("This time lies in the future. Record an event when it has happened."),
    "events.before_batch": N_(
        "The batch only began on {began}: an event of it cannot be earlier. Please check the day."
    ),
    "events.after_others": N_(
        "Something was already recorded for {first}: the batch cannot begin later than that. Please check the day."
    ),
    "events.output_or_loss": N_(
        "Give the weight afterwards or the weight lost, not both: the other follows from it."
    ),
    "events.loss_missing": N_("Write how many kilograms were lost."),
    "events.loss_exceeds": N_("At most {most} can have been lost here. Please check the weight."),
    "events.output_exceeds": N_(
        "Only {held} were there before this step, so no more can come out. "
        "If something was added (sugar, water), name it as a material."
    ),
    "events.material_incomplete": N_("Give both the name and the weight of what was added."),
    "events.units_unreadable": N_(
        '"{typed}" is not a number of packages. Please write a whole number, for example 250.'
    ),
    "events.unknown": N_(
        "This event is not among your records. Open it from the page of its batch and try again."
    ),
    "events.corrected_already": N_(
        "This event has been corrected meanwhile. Correct the newest entry instead."
    ),
    "events.beginning_stays": N_(
        "A batch cannot lose its beginning. "
        "If it never existed, record its whole weight as lost, say why, and close it."
    ),
    "events.test_stays": N_(
        "This laboratory result can only be withdrawn by the one who recorded it, and a failed one only by an agency. "
        "Ask your agency."
    ),
    "events.delivery_arrived": N_(
        "The receiver has already weighed this delivery. Settle the difference with the receiver."
    ),
    "events.material_stays": N_(
        "A material was added in this step, so it cannot be taken back as a whole. Correct its weights instead."
    ),
    "events.unit_stays": N_(
        "What was packed into a carton or pallet is not corrected: open the carton or pallet and pack it anew."
    ),
    "events.unit_left": N_(
        "These goods left in a closed carton or pallet. If they are back, record them as a return from the page of the "
        "batch."
    ),
    "events.delivery_returned": N_(
        "Goods of this delivery have come back already. Correct the return first, then the delivery."
    ),
    "events.in_consignment": N_(
        "These goods were sealed into export consignment {number}. If it has not left, cancel the consignment: its "
        "goods then come back into the stock. What has left is not corrected."
    ),
    "events.record_anew": N_(
        "Several lots depend on this entry, so its weights and its day are not changed. Declare that it never happened "
        "and record it anew."
    ),
    "events.weight_missing": N_("The right weight must be more than zero."),
    "events.correction_impossible": N_(
        "With this correction more of batch {lot} would have left than there was. "
        "Correct the later shipments or losses first."
    ),
    "events.stamps_exceed": N_(
        "{ordered} stamps are ordered for batch {lot}, but after this correction its goods allow only {most}. "
        "Make the stamps that are too many void first."
    ),
    "stamps.excess": N_(
        "Lot {lot} weighs less than when its stamps were ordered: {ordered} are ordered, and its goods allow {most}. "
        "Make {excess} stamps that stick on nothing yet void, then it can go on."
    ),
    "stamps.above_goods": N_(
        "The goods of lot {lot} allow {most} stamps as they weigh now, and {active} are active: at most {left} more "
        "can be activated. Make the others void."
    ),
    "stamps.exceed_rest": N_(
        "{ordered} stamps are ordered for lot {lot}, but the goods that would be left allow only {most}. Make the "
        "stamps that are not used void first."
    ),
}

NAMES = {
    EventType: {
        EventType.HARVEST: N_("Harvest"),
        EventType.TREAT: N_("Treatment"),
        EventType.RECEIVE: N_("Receipt"),
        EventType.TRANSFORM: N_("Handling or processing"),
        EventType.PACK: N_("Packing"),
        EventType.STORE: N_("Storage"),
        EventType.TEST: N_("Laboratory test"),
        EventType.SHIP: N_("Shipment"),
        EventType.LOSE: N_("Loss"),
        EventType.SELL: N_("Sale"),
        EventType.SPLIT: N_("Lot split"),
        EventType.MERGE: N_("Lots merged"),
        EventType.REPACK: N_("Repacking"),
        EventType.REWORK: N_("Reworking"),
        EventType.RETURN: N_("Goods returned"),
        EventType.WASTE: N_("Thrown away"),
        EventType.AGGREGATE: N_("Packed into a carton or pallet"),
        EventType.OPEN: N_("Carton or pallet opened"),
    },
    CorrectionReason: {
        CorrectionReason.DID_NOT_OCCUR: N_("It never happened"),
        CorrectionReason.INCORRECT_DATA: N_("What was written is wrong"),
    },
}

#: The words of the key data elements (`domain.key_data`).
KEY_DATA = {
    "method": N_("Way of harvesting"),
    "maturity": N_("Ripeness"),
    "brix": N_("Sugar content (°Bx)"),
    "pluck_grade": N_("Plucking standard"),
    "hives": N_("Hives"),
    "floral_source": N_("Flowers"),
    "moisture": N_("Moisture (%)"),
    "bunch_age": N_("Age of the bunch"),
    "condition": N_("Condition on arrival"),
    "vehicle": N_("Vehicle"),
    "document_no": N_("Document number"),
    "temperature": N_("Temperature (°C)"),
    "duration": N_("Duration"),
    "substance": N_("Substance used"),
    "units": N_("Number of packages"),
    "packing_house": N_("Packing-house code"),
    "line": N_("Line or team"),
    "label_version": N_("Version of the label"),
    "humidity": N_("Humidity (%)"),
    "storeroom": N_("Storeroom"),
    "facility": N_("Treatment facility"),
    "treatment_no": N_("Treatment number"),
    "dose": N_("Dose"),
    "input_kind": N_("Kind of farm input"),
    "active_ingredient": N_("Active ingredient"),
    "interval_days": N_("Days to wait before the harvest"),
    "cause": N_("Cause"),
    "handling": N_("What was done with it"),
    "customer": N_("Customer"),
    "market": N_("Market"),
    "witness": N_("Who was there"),
    "sscc": N_("SSCC number"),
    "unit": N_("Packed in"),
    "laboratory": N_("Laboratory"),
    "report_no": N_("Report number"),
    "result": N_("Result"),
}
#: Where an element's value is a word of ours, its own word: `element.value`.
KEY_DATA |= {f"input_kind.{kind.value}": word for kind, word in treatments.NAMES[InputKind].items()}
KEY_DATA |= {f"cause.{reason.value}": word for reason, word in wastes.NAMES[WasteReason].items()}
KEY_DATA |= {f"cause.{reason.value}": word for reason, word in returns.NAMES[ReturnReason].items()}
KEY_DATA |= {f"handling.{way.value}": word for way, word in wastes.NAMES[WasteHandling].items()}
KEY_DATA |= {f"unit.{kind.value}": word for kind, word in logistic_units.NAMES[UnitKind].items()}
