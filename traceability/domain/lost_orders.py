"""Stamp orders that a restore lost: put on record again from the signed manifest that the producer or print shop kept.

An order that was made after the backup is in no database any more, but its stamps are in the world: until it is on
record again a scan says of them "not on record". What is known of it is what its manifest says and its codes prove;
what became of its stamps (active, void) is not, so they come back as printed and not yet active.

It is done in two transactions, like every order: here it takes its place, `stamp_orders.prepare` commits the root.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, SQLModel, col, select

from traceability.domain import ledger, records, stamp_quota
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.products import Product
from traceability.domain.quantities import count_text
from traceability.domain.records import RecordId
from traceability.domain.stamps import (
    RangeState,
    SerialCounter,
    StampEpoch,
    StampForm,
    StampOrder,
    StampRange,
)

_Text = Annotated[str, Field(max_length=200)]


class LostOrder(BaseModel):
    """What a manifest says of an order, and where its codes lie in the mint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, Field(max_length=20)]
    batch_id: RecordId
    quantity: Annotated[int, Field(ge=1, le=stamp_quota.MOST_STAMPS)]
    epoch_number: int
    first_serial: Annotated[int, Field(ge=0)]
    form: StampForm
    layout: Annotated[str, Field(max_length=40)]
    start_position: Annotated[int, Field(ge=1)]
    url_prefix: _Text
    qr_mask: Annotated[int | None, Field(ge=0, le=7)]
    print_data: Annotated[str, Field(max_length=4000)]
    logo: bytes | None = None
    pins: bool


def on_record(session: Session, number: str) -> StampOrder | None:
    """The order of this number, if it is on record."""
    return session.exec(select(StampOrder).where(StampOrder.number == number)).first()


def bring_back(session: Session, actor: Actor, lost: LostOrder) -> StampOrder:
    """Puts a lost order on record, its stamps as downloaded; it still has to be prepared.

    Raises `RuleBroken`: `access.not_permitted`, `lost_orders.on_record`, `.batch_lost` (the lot is not on record),
    `.epoch_lost`, `.overlap` (other stamps have these serials), `.exceed_batch` (the goods on record do not make so
    many more).
    """
    actor.must(Permission.ISSUE_STAMPS)
    batch = session.exec(select(Batch).where(Batch.id == lost.batch_id).with_for_update()).first()
    if batch is None:
        raise RuleBroken("lost_orders.batch_lost", None, number=lost.number)
    if on_record(session, lost.number) is not None:
        raise RuleBroken("lost_orders.on_record", None, number=lost.number)
    last = lost.first_serial + lost.quantity - 1
    _take(session, lost, last)
    quota = stamp_quota.quota_of(session, batch, records.find(session, Product, batch.product_id))
    if lost.quantity > quota.left:
        counts = {"quantity": lost.quantity, "left": quota.left}
        facts = {name: count_text(count, actor.language) for name, count in counts.items()}
        raise RuleBroken("lost_orders.exceed_batch", None, number=lost.number, lot=batch.lot, **facts)
    epoch = session.exec(select(StampEpoch).where(StampEpoch.number == lost.epoch_number)).one()
    order = StampOrder(
        **lost.model_dump(), producer_id=batch.producer_id, demo=epoch.demo, brought_back_at=now()
    )
    session.add(order)
    session.flush()
    whole = StampRange(
        producer_id=batch.producer_id,
        order_id=order.id,
        batch_id=batch.id,
        epoch_number=lost.epoch_number,
        first_serial=lost.first_serial,
        last_serial=last,
        state=RangeState.DOWNLOADED,
    )
    session.add(whole)
    session.flush()
    ledger.record(session, "stamps.brought_back", order, whole)
    return order


def _take(session: Session, lost: LostOrder, last: int) -> None:
    """Holds the epoch's counter, moves it beyond the order, and demands that nobody else has its serials."""
    table: Any = SQLModel.metadata.tables[str(SerialCounter.__tablename__)]
    held = select(SerialCounter.next_serial).where(SerialCounter.epoch_id == lost.epoch_number)
    following = session.exec(held.with_for_update()).first()
    if following is None:
        raise RuleBroken("lost_orders.epoch_lost", None, number=lost.number)
    taken = select(StampRange.id).where(
        StampRange.epoch_number == lost.epoch_number,
        col(StampRange.first_serial) <= last,
        col(StampRange.last_serial) >= lost.first_serial,
    )
    if session.exec(taken.limit(1)).first() is not None:
        raise RuleBroken("lost_orders.overlap", None, number=lost.number)
    if following <= last:
        moved = table.update().where(table.c.epoch_id == lost.epoch_number).values(next_serial=last + 1)
        session.connection().execute(moved)
