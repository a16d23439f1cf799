"""`make bench [ONLY=labels|scan|graph|log] [OUT=file.json]`: runs the benchmarks, prints a table, writes JSON."""

import argparse
import importlib
import importlib.util
import json
import sys
from pathlib import Path

from bench import runner


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks, each beside its base.")
    parser.add_argument("--only", choices=runner.GROUPS, help="run this group only")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file as well")
    options = parser.parse_args()
    rows = []
    for group in [options.only] if options.only else runner.GROUPS:
        for benchmark in _benchmarks(group):
            print(f"{group}: {benchmark.__name__} ...", file=sys.stderr, flush=True)
            rows += list(benchmark())
    print(runner.table(rows) if rows else f"There are no benchmarks of {options.only or 'any group'} yet.")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(runner.report(rows), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _benchmarks(group: str) -> list[runner.Benchmark]:
    if importlib.util.find_spec(f"bench.{group}") is not None:
        importlib.import_module(f"bench.{group}")
    return runner.registered(group)


if __name__ == "__main__":
    main()
