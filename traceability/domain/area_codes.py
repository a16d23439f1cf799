"""The codes of growing areas (mã số vùng trồng) and packing houses.

An authority issues them, and what it wrote is the code: it is stored as it stands, never refused for its
look and never rewritten. Neither are the letters of a province that was merged in July 2025. Known patterns
only serve to warn of a likely slip of the keyboard:

- for export, `VN-` + letters of the province + `OR-` (area) or `PH-` (packing house) + 3 or 4 digits, as in
  VN-VLOR-0095; Đ and D both occur;
- at home, country, province, commune and serial: `VN-86-29770-0001`, with a market in it for some.

These patterns come from published samples; there is no official list of formats.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from traceability.domain.text import clean_line

CODE_LENGTH: Final = 40

_EXPORT = re.compile(r"VN-?([A-ZĐ]{2,3})(OR|PH)-?\d{3,4}")
_DOMESTIC = re.compile(r"VN-?(\d{2}|[A-ZĐ]{2,3})(-?\d{3,5}){0,2}(-[A-Z]{2,3})?-?\d{3,5}")
_LOOSE = re.compile(r"[\s\u2010-\u2015\u2212_.]+")


class CodeOf(StrEnum):
    """What a code was issued for."""

    GROWING_AREA = "growing_area"
    PACKING_HOUSE = "packing_house"


def clean_code(value: str) -> str:
    """The code as issued, as one line of text. Raises `code_missing` and `code_too_long`."""
    code = clean_line(value)
    if not code:
        raise PydanticCustomError("code_missing", "a code is needed")
    if len(code) > CODE_LENGTH:
        facts = {"length": len(code), "limit": CODE_LENGTH}
        raise PydanticCustomError("code_too_long", "this code is too long", facts)
    return code


def warnings(code: str, of: CodeOf = CodeOf.GROWING_AREA) -> list[str]:
    """What looks odd about a code; an empty list for the patterns above. Warnings never stop anybody.

    `code_lower_case`, `code_blanks` (spaces, underscores or long dashes where hyphens are usual),
    `code_of_area` and `code_of_packing_house` (the letters OR or PH of the other kind), `code_odd_format`
    (none of the known patterns).
    """
    found = []
    if code != code.upper():
        found.append("code_lower_case")
    tidy = _LOOSE.sub("-", code.upper())
    if tidy != code.upper():
        found.append("code_blanks")
    export = _EXPORT.fullmatch(tidy)
    if export:
        if of is CodeOf.PACKING_HOUSE and export[2] == "OR":
            found.append("code_of_area")
        elif of is CodeOf.GROWING_AREA and export[2] == "PH":
            found.append("code_of_packing_house")
    elif of is CodeOf.PACKING_HOUSE or not _DOMESTIC.fullmatch(tidy):
        found.append("code_odd_format")
    return found


def lookup_key(code: str) -> str:
    """The key under which a code is found however it is typed: upper case, Đ as D, letters and digits only.

    For searching only: two codes with one key are still two codes.
    """
    return re.sub(r"[\W_]+", "", code.upper().replace("Đ", "D"))


def _typed(value: Any) -> Any:
    return clean_code(value) if isinstance(value, str) else value


#: A code as issued, 1-40 characters.
IssuedCode = Annotated[str, BeforeValidator(_typed), Field(max_length=CODE_LENGTH)]
