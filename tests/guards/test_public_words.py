"""What the public reads is complete in every language of the public pages; the offices know two of them."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir

from tests.guards.test_words import KEYWORDS, METHODS, PACKAGE
from traceability import i18n, stamp_pages, wording
from traceability.domain import (
    catalogue,
    doubts,
    history,
    product_categories,
    public_facts,
    public_units,
    stamps,
)
from traceability.wording.areas import area_words

#: Where the sentences of public pages stand.
FILES = re.compile(
    r"templates/(public/|public_base|errors/|macros/(ui|forms)\.)|(errors|resolver_gate|scan_gate|stamp_pages)\.py"
    r"|blueprints/public/|wording/(scans|scan_provinces|doubts|evidence|seasons|stamp_checks|page_snapshots|trade_terms"
    r"|agency_names)\.py"
)
#: Refusals that a shopper can meet: links that cannot be right, typed texts, forms sent twice.
REFUSALS = re.compile(
    r"link_|links_epc|links\.(\w+_page|unit_recalled|\w+_status|recalled|doubt)$|doubts\.|scan_provinces\.|stamp_checks\.|forms\.|text_|string_|too_|(missing|enum|literal_error|extra_forbidden|value_error)$"
)
#: Enums whose words public pages show beside those of the public facts.
ENUMS = (doubts.DoubtKind, doubts.DoubtState, stamps.FileKind, stamps.VoidReason)
#: The languages that only the public pages know.
OTHERS = [code for code in i18n.LANGUAGES if code not in i18n.OFFICE_LANGUAGES]


def enums_in(kind: Any, seen: set[Any]) -> Iterator[type[Enum]]:
    """The enums that a public dataclass can hold, however deep."""
    for part in typing.get_args(kind) or (kind,):
        if part in seen or part is Ellipsis or part is None:
            continue
        seen.add(part)
        if typing.get_args(part):
            yield from enums_in(part, seen)
        elif isinstance(part, type) and issubclass(part, Enum):
            yield part
        elif dataclasses.is_dataclass(part):
            for hint in typing.get_type_hints(part).values():
                yield from enums_in(hint, seen)


def public_enums() -> set[type[Enum]]:
    """The enums whose words a public page can show."""
    seen: set[Any] = set()
    shown = [
        thing
        for module in (public_facts, public_units, catalogue, stamp_pages)
        for thing in vars(module).values()
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__
    ]
    return {*ENUMS, *(enum for thing in shown for enum in enums_in(thing, seen))}


def public_messages() -> dict[str, str]:
    """Every message that a public page can show, and where it stands. Of plurals the singular."""
    rows = extract_from_dir(str(PACKAGE), METHODS, {"templates/**.html": {"silent": "false"}}, KEYWORDS)
    found = {
        message if isinstance(message, str) else message[0]: f"{name}:{line}"
        for name, line, message, _comments, _context in rows
        if FILES.match(name)
    }
    for kind in public_enums():
        for member in kind:
            word = wording.names().get((kind, member.value))
            if word:
                found[word] = f"{kind.__name__}.{member.name}"
    found |= {sentence: code for code, sentence in wording.refusals().items() if REFUSALS.match(code)}
    for kind_of_crop in ("", "aquaculture", "apiculture"):
        found |= dict.fromkeys(dataclasses.astuple(area_words(kind_of_crop)), "area_words")
    found.pop("", None)
    return found


PUBLIC = public_messages()


def test_public_messages_are_found_at_all() -> None:
    assert len(PUBLIC) > 300
    assert history.EventType in public_enums()


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_that_the_public_can_read_is_in_every_language(language: str) -> None:
    catalogue_of = i18n.catalogue(language)
    missing = {}
    for message, place in PUBLIC.items():
        entry = catalogue_of.get(message)
        texts = (
            [entry.string] if entry and isinstance(entry.string, str) else list(entry.string) if entry else []
        )
        if not texts or not all(texts) or (entry and entry.fuzzy):
            missing[message] = place
    assert not missing


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_of_the_public_pages_holds_nothing_else(language: str) -> None:
    left = [
        m.id
        for m in i18n.catalogue(language)
        if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in PUBLIC
    ]
    assert not left


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_group_of_products_has_its_name(language: str) -> None:
    names = {group.name(language) for group in product_categories.CATEGORIES.values()}
    assert len(names) == len(product_categories.CATEGORIES)
