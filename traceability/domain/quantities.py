"""Weights, areas and days as people write them, and as whole numbers in the database.

Weights are stored in whole grams and areas in whole square metres, so that a ledger adds up exactly. Numbers
are read the Vietnamese way first: a comma before decimals, dots (or spaces) between groups of three. Plain
decimals with a dot are read too. Where one text could mean two weights a thousand times apart:

- `1.250` is 1250 kg: so every Vietnamese writes it. (A page must therefore never use `<input type=number>`,
  where the browser means 1.25; use a text field with `inputmode=decimal`.)
- `1,250` is refused for weights: 1.25 kg in Vietnamese, 1250 kg in English. `1,25`, `1250` and `1.250` are
  clear.
- In hectares a single dot or comma always stands before decimals: nobody declares an area of 1250 ha.

Numbers that are not text (from JSON or a sheet) are kilograms or hectares. Refusals are
`PydanticCustomError`s whose types are keys of `traceability.wording.quantities`.
"""

import re
import unicodedata
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Any, Final, NoReturn

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import BigInteger
from sqlmodel import Field

from traceability.domain.text import fold

GRAMS_PER_KG: Final = 1000
M2_PER_HA: Final = 10_000
#: No weight is above 10^9 kg and no area above 100,000 ha: more is a slip of the keyboard.
MAX_GRAMS: Final = 10**12
MAX_M2: Final = 10**9
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100

#: More digits than a field takes, so that nothing is rounded away before it is judged.
_EXACT = Context(prec=100)
_WEIGHT_UNITS = {"": 1000, "kg": 1000, "kilogam": 1000, "g": 1, "gam": 1, "ta": 100_000, "tan": 1_000_000}
_AREA_UNITS = {"": 10_000, "ha": 10_000, "hecta": 10_000, "m2": 1}
_NUMBER_AND_UNIT = re.compile(r"([+-]?[0-9.,]+)([a-z][a-z0-9]*)?")
_GROUPS_OF_THREE = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*")
_ISO_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_LOCAL_DAY = re.compile(r"(?P<day>\d{1,2})([-/.])(?P<month>\d{1,2})\2(?P<year>\d{4})")


class Grams(int):
    """A weight that has already been read. A plain number is kilograms: this type is never read twice."""


class SquareMetres(int):
    """An area that has already been read: see `Grams`."""


def _refuse(kind: str, why: str, **facts: Any) -> NoReturn:
    raise PydanticCustomError(f"{kind}_{why}", "this number is not accepted", facts)


def _decimal_text(kind: str, number: str) -> str:
    """The number with a dot before its decimals and nothing between groups."""
    whole, mark, decimals = number, "", ""
    last = max(number.rfind("."), number.rfind(","))
    marks = {sign for sign in number if sign in ".,"}
    if len(marks) == 2:
        whole, mark, decimals = number[:last], number[last], number[last + 1 :]
        if not _GROUPS_OF_THREE.fullmatch(whole) or mark in whole:
            _refuse(kind, "unreadable")
    elif marks:
        grouped = _GROUPS_OF_THREE.fullmatch(number)
        several = number.count(next(iter(marks))) > 1
        if several and not grouped:
            _refuse(kind, "unreadable")
        if grouped and not several and kind == "weight":
            if marks == {","}:
                plain = number.replace(",", "")
                _refuse(
                    kind, "ambiguous", written=number, whole=plain, decimal=number.rstrip("0").rstrip(",")
                )
            several = True
        if not several:
            whole, mark, decimals = number[:last], number[last], number[last + 1 :]
    digits = whole.replace(".", "").replace(",", "")
    if (mark and not decimals) or not (digits or decimals):
        _refuse(kind, "unreadable")
    return f"{digits or '0'}.{decimals or '0'}"


def _read(kind: str, value: Any, units: dict[str, int], per_number: int, limit: int) -> int:
    """The number in the smallest unit: grams or square metres; may be zero."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        _refuse(kind, "unreadable")
    factor = per_number
    if isinstance(value, str):
        text = re.sub(r"\s+", "", fold(unicodedata.normalize("NFKC", value[:60])))
        if not text:
            _refuse(kind, "missing")
        match = _NUMBER_AND_UNIT.fullmatch(text) if len(value) <= 60 else None
        if not match or (match[2] or "") not in units:
            _refuse(kind, "unreadable")
        factor = units[match[2] or ""]
        number, negative = match[1].lstrip("+-"), match[1].startswith("-")
        amount = Decimal(("-" if negative else "") + _decimal_text(kind, number))
    else:
        # Fifteen digits: what a sheet holds as 0.30000000000000004 is 0.3.
        amount = Decimal(format(value, ".15g")) if isinstance(value, float) else Decimal(value)
        if not amount.is_finite():
            _refuse(kind, "unreadable")
    if amount < 0:
        _refuse(kind, "negative")
    if amount > limit:
        _refuse(kind, "too_large", limit=limit // per_number)
    smallest = _EXACT.multiply(amount, Decimal(factor))
    if smallest > limit:
        _refuse(kind, "too_large", limit=limit // per_number)
    if smallest != smallest.to_integral_value():
        _refuse(kind, "too_precise")
    return int(smallest)


def parse_kg(value: str | float | Decimal, zero: bool = False) -> int:
    """Grams from kilograms as typed (`1.234,5`, `1234.5`, `12 tấn`, `3 tạ`, `500 g`) or as a number.

    Raises `PydanticCustomError` with a type `weight_*` for what is empty, unreadable (NaN and infinity too),
    ambiguous, negative, zero (unless `zero` is allowed), above 10^9 kg or finer than a gram.
    """
    grams = _read("weight", value, _WEIGHT_UNITS, GRAMS_PER_KG, MAX_GRAMS)
    if grams == 0 and not zero:
        _refuse("weight", "zero")
    return grams


def parse_ha(value: str | float | Decimal) -> int:
    """Square metres from hectares as typed (`18,02`, `1.5 ha`, `7500 m2`) or as a number.

    Raises `PydanticCustomError` with a type `area_*`: as `parse_kg`, above 100,000 ha or finer than 1 m2.
    """
    square_metres = _read("area", value, _AREA_UNITS, M2_PER_HA, MAX_M2)
    if square_metres == 0:
        _refuse("area", "zero")
    return square_metres


def parse_day(value: str | date) -> date:
    """A date from `2026-11-24`, `24/11/2026`, `24-11-2026` or `24.11.2026`, or a date as it is.

    Raises `PydanticCustomError`: `day_missing`, `day_unreadable` (a two-digit year too), `day_no_such` (31
    February), `day_year_out_of_range` (before 1900 or after 2100).
    """
    if isinstance(value, date):
        found = value.date() if isinstance(value, datetime) else value
        year, month, day = found.year, found.month, found.day
    elif isinstance(value, str):
        text = unicodedata.normalize("NFKC", value[:60]).strip()
        if not text:
            raise PydanticCustomError("day_missing", "a date is needed")
        match = _ISO_DAY.fullmatch(text) or _LOCAL_DAY.fullmatch(text)
        if not match or not text.isascii():
            raise PydanticCustomError("day_unreadable", "this is not a date")
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    else:
        raise PydanticCustomError("day_unreadable", "this is not a date")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        facts = {"year": year, "first": FIRST_YEAR, "last": LAST_YEAR}
        raise PydanticCustomError("day_year_out_of_range", "this year is not accepted", facts)
    try:
        return date(year, month, day)
    except ValueError:
        facts = {"day": day, "month": month, "year": year}
        raise PydanticCustomError("day_no_such", "there is no such day", facts) from None


def decimal_text(number: Decimal, lang: str = "vi", grouped: bool = True) -> str:
    """`1.234,5` in Vietnamese, `1,234.5` in English and Chinese; without trailing zeros."""
    text = f"{number:,f}" if grouped else f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if lang != "vi" else text.translate({ord(","): ".", ord("."): ","})


def kg_text(grams: int, lang: str = "vi") -> str:
    """A weight for reading: `1.234,5 kg`, with a no-break space. Exact to the gram."""
    return f"{decimal_text(Decimal(grams) / GRAMS_PER_KG, lang)}\u00a0kg"


def count_text(number: int, lang: str = "vi") -> str:
    """A number of things for reading: `1.250` in Vietnamese, `1,250` in English."""
    return decimal_text(Decimal(number), lang)


def kg_field(grams: int, lang: str = "vi") -> str:
    """A weight as it stands in a form field: `parse_kg` reads it back as the same grams."""
    text = decimal_text(Decimal(grams) / GRAMS_PER_KG, lang, grouped=False)
    # Three decimals look like a group of three; a fourth tells them apart.
    return f"{text}0" if re.search(r"[.,]\d{3}$", text) else text


def ha_text(square_metres: int, lang: str = "vi", decimals: int = 2) -> str:
    """An area for reading: `18,02 ha`, with a no-break space, rounded to `decimals` (0-4)."""
    return f"{_rounded(square_metres, lang, decimals, grouped=True)}\u00a0ha"


def ha_field(square_metres: int, lang: str = "vi") -> str:
    """An area as it stands in a form field: `parse_ha` reads it back as the same square metres."""
    return _rounded(square_metres, lang, 4, grouped=False)


def m2_text(square_metres: int, lang: str = "vi") -> str:
    """An area for reading in square metres: `1.250 m²`, with a no-break space."""
    return f"{decimal_text(Decimal(square_metres), lang)}\u00a0m²"


def _rounded(square_metres: int, lang: str, decimals: int, grouped: bool) -> str:
    step = Decimal(1).scaleb(-decimals)
    return decimal_text((Decimal(square_metres) / M2_PER_HA).quantize(step, ROUND_HALF_UP), lang, grouped)


def _kilograms(value: Any) -> int:
    return value if isinstance(value, Grams) else parse_kg(value)


def _kilograms_or_zero(value: Any) -> int:
    return value if isinstance(value, Grams) else parse_kg(value, zero=True)


def _hectares(value: Any) -> int:
    return value if isinstance(value, SquareMetres) else parse_ha(value)


_KILOGRAMS = {
    "type": ["number", "string"],
    "minLength": 1,
    "description": "kilograms, or text with a unit: 12.5, “12,5 kg”, “2 tạ”",
}
_SAID_KILOGRAMS = WithJsonSchema(_KILOGRAMS | {"exclusiveMinimum": 0})
_SAID_KILOGRAMS_OR_ZERO = WithJsonSchema(_KILOGRAMS | {"minimum": 0})
_SAID_HECTARES = WithJsonSchema(
    {
        "type": ["number", "string"],
        "minLength": 1,
        "exclusiveMinimum": 0,
        "description": "hectares, or text with a unit",
    }
)
_SAID_DAY = WithJsonSchema({"type": "string", "format": "date"})

#: A weight above zero: kilograms in, whole grams out. The column is a BIGINT; a field that is optional or has
#: a `Field(...)` of its own has to repeat `sa_type=BigInteger`.
Kilograms = Annotated[
    int, BeforeValidator(_kilograms), AfterValidator(Grams), Field(sa_type=BigInteger), _SAID_KILOGRAMS
]
#: As `Kilograms`; zero is accepted (what was recovered, what is left).
KilogramsOrZero = Annotated[
    int,
    BeforeValidator(_kilograms_or_zero),
    AfterValidator(Grams),
    Field(sa_type=BigInteger),
    _SAID_KILOGRAMS_OR_ZERO,
]
#: An area above zero: hectares in, whole square metres out.
Hectares = Annotated[int, BeforeValidator(_hectares), AfterValidator(SquareMetres), _SAID_HECTARES]
#: A calendar day between 1900 and 2100, as a Vietnamese or ISO text.
Day = Annotated[date, BeforeValidator(parse_day), _SAID_DAY]
