"""Examples of the API: a call and its answer for each operation. The tests run them, so what the page shows works.

`examples.json` holds, by the operation's id, the `body` (or the fields of the `form`), the `query` and the `answer`.
Its `samples` are the ids, codes and days that stand in them, by the names of the address's parts or of fields.
"""

import functools
import json
import re
import shlex
from pathlib import Path
from typing import Any

from traceability.machine_requests import KEY_HEADER

_FILE = Path(__file__).with_name("examples.json")
_TOKEN = "trc_…"
_PAIR = re.compile(r"\[\s+(-?[0-9.]+),\s+(-?[0-9.]+)\s+\]")
_BREAK = " \\\n  "


@functools.cache
def document() -> dict[str, Any]:
    """The file as it is."""
    found: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return found


def of(operation: str) -> dict[str, Any]:
    """The example of an operation."""
    found: dict[str, Any] = document()["examples"][operation]
    return found


def address(path: str, operation: str) -> str:
    """The address of an example: the sample ids in their places, and its question."""
    query = of(operation).get("query", "")
    return path.format_map(document()["samples"]) + (f"?{query}" if query else "")


def curl(root: str, method: str, path: str, operation: str) -> str:
    """The call as a command line."""
    example = of(operation)
    parts = ["curl" if method == "GET" else "curl -X POST", shlex.quote(root + address(path, operation))]
    parts.append(f'-H "Authorization: Bearer {_TOKEN}"')
    if method == "POST":
        parts.append(f'-H "{KEY_HEADER}: {operation}-117"')
    if "body" in example:
        parts.append('-H "Content-Type: application/json"')
        parts.append("-d " + shlex.quote(written(example["body"])))
    parts += [f"-F {shlex.quote(f'{name}={text}')}" for name, text in example.get("form", {}).items()]
    if "file" in example:
        parts.append(f"-o {example['file']}")
    return parts[0] + " " + _BREAK.join(parts[1:])


def written(value: Any) -> str:
    """JSON as a person reads it: a pair of coordinates on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _PAIR.sub(r"[\1, \2]", text)
