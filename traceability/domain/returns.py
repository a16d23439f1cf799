"""The return (hàng trả về): goods of a delivery come back into stock, into their own lot or into a new one.

They are the same grams that had left: what a customer can give back is what was sent to it, less what came back before.
What another producer took into its stock is that producer's; what it did not accept on arrival can come back, and what
it gave back since (`received_stock`).
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from traceability.domain import balance, batches, ledger, records, rules, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState, Note, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import Lot
from traceability.domain.moments import Moment
from traceability.domain.quantities import Kilograms, kg_text
from traceability.domain.records import Record, RecordId
from traceability.domain.successors import Draw, Output
from traceability.domain.text import Line


class ReturnReason(StrEnum):
    """Why goods came back."""

    UNSOLD = "unsold"
    REFUSED = "refused"
    DAMAGED = "damaged"
    COMPLAINT = "complaint"
    RECALLED = "recalled"
    OTHER = "other"


class ReturnInput(BaseModel):
    """What a person may say of a return. With `new_lot` the goods are kept apart from those that never left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    kilograms: Kilograms
    happened_at: Moment
    reason: ReturnReason
    new_lot: bool = False
    lot: Lot | None = None
    place: Line | None = None
    note: Note = ""


def take_back(session: Session, actor: Actor, value: ReturnInput) -> Batch:
    """Takes goods back into stock. Answers the batch in which they lie now.

    Goods of a batch that is held or recalled may always come back, into that batch; one that was closed is open again,
    at once or when its hold or recall ends.

    Raises `RuleBroken`: `access.not_permitted`, `returns.delivery_unknown`, `deliveries.cancelled`,
    `returns.not_received_yet`, `returns.with_receiver`, `returns.more_than_sent`, `events.in_future`,
    `returns.before_sent`; for a new lot also `batches.held`, `.recalled`, `successors.past_best_before`,
    `products.suspended`, `batches.producer_suspended`, `batches.lot_taken`, `stamps.exceed_rest`.
    """
    actor.must(Permission.REGISTER_BATCHES if value.new_lot else Permission.RECORD_EVENTS)
    batch_id = _delivery(session, actor, value.delivery_id).batch_id
    product = (
        batches.product_for(session, successors.product_of(session, batch_id)) if value.new_lot else None
    )
    batch = batches.choose(session, batch_id)
    delivery = records.lock(session, Delivery, value.delivery_id)
    day = successors.must_have_happened(value.happened_at)
    if day < delivery.sent_on:
        raise RuleBroken("returns.before_sent", "happened_at", sent=delivery.sent_on)
    grams = int(value.kilograms)
    _must_have_been_sent(delivery, grams, actor)
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        delivery_id=delivery.id,
        type=EventType.RETURN,
        happened_at=value.happened_at,
        place=value.place or "",
        output_g=grams,
        details={"cause": value.reason.value},
        note=value.note,
        **signature(actor),
    )
    delivery.returned_g += grams
    batch.shipped_g -= grams
    batch.on_hand_g += grams
    batch.page_version += 1
    in_use = BatchState.RELEASED if batch.released_at else BatchState.OPEN
    if batch.state is BatchState.CLOSED:
        batch.state = in_use
    elif batch.state_before is BatchState.CLOSED:  # with goods in it, it does not come back closed
        batch.state_before = in_use
    written: list[Record] = [event, delivery, batch]
    if product is None:
        session.add(event)
        session.flush()
        rules.judge(session, event, "return")
        ledger.record(session, "batch.returned", *written)
        return batch
    batch.must_move("new_lot")
    successors.must_be_fresh([batch], day, "new_lot")
    output = Output(
        product,
        grams,
        Origin.RETURN,
        lot=value.lot,
        of=batch.lot,
        packed_on=batch.packed_on if batch.packed_on and batch.packed_on <= day else None,
        out_of=[batch],
    )
    made = successors.make(session, actor, event, [Draw(grams, batch)], [output])
    successors.must_cover_stamps(session, actor, [batch])
    if not balance.account(session, batch).holds():
        raise RuleBroken("events.correction_impossible", "happened_at", lot=batch.lot)
    rules.judge(session, made.batches[0], "return")
    ledger.record(session, "batch.returned", *written, *made.rows)
    return made.batches[0]


def left_to_return(delivery: Delivery) -> int:
    """The most grams of a delivery that can still come back."""
    if delivery.cancelled_at is not None or (delivery.to_producer_id and delivery.received_at is None):
        return 0
    accepted = (delivery.received_g or 0) - delivery.given_back_g if delivery.to_producer_id else 0
    return delivery.sent_g - accepted - delivery.returned_g


def _delivery(session: Session, actor: Actor, delivery_id: str) -> Delivery:
    """A delivery that the actor's producer sent."""
    try:
        delivery = records.find(session, Delivery, delivery_id)
    except NotFound:
        raise RuleBroken("returns.delivery_unknown", "delivery_id") from None
    if actor.producer_id and delivery.producer_id != actor.producer_id:
        raise RuleBroken("returns.delivery_unknown", "delivery_id")
    return delivery


def _must_have_been_sent(delivery: Delivery, grams: int, actor: Actor) -> None:
    if delivery.cancelled_at is not None:
        raise RuleBroken("deliveries.cancelled")
    if delivery.to_producer_id and delivery.received_at is None:
        raise RuleBroken("returns.not_received_yet")
    left = left_to_return(delivery)
    if grams > left:
        facts = {"left": kg_text(left, actor.language), "sent": kg_text(delivery.sent_g, actor.language)}
        code = "returns.with_receiver" if delivery.to_producer_id else "returns.more_than_sent"
        raise RuleBroken(code, "kilograms", **facts)
