"""Orders of stamps for tests, through the real use cases: a batch with its mint, and the codes of its stamps."""

from dataclasses import dataclass
from typing import Any

from tests import factories
from traceability import mint, print_room
from traceability.db import Database
from traceability.domain import (
    activations,
    stamp_downloads,
    stamp_orders,
    stamp_ranges,
    stamp_runs,
    stamp_voids,
)
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.stamp_orders import Minting, OrderInput
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import RangeState, StampOrder, StampRange, VoidReason
from traceability.keys import Keyring

ROOT = "https://txng.vinhlong.gov.vn"


@dataclass
class Mint:
    """The mint of a test's installation."""

    database: Database
    keyring: Keyring
    root: str = ROOT

    @property
    def keys(self) -> stamp_runs.Keys:
        return mint.epoch_keys(self.database, self.keyring)

    def minting(self) -> Minting:
        epoch = mint.ensure_epoch(self.database, self.keyring, demo=True)
        return Minting(
            epoch.number, True, lambda printable: print_room.freeze(printable, self.root, demo=True)
        )

    def batch(self, kilograms: int = 1400, owner: Producer | None = None, *, released: bool = True) -> Batch:
        """A batch of pomelos of 1.4 kg: 1,400 kg make 1,000 units and 20 stamps more."""
        made = factories.harvest(self.database, owner or factories.producer(self.database), kilograms)
        return factories.release(self.database, made) if released else made

    def actor(self, batch: Batch) -> Actor:
        with self.database.reading(EVERYTHING) as session:
            owner = session.get(Producer, batch.producer_id)
        assert owner is not None
        return factories.manager_of(owner)

    def ordered(self, batch: Batch, quantity: int | str = 100, **changes: Any) -> StampOrder:
        """An order that is not prepared yet. `proven`: whoever orders gave the password again."""
        actor, proven = changes.pop("actor", None) or self.actor(batch), changes.pop("proven", False)
        value = OrderInput(
            **{"batch_id": batch.id, "quantity": quantity, "layout": "a4-5x13-30x20"} | changes
        )
        minting = self.minting()
        with self.database.transaction(actor) as session:
            return stamp_orders.order(session, actor, value, minting=minting, proven=proven)

    def ready(self, batch: Batch, quantity: int = 100, **changes: Any) -> StampOrder:
        """An order whose codes are committed."""
        order = self.ordered(batch, quantity, **changes)
        return print_room.make_ready(self.database, self.actor(batch), order.id, self.keyring)

    def downloaded(self, batch: Batch, quantity: int = 100, **changes: Any) -> StampOrder:
        """An order whose print file was asked for."""
        order = self.ready(batch, quantity, **changes)
        actor = self.actor(batch)
        with self.database.transaction(actor) as session:
            stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
        return order

    def code(self, order: StampOrder, n: int) -> str:
        """The code of the nth stamp of an order, counted from 0."""
        return stamp_runs.code_of(self.keys, order.epoch_number, order.first_serial + n)

    def activate(
        self, order: StampOrder, first: int, last: int, actor: Actor | None = None, **changes: Any
    ) -> list[StampRange]:
        """Activates the stamps `first` to `last` of an order, counted from 0."""
        value = ActivationInput(
            first_code=self.code(order, first), last_code=self.code(order, last), **changes
        )
        keys, actor = self.keys, actor or self._owner(order)
        with self.database.transaction(actor) as session:
            return activations.activate(session, actor, value, keys)

    def void(
        self,
        order: StampOrder,
        first: int,
        last: int,
        reason: VoidReason = VoidReason.SPOILED,
        actor: Actor | None = None,
    ) -> list[StampRange]:
        """Makes the stamps `first` to `last` of an order void."""
        value = VoidInput(first_code=self.code(order, first), last_code=self.code(order, last), reason=reason)
        keys, actor = self.keys, actor or self._owner(order)
        with self.database.transaction(actor) as session:
            return stamp_voids.void(session, actor, value, keys)

    def ranges(self, order: StampOrder) -> list[tuple[int, int, RangeState]]:
        """(first, last, state) of the ranges of an order, counted from 0."""
        with self.database.reading(EVERYTHING) as session:
            return [
                (row.first_serial - order.first_serial, row.last_serial - order.first_serial, row.state)
                for row in stamp_ranges.of_order(session, order.id)
            ]

    def _owner(self, order: StampOrder) -> Actor:
        with self.database.reading(EVERYTHING) as session:
            batch = session.get(Batch, order.batch_id)
        assert batch is not None
        return self.actor(batch)
