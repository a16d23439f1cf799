"""The drawing of a trace: boxes in columns that never overlap, arrows that only run forward."""

import itertools
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability import trace_drawing
from traceability.trace_drawing import Arrow, Drawing, Shape

GRAPHS = st.tuples(
    st.lists(st.tuples(st.integers(-4, 4), st.sampled_from([34, 66, 82])), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=40),
)


def drawing(made: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> Drawing:
    boxes, pairs = made
    shapes = [Shape(str(number), level, height) for number, (level, height) in enumerate(boxes)]
    arrows = [
        Arrow(str(source), str(target), source * 1000 or None, "1 kg")
        for source, target in pairs
        if max(source, target) < len(boxes) and boxes[source][0] < boxes[target][0]
    ]
    return trace_drawing.draw(shapes, arrows)


@settings(max_examples=60)
@given(made=GRAPHS)
def test_no_boxes_overlap_and_all_lie_within_the_drawing(
    made: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    found = drawing(made)
    assert len(found.boxes) == len(made[0])
    for box in found.boxes:
        assert 0 <= box.x <= found.width - box.width
        assert 0 <= box.y <= found.height - box.height
    for one, other in itertools.combinations(found.boxes, 2):
        if one.x == other.x:
            assert one.y + one.height < other.y or other.y + other.height < one.y


def test_levels_run_from_left_to_right_and_an_arrow_over_several_goes_through_a_lane() -> None:
    shapes = [Shape("a", -3, 66), Shape("b", -1, 66), Shape("c", 0, 66)]
    arrows = [Arrow("a", "b", 1), Arrow("b", "c", 2), Arrow("a", "c", 3, "3 kg")]
    found = trace_drawing.draw(shapes, arrows)
    assert [box.x for box in found.boxes] == sorted({box.x for box in found.boxes})
    between = next(box for box in found.boxes if box.id == "b")
    straight = float(found.arrows[2].path.split("H")[0].split(" ")[-1])
    assert not between.y <= straight <= between.y + between.height


def test_an_arrow_that_runs_back_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        trace_drawing.draw([Shape("a", 0, 66), Shape("b", 1, 66)], [Arrow("b", "a", 1)])


def test_the_thickest_arrow_is_the_heaviest() -> None:
    shapes = [Shape("a", 0, 66), Shape("b", 0, 66), Shape("c", 1, 66)]
    light, heavy = trace_drawing.draw(shapes, [Arrow("a", "c", 1), Arrow("b", "c", 100)]).arrows
    assert light.thickness < heavy.thickness


@given(
    wanted=st.lists(st.floats(-1000, 1000), min_size=1, max_size=12),
    size=st.floats(1, 100),
)
def test_things_are_spread_in_order_around_where_they_want_to_be(wanted: list[float], size: float) -> None:
    found = trace_drawing.spread([size] * len(wanted), wanted)
    assert all(after - before >= size - 1e-6 for before, after in itertools.pairwise(found))
    assert sum(found) == pytest.approx(sum(wanted), abs=1e-4)


def test_200_boxes_are_drawn_in_a_blink() -> None:
    rng = random.Random(1)
    shapes = [Shape(str(number), number // 25, 82) for number in range(200)]
    arrows = [
        Arrow(str(source), str(target), rng.random())
        for target in range(25, 200)
        for source in rng.sample(range(max(0, target // 25 * 25 - 50), target // 25 * 25), 2)
    ]
    start = time.process_time()
    found = trace_drawing.draw(shapes, arrows)
    assert time.process_time() - start < 1
    assert len(found.boxes) == 200
