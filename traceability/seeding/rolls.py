"""The stamps of the demo: ordered, prepared, downloaded, looked over, stuck on. The data gives only their numbers.

Where goods of a batch are in stock and still good, the end of the roll waits to be activated: whoever tries the demo
can go on from there.
"""

from typing import Any

from traceability import mint, print_room
from traceability.domain import activations, records, stamp_downloads, stamp_orders
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_codes import mint as code_of
from traceability.domain.stamp_downloads import BadRun, DownloadInput, PrintedInput
from traceability.domain.stamp_orders import Minting, OrderInput
from traceability.domain.stamps import StampOrder
from traceability.seeding import source
from traceability.seeding.loading import Loading

#: Orders up to this size are printed on sheets in an office, larger ones on rolls.
SHEETS_UP_TO = 2000
SHEET, ROLL = "a4-5x13-30x20", "roll-30x20"
#: Dear goods: a PIN stands under a scratch panel of their stamps, which are larger for it.
WITH_PINS, PANELLED = frozenset({"VLP016"}), "roll-50x30"
#: Of the stamps of such a batch one in so many waits, and never more than a sheet and a half.
WAITING_ONE_IN, WAITING_AT_MOST = 20, 100


def load(loading: Loading) -> None:
    """An order for each batch that has stamps."""
    minting = print_room.minting(loading.database, loading.keyring, loading.settings)
    for entry in source.batches():
        if entry["stamps"]:
            actor = loading.recorder(entry["facility_code"])
            order = _order(loading, actor, entry, minting)
            _use(loading, actor, entry, order)


def _order(loading: Loading, actor: Actor, entry: dict[str, Any], minting: Minting) -> StampOrder:
    stamps = entry["stamps"]
    quantity = stamps["applied"] + stamps["voided"]
    pins = entry["product_code"] in WITH_PINS
    layout = SHEET if quantity <= SHEETS_UP_TO else ROLL
    value = OrderInput(
        batch_id=loading.batches[entry["batch_id"]],
        quantity=quantity,
        layout=PANELLED if pins else layout,
        pins=pins,
    )
    with loading.act(actor) as session:
        order = stamp_orders.order(session, actor, value, minting=minting, proven=True)
    return print_room.make_ready(loading.database, actor, order.id, loading.keyring)


def _use(loading: Loading, actor: Actor, entry: dict[str, Any], order: StampOrder) -> None:
    """Downloaded, the spoiled ones at the end of the roll made void, the others activated from its beginning."""
    keys = mint.epoch_keys(loading.database, loading.keyring)
    key, first = keys[order.epoch_number], order.first_serial
    applied, voided = entry["stamps"]["applied"], entry["stamps"]["voided"]
    with loading.act(actor) as session:
        stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
        printed = PrintedInput(order_id=order.id)
        if voided:
            spoiled = _codes(key, first + applied, voided)
            bad = BadRun(first_code=spoiled[0], last_code=spoiled[1])
            printed = PrintedInput(order_id=order.id, bad=[bad])
        stamp_downloads.mark_printed(session, actor, printed, keys)
        batch = records.find(session, Batch, order.batch_id)
        fresh = batch.best_before_on is None or batch.best_before_on > today()
        waiting = min(WAITING_AT_MOST, applied // WAITING_ONE_IN) if fresh and batch.on_hand_g else 0
        run = _codes(key, first, applied - waiting)
        activations.activate(session, actor, ActivationInput(first_code=run[0], last_code=run[1]), keys)


def _codes(key: EpochKey, first: int, count: int) -> tuple[str, str]:
    return code_of(key, first), code_of(key, first + count - 1)
