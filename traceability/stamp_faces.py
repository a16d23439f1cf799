"""The words on a stamp: what its address says, and which lines of text there is room for."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from traceability.domain import stamp_codes, stamp_pins
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import build_digital_link
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import kg_text
from traceability.domain.stamps import StampForm
from traceability.i18n import N_, gettext_in
from traceability.labels import LAYOUTS, FaceText, Layout, PrintedForm, PrintOrder, preflight
from traceability.labels.logo import Logo
from traceability.labels.order import TextKind
from traceability.labels.symbol import Codes

Tries = tuple[tuple[TextKind, ...], ...]
#: The lines of which as many are printed as there is room for, when a layout chooses none.
_USUAL = (
    (TextKind.PRODUCER, TextKind.LOT, TextKind.HARVESTED_ON),
    (TextKind.PRODUCER, TextKind.LOT),
    (TextKind.LOT, TextKind.HARVESTED_ON),
    (TextKind.LOT,),
)
#: The lines that a layout may choose, in the order in which they are offered.
OFFERED = (
    TextKind.PRODUCER,
    TextKind.LOT,
    TextKind.HARVESTED_ON,
    TextKind.PACKED_ON,
    TextKind.BEST_BEFORE,
    TextKind.GROWING_AREA,
    TextKind.NET_WEIGHT,
    TextKind.GROSS_WEIGHT,
)
_LOT = N_("Lot {lot}")
_HARVESTED = N_("Harvested {day}")
_PRODUCED = N_("Produced {day}")
_PACKED = N_("Packed {day}")
_BEST_BEFORE = N_("Best before {day}")
_AREA = N_("Growing area {code}")
_WEIGHT = N_("Net weight {weight}")
_GROSS = N_("Gross weight {weight}")
_PIN = N_("PIN under the panel")
_SAMPLE_CODE = "X" * stamp_codes.LENGTH


class Printed(Protocol):
    """The rows whose words a face shows."""

    @property
    def batch(self) -> Batch: ...
    @property
    def product(self) -> Product: ...
    @property
    def producer(self) -> Producer: ...


@dataclass(frozen=True)
class Words:
    """A batch with its product and producer."""

    batch: Batch
    product: Product
    producer: Producer


@dataclass(frozen=True)
class Wanted:
    """How stamps are to be printed: what stands before the code, its form, and the installation they lead to."""

    prefix: str
    form: StampForm
    public_root: str
    demo: bool
    pins: bool = False
    small_modules: bool = False
    logo: Logo | None = None
    gross_g: int | None = None


def prefix_of(public_root: str, form: StampForm, gtin: str | None, lot: str) -> str:
    """What stands before the code in the QR. The short form is in capitals, so that it needs fewer squares.

    Raises `RuleBroken` ("stamps.link_needs_gtin").
    """
    if form is StampForm.SHORT:
        return f"{public_root.upper()}/S/"
    if not gtin:
        raise RuleBroken("stamps.link_needs_gtin", "form")
    return build_digital_link(public_root, gtin, lot, _SAMPLE_CODE).removesuffix(_SAMPLE_CODE)


def sample(printed: Printed, layout: Layout, wanted: Wanted) -> PrintOrder:
    """One stamp with a code that is none: with the lines that the layout chooses, else as many as there is room for.

    A ready layout only wishes for its lines: where they do not fit, the last of them are left out. So is the mark where
    no line was chosen and nothing fits beside it. Raises `RuleBroken` ("labels.*") when it cannot be printed.
    """
    known = _lines(printed, layout.language, wanted.gross_g)
    tries: Tries = (layout.lines,) if layout.lines else _USUAL
    if layout.lines and LAYOUTS.get(layout.name) is not None:
        tries = tuple(layout.lines[:count] for count in range(len(layout.lines), 0, -1))
    if wanted.logo is None or not layout.logo_mm:
        return _first_that_fits(printed, tries, known, layout, replace(wanted, logo=None))
    try:
        return _first_that_fits(printed, tries, known, layout, wanted)
    except RuleBroken:
        if len(tries) == 1:
            raise
        return _first_that_fits(printed, tries, known, layout, replace(wanted, logo=None))


def _first_that_fits(
    printed: Printed,
    tries: Tries,
    known: dict[TextKind, str],
    layout: Layout,
    wanted: Wanted,
) -> PrintOrder:
    refusal = RuleBroken("stamps.layout_unknown", "layout")
    for kinds in tries:
        stamp = _stamp(printed, [(kind, known[kind]) for kind in kinds if kind in known], layout, wanted)
        try:
            preflight.check(stamp, layout, public_root=wanted.public_root, small_modules=wanted.small_modules)
        except RuleBroken as error:
            refusal = RuleBroken(error.code, "layout", **error.facts)
        else:
            return stamp
    raise refusal


def _stamp(printed: Printed, lines: list[tuple[TextKind, str]], layout: Layout, wanted: Wanted) -> PrintOrder:
    return PrintOrder(
        number="",
        prefix=wanted.prefix,
        codes=_no_codes,
        count=1,
        text=FaceText(
            product=_name(printed.product, layout.language),
            lines=tuple(text for _, text in lines),
            kinds=tuple(kind for kind, _ in lines),
            domain=urlsplit(wanted.public_root).netloc,
            logo=wanted.logo,
            pin_label=gettext_in(layout.language, _PIN),
        ),
        demo=wanted.demo,
        form=PrintedForm(wanted.form.value),
        mask=0,
        pins=_no_pins if wanted.pins else None,
    )


def _name(product: Product, language: str) -> str:
    return (product.name_en if language == "en" else "") or product.name


def _lines(printed: Printed, language: str, gross_g: int | None) -> dict[TextKind, str]:
    """Every line that is known of a batch, by what it tells."""
    batch = printed.batch
    told = _HARVESTED if batch.harvested_on else _PRODUCED
    lines = {
        TextKind.PRODUCER: printed.producer.name,
        TextKind.LOT: gettext_in(language, _LOT).format(lot=batch.lot),
        TextKind.HARVESTED_ON: _dated(language, told, batch.harvested_on or batch.started_on),
        TextKind.PACKED_ON: _dated(language, _PACKED, batch.packed_on),
        TextKind.BEST_BEFORE: _dated(language, _BEST_BEFORE, batch.best_before_on),
    }
    if batch.area_code:
        lines[TextKind.GROWING_AREA] = gettext_in(language, _AREA).format(code=batch.area_code)
    if weight := printed.product.net_weight_text or kg_text(printed.product.net_weight_g, language):
        lines[TextKind.NET_WEIGHT] = gettext_in(language, _WEIGHT).format(weight=weight)
    if gross_g:
        weight = kg_text(gross_g, language)
        lines[TextKind.GROSS_WEIGHT] = gettext_in(language, _GROSS).format(weight=weight)
    return {kind: text for kind, text in lines.items() if text}


def _dated(language: str, message: str, day: date | None) -> str:
    return gettext_in(language, message).format(day=f"{day:%d/%m/%Y}") if day else ""


def _no_codes(_first: int, count: int) -> Codes:
    return np.full((count, stamp_codes.LENGTH), ord("X"), dtype=np.uint8)


def _no_pins(_first: int, count: int) -> Codes:
    return np.full((count, stamp_pins.LENGTH), ord("X"), dtype=np.uint8)
