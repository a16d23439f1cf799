"""What the fields of the API mean: units, forms, what is left out. In the document, which is in English."""

from typing import Any

_MM = "In millimetres."
_OWN_REFERENCE = "Your own reference, up to 80 letters; it names one thing of its kind."
_MOMENT = "A moment in UTC, ISO 8601."
_NOTE = "Free text; no public page shows it."
_DETAILS = (
    "Further facts by their names, as the event's page asks for them, for example the temperature of a store."
)

#: By the name of the field, wherever it stands.
COMMON = {
    "id": "The id, 16 letters and digits; it never changes.",
    "external_ref": _OWN_REFERENCE,
    "note": _NOTE,
    "details": _DETAILS,
    "log_index": "The place in the public log.",
    "batch_id": "The id of a batch (GET /api/v1/batches).",
    "product_id": "The id of a product (GET /api/v1/products).",
    "area_id": "The id of a growing area (GET /api/v1/areas).",
    "event_id": "The id of an event of the batch; left out: that with which the batch began.",
    "order_id": "The id of a stamp order.",
    "crop_id": "The id of a crop (GET /api/v1/crops).",
    "name": "The name in Vietnamese, as people read it.",
    "name_en": "The name in English.",
    "gtin": "The GTIN of GS1, 14 digits with leading zeros.",
    "gln": "The location number (GLN) of GS1, 13 digits, if there is one.",
    "state": "Where it stands.",
    "lot": "The lot number, up to 20 letters; left out: the next free one of the day.",
    "created_at": _MOMENT,
    "opened_at": _MOMENT,
    "lifted_at": "When the recall was lifted, in UTC; null while it stands.",
    "ready_at": "When the codes were made, in UTC; null before.",
    "decided_on": "The day of the decision, as 2026-11-24.",
    "decision_no": "The number of the decision, where an agency decided.",
    "due_on": "The day by which the outcome is reported, as 2026-11-24.",
    "harvested_on": "The day of the harvest in Vietnam, as 2026-11-24.",
    "reason": "Why; only the producer and the agencies read it.",
    "hazard": "What is dangerous about the goods, in a few words.",
    "public_text": "What the public reads: what to do with the goods.",
    "quantity": "How many stamps.",
    "dpi": "The printer's dots per inch: 203, 300 or 600; left out: the layout's own.",
    "step": "What was done, in a few words, for example washing.",
}
#: By the name of the schema and the field, where it means something of its own.
OF_SCHEMA = {
    "ActivationAnswer": {
        "id": "The id of the first range of stamps.",
        "activated": "How many stamps speak now.",
    },
    "ActivationInput": {
        "first_code": "The first code of the run, as printed or as its QR says; hyphens do not matter.",
        "last_code": "The last code of the run.",
        "without_void": "true: void stamps in the run are passed over; false: they refuse the whole run.",
        "confirmed": "Of the page: whether the run was looked at first. Programs leave it out.",
    },
    "AreaAnswer": {
        "declared_m2": "The declared ground in square metres; 1 ha is 10,000.",
        "computed_m2": "The ground within the outline in square metres.",
    },
    "AreaCodeAnswer": {
        "family": "domestic, or export for a market abroad.",
        "market": "The country by ISO 3166, as CN; VN for domestic codes.",
        "code": "The code as it was issued; a harvest names it as area_code.",
        "authority": "Who issued it.",
        "issued_on": "The day of issue, as 2026-11-24.",
        "valid_from": "The first day of validity, as 2026-11-24; null: no beginning.",
        "valid_to": "The last day of validity, as 2026-11-24; null: no end.",
    },
    "AreaInput": {
        "declared_ha": "Hectares: a number, or text with a unit: 4.84, “4,84 ha”, “7500 m2”.",
        "geometry": "A GeoJSON Polygon in WGS 84: longitude before latitude, the first corner again at the end.",
        "corners": "The corners as text instead of geometry, one a line: latitude, longitude.",
        "households": "How many households farm it.",
        "colonies": "How many bee colonies stand on it.",
        "planted_year": "The year of planting, as 2018.",
        "address_line": "House, street, hamlet.",
        "commune_code": "The code of the commune or ward, 5 digits, as 29770.",
        "commune_name": "The name of the commune or ward.",
        "province_code": "The code of the province, 2 digits, as 86.",
        "province_name": "The name of the province; left out: that of the code.",
        "vintage": "Of which division of the country the address speaks: since July 2025, or before (pre).",
        "legacy_address": "The address of before July 2025, as papers still carry it.",
    },
    "AttachmentAnswer": {
        "sha256": "SHA-256 of the kept picture, in hex.",
        "width": "In pixels.",
        "height": "In pixels.",
        "size": "In bytes.",
    },
    "BatchAnswer": {
        "area_id": "The growing area; null where the goods come from several or from outside.",
        "lot": "The lot number as it stands on the goods.",
        "origin": "How the batch began, for example by a harvest.",
        "started_on": "The day on which the batch began, as 2026-11-24.",
        "best_before_on": "The last day of durability, as 2026-11-24; null where the product has none.",
        "made_g": "What came in, in whole grams.",
        "on_hand_g": "What is left, in whole grams.",
        "shipped_g": "What was delivered, in whole grams.",
        "used_g": "What went into other batches, in whole grams.",
        "lost_g": "What was lost, in whole grams.",
        "revision": "Rises with every change of the batch.",
    },
    "CropAnswer": {"id": "The id, as pomelo_nam_roi.", "kind": "The kind, as fruit."},
    "EventAnswer": {
        "type": "What kind of event it is.",
        "happened_at": _MOMENT,
        "input_g": "Before the event, in whole grams; null where nothing was weighed.",
        "output_g": "After the event, in whole grams; null where nothing was weighed.",
        "loss_g": "Lost in it, in whole grams; null where nothing was weighed.",
        "corrects_id": "The id of the event that this one corrects, if any.",
    },
    "EventInput": {
        "type": "What kind of event it is; all others come about by acts of their own.",
        "happened_at": "A day or a moment, ISO 8601; without an offset Vietnam's time. Not in the future.",
        "output_kg": "What was weighed afterwards, in kilograms: 12.5, “12,5 kg”. Not together with loss_kg.",
        "loss_kg": "What was lost, in kilograms: 12.5, “12,5 kg”.",
        "material": "What was added that has no batch, for example sugar.",
        "material_kg": "How much of it, in kilograms: 12.5, “12,5 kg”.",
        "supplier": "Whose material it is.",
        "place": "Where, in words.",
    },
    "HarvestInput": {
        "area_code": "The code of the area for this harvest (GET /api/v1/areas/{id}/codes), if one is to count.",
        "harvested_at": "The moment of the harvest, if it is known: ISO 8601, on the same day.",
        "kilograms": "Kilograms: a number, or text with a unit: 125.5, “125,5 kg”, “2 tạ”.",
        "picker": "Who picked, in words.",
    },
    "LayoutAnswer": {
        "id": "The name that a stamp order gives as layout.",
        "name": "What people call it, in the account's language.",
        "own": "true: drawn by the producer.",
        "stamp_width_mm": _MM,
        "stamp_height_mm": _MM,
        "page_width_mm": _MM,
        "page_height_mm": _MM,
        "per_page": "How many stamps a page or a length of roll has.",
        "dpi": "For how many dots per inch it is made.",
    },
    "OrderInput": {
        "layout": "The id of a layout (GET /api/v1/layouts).",
        "form": "What the QR says: the short address, or a GS1 Digital Link (the product needs a GTIN).",
        "start_position": "The first free cell of the first sheet, counted from 1.",
        "on_used_sheet": "true: the first cell is taken from the sheet that was used last.",
        "pins": "true: each stamp has a scratch PIN.",
        "gross_weight": "What a carton weighs, in kilograms, for layouts that print it: 12.5, “12,5 kg”.",
    },
    "ProductAnswer": {
        "code": "The product's code; it stands in the address of its page.",
        "unit": "What one stamp is stuck to, in Vietnamese.",
        "net_weight_g": "What one stamp stands for, in whole grams.",
        "category": "The group of goods.",
        "shelf_life_days": "Days of durability; null: none is said.",
    },
    "RecallAnswer": {
        "number": "The number that people know it by.",
        "kind": "voluntary: by the producer; compulsory: by an agency.",
        "reached": "How many batches it reaches, the first one included.",
    },
    "RecallInput": {
        "reason": "Why, in 5 letters or more; only the producer and the agencies read it.",
        "established_at": "When it was established that the goods must come back: a day or a moment, ISO 8601.",
    },
    "StampOrderAnswer": {
        "number": "The number that people know it by.",
        "layout": "The layout, with its dots per inch behind @.",
        "code_root": "The Merkle root over the hashes of its codes, in hex; null before they are made.",
    },
    "Problem": {
        "type": "Always about:blank.",
        "title": "The status in words.",
        "status": "The HTTP status.",
        "detail": "What is wrong and what to do, in the account's language.",
        "error": "The same for programs: the sentence, and the field that it is about.",
        "message": "What is wrong and what to do, in the account's language.",
        "field": "The field or header to correct; null where it is none of them.",
        "record_id": "The record of yours that has it already.",
    },
    "WebhookMessage": {
        "id": "The place of the fact in the public log.",
        "type": "The kind of fact, as recall.opened.",
        "timestamp": "When it was written down, ISO 8601.",
        "data": "What it is about.",
        "record": "The row that the fact is about.",
        "table": "The kind of thing, as recall.",
        "batch_ids": "The ids of your batches that it touches, 500 at most.",
        "batches": "How many batches; batch_ids holds 500 at most.",
        "said": "What the log says of it in clear.",
        "receipt": "How to find it in the public log.",
        "leaf_hash": "The hash of its leaf, in base64.",
        "proof": "Where the proof of inclusion is read.",
    },
}
#: Of what stands in the address or its question.
PARAMETERS = {
    "cursor": "Where the page begins: next_cursor of the page before; left out: at the beginning.",
    "limit": "How many items a page has: 1-100, 50 when left out.",
    "external_ref": "Only what has this reference of your own.",
    "photo_id": "The id of an attachment.",
    "recall_id": "The id of a recall.",
    "next_cursor": "Where the next page begins; null on the last page.",
    "items": "What is on this page.",
}


def of(schema: str, field: str) -> str:
    """What a field means: of its own in its schema, or as it does everywhere; empty where nobody has said it."""
    return OF_SCHEMA.get(schema, {}).get(field) or COMMON.get(field, "")


def of_parameter(name: str) -> str:
    """What a part of an address or of its question means."""
    return PARAMETERS.get(name) or COMMON.get(name, "")


def describe(schema: dict[str, Any], name: str) -> None:
    """Says of each field of a schema, also of those within, what it means."""
    for field, part in schema.get("properties", {}).items():
        if text := of(name, field):
            part["description"] = text
        describe(part, name)
