"""Runs one function in this fresh process for `bench.runner.apart`, and prints what it gave and used."""

import importlib
import json
import sys
import time

from bench import runner


def main() -> None:
    """Reads the order from the command line, prints one line of JSON."""
    order = json.loads(sys.argv[1])
    function = getattr(importlib.import_module(order["module"]), order["name"])
    cpu, wall = time.process_time(), time.perf_counter()
    result = function(**order["arguments"])
    used = {
        "result": result,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "peak_bytes": runner.peak_bytes(),
    }
    print(json.dumps(used))


if __name__ == "__main__":
    main()
