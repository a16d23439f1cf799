"""How benchmarks are measured: ours and a base in turn, in the same run; what counts is the ratio.

A machine's speed moves by a factor of two between minutes, so an absolute figure says little. Each round gives every
contender one slice, in turn; the ratio is taken within the round; the median of the rounds is reported.

A benchmark is a function that yields `Row`s, registered for its group:

    @benchmark("labels")
    def qr_codes() -> Iterator[Row]:
        naive = Contender("qrcode, best mask", lambda: rate(encode_some_naively))
        ours = Contender("ours", lambda: rate(encode_some))
        yield Row.of("qr_codes_per_second", "codes/s", compare(ours, naive))

The ratio is always ours / base: above 1 is better for a speed, below 1 is better for seconds, bytes or memory.
"""

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from traceability.domain import clock

GROUPS = ("labels", "scan", "graph", "log")

Benchmark = Callable[[], Iterable["Row"]]


@dataclass(frozen=True)
class Contender:
    """One way of doing the work. `slice` does a part of it and returns its figure (a rate, seconds, bytes ...)."""

    name: str
    slice: Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """What some rounds gave: the medians of both contenders and of the ratios of the single rounds."""

    ours: float
    base: float
    ratio: float
    rounds: int
    base_name: str
    ratios: tuple[float, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the report. `id` never changes: targets are written against it."""

    id: str
    unit: str
    ours: float
    base: float
    ratio: float
    base_name: str
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, id: str, unit: str, comparison: Comparison, note: str = "", **details: Any) -> "Row":
        """The row of a comparison. `details` go into the JSON only."""
        return cls(
            id=id,
            unit=unit,
            ours=comparison.ours,
            base=comparison.base,
            ratio=comparison.ratio,
            base_name=comparison.base_name,
            note=note,
            details={"rounds": comparison.rounds, "ratios": list(comparison.ratios), **details},
        )

    @classmethod
    def single(cls, id: str, unit: str, ours: float, base: float, base_name: str, note: str = "") -> "Row":
        """The row of a figure that does not vary from round to round, such as a size in bytes."""
        return cls(id=id, unit=unit, ours=ours, base=base, ratio=ours / base, base_name=base_name, note=note)

    def as_json(self) -> dict[str, Any]:
        """The row in the report's JSON; `value` is the same figure as `ours`."""
        row = asdict(self)
        return {"id": row.pop("id"), "value": self.ours, **row.pop("details"), **row}


_registered: dict[str, list[Benchmark]] = {group: [] for group in GROUPS}


def benchmark(group: str) -> Callable[[Benchmark], Benchmark]:
    """Registers a benchmark for its group, one of `GROUPS`."""

    def register(function: Benchmark) -> Benchmark:
        _registered[group].append(function)
        return function

    return register


def registered(group: str) -> list[Benchmark]:
    """The benchmarks of a group, in the order in which they stand."""
    return _registered[group]


def compare(ours: Contender, base: Contender, rounds: int = 5, warm_up: bool = True) -> Comparison:
    """Runs both in turn, `rounds` times, and compares."""
    return compare_all([ours], base, rounds, warm_up)[0]


def compare_all(
    contenders: list[Contender], base: Contender, rounds: int = 5, warm_up: bool = True
) -> list[Comparison]:
    """Runs all contenders and the base in turn, `rounds` times; each contender is compared with the base."""
    everyone = [base, *contenders]
    if warm_up:
        for contender in everyone:
            contender.slice()
    figures = [[contender.slice() for contender in everyone] for _ in range(rounds)]
    bases = [figure[0] for figure in figures]
    comparisons = []
    for position in range(1, len(everyone)):
        ours = [figure[position] for figure in figures]
        ratios = tuple(mine / theirs for mine, theirs in zip(ours, bases, strict=True))
        comparisons.append(
            Comparison(
                ours=statistics.median(ours),
                base=statistics.median(bases),
                ratio=statistics.median(ratios),
                rounds=rounds,
                base_name=base.name,
                ratios=ratios,
            )
        )
    return comparisons


def rate(
    work: Callable[[], int], seconds: float = 0.25, timer: Callable[[], float] = time.process_time
) -> float:
    """Units per second: calls `work`, which answers how many units it did, until `seconds` have passed.

    The timer counts this process's CPU time; pass `time.perf_counter` where disks or servers are waited for.
    """
    done, start = 0, timer()
    while True:
        done += work()
        passed = timer() - start
        if passed >= seconds:
            return done / passed


def seconds(work: Callable[[], object], timer: Callable[[], float] = time.process_time) -> float:
    """How long one call takes, in seconds of CPU time unless another timer is named."""
    start = timer()
    work()
    return timer() - start


@dataclass(frozen=True)
class Apart:
    """What a call in a process of its own gave and used."""

    result: Any
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def apart(function: Callable[..., Any], **arguments: Any) -> Apart:
    """Calls a module's function in a fresh process, so that its memory is its own and nothing is warm.

    Arguments and result pass as JSON. The figures leave out the start of Python and the import of the module; the
    peak of memory includes them.
    """
    order = json.dumps({"module": function.__module__, "name": function.__qualname__, "arguments": arguments})
    command = [sys.executable, "-m", "bench.apart", order]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Apart(**json.loads(done.stdout.splitlines()[-1]))


def peak_bytes() -> int:
    """The most memory this process has had resident since its program started, in bytes.

    Not ru_maxrss: that one survives exec, so a child would never show less than the parent that started it.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def report(rows: list[Row]) -> dict[str, Any]:
    """The report for a file."""
    return {
        "results": [row.as_json() for row in rows],
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "measured_at": clock.now().isoformat(timespec="seconds"),
    }


def table(rows: list[Row]) -> str:
    """The report for a person."""
    lines = [("benchmark", "ours", "base", "unit", "ours/base", "the base is")]
    lines += [
        (row.id, _figure(row.ours), _figure(row.base), row.unit, _figure(row.ratio) + "x", row.base_name)
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    aligned = [
        "  ".join(
            text.rjust(width) if column in (1, 2, 4) else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    notes = [f"{row.id}: {row.note}" for row in rows if row.note]
    return "\n".join([aligned[0], "-" * len(aligned[0]), *aligned[1:], *([""] if notes else []), *notes])


def _figure(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
