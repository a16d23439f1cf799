"""The delivery (giao hàng): grams of a batch leave for a customer, or for another producer who receives them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import balance, batches, ledger, notices, partners, records, rules, stamp_quota
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import Market
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import local_day, now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.key_data import KeyData
from traceability.domain.moments import Moment, start_of
from traceability.domain.ownership import beyond_scope, owned
from traceability.domain.partners import Partner
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import Day, Kilograms, kg_text
from traceability.domain.records import Instant, Record, RecordId
from traceability.domain.text import Line, ShortLine


class Delivery(Record, table=True):
    """Grams of a batch on their way to a customer, or to another producer of the platform who receives them.

    What another producer received is that producer's stock until its transforms have used it (`remaining_g`).
    """

    __table_args__ = (
        sa.CheckConstraint("sent_g > 0", name="sent"),
        sa.CheckConstraint("remaining_g >= 0 AND remaining_g <= sent_g", name="remaining"),
        sa.CheckConstraint("returned_g >= 0 AND returned_g <= sent_g", name="returned"),
        sa.CheckConstraint("given_back_g >= 0 AND given_back_g + remaining_g <= sent_g", name="given_back"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "sent_on", "market"})
    LATER: ClassVar[dict[str, Any]] = {"returned_g": 0, "given_back_g": 0, "unit_id": None}

    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    customer: str = Field(default="", max_length=200)
    customer_contact: str = Field(default="", max_length=200)
    market: str = Field(default="VN", max_length=2)
    destination: str = Field(default="", max_length=200)
    transport: str = Field(default="", max_length=120)
    document_no: str = Field(default="", max_length=80)
    sent_on: date
    sent_g: int = Field(sa_type=sa.BigInteger)
    received_at: datetime | None = Field(default=None, sa_type=Instant)
    received_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    variance_reason: str = Field(default="", max_length=400)
    #: grams the receiver may still use; 0 until received
    remaining_g: int = Field(default=0, sa_type=sa.BigInteger)
    #: grams that came back to the sender
    returned_g: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    #: grams that the receiver sent back out of its stock
    given_back_g: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    #: the carton or pallet in which the goods left
    unit_id: str | None = Field(default=None, foreign_key="logistic_unit.id", index=True, max_length=16)
    #: set when its sender declared that it never left
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)


owned(Delivery, "producer_id", "to_producer_id")


class Sending(BaseModel):
    """What a person may say of goods that leave: to a customer in words, or to a producer by id, code or name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sent_on: Day
    customer: Line | None = None
    customer_contact: Line | None = None
    to_producer: Line | None = None
    to_producer_id: RecordId | None = None
    market: Market = "VN"
    destination: Line | None = None
    transport: Annotated[Line | None, Field(max_length=120)] = None
    document_no: ShortLine | None = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""


class ShipInput(Sending):
    """Loose goods of one batch that leave."""

    batch_id: RecordId
    kilograms: Kilograms


class ReceiveInput(BaseModel):
    """What the receiver of a delivery may say of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    kilograms: Kilograms
    received_at: Moment
    variance_reason: Annotated[Line | None, Field(max_length=400)] = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""


@dataclass(frozen=True)
class Incoming:
    """A delivery as its receiver sees it: what it is and from whom."""

    delivery: Delivery
    sender: Partner
    lot: str
    product_name: str
    may_be_used: bool


def ship(session: Session, actor: Actor, value: ShipInput) -> Delivery:
    """Goods of a batch leave. For a producer of the platform they wait to be received, and it is told.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.held`, `.recalled`, `.closed`,
    `producers.suspended`, `batches.not_enough`, `batches.in_units`, `stamps.excess`, `deliveries.sent_before_harvest`,
    `deliveries.sent_in_future`, `deliveries.no_receiver`, `deliveries.two_receivers`, `partners.unknown`,
    `partners.ambiguous`, `partners.itself`.
    """
    actor.must(Permission.RECORD_EVENTS)
    batch = batches.choose(session, value.batch_id)
    must_be_sendable(session, actor, batch, value.sent_on)
    receiver = receiver_of(session, batch.producer_id, value)
    grams = int(value.kilograms)
    batch.must_hold(grams, balance.account(session, batch).left_on(value.sent_on), actor)
    delivery, event = send(session, actor, batch, value, grams, receiver)
    rules.judge(session, delivery, "ship")
    ledger.record(session, "batch.shipped", delivery, batch, event)
    if receiver:
        tell(session, batch, delivery)
    return delivery


def must_be_sendable(session: Session, actor: Actor, batch: Batch, day: date) -> None:
    """Demands that goods of a locked batch may leave on a day. Raises `RuleBroken` as `ship`."""
    batch.must_move()
    records.find(session, Producer, batch.producer_id).must_not_be_suspended()
    if day > today():
        raise RuleBroken("deliveries.sent_in_future", "sent_on", today=today())
    if day < batch.started_on:
        raise RuleBroken("deliveries.sent_before_harvest", "sent_on", began=batch.started_on, lot=batch.lot)
    stamp_quota.must_be_settled(session, batch, actor)


def send(
    session: Session,
    actor: Actor,
    batch: Batch,
    value: Sending,
    grams: int,
    receiver: Partner | None,
    unit_id: str | None = None,
) -> tuple[Delivery, Event]:
    """Writes down that grams of a locked and judged batch leave."""
    delivery = Delivery(
        producer_id=batch.producer_id,
        to_producer_id=receiver.id if receiver else None,
        batch_id=batch.id,
        customer=value.customer or "",
        customer_contact=value.customer_contact or "",
        market=value.market,
        destination=value.destination or "",
        transport=value.transport or "",
        document_no=value.document_no or "",
        sent_on=value.sent_on,
        sent_g=grams,
        unit_id=unit_id,
    )
    session.add(delivery)
    session.flush()
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        delivery_id=delivery.id,
        type=EventType.SHIP,
        happened_at=now() if value.sent_on == today() else start_of(value.sent_on),
        output_g=grams,
        details=value.details,
        note=value.note,
        **signature(actor),
    )
    session.add(event)
    batch.on_hand_g -= grams
    batch.shipped_g += grams
    batch.page_version += 1
    session.flush()
    return delivery, event


def tell(session: Session, batch: Batch, delivery: Delivery) -> None:
    """Tells the producer to whom a delivery goes."""
    sender = records.find(session, Producer, batch.producer_id)
    product = records.find(session, Product, batch.product_id)
    notices.post(
        session,
        "delivery_sent",
        producer_id=delivery.to_producer_id,
        subject=delivery,
        sender=sender.name,
        lot=batch.lot,
        product=product.name,
        sent_g=delivery.sent_g,
    )


def receive(session: Session, actor: Actor, value: ReceiveInput) -> Delivery:
    """The receiver weighs a delivery and takes it into stock; a difference needs its reason.

    Raises `RuleBroken`: `access.not_permitted`, `deliveries.received_already`, `deliveries.cancelled`,
    `deliveries.more_than_sent`, `deliveries.variance_unexplained`, `deliveries.received_in_future`,
    `deliveries.received_before_sent`. Raises `NotFound` for what is not on its way to the actor.
    """
    actor.must(Permission.RECORD_EVENTS)
    delivery = records.lock(session, Delivery, value.delivery_id)
    receiver_id = delivery.to_producer_id
    if receiver_id is None or (actor.producer_id and receiver_id != actor.producer_id):
        raise NotFound("Delivery", value.delivery_id)
    if delivery.cancelled_at is not None:
        raise RuleBroken("deliveries.cancelled")
    if delivery.received_at is not None:
        raise RuleBroken("deliveries.received_already")
    if value.received_at > now():
        raise RuleBroken("deliveries.received_in_future", "received_at")
    if local_day(value.received_at) < delivery.sent_on:
        raise RuleBroken("deliveries.received_before_sent", "received_at", sent=delivery.sent_on)
    grams = int(value.kilograms)
    if grams > delivery.sent_g:
        sent = kg_text(delivery.sent_g, actor.language)
        raise RuleBroken("deliveries.more_than_sent", "kilograms", sent=sent)
    if grams != delivery.sent_g and not value.variance_reason:
        missing = kg_text(delivery.sent_g - grams, actor.language)
        raise RuleBroken("deliveries.variance_unexplained", "variance_reason", missing=missing)
    delivery.received_at = value.received_at
    delivery.received_g = delivery.remaining_g = grams
    delivery.variance_reason = (value.variance_reason or "") if grams != delivery.sent_g else ""
    event = Event(
        producer_id=receiver_id,
        delivery_id=delivery.id,
        type=EventType.RECEIVE,
        happened_at=value.received_at,
        input_g=delivery.sent_g,
        output_g=grams,
        loss_g=delivery.sent_g - grams,
        details=value.details,
        note=value.note,
        **signature(actor),
    )
    session.add(event)
    session.flush()
    ledger.record(session, "delivery.received", delivery, event, tenant=receiver_id)
    with beyond_scope(session):
        receiver = records.find(session, Producer, receiver_id)
        lot = records.find(session, Batch, delivery.batch_id).lot
    code = "delivery_received" if grams == delivery.sent_g else "delivery_differs"
    notices.post(
        session,
        code,
        producer_id=delivery.producer_id,
        subject=delivery,
        receiver=receiver.name,
        lot=lot,
        sent_g=delivery.sent_g,
        received_g=grams,
    )
    return delivery


# --- Who ------------------------------------------------------------------------------------------------


def receiver_of(session: Session, sender_id: str, value: Sending) -> Partner | None:
    """The producer that a form names by id, by code or by (part of) its name; None for an ordinary customer."""
    named = value.to_producer_id or value.to_producer
    if named and value.customer:
        raise RuleBroken("deliveries.two_receivers", "customer")
    if not named:
        if not value.customer and not value.destination:
            raise RuleBroken("deliveries.no_receiver", "customer")
        return None
    return partners.named(session, value.to_producer or "", sender_id, "to_producer", value.to_producer_id)


# --- Questions -------------------------------------------------------------------------------------------


def of_batch(session: Session, batch_id: str) -> list[Delivery]:
    """The deliveries of a batch, the newest first."""
    statement = select(Delivery).where(Delivery.batch_id == batch_id)
    return list(
        session.exec(statement.order_by(col(Delivery.sent_on).desc(), col(Delivery.created_at).desc()))
    )


def outgoing(session: Session, producer_id: str, limit: int = 100) -> list[tuple[Delivery, Batch, Product]]:
    """What a producer has sent, the newest first."""
    statement = (
        select(Delivery, Batch, Product)
        .join(Batch, col(Batch.id) == Delivery.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(Delivery.producer_id == producer_id)
        .order_by(col(Delivery.sent_on).desc(), col(Delivery.created_at).desc())
        .limit(limit)
    )
    return [(delivery, batch, product) for delivery, batch, product in session.exec(statement).all()]


def incoming(session: Session, producer_id: str, *, in_stock: bool = False) -> list[Incoming]:
    """What is on its way to a producer or was received by it, the newest first; or only what it may still use."""
    statement = (
        select(Delivery, Batch, Product, Producer)
        .join(Batch, col(Batch.id) == Delivery.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == Delivery.producer_id)
        .where(Delivery.to_producer_id == producer_id, col(Delivery.cancelled_at).is_(None))
        .order_by(col(Delivery.sent_on).desc(), col(Delivery.created_at).desc())
        .limit(200)
    )
    if in_stock:
        statement = statement.where(Delivery.remaining_g > 0)
    with beyond_scope(session):
        found = session.exec(statement).all()
    return [
        Incoming(
            delivery, Partner(sender.id, sender.code, sender.name), batch.lot, product.name, batch.may_move
        )
        for delivery, batch, product, sender in found
    ]
