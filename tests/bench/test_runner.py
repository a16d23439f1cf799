"""The benchmarks' own arithmetic."""

import json
from collections.abc import Callable, Iterator

from bench import runner
from bench.runner import Contender, Row


def _answers(*figures: float) -> Callable[[], float]:
    remaining: Iterator[float] = iter(figures)
    return lambda: next(remaining)


def test_the_ratio_is_taken_within_each_round() -> None:
    # The machine halves its speed after the first round: the ratio must not notice.
    ours = Contender("ours", _answers(0, 100, 50, 50))
    base = Contender("base", _answers(0, 10, 5, 5))
    comparison = runner.compare(ours, base, rounds=3)
    assert comparison.ratio == 10
    assert comparison.ratios == (10, 10, 10)
    assert (comparison.ours, comparison.base) == (50, 5)


def test_a_row_tells_its_figures_in_json_and_in_the_table() -> None:
    row = Row.single("bytes_per_stamp", "bytes", 141, 7050, "one picture per stamp")
    told = json.loads(json.dumps(runner.report([row])))["results"][0]
    assert told["id"] == "bytes_per_stamp"
    assert (told["value"], told["ours"], told["base"], told["ratio"]) == (141, 141, 7050, 0.02)
    assert "0.02x" in runner.table([row])


def test_a_rate_counts_what_was_done() -> None:
    ticks = iter(range(100))
    assert runner.rate(lambda: 7, seconds=3, timer=lambda: float(next(ticks))) == 7


def test_a_function_runs_in_a_process_of_its_own() -> None:
    alone = runner.apart(json.dumps, obj=[1, 2])
    assert alone.result == "[1, 2]"
    assert alone.peak_bytes > 1 << 20
