"""How far a recall goes and what lies there: batches, grams, stamps, and who received goods. Preview, recall and
mock recall look through the same glass.

Whatever is reached is locked in the order of ids, as everybody locks who touches several batches, so that a recall and
other acts never wait for each other in a circle.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, col, func, select

from traceability.domain import batch_locks, descent
from traceability.domain.batches import Batch, BatchState
from traceability.domain.deliveries import Delivery
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.recall_records import RecallRecovery
from traceability.domain.records import portions
from traceability.domain.stamps import RangeState, StampRange
from traceability.domain.text import fold


@dataclass(frozen=True)
class ReachedBatch:
    """One batch with its grams: made = on hand + used + lost + shipped.

    Of the used grams, and of those that receivers worked up (`followed_g`), other batches were made, which the recall
    reaches too. `outside_g` is what of the shipped goods came to lie with receivers; of it `recovered_g` came back.
    """

    id: str
    lot: str
    state: BatchState
    product: str
    producer_id: str
    producer: str
    made_g: int
    on_hand_g: int
    used_g: int
    lost_g: int
    shipped_g: int
    followed_g: int = 0
    outside_g: int = 0
    recovered_g: int = 0

    @property
    def missing_g(self) -> int:
        """Grams outside that have not come back."""
        return self.outside_g - self.recovered_g

    @property
    def passed_on_g(self) -> int:
        """Grams that went into other batches, here or at a receiver's."""
        return self.used_g + self.followed_g

    @property
    def own_g(self) -> int:
        """Grams of which no other batch was made: the sum over batches counts nothing twice."""
        return self.made_g - self.passed_on_g

    @property
    def located_g(self) -> int:
        """Grams that never went outside: still at the producer's, or lost on record."""
        return self.own_g - self.outside_g


@dataclass
class Receiver:
    """Somebody who got goods from one producer: another producer, or a customer in words."""

    producer_id: str
    to_producer_id: str | None
    name: str
    contact: str = ""
    destination: str = ""
    deliveries: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    outside_g: int = 0
    recovered_g: int = 0

    @property
    def can_be_reached(self) -> bool:
        """Whether anybody knows how to tell the receiver."""
        return bool(self.to_producer_id or self.contact)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """By what one receiver is told from another."""
        return self.producer_id, self.to_producer_id or "", fold(self.name), fold(self.contact)


@dataclass(frozen=True)
class Reach:
    """All that a recall reaches. Grams of the totals count no gram twice."""

    batches: list[ReachedBatch]
    receivers: list[Receiver]
    stamps: dict[RangeState, int]

    @property
    def producers(self) -> int:
        return len({batch.producer_id for batch in self.batches})

    @property
    def made_g(self) -> int:
        return sum(batch.own_g for batch in self.batches)

    @property
    def on_hand_g(self) -> int:
        return sum(batch.on_hand_g for batch in self.batches)

    @property
    def used_g(self) -> int:
        return sum(batch.passed_on_g for batch in self.batches)

    @property
    def lost_g(self) -> int:
        return sum(batch.lost_g for batch in self.batches)

    @property
    def outside_g(self) -> int:
        return sum(batch.outside_g for batch in self.batches)

    @property
    def recovered_g(self) -> int:
        return sum(batch.recovered_g for batch in self.batches)

    @property
    def missing_g(self) -> int:
        return self.outside_g - self.recovered_g

    @property
    def located_g(self) -> int:
        return self.made_g - self.outside_g

    @property
    def known_g(self) -> int:
        """Grams outside whose receiver is known and can be told."""
        return sum(receiver.outside_g for receiver in self.receivers if receiver.can_be_reached)

    @property
    def coverage(self) -> float:
        """The share of the grams outside whose receiver can be told; 1 where nothing is outside."""
        return self.known_g / self.outside_g if self.outside_g else 1.0

    @property
    def stamps_active(self) -> int:
        return self.stamps.get(RangeState.ACTIVE, 0)

    @property
    def customers(self) -> int:
        return sum(receiver.to_producer_id is None for receiver in self.receivers)

    @property
    def silent(self) -> list[Receiver]:
        """Receivers whom nobody knows how to tell."""
        return [receiver for receiver in self.receivers if not receiver.can_be_reached]


def of_batch(session: Session, batch_id: str) -> Reach:
    """What a recall of this batch would reach now, whoever's. The caller has found the batch within the scope."""
    return measure(session, [batch_id, *descent.descendants(session, batch_id)])


def measure(session: Session, batch_ids: list[str]) -> Reach:
    """Weighs what lies in some batches: the first of them stands first, the others by day and lot."""
    with beyond_scope(session):  # goods go from one producer to another
        rows = _rows(session, batch_ids)
        followed = drawn_of(session, col(BatchInput.source_batch_id), batch_ids)
        receivers, outside, recovered = _receivers(session, batch_ids)
        stamps = _stamps(session, batch_ids)
    batches = [
        replace(
            ReachedBatch(*row[:11]),
            followed_g=followed.get(row.id, 0),
            outside_g=outside.get(row.id, 0),
            recovered_g=recovered.get(row.id, 0),
        )
        for row in rows
    ]
    batches.sort(key=lambda batch: batch.id != batch_ids[0])
    return Reach(batches, receivers, stamps)


def outside_of(delivery: Delivery, drawn_g: int, recovered_g: int) -> int:
    """Grams of a delivery that came to lie with its receiver: without those of which other batches were made."""
    if delivery.cancelled_at is not None:
        return 0
    if delivery.to_producer_id is not None and delivery.received_at is not None:
        on_its_way = max(0, delivery.given_back_g - delivery.returned_g)
        return delivery.remaining_g + on_its_way + recovered_g
    return (
        delivery.sent_g - drawn_g - delivery.returned_g + recovered_g
    )  # what came back in this recall is a return


def recovered_of(session: Session, column: Any, ids: list[str]) -> dict[str, int]:
    """Grams that came back, by a column of `RecallRecovery` (batch or delivery), under whichever recall."""
    found: dict[str, int] = {}
    for portion in portions(ids):
        statement = (
            select(column, func.sum(RecallRecovery.grams))
            .where(column.in_(portion), col(RecallRecovery.withdrawn_at).is_(None))
            .group_by(column)
        )
        found |= {str(row_id): int(grams) for row_id, grams in session.exec(statement).all()}
    return found


def _rows(session: Session, batch_ids: list[str]) -> list[Any]:
    columns: Any = (
        Batch.id, Batch.lot, Batch.state, Product.name, Batch.producer_id, Producer.name.label("producer"),  # type: ignore[attr-defined]
        Batch.made_g, Batch.on_hand_g, Batch.used_g, Batch.lost_g, Batch.shipped_g, Batch.started_on,
    )  # fmt: skip
    rows: list[Any] = []
    for portion in portions(batch_ids):
        statement = (
            select(*columns)
            .join(Product, col(Product.id) == Batch.product_id)
            .join(Producer, col(Producer.id) == Batch.producer_id)
            .where(col(Batch.id).in_(portion))
        )
        rows += session.exec(statement).all()
    return sorted(rows, key=lambda row: (row.started_on, row.lot, row.id))


def drawn_of(session: Session, column: Any, ids: list[str]) -> dict[str, int]:
    """Delivered grams of which other batches were made, by a column of `BatchInput` (source batch or delivery)."""
    found: dict[str, int] = {}
    for portion in portions(ids):
        statement = (
            select(column, func.sum(BatchInput.grams))
            .where(column.in_(portion), col(BatchInput.delivery_id).is_not(None))
            .group_by(column)
        )
        found |= {str(row_id): int(grams) for row_id, grams in session.exec(statement).all()}
    return found


def _receivers(
    session: Session, batch_ids: list[str]
) -> tuple[list[Receiver], dict[str, int], dict[str, int]]:
    """Who received goods of some batches, a line for each name and contact; grams outside, and back, by batch."""
    found: dict[tuple[str, str, str, str], Receiver] = {}
    outside: dict[str, int] = defaultdict(int)
    recovered: dict[str, int] = defaultdict(int)
    for portion in portions(batch_ids):
        statement = (
            select(Delivery, Producer.name)
            .join(Producer, col(Producer.id) == Delivery.to_producer_id, isouter=True)
            .where(col(Delivery.batch_id).in_(portion), col(Delivery.cancelled_at).is_(None))
            .order_by(col(Delivery.sent_on), col(Delivery.id))
        )
        rows = session.exec(statement).all()
        ids = [row[0].id for row in rows]
        back = recovered_of(session, col(RecallRecovery.delivery_id), ids)
        drawn = drawn_of(session, col(BatchInput.delivery_id), ids)
        for delivery, partner in rows:
            came_back = back.get(delivery.id, 0)
            grams = outside_of(delivery, drawn.get(delivery.id, 0), came_back)
            outside[delivery.batch_id] += grams
            recovered[delivery.batch_id] += came_back
            name = partner or delivery.customer or delivery.destination
            contact = "" if delivery.to_producer_id else delivery.customer_contact
            new = Receiver(delivery.producer_id, delivery.to_producer_id, name, contact, delivery.destination)
            receiver = found.setdefault(new.key, new)
            receiver.deliveries.append(delivery.id)
            receiver.batches.append(delivery.batch_id)
            receiver.outside_g += grams
            receiver.recovered_g += came_back
    order = sorted(found.values(), key=lambda one: (one.producer_id, -one.outside_g, one.name))
    return order, outside, recovered


def _stamps(session: Session, batch_ids: list[str]) -> dict[RangeState, int]:
    """How many stamps of some batches are in which state."""
    found: dict[RangeState, int] = defaultdict(int)
    length = func.sum(StampRange.last_serial - StampRange.first_serial + 1)
    for portion in portions(batch_ids):
        statement = (
            select(StampRange.state, length)
            .where(col(StampRange.batch_id).in_(portion))
            .group_by(col(StampRange.state))
        )
        for state, number in session.exec(statement).all():
            found[RangeState(state)] += int(number)
    return dict(found)


# --- locking what is reached -----------------------------------------------------------------------------------------


def lock(session: Session, batch_id: str) -> dict[str, Batch]:
    """Locks a batch and all that was made of it, and answers them by id. To be called beyond the scope.

    Whoever makes a new batch of one of them either was first (the next walk finds it) or waits for our lock and then
    sees that its input is recalled. See `batch_locks` for what turns up while it waits.
    """
    ids = batch_locks.hold(session, lambda: {batch_id, *descent.descendants(session, batch_id)})
    locked: dict[str, Batch] = {}
    for portion in portions(ids):
        statement = select(Batch).where(col(Batch.id).in_(portion)).execution_options(populate_existing=True)
        locked |= {batch.id: batch for batch in session.exec(statement).all()}
    return dict(sorted(locked.items()))
