"""Every refusal of the values' modules has its sentence, in both languages, with the same facts."""

import re
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

from traceability import wording
from traceability.i18n import catalogue
from traceability.wording import geometry, identifiers, quantities, text

DOMAIN = Path(__file__).parents[2] / "traceability" / "domain"
_SENTENCES = [
    (code, sentence)
    for module in (geometry, identifiers, quantities, text)
    for code, sentence in {**module.REFUSALS, **getattr(module, "WARNINGS", {})}.items()
]


def facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.fixture(scope="module")
def vietnamese() -> Catalog:
    return catalogue("vi")


@pytest.mark.parametrize(("code", "sentence"), _SENTENCES)
def test_a_refusal_is_worded_in_vietnamese_with_the_same_facts(
    vietnamese: Catalog, code: str, sentence: str
) -> None:
    message = vietnamese.get(sentence)
    assert message is not None, code
    assert not message.fuzzy
    assert isinstance(message.string, str)
    assert message.string
    assert facts(message.string) == facts(sentence)


@pytest.mark.parametrize(
    ("module", "sources", "pattern"),
    [
        (text, ["text.py"], r'"(text_[a-z_]+)"'),
        (quantities, ["quantities.py"], r'"(day_[a-z_]+)"'),
        (identifiers, ["area_codes.py"], r'"(code_[a-z_]+)"'),
        (identifiers, ["identifiers.py"], r'"((?:lot|link)_[a-z_]+|gtin_[a-z]+)"'),
        (geometry, ["polygon_files.py"], r'"(polygon(?:_file|_table)?\.[a-z_]+)"'),
    ],
)
def test_no_code_in_the_sources_lacks_its_sentence(
    module: ModuleType, sources: list[str], pattern: str
) -> None:
    found = {code for name in sources for code in re.findall(pattern, (DOMAIN / name).read_text("utf-8"))}
    worded = {**module.REFUSALS, **getattr(module, "WARNINGS", {})}
    assert found
    assert found <= worded.keys()


def test_refusals_that_are_put_together_from_two_parts_have_their_sentences() -> None:
    polygons = re.findall(r'_refuse\("([a-z_]+)"', (DOMAIN / "geometry.py").read_text("utf-8"))
    numbers = re.findall(
        r'_refuse\((?:kind|"weight"|"area"), "([a-z_]+)"', (DOMAIN / "quantities.py").read_text("utf-8")
    )
    keys = re.findall(r'_refuse\(f"\{kind\}_([a-z_]+)"', (DOMAIN / "identifiers.py").read_text("utf-8"))
    assert min(len(polygons), len(numbers), len(keys)) >= 4
    assert {f"polygon.{why}" for why in polygons} <= geometry.REFUSALS.keys()
    assert {f"weight_{why}" for why in numbers} <= quantities.REFUSALS.keys()
    assert {f"area_{why}" for why in numbers if why != "ambiguous"} <= quantities.REFUSALS.keys()
    assert {
        f"{kind}_{why}" for kind in ("gtin", "gln", "sscc") for why in keys
    } <= identifiers.REFUSALS.keys()


def test_an_area_is_called_an_area_once() -> None:
    facts = {"harvested_on": "2026-11-20"}
    told = wording.sentence("areas.suspended", {"name": "Vùng bưởi Mỹ Hòa"} | facts)
    assert told.startswith("Vùng bưởi Mỹ Hòa ")
    assert wording.sentence("areas.suspended", {"name": "Ấp Một"}).startswith("Vùng trồng Ấp Một ")
