"""The sortable spreadsheet of the US rule on traceability records (FSMA 204; 21 CFR 1 subpart S), from any lot.

One row for each critical tracking event behind and around a lot: harvests, initial packing, receiving, transformation,
shipping, with the key data elements of §1.1325-1.1350. A lot code is assigned only at initial packing, at the first
receipt and by a transformation (§1.1320): a harvest names its lot as the reference of a record. What other producers
did is theirs to report: of them a row names who assigned a lot code, and where.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from traceability.domain import traces
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType, beginning, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Crop, Product
from traceability.domain.records import portions
from traceability.domain.traces import Direction, Trace, TracedInput


@dataclass(frozen=True)
class TrackingRow:
    """One event; the names of the fields are the header of the sheet. `quantity` is in `uom`, always kilograms."""

    cte: str
    event_date: date
    traceability_lot_code: str = ""
    tlc_source_name: str = ""
    tlc_source_address: str = ""
    tlc_source_ref: str = ""
    product_description: str = ""
    commodity: str = ""
    variety: str = ""
    quantity: float | None = None
    uom: str = "kg"
    from_location: str = ""
    to_location: str = ""
    farm_name: str = ""
    field_name: str = ""
    harvester: str = ""
    harvester_phone: str = ""
    harvest_date: date | None = None
    cooling_location: str = ""
    cooling_date: date | None = None
    pack_date: date | None = None
    input_tlcs: str = ""
    ref_doc_type: str = ""
    ref_doc_no: str = ""


COLUMNS = tuple(field.name for field in fields(TrackingRow))
#: The address at which anybody finds who assigned a lot code: product code and lot -> address.
Reference = Callable[[str, str], str]


@dataclass(frozen=True)
class TracedLot:
    """A lot with what names it, and its events where it is within the scope."""

    batch: Batch
    product: Product
    producer: Producer
    crop: Crop | None
    area: GrowingArea | None
    events: list[Event]
    within: bool

    @property
    def place(self) -> str:
        """Its producer's location; a telephone is told of one's own only."""
        return location(self.producer, with_phone=self.within)

    def of_type(self, kind: EventType) -> list[Event]:
        return [event for event in standing(self.events) if event.type is kind]


def rows(session: Session, batch_id: str, reference: Reference) -> list[TrackingRow]:
    """The rows of a lot of the scope, in the order of days. Raises `NotFound`."""
    found = traces.trace(session, batch_id, Direction.UP)
    lots = lots_of(session, found)
    deliveries = [*deliveries_of(session, batch_id), *deliveries_into(session, found)]
    receivers = receivers_of(session, deliveries)
    by_batch = found.by_batch()
    told: list[TrackingRow] = []
    for lot in lots.values():
        if lot.within:
            told += _of_lot(lot, found, by_batch.get(lot.batch.id, []), reference)
    for delivery in deliveries:
        told += _of_delivery(delivery, lots, receivers, delivery.batch_id == batch_id, reference)
    return sorted(told, key=lambda row: (row.event_date, _ORDER[row.cte], row.traceability_lot_code))


class Gap(StrEnum):
    """What a buyer under FSMA 204 will ask for and the sheet cannot say: each is filled in at its own place."""

    PHONE = "phone"
    PICKER = "picker"
    DOCUMENT = "document"
    DESTINATION = "destination"
    PUBLIC_PAGE = "public_page"
    PACKING = "packing"


def gaps(told: list[TrackingRow]) -> dict[Gap, int]:
    """In how many rows of a sheet what is missing (21 CFR 1.1325 to 1.1350), the gravest first."""
    found: dict[Gap, int] = {}
    for gap, is_missing in _MISSING.items():
        count = sum(is_missing(row) for row in told)
        if count:
            found[gap] = count
    if told and not any(row.pack_date for row in told):
        found[Gap.PACKING] = 1
    return found


_MISSING: dict[Gap, Callable[[TrackingRow], bool]] = {
    # a location is a name and where it is: a customer whose place nobody wrote down is a name alone
    Gap.DESTINATION: lambda row: row.cte == "shipping" and "," not in row.to_location,
    Gap.DOCUMENT: lambda row: row.cte in ("shipping", "receiving") and not row.ref_doc_no,
    Gap.PHONE: lambda row: row.cte == "harvesting" and not row.harvester_phone,
    Gap.PICKER: lambda row: row.cte == "harvesting" and row.harvester == row.farm_name,
    Gap.PUBLIC_PAGE: lambda row: row.cte in ("initial_packing", "transformation") and not row.tlc_source_ref,
}


_ORDER = {
    name: place
    for place, name in enumerate(("harvesting", "initial_packing", "transformation", "shipping", "receiving"))
}


def _of_lot(
    lot: TracedLot, found: Trace, inputs: list[TracedInput], reference: Reference
) -> Iterable[TrackingRow]:
    """What was done with a lot at its own producer."""
    place = lot.place
    first = beginning(lot.events) if lot.events else None
    named = _named(lot, reference)
    if lot.batch.origin is Origin.HARVEST:
        field = {
            "farm_name": lot.producer.name_en or lot.producer.name,
            "field_name": " ".join(filter(None, (lot.area.name if lot.area else "", lot.batch.area_code))),
            "harvester": lot.batch.picker or lot.producer.name,
            "harvester_phone": lot.producer.phone or "",
            "harvest_date": lot.batch.harvested_on,
        }
        cooled = _cooling(lot)
        weight = first.output_g if first and first.output_g is not None else lot.batch.made_g
        yield _row(
            lot, "harvesting", lot.batch.harvested_on or lot.batch.started_on, weight,
            from_location=", ".join(filter(None, (lot.area.commune_name, lot.area.province_name)))
            if lot.area else "",
            to_location=place, ref_doc_type="harvest record", ref_doc_no=lot.batch.lot, **field,
        )  # fmt: skip
        for event in lot.of_type(EventType.PACK)[:1]:
            yield _row(
                lot, "initial_packing", local_day(event.happened_at), event.output_g or lot.batch.made_g,
                from_location=place, pack_date=lot.batch.packed_on or local_day(event.happened_at),
                ref_doc_type="packing record", ref_doc_no=lot.batch.lot, **named, **field, **cooled,
            )  # fmt: skip
    else:
        codes = []
        for one in inputs:
            source = found.batches.get(one.source_id or "")
            weight_text = f" ({one.grams / 1000:g} kg)" if one.grams is not None else ""
            codes.append((source.lot if source else one.material) + weight_text)
        yield _row(
            lot, "transformation", local_day(first.happened_at) if first else lot.batch.started_on, lot.batch.made_g,
            from_location=place, to_location=place, input_tlcs="; ".join(codes), pack_date=lot.batch.packed_on,
            ref_doc_type="production record", ref_doc_no=lot.batch.lot, **named,
        )  # fmt: skip


def _of_delivery(
    delivery: Delivery,
    lots: dict[str, TracedLot],
    receivers: dict[str, Producer],
    is_asked: bool,
    reference: Reference,
) -> Iterable[TrackingRow]:
    """A shipment, where its sender is within the scope; its receipt, where its receiver is."""
    lot = lots[delivery.batch_id]
    receiver = receivers.get(delivery.to_producer_id or "")
    if receiver is None:
        # a person who has no more to say names the country twice
        to = ", ".join(dict.fromkeys(filter(None, (delivery.customer, delivery.destination))))
    else:
        to = location(
            receiver, with_phone=any(one.within and one.producer is receiver for one in lots.values())
        )
    common = {
        "from_location": lot.place, "to_location": to, "ref_doc_type": "delivery note",
        "ref_doc_no": delivery.document_no, **_named(lot, reference),
    }  # fmt: skip
    if is_asked:
        yield _row(lot, "shipping", delivery.sent_on, delivery.sent_g, **common)
    elif delivery.received_at is not None:
        yield _row(lot, "receiving", local_day(delivery.received_at), delivery.received_g or 0, **common)


def _row(lot: TracedLot, cte: str, on: date, grams: int, **values: object) -> TrackingRow:
    crop = lot.crop
    return TrackingRow(
        cte=cte,
        event_date=on,
        product_description=lot.product.name_en or lot.product.name,
        commodity=(crop.name_en or crop.name) if crop else "",
        variety=lot.product.variety,
        quantity=grams / 1000,
        **values,  # type: ignore[arg-type]
    )


def _named(lot: TracedLot, reference: Reference) -> dict[str, object]:
    """The lot code, who assigned it and where anybody finds that."""
    return {
        "traceability_lot_code": lot.batch.lot,
        "tlc_source_name": lot.producer.name_en or lot.producer.name,
        "tlc_source_address": lot.producer.place_text(),
        "tlc_source_ref": reference(lot.product.code, lot.batch.lot) if lot.batch.released_at else "",
    }


def _cooling(lot: TracedLot) -> dict[str, object]:
    """Where and when a harvest was cooled: its first storing with a temperature."""
    for event in lot.of_type(EventType.STORE):
        if event.details.get("temperature"):
            return {
                "cooling_location": event.place or lot.place,
                "cooling_date": local_day(event.happened_at),
            }
    return {}


def location(producer: Producer, *, with_phone: bool) -> str:
    """A location description: business name, telephone, address (§1.1310)."""
    phone = producer.phone if with_phone else None
    return ", ".join(filter(None, (producer.name_en or producer.name, phone, producer.place_text())))


# --- Reading ---------------------------------------------------------------------------------------------


def lots_of(session: Session, found: Trace) -> dict[str, TracedLot]:
    """All lots of a trace by id. Of those outside the scope no event is read."""
    every, within = list(found.batches), [one.id for one in found.batches.values() if one.within]
    own, lots = set(within), dict[str, TracedLot]()
    statement = (
        select(Batch, Product, Producer, GrowingArea)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Batch.producer_id))
        .join(GrowingArea, col(GrowingArea.id) == col(Batch.area_id), isouter=True)
    )
    events: dict[str, list[Event]] = {}
    for portion in portions(within):
        for event in session.exec(select(Event).where(col(Event.batch_id).in_(portion))).all():
            events.setdefault(event.batch_id or "", []).append(event)
    crops = {crop.id: crop for crop in session.exec(select(Crop)).all()}
    with beyond_scope(session):
        for portion in portions(every):
            for batch, product, producer, area in session.exec(statement.where(col(Batch.id).in_(portion))):
                lot = TracedLot(
                    batch=batch,
                    product=product,
                    producer=producer,
                    crop=crops.get(product.crop_id),
                    area=area,
                    events=_in_order(events.get(batch.id, [])),
                    within=batch.id in own,
                )
                lots[batch.id] = lot
    return {one: lots[one] for one in every}


def _in_order(events: list[Event]) -> list[Event]:
    def key(event: Event) -> tuple[datetime, datetime]:
        return event.happened_at, event.created_at

    return sorted(events, key=key)


def deliveries_of(session: Session, batch_id: str) -> list[Delivery]:
    """The deliveries by which goods of a lot left, without those that never did."""
    left = select(Delivery).where(Delivery.batch_id == batch_id, col(Delivery.cancelled_at).is_(None))
    return list(session.exec(left).all())


def deliveries_into(session: Session, trace: Trace) -> list[Delivery]:
    """The deliveries by which lots of the scope got what they were made of."""
    within = [one.id for one in trace.batches.values() if one.within]
    found: dict[str, Delivery] = {}
    for portion in portions(within):
        drawn = select(BatchInput.delivery_id).where(
            col(BatchInput.batch_id).in_(portion), col(BatchInput.delivery_id).is_not(None)
        )
        received = select(Delivery).where(col(Delivery.id).in_(drawn), col(Delivery.cancelled_at).is_(None))
        for one in session.exec(received).all():
            found[one.id] = one
    return list(found.values())


def receivers_of(session: Session, deliveries: list[Delivery]) -> dict[str, Producer]:
    """The producers that deliveries went to: the two sides of a trade know each other by name and address."""
    wanted = {one.to_producer_id for one in deliveries if one.to_producer_id}
    with beyond_scope(session):
        return {
            row.id: row for row in session.exec(select(Producer).where(col(Producer.id).in_(wanted))).all()
        }
