"""Areas are drawn as SVG paths; the public sees where an area lies, not where its corners are."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.domain.geometry import Polygon, area_m2, overlap_m2, polygon_of
from traceability.domain.outlines import GRID, blurred, frame, outline_svg


def circle(longitude: float, latitude: float, radius: float, corners: int = 24) -> Polygon:
    turns = [2 * math.pi * n / corners for n in range(corners)]
    ring = [[longitude + radius * math.cos(turn), latitude + radius * math.sin(turn)] for turn in turns]
    return polygon_of(ring, close=True)


@given(st.floats(105.5, 106.5), st.floats(9.6, 10.4), st.floats(0.00005, 0.01))
def test_a_blurred_outline_shows_the_area_but_none_of_its_corners(x: float, y: float, radius: float) -> None:
    plot = circle(x, y, radius)
    public = blurred(plot)
    ring = public["coordinates"][0]
    assert polygon_of(ring) == public
    assert all(abs(value / GRID - round(value / GRID)) < 1e-6 for corner in ring for value in corner)
    assert overlap_m2(plot, public) == pytest.approx(area_m2(plot), abs=2)


def test_all_plots_of_one_cell_look_alike_in_public() -> None:
    cell = blurred(circle(105.82031, 10.01042, 0.00005))
    assert cell == blurred(circle(105.8205, 10.0105, 0.0004))
    assert sorted(map(tuple, cell["coordinates"][0][:-1])) == [
        (105.82, 10.01),
        (105.82, 10.011),
        (105.821, 10.01),
        (105.821, 10.011),
    ]


def test_an_outline_fills_its_drawing_with_north_up() -> None:
    plot = polygon_of([[105.82, 10.01], [105.83, 10.01], [105.82, 10.02]], close=True)
    path = outline_svg(plot, 100, 60, blur=False, padding=5)
    points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]
    assert re.fullmatch(r"M[\d. L]+Z", path)
    assert len(points) == 3
    assert (min(y for _, y in points), max(y for _, y in points)) == (5, 55)
    assert points[2][1] == 5
    assert all(0 <= x <= 100 for x, _ in points)
    assert outline_svg(plot, 100, 60) != path


def test_several_areas_share_one_frame_and_its_scale_bar() -> None:
    west, east = circle(105.8, 10.0, 0.005), circle(105.9, 10.0, 0.005)
    shared = frame([west, east], 400, 300)
    assert shared.point(105.8, 10.0)[0] < shared.point(105.9, 10.0)[0]
    assert shared.point(105.8, 10.0)[1] == shared.point(105.9, 10.0)[1] == 150
    metres, units = shared.scale_bar(120)
    assert (metres, units <= 120) == (2000, True)
    apart = shared.point(105.9, 10.0)[0] - shared.point(105.8, 10.0)[0]
    assert units / metres == pytest.approx(apart / 10_963, rel=0.02)
    with pytest.raises(ValueError, match="something"):
        frame([], 1, 1)
