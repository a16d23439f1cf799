"""As much of JSON Schema (draft 7) as the schemas of the tests use; an unknown keyword is an error, never ignored."""

import re
from typing import Any

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}
_WORDS = frozenset({"$schema", "@id", "title", "name", "description"})
_KNOWN = frozenset(
    {"type", "properties", "patternProperties", "items", "pattern", "required", "additionalProperties"}
)


def faults(value: Any, schema: dict[str, Any], where: str = "$") -> list[str]:
    """What is wrong with a value, with the place; an empty list for a valid one."""
    unknown = schema.keys() - _KNOWN - _WORDS
    assert not unknown, f"the test's validator does not know {unknown}"
    kind = schema.get("type")
    if kind and not isinstance(value, _TYPES[kind]):
        return [f"{where}: not of type {kind}"]
    found = []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{where}: {value!r} does not fit {schema['pattern']}")
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found += faults(item, schema["items"], f"{where}[{place}]")
    if isinstance(value, dict):
        found += [f"{where}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, content in value.items():
            fitting = [schema["properties"][name]] if name in schema.get("properties", {}) else []
            patterns = schema.get("patternProperties", {})
            fitting += [part for pattern, part in patterns.items() if re.search(pattern, name)]
            if not fitting and schema.get("additionalProperties") is False:
                found.append(f"{where}: {name} may not stand here")
            for part in fitting:
                found += faults(content, part, f"{where}.{name}")
    return found


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Raises `AssertionError` for a value that is not valid."""
    assert faults(value, schema) == []
