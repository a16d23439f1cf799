"""Key data elements (dữ liệu chính): the further fields an event of each type may carry.

They follow who, what, where, when, why of TCVN 12850 and the tracking events of the crops' own standards. All are
optional text as written on the spot ("12 °Bx", "2–4 °C"); none takes part in a rule yet.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from traceability.domain.history import EventType
from traceability.domain.text import ShortLine

#: By type of event, in the order in which a form asks.
KEY_DATA: dict[EventType, tuple[str, ...]] = {
    EventType.HARVEST: (
        "method",
        "maturity",
        "brix",
        "pluck_grade",
        "hives",
        "floral_source",
        "moisture",
        "bunch_age",
    ),
    EventType.RECEIVE: ("condition", "vehicle", "document_no"),
    EventType.TRANSFORM: ("temperature", "duration", "moisture", "substance"),
    EventType.PACK: ("units", "packing_house", "line", "label_version"),
    EventType.STORE: ("temperature", "humidity", "storeroom"),
    EventType.TREAT: ("facility", "treatment_no", "dose", "temperature", "duration"),
    EventType.LOSE: ("cause", "handling"),
    EventType.SHIP: ("customer", "market", "vehicle", "document_no"),
    EventType.TEST: ("laboratory", "report_no", "result"),
    EventType.SELL: ("customer", "market"),
}

#: Elements that matter for some kinds of crop only: kind of crop -> elements; the rest are asked for every crop.
OF_CROP_KIND: dict[str, frozenset[str]] = {
    "perennial_fruit": frozenset({"maturity", "brix"}),
    "tea": frozenset({"pluck_grade"}),
    "apiculture": frozenset({"hives", "floral_source", "moisture"}),
    "palm": frozenset({"bunch_age"}),
}
_SPECIAL = frozenset().union(*OF_CROP_KIND.values())


def asked(event_type: EventType, crop_kind: str = "") -> tuple[str, ...]:
    """The elements that a form asks for: at harvest only those that suit the kind of crop."""
    elements = KEY_DATA.get(event_type, ())
    if event_type is not EventType.HARVEST:
        return elements
    suited = OF_CROP_KIND.get(crop_kind, frozenset())
    return tuple(name for name in elements if name not in _SPECIAL or name in suited)


def _known(value: Any) -> Any:
    """Refuses elements that nobody knows; those without a value are left out."""
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "this part of the form is damaged")
    if not value.keys() <= set().union(*KEY_DATA.values()):
        raise PydanticCustomError("extra_forbidden", "this element is not known")
    return {key: text for key, text in value.items() if text is not None and str(text).strip()}


#: Elements by name.
KeyData = Annotated[dict[str, ShortLine], BeforeValidator(_known)]
