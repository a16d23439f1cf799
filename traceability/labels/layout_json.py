"""Layouts as plain values: what an editor keeps, read back with every value checked.

The fields and their kinds are those of the dataclass; nothing is listed twice.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from pydantic_core import PydanticCustomError

from traceability.domain.errors import RuleBroken
from traceability.domain.text import clean_line

_LANGUAGES = ("vi", "en")
_LONGEST_NAME = 80
_LONGEST_JSON = 20_000


def plain(layout: Any) -> dict[str, Any]:
    """The fields of a layout as JSON has them: numbers, texts, lists."""
    hints, written = get_type_hints(type(layout)), {}
    for field in fields(layout):
        value = getattr(layout, field.name)
        # 210 and 210.0 are one measure.
        value = float(value) if hints[field.name] is float else value
        if isinstance(value, tuple):
            value = [str(item) for item in value]
        written[field.name] = str(value) if isinstance(value, StrEnum) else value
    return written


def values(kind: type[Any], data: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """The checked fields of a layout class out of JSON. Raises RuleBroken as `Layout.from_json` says."""
    given = _object(data)
    hints = get_type_hints(kind)
    unknown = next((name for name in given if name not in hints), None)
    if unknown is not None:
        raise RuleBroken("labels.layout_field_unknown", field="layout", name=str(unknown)[:_LONGEST_NAME])
    read = {}
    for field in fields(kind):
        if field.name in given:
            read[field.name] = _value(field.name, hints[field.name], given[field.name])
        elif field.default is MISSING:
            raise RuleBroken("labels.layout_field_missing", field=field.name, name=field.name)
    return read


def _object(data: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(data, str | bytes):
        try:
            data = json.loads(data) if len(data) <= _LONGEST_JSON else None  # type: ignore[assignment]
        except (ValueError, RecursionError):
            data = None  # type: ignore[assignment]
    if not isinstance(data, Mapping):
        raise RuleBroken("labels.layout_unreadable", field="layout")
    return data


def _value(name: str, kind: Any, value: Any) -> Any:
    refused = RuleBroken("labels.layout_value", field=name, name=name)
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple) or len(set(map(str, value))) != len(value):
            raise refused
        return tuple(_value(name, get_args(kind)[0], item) for item in value)
    if kind is bool:
        if not isinstance(value, bool):
            raise refused
        return value
    if kind in (int, float):
        return _number(kind, value, refused)
    if not isinstance(value, str):
        raise refused
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise refused
        return kind(value)
    try:
        text = clean_line(value)
    except (PydanticCustomError, ValueError):
        raise refused from None
    if not 0 < len(text) <= _LONGEST_NAME or (name == "language" and text not in _LANGUAGES):
        raise refused
    return text


def _number(kind: type[int] | type[float], value: Any, refused: RuleBroken) -> int | float:
    # True is an int to Python, and JSON's numbers may be beyond all floats.
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
        raise refused
    if not math.isfinite(value) or (kind is int and value != int(value)):
        raise refused
    return kind(value)
