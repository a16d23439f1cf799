"""Sentences for refusals, and words for every enum member and permission, in the reader's language.

One module per concept holds `REFUSALS` (code of a refusal -> English sentence) and `NAMES` (enum class -> its members
-> English word); the translations stand in the catalogue. Sentences use `{fact}` placeholders.
"""

import importlib
import pkgutil
import re
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

from traceability.domain.errors import RuleBroken
from traceability.domain.quantities import ha_text, kg_text, m2_text
from traceability.i18n import DEFAULT, country, day, gettext, gettext_in, language, number

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HECTARE = 10_000
#: Our own word before a name that begins with it: "Vùng trồng Vùng bưởi Mỹ Hòa" says it twice.
_SAID_TWICE = re.compile(r"\bvùng(?: trồng)? (?=[“\"]?vùng )", re.IGNORECASE)


@cache
def refusals() -> dict[str, str]:
    """All refusal sentences by code. Raises `ValueError` where two modules word one code."""
    merged: dict[str, str] = {}
    for module in _modules():
        for code, sentence in getattr(module, "REFUSALS", {}).items():
            if code in merged:
                raise ValueError(f"{code} is worded twice")
            merged[code] = sentence
    return merged


@cache
def names() -> dict[tuple[type[Enum], Any], str]:
    """All words of enum members, by class and value (members of two text enums with one value are equal)."""
    merged: dict[tuple[type[Enum], Any], str] = {}
    for module in _modules():
        for kind, words in getattr(module, "NAMES", {}).items():
            merged.update({(kind, member.value): word for member, word in words.items()})
    return merged


def _modules() -> list[Any]:
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


def refusal(error: RuleBroken) -> str:
    """What a person reads when a rule refuses: what is wrong and what to do."""
    return sentence(error.code, error.facts)


def sentence(code: str, facts: dict[str, Any]) -> str:
    """The sentence of a code with its facts put in."""
    found = refusals().get(code)
    if found is None:
        return gettext("This value is not accepted. Please check it and try again.")
    said = gettext(found).format_map(_Facts({key: _written(key, value) for key, value in facts.items()}))
    return _SAID_TWICE.sub("", said)


def name(member: Enum | None) -> str:
    """The word for an enum member."""
    if member is None:
        return "–"
    found = names().get((type(member), member.value))
    return gettext(found) if found else str(member.value)


def step(kind: Enum, word: str) -> str:
    """A step of work: its kind, and the trade's own word for it where that says more than the kind does."""
    english = names().get((type(kind), kind.value), "")
    same = {name(kind).casefold(), gettext_in(DEFAULT, english).casefold()}
    return f"{name(kind)}: {word}" if word and word.casefold() not in same else name(kind)


def _written(name: str, value: Any) -> Any:
    """A fact as it stands in a sentence. Its name says what it is: `_on` a day, `_g` grams, `_m2` square metres,
    `_per100` kilograms out of a hundred, `market` a country."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return day(value)
    if isinstance(value, list):
        return ", ".join(str(_written("", item)) for item in value)
    if name.endswith("_on") and isinstance(value, str) and _DAY.fullmatch(value):
        return day(date.fromisoformat(value))
    if name.endswith("_g") and isinstance(value, int):
        return kg_text(value, language())
    if name.endswith("_m2") and isinstance(value, int):
        return ha_text(value, language()) if value >= _HECTARE else m2_text(value, language())
    if name.endswith("_per100") and isinstance(value, str):
        return number(float(value))
    if name == "market" and isinstance(value, str) and len(value) == 2:
        return country(value)
    return value


class _Facts(dict[str, Any]):
    """Facts for a sentence; a missing one is shown as its name rather than breaking the page."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
