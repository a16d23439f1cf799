"""Every sentence has its Vietnamese; every enum member and refusal has its words."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from traceability import i18n, wording
from traceability.domain import actors, tables

PACKAGE = Path(i18n.__file__).parent
METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
CATALOGUE = i18n.catalogue("vi")


def messages() -> dict[str, str]:
    found: dict[str, str] = {}
    rows = extract_from_dir(str(PACKAGE), METHODS, {"templates/**.html": {"silent": "false"}}, KEYWORDS)
    for name, line, message, _comments, _context in rows:
        key = message if isinstance(message, str) else message[0]
        if key:
            found.setdefault(key, f"{name}:{line}")
    return found


USED = messages()


def test_messages_are_found_at_all() -> None:
    assert len(USED) > 300


def test_every_message_has_its_vietnamese() -> None:
    missing = {}
    for key, place in USED.items():
        entry = CATALOGUE.get(key)
        texts = (
            [entry.string]
            if entry and isinstance(entry.string, str)
            else list(entry.string)
            if entry
            else [""]
        )
        if not texts or not all(texts) or (entry and entry.fuzzy):
            missing[key] = place
    assert not missing


def test_no_translation_is_left_over() -> None:
    left = [m.id for m in CATALOGUE if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in USED]
    assert not left


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "translations").rglob("*.po")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_catalogues_hold_nothing_fuzzy_and_keep_their_placeholders(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file, locale=path.parent.name):
            if not message.id:
                continue
            assert not message.fuzzy, message.id
            original = message.id if isinstance(message.id, str) else message.id[1]
            for text in [message.string] if isinstance(message.string, str) else message.string:
                assert placeholders(text) <= placeholders(original), message.id


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)|\{(\w+)\}", text))  # type: ignore[arg-type]


def enums() -> Iterator[type[Enum]]:
    for module in (actors, *tables.MODULES):
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, Enum) and thing.__module__ == module.__name__:
                yield thing


@pytest.mark.parametrize("kind", list(enums()), ids=lambda kind: kind.__name__)
def test_every_enum_member_has_words(kind: type[Enum]) -> None:
    for member in kind:
        assert (kind, member.value) in wording.names(), member


def test_every_refusal_has_its_sentence() -> None:
    known = wording.refusals()
    missing = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        codes = re.findall(r"RuleBroken\(\s*\"([a-z_.]+)\"", text)
        codes += re.findall(r"PydanticCustomError\(\s*\"([a-z_.]+)\"", text)
        missing |= {f"{code} ({path.name})" for code in codes if code not in known}
    assert not missing
