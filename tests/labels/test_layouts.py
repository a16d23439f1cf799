"""Layouts in millimetres on a printer's grid, and where stamps lie."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.labels import samples
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, PrintedForm, imposition
from traceability.labels.layouts import (
    A4_5X13,
    CARTON_100X50,
    DPI_PROFILES,
    ROLL_30X20,
    ROLL_35X22,
    ROLL_50X30,
)


@pytest.mark.parametrize("dpi", DPI_PROFILES)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_ready_layout_prints_the_short_form_at_every_resolution(layout, dpi):
    fit = layout.at(dpi).fit(samples.order())
    assert fit.version == 3
    assert 0.25 <= fit.module_mm <= 0.99
    assert fit.area_dots == (29 + 8) * fit.dots_per_module
    assert fit.area_mm <= layout.stamp_height_mm


def test_the_benchmarks_stamp_has_three_dots_of_203_to_a_module():
    fit = A4_5X13.at(203).fit(samples.order())
    assert (fit.dots_per_module, round(fit.module_mm, 3), round(fit.area_mm, 1)) == (3, 0.375, 13.9)
    assert A4_5X13.per_page == 65


def test_a_digital_link_on_a_small_stamp_is_refused_unless_overridden():
    link = samples.order(form=PrintedForm.DIGITAL_LINK)
    with pytest.raises(RuleBroken) as refused:
        A4_5X13.at(203).fit(link)
    assert refused.value.code == "labels.module_too_small"
    assert refused.value.facts == {"module_mm": 0.375, "least_mm": 0.396}
    assert A4_5X13.at(203).fit(link, small_modules=True).version == 5


def test_a_digital_link_fits_35_by_22_mm_at_300_dpi():
    fit = ROLL_35X22.at(300).fit(samples.order(form=PrintedForm.DIGITAL_LINK))
    assert (fit.dots_per_module, round(fit.module_mm, 3)) == (5, 0.423)


def test_a_short_form_under_a_quarter_of_a_millimetre_is_refused_always():
    tiny = replace(ROLL_30X20, module_mm=0.2, dpi=600)
    with pytest.raises(RuleBroken, match="module_too_small"):
        tiny.fit(samples.order(), small_modules=True)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"columns": 7}, "labels.layout_exceeds_page"),
        ({"rows": 14}, "labels.layout_exceeds_page"),
        ({"left_mm": -1}, "labels.layout_exceeds_page"),
        ({"gap_x_mm": float("nan")}, "labels.layout_exceeds_page"),
        ({"page_width_mm": 9e9}, "labels.page_too_large"),
        ({"rows": 0}, "labels.layout_empty"),
        ({"dpi": 96}, "labels.layout_empty"),
        ({"module_mm": 0.6}, "labels.symbol_exceeds_stamp"),
        ({"stamp_width_mm": 20, "stamp_height_mm": 20}, "labels.no_room_for_text"),
    ],
)
def test_a_layout_that_does_not_fit_its_page_or_stamp_is_refused(changes, refusal):
    with pytest.raises(RuleBroken) as refused:
        replace(A4_5X13, **changes).fit(samples.order())
    assert refused.value.code == refusal


def test_an_unknown_resolution_is_refused():
    with pytest.raises(RuleBroken, match="unknown_resolution"):
        A4_5X13.at(72)


def test_a_roll_on_a_long_page_keeps_its_pitch():
    long = ROLL_50X30.with_rows(100)
    assert long.per_page == 100
    assert long.page_height_mm == pytest.approx(100 * 30 + 99 * 3)
    long.check()


@pytest.mark.parametrize("roll", [ROLL_30X20, ROLL_35X22, ROLL_50X30], ids=lambda roll: roll.name)
def test_a_page_of_a_roll_has_up_to_500_stamps_and_every_program_shows_150(roll):
    assert roll.most_rows >= 150
    assert (
        roll.with_rows(roll.most_rows).page_height_mm
        <= 5000
        < roll.with_rows(roll.most_rows + 1).page_height_mm
    )
    assert roll.longest_rows == 500
    roll.with_rows(500).check()


def test_a_page_of_large_labels_ends_at_twenty_metres():
    assert (CARTON_100X50.most_rows, CARTON_100X50.longest_rows) == (94, 377)
    CARTON_100X50.with_rows(377).check()
    with pytest.raises(RuleBroken, match="page_too_large"):
        CARTON_100X50.with_rows(378).check()


def test_stamps_fill_rows_from_the_top_after_the_used_cells():
    assert imposition.place(A4_5X13, 0) == imposition.Place(0, 0, 0)
    assert imposition.place(A4_5X13, 0, start=7) == imposition.Place(0, 1, 2)
    assert imposition.place(A4_5X13, 58, start=7) == imposition.Place(1, 0, 0)


@given(st.integers(0, 400), st.integers(0, 64))
def test_every_stamp_has_one_place_and_pages_hold_exactly_the_order(count, start):
    pages = imposition.pages(A4_5X13, count, start)
    on_pages = [n for page in range(pages) for n in imposition.stamps_on(A4_5X13, page, count, start)]
    assert on_pages == list(range(count))
    assert len({imposition.place(A4_5X13, n, start) for n in range(count)}) == count
    if count:
        assert imposition.place(A4_5X13, count - 1, start).page == pages - 1


@pytest.mark.parametrize("start", [-1, 65])
def test_a_start_outside_the_page_is_refused(start):
    with pytest.raises(RuleBroken, match="start_outside_page"):
        imposition.pages(A4_5X13, 1, start)
