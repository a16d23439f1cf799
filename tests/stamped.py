"""A published lot with stamps in every state, for the tests of what the public sees."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests import factories
from traceability.db import Database
from traceability.domain import (
    activations,
    ledger,
    records,
    stamp_codes,
    stamp_downloads,
    stamp_orders,
    stamp_suspensions,
    stamp_voids,
)
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.stamp_orders import Frozen, Minting, OrderInput
from traceability.domain.stamp_suspensions import RunInput
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import (
    RangeState,
    SerialCounter,
    StampEpoch,
    StampOrder,
    VoidReason,
)
from traceability.keys import Keyring
from traceability.mint import key_file_name


@dataclass
class Lot:
    """A batch with all that stands behind it, and the key of the epoch in which its stamps were minted."""

    producer: Producer
    area: GrowingArea
    product: Product
    batch: Batch
    order: StampOrder
    key: EpochKey

    def code(self, number: int) -> str:
        """The code of the nth stamp, counted from 0."""
        return stamp_codes.mint(self.key, self.order.first_serial + number)


def epoch(database: Database, keyring: Keyring, number: int = 1) -> EpochKey:
    """An epoch of the mint, its key file included."""
    name = f"test{number}"
    secret = keyring.secret(key_file_name(name))
    with database.transaction(SYSTEM) as session:
        row = StampEpoch(number=number, key_name=name, demo=True)
        session.add(row)
        session.add(SerialCounter(epoch_id=number))
        ledger.record(session, "epoch.begun", row)
    return EpochKey.from_secret(number, secret)


def lot(
    database: Database, keyring: Keyring, *, quantity: int = 20, key: EpochKey | None = None, **changes: Any
) -> Lot:
    """A published harvest of pomelos with stamps that are printed and not yet active."""
    key = key or epoch(database, keyring)
    producer = changes.pop("producer", None) or factories.producer(database)
    area = changes.pop("area", None) or factories.area(database, producer)
    product = changes.pop("product", None) or factories.product(database, producer)
    batch = factories.harvest(database, producer, area_id=area.id, product_id=product.id, **changes)
    batch = factories.release(database, batch)
    return Lot(producer, area, product, batch, stamps(database, batch, quantity, key), key)


def stamps(database: Database, batch: Batch, quantity: int, key: EpochKey) -> StampOrder:
    """An order of stamps for a batch, given out to be printed."""
    minting = Minting(key.epoch_id, demo=True, freeze=lambda _of: Frozen("a4-65", "HTTP://127.0.0.1/S/", ""))
    with database.transaction(SYSTEM) as session:
        value = OrderInput(batch_id=batch.id, quantity=quantity, layout="a4-65")
        order = stamp_orders.order(session, SYSTEM, value, minting=minting)
    root = stamp_orders.code_root(key, order.first_serial, quantity)
    with database.transaction(SYSTEM) as session:
        stamp_orders.prepare(session, SYSTEM, order.id, root=root, qr_mask=0)
    with database.transaction(SYSTEM) as session:
        stamp_downloads.ask_download(session, SYSTEM, DownloadInput(order_id=order.id))
    return order


def put(
    database: Database,
    lot: Lot,
    first: int,
    last: int,
    state: RangeState,
    reason: VoidReason = VoidReason.MISPRINT,
) -> None:
    """Makes stamps of a lot, counted from 0, active, void or suspended."""
    keys = {lot.key.epoch_id: lot.key}
    codes = {"first_code": lot.code(first), "last_code": lot.code(last)}
    with database.transaction(SYSTEM) as session:
        if state is RangeState.ACTIVE:
            activations.activate(session, SYSTEM, ActivationInput(**codes), keys)
        elif state is RangeState.VOID:
            stamp_voids.void(session, SYSTEM, VoidInput(**codes, reason=reason), keys)
        else:
            start, order_id = lot.order.first_serial, lot.order.id
            run = RunInput(
                order_id=order_id,
                first_serial=start + first,
                last_serial=start + last,
                reason="Nghi bị sao chép",
            )
            stamp_suspensions.suspend_run(session, SYSTEM, run)


def expire(database: Database, batch: Batch, on: date | None = None) -> None:
    """Moves the days of a batch back, so that its best-before day was yesterday."""
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.started_on = row.harvested_on = today() - timedelta(days=90)
        row.best_before_on = on or today() - timedelta(days=1)
        ledger.record(session, "batch.aged", row)
