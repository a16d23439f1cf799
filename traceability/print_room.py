"""The print room: between the orders of the domain and the press of the labels.

`minting` freezes an order's print (address, words, layout) at the moment of the order, `make_ready` computes over its
codes, `printed_order` and `layout_of` read the frozen values back for the press: the same bytes for ever, whatever
settings, names and ready layouts become.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from markupsafe import Markup

from traceability import mint, stamp_faces
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import records, stamp_codes, stamp_orders, stamp_pins
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.layouts import PrintLayout
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_logos import StampLogo
from traceability.domain.stamp_orders import Frozen, Minting, Printable
from traceability.domain.stamps import StampForm, StampOrder
from traceability.keys import Keyring, MissingKey
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
from traceability.labels.logo import Logo
from traceability.labels.order import TextKind
from traceability.labels.symbol import Codes
from traceability.stamp_faces import Wanted

#: So many stamps of an order are drawn and decoded before it is ready.
_DECODED = 5
_COMMON = frozenset({"a4-5x13-30x20", "a4-4x10-48x25", "roll-30x20", "roll-50x30"})


class MintKeyMissing(MissingKey):
    """The key of an order's epoch is not in the key folder: restore the key backup."""


@dataclass(frozen=True)
class Choice:
    """A ready layout as the order form offers it: with a picture of a stamp, and how each form comes out.

    `forms` holds the figures of the forms that fit; the others are `too_small`.
    """

    layout: Layout
    picture: Markup | None
    forms: dict[StampForm, Fit]
    #: what the producer calls a layout of its own; empty for a ready one
    own_name: str = ""

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
        return self.name in _COMMON or bool(self.own_name)

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
    value, own = printable.value, printable.own
    if own is not None:
        layout = replace(Layout.from_json(own.data), name=own.key)
    elif value.layout in LAYOUTS:
        layout = LAYOUTS[value.layout]
    else:
        raise RuleBroken("stamps.layout_unknown", "layout")
    if value.dpi is not None:
        layout = layout.at(value.dpi)
    check_start(layout, value.start_position)
    small = own is not None and bool(own.small_reason)
    prefix = stamp_faces.prefix_of(public_root, value.form, printable.product.gtin, printable.batch.lot)
    wanted = Wanted(
        prefix,
        value.form,
        public_root,
        demo,
        pins=value.pins,
        small_modules=small,
        logo=_mark(printable.logo),
        gross_g=value.gross_weight,
    )
    text = stamp_faces.sample(printable, layout, wanted).text
    words: dict[str, object] = {
        "product": text.product,
        "lines": text.lines,
        "kinds": text.kinds,
        "domain": text.domain,
        "pin_label": text.pin_label,
    }
    data: dict[str, object] = {"text": words, "layout": layout.as_json()}
    if small:
        data["small_modules"] = True
    return Frozen(
        layout=f"{layout.name}@{layout.dpi}",
        url_prefix=prefix,
        print_data=json.dumps(data, ensure_ascii=False),
        logo=text.logo.packed() if text.logo else None,
    )


def _mark(logo: StampLogo | None) -> Logo | None:
    """A producer's mark as the labels draw it."""
    return Logo.unpacked(logo.dots) if logo is not None else None


def choices(
    batch: Batch,
    product: Product,
    producer: Producer,
    public_root: str,
    *,
    demo: bool,
    own: Sequence[PrintLayout] = (),
    logo: StampLogo | None = None,
) -> list[Choice]:
    """The layouts for a batch, the producer's own first; those on which nothing fits are left out.

    Raises `RuleBroken` ("labels.*") when that is all of them: a letter that no font has, a name too long for any stamp.
    """
    found = []
    refusal = RuleBroken("stamps.layout_unknown", "layout")
    words = stamp_faces.Words(batch, product, producer)
    mine = [(replace(Layout.from_json(row.data), name=row.key), row) for row in own]
    for layout, row in [*mine, *((layout, None) for layout in LAYOUTS.values())]:
        small = row is not None and bool(row.small_reason)
        fits: dict[StampForm, Fit] = {}
        picture = None
        for form in StampForm:
            try:
                prefix = stamp_faces.prefix_of(public_root, form, product.gtin, batch.lot)
                wanted = Wanted(prefix, form, public_root, demo, small_modules=small, logo=_mark(logo))
                sample = stamp_faces.sample(words, layout, wanted)
                fits[form] = layout.fit(sample, small_modules=small)
                picture = picture or Markup(single.svg(sample, layout, small_modules=small))
            except RuleBroken as error:
                refusal = error if form is StampForm.SHORT else refusal
                continue
        if fits:
            found.append(Choice(layout, picture, fits, row.name if row else ""))
    if not found:
        raise refusal
    return found


def check_start(layout: Layout, start_position: int) -> None:
    """Demands that the first stamp has a cell on the first sheet. Raises `RuleBroken`
    ("stamps.start_outside_sheet")."""
    try:
        imposition.check_start(layout, start_position - 1)
    except RuleBroken as error:
        raise RuleBroken("stamps.start_outside_sheet", "start_position", cells=error.facts["cells"]) from None


# --- an order that was made ------------------------------------------------------------------------------


def layout_of(order: StampOrder) -> Layout:
    """The layout that was frozen with an order."""
    return Layout.from_json(json.loads(order.print_data)["layout"])


def has_small_modules(order: StampOrder) -> bool:
    """Whether the least size of the squares was overridden by the layout, with a reason."""
    return bool(json.loads(order.print_data).get("small_modules"))


def fit_of(order: StampOrder, printed: PrintOrder) -> Fit:
    """The figures of an order's symbols."""
    return layout_of(order).fit(printed, small_modules=has_small_modules(order))


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
            pin_label=text.get("pin_label", "PIN"),
            logo=Logo.unpacked(order.logo) if order.logo else None,
        ),
        demo=order.demo,
        form=PrintedForm(order.form.value),
        mask=order.qr_mask,
        pins=(lambda start, count: stamp_pins.pin_range(key, first + start, count)) if order.pins else None,
    )


def pages_of(order: StampOrder) -> int:
    """How many pages the print file has."""
    return imposition.pages(layout_of(order), order.quantity, order.start_position - 1)


def picture(order: StampOrder, printed: PrintOrder) -> Markup:
    """The first stamp of an order as an SVG for the page."""
    return Markup(single.svg(printed, layout_of(order), small_modules=has_small_modules(order)))


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
    if order.waits_for_approval:
        raise RuleBroken("stamps.not_approved", None, number=order.number)
    printed = printed_order(order, keys)
    # The address was ours when the order was made; looked at here is that it is still well formed.
    ours = urlsplit(order.url_prefix.lower())
    report = preflight.check(
        printed,
        layout_of(order),
        public_root=f"{ours.scheme}://{ours.netloc}",
        start=order.start_position - 1,
        small_modules=has_small_modules(order),
        decoded=_DECODED,
    )
    root = stamp_orders.code_root(keys[order.epoch_number], order.first_serial, order.quantity)
    return database.act(
        actor, lambda session: stamp_orders.prepare(session, actor, order_id, root=root, qr_mask=report.mask)
    )
