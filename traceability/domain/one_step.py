"""One step back, one step forward (Circular 17/2021, Article 6): what came in, what was done with it, what went out.

Three tables, of a producer over some days or of one lot. What came in are deliveries of other producers, materials that
have no batch, and one's own harvests; what went out are deliveries. The supplier and the receiver of a delivery are
named with their address, as the circular demands of both sides of a trade.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import records
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Product


@dataclass(frozen=True)
class Incoming:
    """A lot that came in: from whom, when and where, what it was. `into`: the lot it went into, if asked by lot."""

    on: date
    supplier: str
    supplier_address: str
    supplier_code: str
    place: str
    goods: str
    lot: str
    grams: int
    document_no: str = ""
    into: str = ""


@dataclass(frozen=True)
class Stage:
    """A lot in one stage. `grams` is what it weighed afterwards, where it was weighed."""

    at: datetime
    type: EventType
    step: str
    goods: str
    lot: str
    grams: int | None
    place: str


@dataclass(frozen=True)
class Outgoing:
    """A lot that went out: to whom, when and where to."""

    on: date
    receiver: str
    receiver_address: str
    receiver_code: str
    place: str
    goods: str
    lot: str
    grams: int
    document_no: str = ""


@dataclass(frozen=True)
class OneStep:
    """The three tables, each in the order of days."""

    incoming: list[Incoming]
    stages: list[Stage]
    outgoing: list[Outgoing]


def of_producer(session: Session, producer_id: str, first: date, last: date) -> OneStep:
    """The tables of a producer from one day to another, both included. Raises `NotFound`."""
    producer = records.find(session, Producer, producer_id)
    received = _received(session, Delivery.to_producer_id == producer_id)
    harvests = _harvests(session, producer, Batch.producer_id == producer_id)
    materials = _materials(session, producer, BatchInput.producer_id == producer_id)
    events = _stages(session, producer, Event.producer_id == producer_id)
    sent = _sent(session, Delivery.producer_id == producer_id)
    return OneStep(
        incoming=_within([*received, *harvests, *materials], first, last),
        stages=sorted(
            (row for row in events if first <= local_day(row.at) <= last), key=lambda row: (row.at, row.lot)
        ),
        outgoing=_within(sent, first, last),
    )


def of_batch(session: Session, batch_id: str) -> OneStep:
    """The tables of one lot: all that went into it, also from own lots, and all that left. Raises `NotFound`."""
    batch = records.find(session, Batch, batch_id)
    producer = records.find(session, Producer, batch.producer_id)
    drawn = session.exec(select(BatchInput).where(BatchInput.batch_id == batch.id)).all()
    by_delivery: dict[str, int] = {}
    own: dict[str, int] = {}
    for row in drawn:
        if row.delivery_id:
            by_delivery[row.delivery_id] = by_delivery.get(row.delivery_id, 0) + row.grams
        elif row.source_batch_id:
            own[row.source_batch_id] = own.get(row.source_batch_id, 0) + row.grams
    received = [
        replace(row, grams=by_delivery[delivery_id])
        for delivery_id, row in _received_by_id(session, col(Delivery.id).in_(by_delivery)).items()
    ]
    incoming = [
        *received,
        *_own_lots(session, producer, batch, own),
        *_materials(session, producer, BatchInput.batch_id == batch.id),
        *_harvests(session, producer, Batch.id == batch.id),
    ]
    return OneStep(
        incoming=sorted((replace(row, into=batch.lot) for row in incoming), key=lambda row: row.on),
        stages=sorted(_stages(session, producer, Event.batch_id == batch.id), key=lambda row: row.at),
        outgoing=sorted(_sent(session, Delivery.batch_id == batch.id), key=lambda row: row.on),
    )


def _within(rows: Iterable[Any], first: date, last: date) -> list[Any]:
    return sorted((row for row in rows if first <= row.on <= last), key=lambda row: (row.on, row.lot))


def _received(session: Session, where: Any) -> list[Incoming]:
    return list(_received_by_id(session, where).values())


def _received_by_id(session: Session, where: Any) -> dict[str, Incoming]:
    """Deliveries that were received, by id: the grams are those that the receiver weighed."""
    statement = (
        select(Delivery, Batch, Product, Producer)
        .join(Batch, col(Batch.id) == col(Delivery.batch_id))
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Delivery.producer_id))
        .where(where, col(Delivery.received_at).is_not(None), col(Delivery.cancelled_at).is_(None))
    )
    receivers = select(Producer)
    with beyond_scope(session):  # the two sides of a trade know each other by name and address
        found = session.exec(statement).all()
        wanted = {delivery.to_producer_id for delivery, *_rest in found}
        places = {
            row.id: row.place_text()
            for row in session.exec(receivers.where(col(Producer.id).in_(wanted))).all()
        }
    return {
        delivery.id: Incoming(
            on=local_day(delivery.received_at),  # type: ignore[arg-type]
            supplier=supplier.name,
            supplier_address=supplier.place_text(),
            supplier_code=supplier.code,
            place=places.get(delivery.to_producer_id or "", ""),
            goods=product.name,
            lot=batch.lot,
            grams=delivery.received_g or 0,
            document_no=delivery.document_no,
        )
        for delivery, batch, product, supplier in found
    }


def _harvests(session: Session, producer: Producer, where: Any) -> list[Incoming]:
    """Harvests come from an area of one's own."""
    statement = (
        select(Batch, Product, GrowingArea)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(GrowingArea, col(GrowingArea.id) == col(Batch.area_id))
        .where(where, Batch.origin == Origin.HARVEST)
    )
    events = _first_weights(session, where)
    return [
        Incoming(
            on=batch.harvested_on or batch.started_on,
            supplier=area.name,
            supplier_address=", ".join(filter(None, (area.commune_name, area.province_name))),
            supplier_code=batch.area_code,
            place=producer.place_text(),
            goods=product.name,
            lot=batch.lot,
            grams=events.get(batch.id, batch.made_g),
        )
        for batch, product, area in session.exec(statement).all()
    ]


def _first_weights(session: Session, where: Any) -> dict[str, int]:
    """What each harvest weighed, without what was added to it later."""
    statement = (
        select(Event)
        .join(Batch, col(Batch.id) == col(Event.batch_id))
        .where(where, Event.type == EventType.HARVEST)
    )
    return {
        event.batch_id: event.output_g
        for event in standing(session.exec(statement).all())
        if event.batch_id and event.output_g is not None
    }


def _materials(session: Session, producer: Producer, where: Any) -> list[Incoming]:
    """Materials without a batch: what is known of their supplier are the words that were typed."""
    statement = (
        select(BatchInput, Event)
        .join(Event, col(Event.id) == col(BatchInput.event_id))
        .where(where, col(BatchInput.source_batch_id).is_(None), BatchInput.grams > 0)
    )
    return [
        Incoming(
            on=local_day(event.happened_at),
            supplier=row.supplier,
            supplier_address="",
            supplier_code="",
            place=producer.place_text(),
            goods=row.material,
            lot="",
            grams=row.grams,
        )
        for row, event in session.exec(statement).all()
    ]


def _own_lots(session: Session, producer: Producer, batch: Batch, own: dict[str, int]) -> list[Incoming]:
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(col(Batch.id).in_(own))
    )
    return [
        Incoming(
            on=batch.started_on,
            supplier=producer.name,
            supplier_address=producer.place_text(),
            supplier_code=producer.code,
            place=producer.place_text(),
            goods=product.name,
            lot=source.lot,
            grams=own[source.id],
        )
        for source, product in session.exec(statement).all()
    ]


def _stages(session: Session, producer: Producer, where: Any) -> list[Stage]:
    """All events of batches that hold, but for comings and goings."""
    statement = (
        select(Event, Batch, Product)
        .join(Batch, col(Batch.id) == col(Event.batch_id))
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(where)
    )
    found = session.exec(statement).all()
    holding = {event.id for event in standing(event for event, _batch, _product in found)}
    return [
        Stage(
            at=event.happened_at,
            type=event.type,
            step=event.step,
            goods=product.name,
            lot=batch.lot,
            grams=event.output_g,
            place=event.place or producer.place_text(),
        )
        for event, batch, product in found
        if event.id in holding and event.type not in (EventType.SHIP, EventType.RECEIVE)
    ]


def _sent(session: Session, where: Any) -> list[Outgoing]:
    statement = (
        select(Delivery, Batch, Product)
        .join(Batch, col(Batch.id) == col(Delivery.batch_id))
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(where, col(Delivery.cancelled_at).is_(None))
    )
    found = session.exec(statement).all()
    wanted = {delivery.to_producer_id for delivery, *_rest in found if delivery.to_producer_id}
    with beyond_scope(session):
        receivers = {
            row.id: row for row in session.exec(select(Producer).where(col(Producer.id).in_(wanted))).all()
        }
    told = []
    for delivery, batch, product in found:
        receiver = receivers.get(delivery.to_producer_id or "")
        told.append(
            Outgoing(
                on=delivery.sent_on,
                receiver=receiver.name if receiver else delivery.customer,
                receiver_address=receiver.place_text() if receiver else delivery.destination,
                receiver_code=receiver.code if receiver else "",
                place=delivery.destination or (receiver.place_text() if receiver else ""),
                goods=product.name,
                lot=batch.lot,
                grams=delivery.sent_g,
                document_no=delivery.document_no,
            )
        )
    return told
