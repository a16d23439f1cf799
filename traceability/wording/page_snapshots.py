"""What a lot's page said on another day: the names of single facts, and their values the reader's way."""

from datetime import date
from enum import Enum

from markupsafe import Markup

from traceability import i18n, vietnamese, wording
from traceability.domain.areas import CodeState
from traceability.domain.history import EventType
from traceability.domain.page_snapshots import Occasion
from traceability.domain.producers import LegalForm
from traceability.domain.public_facts import Fact
from traceability.domain.quantities import ha_text
from traceability.i18n import N_, gettext
from traceability.wording.trade_terms import amount, term

NAMES = {
    Occasion: {
        Occasion.RELEASED: N_("when the lot was published"),
        Occasion.PACKED: N_("when the lot was packed"),
    },
}
SECTIONS = {
    "product": N_("Product"),
    "producer": N_("Producer"),
    "lot": N_("Lot"),
    "area": N_("Where it comes from"),
    "source": N_("What it is made of"),
    "step": N_("What happened to it"),
    "laboratory": N_("Laboratory results"),
    "certificate": N_("Certificates"),
}
_LABELS = {
    "product.name": N_("Name"),
    "product.name_en": N_("Name in English"),
    "product.variety": N_("Variety"),
    "product.net_weight": N_("Net weight"),
    "product.unit": N_("Sold as"),
    "product.brand": N_("Brand"),
    "product.gtin": N_("GTIN"),
    "product.origin": N_("Place of origin"),
    "product.gi_note": N_("Geographical indication or mark"),
    "product.storage": N_("Storage"),
    "product.standards": N_("Standards applied"),
    "product.warnings": N_("Warnings"),
    "product.shelf_life_days": N_("Keeps (days)"),
    "product.ocop_stars": N_("OCOP"),
    "product.picture": N_("Picture"),
    "producer.name": N_("Name"),
    "producer.legal_form": N_("Legal form"),
    "producer.address": N_("Address"),
    "lot.lot": N_("Lot"),
    "lot.harvested_on": N_("Harvest day"),
    "lot.packed_on": N_("Packing day"),
    "lot.best_before_on": N_("Best before"),
    "area.place": N_("Place"),
    "area.square_metres": N_("Size of the area"),
    "area.code": N_("Code"),
    "source.share": N_("Share"),
    "laboratory.passed": N_("Report"),
    "laboratory.value": N_("Result"),
    "certificate.valid_to": N_("Valid until"),
}
_ENUMS: dict[str, type[Enum]] = {"LegalForm": LegalForm, "CodeState": CodeState}
#: Facts that say how much, or in what.
_IN_TERMS = frozenset({"net_weight", "unit"})
#: Facts whose natural key only tells them apart.
_PLAIN = frozenset({"area.place", "area.square_metres"})


def label(fact: Fact) -> str:
    """What the fact is called."""
    if fact.section == "step":
        named = wording.name(EventType(fact.label)) if fact.label in set(EventType) else fact.label
    else:
        named = gettext(_LABELS.get(f"{fact.section}.{fact.label}", fact.label))
    if not fact.key or f"{fact.section}.{fact.label}" in _PLAIN:
        return named
    return vietnamese.Ours(
        " · ".join([named, *(vietnamese.marked(term(part)) for part in fact.key.split(" · "))])
    )


def value(fact: Fact | None) -> str:
    """What the page said; a dash where it said nothing."""
    if fact is None:
        return "–"
    if fact.kind == "picture":
        src = f"/pictures/{fact.value}.webp?small=1"
        return Markup('<img src="{}" width="64" height="64" alt="" loading="lazy">').format(src)
    if fact.kind == "day" or (fact.kind == "end" and fact.value != "–"):
        return i18n.day(date.fromisoformat(fact.value))
    if fact.kind == "end":
        return gettext("no end")
    if fact.kind == "word":
        kind, _dot, member = str(fact.value).partition(".")
        return wording.name(_ENUMS[kind](member)) if kind in _ENUMS else member
    if fact.kind == "passed":
        return gettext("Within the limits") if fact.value else gettext("Outside the limits")
    if fact.kind == "per_mille":
        return f"{i18n.number(fact.value / 10)} %"
    if fact.kind == "area":
        return ha_text(fact.value, i18n.language())
    if fact.kind == "number":
        return i18n.number(fact.value)
    return amount(fact.value) if fact.label in _IN_TERMS else term(str(fact.value))
