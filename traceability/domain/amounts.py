"""Amounts of farm inputs (liều lượng vật tư): grams or millilitres, kept in whole thousandths.

A label says 12,5 ml and a store holds 20 kg: thousandths hold both exactly.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple, NoReturn

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from traceability.domain.quantities import decimal_text
from traceability.domain.text import fold

#: 1,000 tonnes, or 1,000 m3: more is a slip of the keyboard.
MOST: Final = 1_000_000_000 * 1000
_NUMBER = re.compile(r"(?P<whole>\d{1,9})(?:[.,](?P<decimals>\d{1,3}))?\s*(?P<unit>[a-z]+)", re.ASCII)


class Measure(StrEnum):
    """How a farm input is measured: by weight (grams) or by volume (millilitres)."""

    GRAM = "g"
    MILLILITRE = "ml"


_UNITS: Final = {
    "kg": (Measure.GRAM, 1_000_000),
    "g": (Measure.GRAM, 1000),
    "gr": (Measure.GRAM, 1000),
    "gam": (Measure.GRAM, 1000),
    "mg": (Measure.GRAM, 1),
    "l": (Measure.MILLILITRE, 1_000_000),
    "lit": (Measure.MILLILITRE, 1_000_000),
    "ml": (Measure.MILLILITRE, 1000),
    "cc": (Measure.MILLILITRE, 1000),
}


class Amount(NamedTuple):
    """Thousandths of a gram or of a millilitre."""

    thousandths: int
    measure: Measure


def parse_amount(value: Any) -> Amount:
    """An amount from `2,5 lít`, `500 ml`, `10 kg`; the unit has to be written.

    Raises `PydanticCustomError`: `amount_unreadable`, `amount_ambiguous` (`1.000 g`: a thousand or one?),
    `amount_zero`, `amount_too_large`, `amount_too_precise`.
    """
    if isinstance(value, Amount):
        return value
    if not isinstance(value, str) or len(value) > 40:
        _refuse("amount_unreadable")
    match = _NUMBER.fullmatch(fold(value).strip())
    if match is None or match["unit"] not in _UNITS:
        _refuse("amount_unreadable")
    measure, factor = _UNITS[match["unit"]]
    decimals = match["decimals"] or ""
    if len(decimals) == 3 and match["whole"] != "0":
        _refuse("amount_ambiguous", whole=match["whole"] + decimals, decimal=f"{match['whole']},{decimals}0")
    number = Decimal(f"{match['whole']}.{decimals or '0'}") * factor
    if number != number.to_integral_value():
        _refuse("amount_too_precise")
    if not number:
        _refuse("amount_zero")
    if number > MOST:
        _refuse("amount_too_large")
    return Amount(int(number), measure)


def amount_text(thousandths: int, measure: Measure, lang: str = "vi") -> str:
    """An amount for reading: `2,5 lít`, `500 ml`, `10 kg`, with a no-break space."""
    large = abs(thousandths) >= 1_000_000
    unit = {Measure.GRAM: ("g", "kg"), Measure.MILLILITRE: ("ml", "lít" if lang == "vi" else "l")}[measure][
        large
    ]
    number = Decimal(thousandths) / (1_000_000 if large else 1000)
    return f"{decimal_text(number, lang)}\u00a0{unit}"


def amount_field(thousandths: int, measure: Measure) -> str:
    """An amount as it stands in a form field: `parse_amount` reads it back as the same."""
    number = Decimal(thousandths) / 1000
    text = f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"
    whole, mark, decimals = text.partition(".")
    if len(decimals) == 3:
        return f"{thousandths} mg" if measure is Measure.GRAM else f"{whole},{decimals} {measure.value}"
    return f"{whole}{',' if mark else ''}{decimals} {measure.value}"


def _refuse(code: str, **facts: Any) -> NoReturn:
    raise PydanticCustomError(code, "this amount is not accepted", facts)


#: An amount as typed, with its unit.
TypedAmount = Annotated[Amount, BeforeValidator(parse_amount)]
