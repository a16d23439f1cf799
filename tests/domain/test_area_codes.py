"""A growing-area code is what the authority wrote: odd ones are warned about, none is refused or changed."""

import unicodedata

import pytest
from pydantic_core import PydanticCustomError

from traceability.domain.area_codes import CodeOf, clean_code, lookup_key, warnings


@pytest.mark.parametrize(
    "code",
    ["VN-VLOR-9001", "VNTGOR0095", "VN-ĐLOR-0128", "VN-86-29770-9001", "VN-86-29770-US-9002", "VN-LK-001"],
)
def test_codes_as_they_are_issued_raise_no_warning(code: str) -> None:
    assert warnings(code) == []


@pytest.mark.parametrize(
    ("code", "warned"),
    [
        ("vn-vlor-9001", ["code_lower_case"]),
        ("VN VLOR 9001", ["code_blanks"]),
        ("VN\u2013VLOR\u20139001", ["code_blanks"]),
        ("VN-VLPH-9001", ["code_of_packing_house"]),
        ("VN-VLOR-90O1", ["code_odd_format"]),
        ("Vùng 12", ["code_lower_case", "code_blanks", "code_odd_format"]),
    ],
)
def test_odd_codes_are_warned_about_and_kept_as_they_are(code: str, warned: list[str]) -> None:
    assert warnings(code) == warned
    assert clean_code(code) == code


def test_a_packing_house_has_the_letters_ph() -> None:
    assert warnings("VN-VLPH-9001", CodeOf.PACKING_HOUSE) == []
    assert warnings("VN-VLPH-012", CodeOf.PACKING_HOUSE) == []
    assert warnings("VN-VLOR-9001", CodeOf.PACKING_HOUSE) == ["code_of_area"]
    assert warnings("VN-86-29770-9001", CodeOf.PACKING_HOUSE) == ["code_odd_format"]


def test_only_cleaning_touches_a_code() -> None:
    assert clean_code(unicodedata.normalize("NFD", "  VN-ĐLOR-0128 ")) == "VN-ĐLOR-0128"
    for typed, why in (("  ", "code_missing"), ("x" * 41, "code_too_long"), ("VN\0", "text_control")):
        with pytest.raises(PydanticCustomError) as caught:
            clean_code(typed)
        assert caught.value.type == why


def test_a_code_is_found_however_it_is_typed() -> None:
    assert lookup_key("vn đlor 0128") == lookup_key("VN-DLOR-0128") == "VNDLOR0128"
