"""Weights, areas and days are read the Vietnamese way and stored as whole numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError
from sqlmodel import Field, SQLModel

from traceability.domain.quantities import (
    MAX_GRAMS,
    MAX_M2,
    Day,
    Hectares,
    Kilograms,
    KilogramsOrZero,
    ha_field,
    ha_text,
    kg_field,
    kg_text,
    m2_text,
    parse_day,
    parse_ha,
    parse_kg,
)


def refusal(read: Any, value: object) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        read(value)
    return caught.value.type


@pytest.mark.parametrize(
    ("typed", "grams"),
    [
        ("1.234,5", 1_234_500),
        ("1234.5", 1_234_500),
        ("1,234.5", 1_234_500),
        ("1 250,5 kg", 1_250_500),
        ("1.250", 1_250_000),
        ("1.250.000", 1_250_000_000),
        ("0.250", 250),
        ("0,25", 250),
        ("12 tấn", 12_000_000),
        ("3 tạ", 300_000),
        ("500 g", 500),
        ("１２", 12_000),
        (1.1 + 2.2, 3_300),
        (Decimal("0.001"), 1),
        (1_250, 1_250_000),
        ("1.000.000.000", MAX_GRAMS),
    ],
)
def test_weights_are_read_as_they_are_written_in_vietnam(typed: Any, grams: int) -> None:
    assert parse_kg(typed) == grams


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "weight_missing"),
        ("  ", "weight_missing"),
        ("NaN", "weight_unreadable"),
        ("Infinity", "weight_unreadable"),
        (float("nan"), "weight_unreadable"),
        (float("inf"), "weight_unreadable"),
        (True, "weight_unreadable"),
        (None, "weight_unreadable"),
        ("1e5", "weight_unreadable"),
        ("mười hai", "weight_unreadable"),
        ("12 quả", "weight_unreadable"),
        ("1.23.4", "weight_unreadable"),
        ("1.2345,6", "weight_unreadable"),
        (".", "weight_unreadable"),
        ("9" * 1_000_000, "weight_unreadable"),
        ("1,250", "weight_ambiguous"),
        ("-5", "weight_negative"),
        (-0.5, "weight_negative"),
        ("0", "weight_zero"),
        ("-0,0", "weight_zero"),
        ("1.000.000.001", "weight_too_large"),
        ("1,2345", "weight_too_precise"),
        ("1," + "0" * 40 + "1", "weight_too_precise"),
    ],
)
def test_a_weight_that_cannot_be_meant_is_refused_with_its_reason(typed: object, why: str) -> None:
    assert refusal(parse_kg, typed) == why


def test_an_ambiguous_weight_is_answered_with_the_two_clear_ways_to_write_it() -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_kg("1,250")
    assert caught.value.context == {"written": "1,250", "whole": "1250", "decimal": "1,25"}


def test_hectares_are_kept_as_square_metres() -> None:
    assert [parse_ha(text) for text in ("18,02", "18.0251", "1.250 ha", "7500 m2", "7500 m²")] == [
        180_200,
        180_251,
        12_500,
        7_500,
        7_500,
    ]
    assert refusal(parse_ha, "0,00001") == "area_too_precise"
    assert refusal(parse_ha, "0") == "area_zero"
    assert refusal(parse_ha, "100001") == "area_too_large"


def test_weights_and_areas_are_shown_the_way_of_the_language() -> None:
    assert (kg_text(1_234_500), kg_text(1_234_500, "en")) == ("1.234,5\u00a0kg", "1,234.5\u00a0kg")
    assert (ha_text(180_251), ha_text(180_251, "en", 4)) == ("18,03\u00a0ha", "18.0251\u00a0ha")
    assert m2_text(1_250) == "1.250\u00a0m²"


@given(st.integers(1, MAX_GRAMS), st.integers(1, MAX_M2), st.sampled_from(["vi", "en"]))
def test_what_a_field_shows_is_read_back_as_the_same_quantity(grams: int, m2: int, lang: str) -> None:
    assert parse_kg(kg_field(grams, lang)) == grams
    assert parse_ha(ha_field(m2, lang)) == m2


@given(st.text(alphabet="0123456789.,-+ ekgNaN", max_size=14))
def test_any_text_is_a_weight_or_a_named_refusal(typed: str) -> None:
    try:
        assert 0 < parse_kg(typed) <= MAX_GRAMS
    except PydanticCustomError as refused:
        assert refused.type.startswith("weight_")


@pytest.mark.parametrize(
    "typed",
    ["2026-11-24", "24/11/2026", "24-11-2026", " 24.11.2026 ", date(2026, 11, 24), datetime(2026, 11, 24, 9)],
)
def test_days_are_read_in_both_spellings(typed: Any) -> None:
    assert parse_day(typed) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "day_missing"),
        ("hôm qua", "day_unreadable"),
        ("1/2/26", "day_unreadable"),
        ("24/11-2026", "day_unreadable"),
        (45000, "day_unreadable"),
        ("31/02/2026", "day_no_such"),
        ("2026-02-31", "day_no_such"),
        ("29/02/2027", "day_no_such"),
        ("01/01/9999", "day_year_out_of_range"),
        ("01/01/0001", "day_year_out_of_range"),
        (datetime(1, 1, 1, tzinfo=UTC), "day_year_out_of_range"),
    ],
)
def test_days_that_do_not_exist_are_refused(typed: object, why: str) -> None:
    assert refusal(parse_day, typed) == why


class Crate(SQLModel):
    weight_g: Kilograms
    left_g: KilogramsOrZero
    area_m2: Hectares | None = None
    picked_on: Day


class CrateRow(Crate, table=True):
    __tablename__ = "crate_of_this_test"
    id: int = Field(primary_key=True)


SQLModel.metadata.remove(CrateRow.__table__)  # type: ignore[attr-defined]


def test_a_weight_that_was_read_is_not_read_twice_on_its_way_into_a_row() -> None:
    crate = Crate.model_validate({"weight_g": "1,5", "left_g": "0", "area_m2": "2", "picked_on": "1/11/2026"})
    row = CrateRow.model_validate(crate, update={"id": 1})
    assert (row.weight_g, row.left_g, row.area_m2) == (1_500, 0, 20_000)


def test_a_column_of_grams_holds_a_million_tonnes() -> None:
    assert str(CrateRow.__table__.columns["weight_g"].type) == "BIGINT"  # type: ignore[attr-defined]
