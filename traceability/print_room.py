"""The print room: between the orders of the domain and the press of the labels.

`minting` freezes an order's print (address, words, layout) at the moment of the order, `make_ready` computes over its
codes, `printed_order` reads the frozen values back for the press: the same bytes for ever, whatever settings become.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from traceability import mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import records, stamp_codes, stamp_orders
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import build_digital_link
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_orders import Frozen, Minting, Printable
from traceability.domain.stamps import StampForm, StampOrder
from traceability.i18n import N_, gettext_in
from traceability.keys import Keyring
from traceability.labels import (
    LAYOUTS,
    FaceText,
    Layout,
    PrintedForm,
    PrintOrder,
    face,
    imposition,
    preflight,
)
from traceability.labels.layouts import Fit
from traceability.labels.symbol import Codes, SymbolEncoder

#: Stamps are read where the goods are bought; the page they open speaks more languages.
PRINT_LANGUAGE = "vi"
_LOT = N_("Lot {lot}")
_HARVESTED = N_("Harvested {day}")
_PRODUCED = N_("Produced {day}")


class MintKeyMissing(Exception):
    """The key of an order's epoch is not in the key folder: restore the key backup."""


def minting(database: Database, keyring: Keyring, settings: Settings) -> Minting:
    """The mint of this installation, made on first use. A demo's stamps are demo stamps for ever."""
    epoch = mint.ensure_epoch(database, keyring, settings.demo)
    return Minting(
        epoch_number=epoch.number,
        demo=epoch.demo,
        freeze=lambda printable: freeze(printable, settings.public_root),
    )


def freeze(printable: Printable, public_root: str) -> Frozen:
    """Decides all that an order's print shows, and that it fits.

    Raises `RuleBroken`: `stamps.layout_unknown`, `stamps.link_needs_gtin`, `labels.*`.
    """
    value = printable.value
    layout = layout_of(f"{value.layout}@{value.dpi}")
    imposition.check_start(layout, value.start_position - 1)
    form = PrintedForm(value.form.value)
    prefix = prefix_of(public_root, value.form, printable.product.gtin, printable.batch.lot)
    fit = fit_of(layout, form, prefix)
    text = face_text(printable, urlsplit(public_root).netloc, fit)
    lines = json.dumps(
        {"product": text.product, "lines": text.lines, "domain": text.domain}, ensure_ascii=False
    )
    return Frozen(layout=f"{layout.name}@{layout.dpi}", url_prefix=prefix, face_lines=lines)


def layout_of(name: str) -> Layout:
    """A ready layout by name and resolution (`roll-30x20@203`). Raises `RuleBroken`: `stamps.layout_unknown`,
    `labels.unknown_resolution`."""
    plain, _, dpi = name.partition("@")
    if plain not in LAYOUTS:
        raise RuleBroken("stamps.layout_unknown", "layout")
    return LAYOUTS[plain].at(int(dpi or 300))


def prefix_of(public_root: str, form: StampForm, gtin: str | None, lot: str) -> str:
    """What stands before the code in the QR. The short form is in capitals, so that it needs fewer squares.

    Raises `RuleBroken` ("stamps.link_needs_gtin").
    """
    if form is StampForm.SHORT:
        return f"{public_root.upper()}/S/"
    if not gtin:
        raise RuleBroken("stamps.link_needs_gtin", "form")
    sample = "0" * stamp_codes.LENGTH
    return build_digital_link(public_root, gtin, lot, sample).removesuffix(sample)


def fit_of(layout: Layout, form: PrintedForm, prefix: str) -> Fit:
    """How an address comes out on a layout: version, size of a square. Raises `RuleBroken` ("labels.*")."""
    return layout.fit_version(SymbolEncoder(prefix, mode=form.mode).version, form)


def face_text(printable: Printable, domain: str, fit: Fit) -> FaceText:
    """The words on a stamp, as many lines as there is room for: producer, lot, day.

    Raises `RuleBroken` ("labels.text_too_long", "labels.letter_missing") when not even the first two fit.
    """
    batch = printable.batch
    lot = gettext_in(PRINT_LANGUAGE, _LOT).format(lot=batch.lot)
    words = _HARVESTED if batch.harvested_on else _PRODUCED
    day = gettext_in(PRINT_LANGUAGE, words).format(day=f"{batch.harvested_on or batch.started_on:%d/%m/%Y}")
    wished = ((printable.producer.name, lot, day), (printable.producer.name, lot), (lot, day), (lot,))
    refusal: RuleBroken | None = None
    for lines in wished:
        text = FaceText(printable.product.name, lines, domain)
        try:
            face.compose(text, fit, demo=True)
        except RuleBroken as error:
            refusal = RuleBroken(error.code, "layout", **error.facts)
        else:
            return text
    assert refusal is not None
    raise refusal


def printed_order(order: StampOrder, keys: Mapping[int, EpochKey]) -> PrintOrder:
    """An order as the press sees it, from its frozen values alone. Raises `MintKeyMissing`."""
    key = keys.get(order.epoch_number)
    if key is None:
        raise MintKeyMissing(f"the key of stamp epoch {order.epoch_number} is missing")
    first = order.first_serial
    frozen = json.loads(order.face_lines)

    def codes(start: int, count: int) -> Codes:
        return stamp_codes.mint_range(key, first + start, count)

    return PrintOrder(
        number=order.number,
        prefix=order.url_prefix,
        codes=codes,
        count=order.quantity,
        text=FaceText(frozen["product"], tuple(frozen["lines"]), frozen["domain"]),
        demo=order.demo,
        form=PrintedForm(order.form.value),
        mask=order.qr_mask,
    )


@dataclass(frozen=True)
class _Computed:
    root: bytes
    mask: int


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
    computed = _compute(order, keys)
    with database.transaction(actor) as session:
        return stamp_orders.prepare(session, actor, order_id, root=computed.root, qr_mask=computed.mask)


def _compute(order: StampOrder, keys: Mapping[int, EpochKey]) -> _Computed:
    printed = printed_order(order, keys)
    # The address was ours when the order was made; that it is still well formed is what is looked at here.
    root_of_print = "{0.scheme}://{0.netloc}".format(urlsplit(order.url_prefix.lower()))
    report = preflight.check(
        printed, layout_of(order.layout), public_root=root_of_print, start=order.start_position - 1
    )
    root = stamp_orders.code_root(keys[order.epoch_number], order.first_serial, order.quantity)
    return _Computed(root, report.mask)
