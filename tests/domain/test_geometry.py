"""Polygons of growing areas: bad ones are refused with their reason, good ones measured on the ellipsoid."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.domain.errors import RuleBroken
from traceability.domain.geometry import (
    MAX_CORNERS,
    Polygon,
    area_m2,
    bounds,
    centre,
    hectares,
    inside_vietnam,
    overlap_m2,
    overlaps,
    perimeter_m,
    polygon_of,
)

#: A plot of about 400 m by 400 m at Bình Minh, closed, counted against the clock.
PLOT = [[105.82, 10.01], [105.8236, 10.01], [105.8236, 10.0136], [105.82, 10.0136], [105.82, 10.01]]


def square(west: float, south: float, side: float = 0.001) -> Polygon:
    east, north = west + side, south + side
    return polygon_of([[west, south], [east, south], [east, north], [west, north]], close=True)


def refusal(corners: Any, close: bool = False) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        polygon_of(corners, "outline", close)
    assert caught.value.field == "outline"
    return caught.value


def test_a_plot_is_stored_as_it_is_and_measured_on_the_ellipsoid() -> None:
    polygon = polygon_of(PLOT)
    assert polygon == {"type": "Polygon", "coordinates": [PLOT]}
    assert area_m2(polygon) == pytest.approx(157_100, rel=0.002)
    assert hectares(polygon) == area_m2(polygon) / 10_000
    assert perimeter_m(polygon) == pytest.approx(1_585, abs=5)
    assert bounds(polygon) == (105.82, 10.01, 105.8236, 10.0136)


def test_a_ring_counted_with_the_clock_is_turned_round_and_keeps_its_first_corner() -> None:
    assert polygon_of(PLOT[::-1]) == polygon_of(PLOT)


def test_heights_double_corners_and_decimals_beyond_the_seventh_are_dropped() -> None:
    corners = [[x, y, 2.5] for x, y in PLOT]
    corners.insert(1, [105.820000004, 10.009999996, 1.0])
    assert polygon_of(corners) == polygon_of(PLOT)


def test_an_open_ring_is_refused_in_a_file_and_closed_for_who_draws() -> None:
    assert refusal(PLOT[:-1]).code == "polygon.open_ring"
    assert polygon_of(PLOT[:-1], close=True) == polygon_of(PLOT)


@pytest.mark.parametrize(
    ("corners", "why"),
    [
        ([], "missing"),
        (PLOT[:1] * 5, "too_few_corners"),
        ([PLOT[0], PLOT[1], PLOT[0]], "too_few_corners"),
        ([[105.0, 10.0], [105.1, 10.1], [105.2, 10.2], [105.0, 10.0]], "no_area"),
        ([[105.0, 10.0], [105.000001, 10.0], [105.0, 10.000001], [105.0, 10.0]], "no_area"),
        ([PLOT[0], PLOT[2], PLOT[1], PLOT[3], PLOT[0]], "crossing_edges"),
        ([PLOT[0], PLOT[1], PLOT[2], [105.82, 10.0], PLOT[0]], "crossing_edges"),
        ([[y, x] for x, y in PLOT], "swapped"),
        ([[0.5, 51.5], [0.6, 51.5], [0.6, 51.6], [0.5, 51.5]], "outside_vietnam"),
        ([*PLOT[:2], [105.8, 25.0], PLOT[0]], "outside_vietnam"),
        ([[560000, 1107000], [560400, 1107000], [560400, 1107400], [560000, 1107000]], "projected"),
        ([[102.1, 8.1], [109.9, 8.1], [109.9, 23.4], [102.1, 8.1]], "too_large"),
        ([[math.nan, 10.0], *PLOT[1:]], "not_numbers"),
        ([[math.inf, 10.0], *PLOT[1:]], "not_numbers"),
        ([[10**400, 10.0], *PLOT[1:]], "not_numbers"),
        ([[True, 10.0], *PLOT[1:]], "not_numbers"),
        ([["105", "10"], *PLOT[1:]], "not_numbers"),
        ([[105.0], *PLOT[1:]], "not_numbers"),
        ([None, *PLOT[1:]], "not_numbers"),
    ],
)
def test_a_ring_that_cannot_be_a_growing_area_is_refused_with_its_reason(corners: Any, why: str) -> None:
    assert refusal(corners).code == f"polygon.{why}"


def test_a_refusal_says_where_the_edges_cross_and_which_corner_lies_outside() -> None:
    crossing = refusal([PLOT[0], PLOT[2], PLOT[1], PLOT[3], PLOT[0]])
    assert crossing.facts == {"longitude": "105.82180", "latitude": "10.01180"}
    outside = refusal([*PLOT[:2], [105.8, 25.0], PLOT[0]])
    assert outside.facts == {"place": 3, "longitude": "105.8000", "latitude": "25.0000"}


def test_a_hundred_thousand_corners_are_refused_at_once() -> None:
    ring = [[105 + math.cos(n) / 10, 10 + math.sin(n) / 10] for n in range(100_000)]
    start = time.perf_counter()
    refused = refusal(ring)
    assert (refused.code, refused.facts) == (
        "polygon.too_many_corners",
        {"count": 100_000, "limit": MAX_CORNERS},
    )
    assert time.perf_counter() - start < 1


def test_five_thousand_corners_are_accepted() -> None:
    turn = 2 * math.pi / MAX_CORNERS
    ring = [[105 + math.cos(n * turn) / 100, 10 + math.sin(n * turn) / 100] for n in range(MAX_CORNERS)]
    assert len(polygon_of(ring, close=True)["coordinates"][0]) == MAX_CORNERS + 1


def test_neighbours_share_nothing_and_overlaps_are_measured_in_square_metres() -> None:
    plot, neighbour, half = square(105.8, 10.0), square(105.801, 10.0), square(105.8005, 10.0)
    assert overlap_m2(plot, neighbour) == 0
    assert overlap_m2(plot, square(106, 11)) == 0
    assert overlap_m2(plot, half) == pytest.approx(area_m2(plot) / 2, rel=0.001)
    assert overlap_m2(plot, plot) == area_m2(plot)
    found = overlaps(plot, [("neighbour", neighbour), ("half", half), ("same", plot)])
    assert [name for name, _ in found] == ["same", "half"]


def test_a_marker_stands_inside_its_area() -> None:
    longitude, latitude = centre(polygon_of(PLOT))
    assert 105.82 < longitude < 105.8236
    assert 10.01 < latitude < 10.0136
    assert inside_vietnam(longitude, latitude)


_corners = st.tuples(st.floats(105, 105.02), st.floats(10, 10.02)).map(list)


@given(st.lists(_corners, min_size=3, max_size=7))
def test_an_accepted_polygon_is_accepted_again_unchanged(corners: list[list[float]]) -> None:
    try:
        polygon = polygon_of(corners, close=True)
    except RuleBroken as refused:
        assert refused.code in ("polygon.crossing_edges", "polygon.no_area", "polygon.too_few_corners")
        return
    again = json.loads(json.dumps(polygon))
    assert polygon_of(again["coordinates"][0]) == polygon == again
    assert area_m2(polygon) > 0
