"""The print room: between the orders of the domain and the press of the labels.

`minting` freezes an order's print (address, words, layout) at the moment of the order, `make_ready` computes over its
codes, `printed_order` and `layout_of` read the frozen values back for the press: the same bytes for ever, whatever
settings, names and ready layouts become.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from markupsafe import Markup

from traceability import mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import records, stamp_codes, stamp_orders
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import build_digital_link
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_orders import Frozen, Minting, Printable
from traceability.domain.stamps import StampDownload, StampForm, StampOrder
from traceability.i18n import N_, gettext_in
from traceability.keys import Keyring
from traceability.labels import (
    LAYOUTS,
    FaceText,
    Layout,
    PrintedForm,
    PrintOrder,
    imposition,
    preflight,
    single,
)
from traceability.labels.layout import Fit
from traceability.labels.order import TextKind
from traceability.labels.pdf import Press
from traceability.labels.symbol import Codes

#: Stamps are read where the goods are bought; the page they open speaks more languages.
PRINT_LANGUAGE = "vi"
_LOT = N_("Lot {lot}")
_HARVESTED = N_("Harvested {day}")
_PRODUCED = N_("Produced {day}")
_COMMON = frozenset({"a4-5x13-30x20", "a4-4x10-48x25", "roll-30x20", "roll-50x30"})
_SAMPLE_CODE = "X" * stamp_codes.LENGTH


class MintKeyMissing(Exception):
    """The key of an order's epoch is not in the key folder: restore the key backup."""


@dataclass(frozen=True)
class Choice:
    """A ready layout as the order form offers it: with a picture of a stamp, and how each form comes out.

    `forms` holds the figures of the forms that fit; the others are `too_small`.
    """

    layout: Layout
    picture: Markup | None
    forms: dict[StampForm, Fit]

    @property
    def name(self) -> str:
        """The layout's name."""
        return self.layout.name

    @property
    def too_small(self) -> list[StampForm]:
        """The forms whose symbol does not fit on the stamp."""
        return [form for form in StampForm if form not in self.forms]

    @property
    def is_common(self) -> bool:
        """Whether the layout is among those that are offered first."""
        return self.name in _COMMON

    @property
    def is_sheet(self) -> bool:
        """Whether several stamps share a page, so that a sheet may be half used."""
        return self.layout.per_page > 1


def minting(database: Database, keyring: Keyring, settings: Settings) -> Minting:
    """The mint of this installation, made on first use. A demo's stamps are demo stamps for ever."""
    epoch = mint.ensure_epoch(database, keyring, settings.demo)
    return Minting(
        epoch_number=epoch.number,
        demo=epoch.demo,
        freeze=lambda printable: freeze(printable, settings.public_root, demo=epoch.demo),
    )


def freeze(printable: Printable, public_root: str, *, demo: bool) -> Frozen:
    """Decides all that an order's print shows, and that it fits.

    Raises `RuleBroken`: `stamps.layout_unknown`, `stamps.link_needs_gtin`, `labels.*`.
    """
    value = printable.value
    if value.layout not in LAYOUTS:
        raise RuleBroken("stamps.layout_unknown", "layout")
    layout = LAYOUTS[value.layout]
    if value.dpi is not None:
        layout = layout.at(value.dpi)
    _check_start(layout, value.start_position)
    prefix = prefix_of(public_root, value.form, printable.product.gtin, printable.batch.lot)
    sample = _sample(printable, prefix, layout, value.form, public_root, demo)
    text = {
        "product": sample.text.product,
        "lines": sample.text.lines,
        "kinds": sample.text.kinds,
        "domain": sample.text.domain,
    }
    data = json.dumps({"text": text, "layout": layout.as_json()}, ensure_ascii=False)
    return Frozen(layout=f"{layout.name}@{layout.dpi}", url_prefix=prefix, print_data=data)


def prefix_of(public_root: str, form: StampForm, gtin: str | None, lot: str) -> str:
    """What stands before the code in the QR. The short form is in capitals, so that it needs fewer squares.

    Raises `RuleBroken` ("stamps.link_needs_gtin").
    """
    if form is StampForm.SHORT:
        return f"{public_root.upper()}/S/"
    if not gtin:
        raise RuleBroken("stamps.link_needs_gtin", "form")
    return build_digital_link(public_root, gtin, lot, _SAMPLE_CODE).removesuffix(_SAMPLE_CODE)


def choices(
    batch: Batch, product: Product, producer: Producer, public_root: str, *, demo: bool
) -> list[Choice]:
    """The ready layouts for a batch, those on which nothing fits left out."""
    found = []
    for layout in LAYOUTS.values():
        fits: dict[StampForm, Fit] = {}
        picture = None
        for form in StampForm:
            try:
                prefix = prefix_of(public_root, form, product.gtin, batch.lot)
                sample = _sample(_Words(batch, product, producer), prefix, layout, form, public_root, demo)
                fits[form] = layout.fit(sample)
                picture = picture or Markup(single.svg(sample, layout))
            except RuleBroken:
                continue
        if fits:
            found.append(Choice(layout, picture, fits))
    return found


@dataclass(frozen=True)
class _Words:
    """The rows whose words a face shows."""

    batch: Batch
    product: Product
    producer: Producer


def _sample(
    words: _Words | Printable, prefix: str, layout: Layout, form: StampForm, public_root: str, demo: bool
) -> PrintOrder:
    """One stamp with a code that is none, with as many lines as there is room for: producer, lot, day.

    Raises `RuleBroken` ("labels.*") when it cannot be printed even with the product and the lot alone.
    """
    batch = words.batch
    on = batch.harvested_on or batch.started_on
    kind = TextKind.HARVESTED_ON if batch.harvested_on else TextKind.OTHER
    told = _HARVESTED if batch.harvested_on else _PRODUCED
    day = (kind, gettext_in(PRINT_LANGUAGE, told).format(day=f"{on:%d/%m/%Y}"))
    lot = (TextKind.LOT, gettext_in(PRINT_LANGUAGE, _LOT).format(lot=batch.lot))
    producer = (TextKind.PRODUCER, words.producer.name)
    refusal = RuleBroken("stamps.layout_unknown", "layout")
    for lines in ((producer, lot, day), (producer, lot), (lot, day), (lot,)):
        sample = PrintOrder(
            number="",
            prefix=prefix,
            codes=_no_codes,
            count=1,
            text=FaceText(
                product=words.product.name,
                lines=tuple(text for _, text in lines),
                kinds=tuple(kind for kind, _ in lines),
                domain=urlsplit(public_root).netloc,
            ),
            demo=demo,
            form=PrintedForm(form.value),
            mask=0,
        )
        try:
            preflight.check(sample, layout, public_root=public_root)
        except RuleBroken as error:
            refusal = RuleBroken(error.code, "layout", **error.facts)
        else:
            return sample
    raise refusal


def _no_codes(_first: int, count: int) -> Codes:
    return np.full((count, stamp_codes.LENGTH), ord("X"), dtype=np.uint8)


def _check_start(layout: Layout, start_position: int) -> None:
    """Demands that the first stamp has a cell on the first sheet."""
    try:
        imposition.check_start(layout, start_position - 1)
    except RuleBroken as error:
        raise RuleBroken("stamps.start_outside_sheet", "start_position", cells=error.facts["cells"]) from None


# --- an order that was made ------------------------------------------------------------------------------


def layout_of(order: StampOrder) -> Layout:
    """The layout that was frozen with an order."""
    return Layout.from_json(json.loads(order.print_data)["layout"])


def printed_order(order: StampOrder, keys: Mapping[int, EpochKey]) -> PrintOrder:
    """An order as the press sees it, from its frozen values alone. Raises `MintKeyMissing`."""
    key = keys.get(order.epoch_number)
    if key is None:
        raise MintKeyMissing(f"the key of stamp epoch {order.epoch_number} is missing")
    first = order.first_serial
    text = json.loads(order.print_data)["text"]

    def codes(start: int, count: int) -> Codes:
        return stamp_codes.mint_range(key, first + start, count)

    return PrintOrder(
        number=order.number,
        prefix=order.url_prefix,
        codes=codes,
        count=order.quantity,
        text=FaceText(
            product=text["product"],
            lines=tuple(text["lines"]),
            kinds=tuple(map(TextKind, text["kinds"])),
            domain=text["domain"],
        ),
        demo=order.demo,
        form=PrintedForm(order.form.value),
        mask=order.qr_mask,
    )


def press(order: StampOrder, keys: Mapping[int, EpochKey], download: StampDownload) -> Press:
    """The press, ready to run the file of a download. Raises `MintKeyMissing`."""
    return Press(printed_order(order, keys), layout_of(order), start=download.start_position - 1)


def pages_of(order: StampOrder) -> int:
    """How many pages the print file has."""
    return imposition.pages(layout_of(order), order.quantity, order.start_position - 1)


def picture(printed: PrintOrder, layout: Layout) -> Markup:
    """The first stamp of an order as an SVG for the page."""
    return Markup(single.svg(printed, layout))


def make_ready(database: Database, actor: Actor, order_id: str, keyring: Keyring) -> StampOrder:
    """Computes over the codes of an order outside any lock, looks the print over, and commits that it is ready.

    Safe to repeat, also at the same time: the same order gives the same result. Raises `NotFound`, `MintKeyMissing`,
    and `RuleBroken` ("labels.*") for a print that does not pass.
    """
    keys = mint.epoch_keys(database, keyring)
    with database.reading(actor.scope) as session:
        order = records.find(session, StampOrder, order_id)
    if order.ready_at is not None:
        return order
    printed = printed_order(order, keys)
    # The address was ours when the order was made; looked at here is that it is still well formed.
    ours = urlsplit(order.url_prefix.lower())
    report = preflight.check(
        printed,
        layout_of(order),
        public_root=f"{ours.scheme}://{ours.netloc}",
        start=order.start_position - 1,
    )
    root = stamp_orders.code_root(keys[order.epoch_number], order.first_serial, order.quantity)
    with database.transaction(actor) as session:
        return stamp_orders.prepare(session, actor, order_id, root=root, qr_mask=report.mask)
