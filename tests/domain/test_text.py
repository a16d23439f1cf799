"""What people type is stored in one form, and nothing invisible or misleading gets in."""

import random
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from sqlmodel import Field, SQLModel

from traceability.domain import batches, events, stamp_orders, text, transforms
from traceability.domain.text import (
    Block,
    Line,
    Name,
    ShortLine,
    clean_block,
    clean_line,
    collation_key,
    fold,
)


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return caught.value.errors(include_input=False)[0]["type"]


def test_the_same_word_from_two_keyboards_is_stored_once() -> None:
    nfd = unicodedata.normalize("NFD", "Bưởi Năm Roi")
    assert clean_line(nfd) == "Bưởi Năm Roi" == clean_line("Bưởi Năm Roi")


def test_spaces_and_pasted_invisible_characters_disappear() -> None:
    assert clean_line("  Bưởi\u00a0 Năm\tRoi\u200b\r\n") == "Bưởi Năm Roi"
    assert clean_line("\ufeffcam\u00ad sành\u200e") == "cam sành"


def test_a_block_keeps_its_lines_and_one_empty_line_between_them() -> None:
    assert clean_block("một \r\n\r\n\r\n\r\n hai\u2028ba\t bốn\n") == "một\n\nhai\nba bốn"


@pytest.mark.parametrize(
    ("character", "why"),
    [
        ("\0", "text_control"),
        ("\x1b", "text_control"),
        ("\ud800", "text_surrogate"),
        ("\ue000", "text_private"),
        ("\U0001fffe", "text_unassigned"),
        ("\u202e", "text_bidi"),
        ("\u2066", "text_bidi"),
        ("\U000e0041", "text_invisible"),
        ("\ufffd", "text_undecodable"),
    ],
)
def test_characters_that_hide_or_mislead_are_refused_and_named(character: str, why: str) -> None:
    for clean in (clean_line, clean_block):
        with pytest.raises(PydanticCustomError) as caught:
            clean(f"bưởi{character}ngon")
        assert caught.value.type == why
        assert caught.value.context == {"character": f"U+{ord(character):04X}", "position": 5}


def test_lengths_are_counted_after_cleaning() -> None:
    assert TypeAdapter(ShortLine).validate_python(" " * 500 + "x" * 80) == "x" * 80
    assert refusal(ShortLine, "x" * 81) == "text_too_long"
    assert refusal(Line, "x" * 201) == "text_too_long"
    assert refusal(Block, "x" * 4001) == "text_too_long"
    assert TypeAdapter(Line).validate_python(unicodedata.normalize("NFD", "ậ" * 200)) == "ậ" * 200


def test_a_field_of_ten_megabytes_is_refused_with_the_limit_of_the_field() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Name).validate_python("\u202e" * 10_000_000)
    error = caught.value.errors(include_input=False)[0]
    assert (error["type"], error["ctx"]["limit"]) == ("text_too_long", 160)


def test_a_name_needs_a_letter_and_a_line_needs_something() -> None:
    assert refusal(Name, "123 -") == "text_without_letter"
    assert refusal(Line, " \u200b ") == "text_missing"
    assert TypeAdapter(Block).validate_python(" \n ") == ""


def test_the_columns_of_a_table_take_the_lengths_of_the_types() -> None:
    class Shelf(SQLModel, table=True):
        id: int = Field(primary_key=True)
        name: Name
        note: Block = ""

    columns = Shelf.__table__.columns  # type: ignore[attr-defined]
    assert (columns["name"].type.length, columns["note"].type.length) == (160, 4000)
    SQLModel.metadata.remove(Shelf.__table__)  # type: ignore[attr-defined]


def test_names_are_found_without_accents_and_case() -> None:
    assert fold("Đà Lạt") == fold("da  lat") == "da lat"
    assert fold(unicodedata.normalize("NFD", "BƯỞI NĂM ROI")) == "buoi nam roi"
    assert fold("VN-ĐLOR-０１２８") == "vn-dlor-0128"


@pytest.mark.parametrize(
    "names",
    [
        ["An", "An Bình", "Anh", "Ăn", "Ắn", "Ân", "Ấn", "Âu"],
        ["Da", "Dừa", "Đa", "Đà Lạt"],
        ["hoa", "hòa", "hỏa", "hõa", "hóa", "họa"],
        ["Hoa Hồng", "Hòa Bình"],
        ["o", "ô", "ơ", "u", "ư", "y"],
        ["Vùng 2", "Vùng 10", "Vùng bưởi"],
        ["Bưởi da xanh", "(Bưởi) Năm Roi"],
    ],
)
def test_names_stand_in_the_order_of_a_vietnamese_dictionary(names: list[str]) -> None:
    assert sorted(random.sample(names, len(names)), key=collation_key) == names


def test_case_and_punctuation_do_not_change_the_order() -> None:
    assert collation_key("Bưởi, Năm Roi") == collation_key("bưởi NĂM roi")


@given(st.text(max_size=60))
def test_whatever_is_typed_is_cleaned_once_and_for_all_or_refused(typed: str) -> None:
    try:
        cleaned = clean_block(typed)
    except PydanticCustomError as refused:
        assert refused.type.startswith("text_")
        return
    assert clean_block(cleaned) == cleaned == unicodedata.normalize("NFC", cleaned)
    assert clean_line(clean_line(typed)) == clean_line(typed)
    assert "\n" not in clean_line(typed)
    assert fold(fold(cleaned)) == fold(cleaned)
    key = collation_key(cleaned)
    assert len(key) <= text.COLLATION_KEY_LENGTH
    assert set(key) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "kind",
    [batches.HarvestInput, events.EventInput, transforms.TransformInput, stamp_orders.OrderInput],
)
def test_a_reference_of_another_system_is_cleaned_as_every_text(kind: type[BaseModel]) -> None:
    for odd in ("a\x00b", "a\u202eb"):
        with pytest.raises(ValidationError) as caught:
            kind.model_validate({"external_ref": odd})
        assert ("external_ref",) in {problem["loc"] for problem in caught.value.errors()}
