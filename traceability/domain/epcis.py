"""A lot and everything behind it as EPCIS 2.0 events in JSON-LD, for trading partners' and GS1 systems.

Harvests are ObjectEvents, everything that makes a lot of others is a TransformationEvent with its weights, storing and
steps of work are observed, goods that left or changed hands are shipped and received. Identifiers are GS1 Digital Links
under the platform's own address, or the page of the lot where the product has no GTIN. Of other producers' lots only
the identifier stands in it, as an input.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlmodel import Session

from traceability.domain import traces, tracking
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import BatchState, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType, beginning, standing
from traceability.domain.moments import start_of
from traceability.domain.producers import Producer
from traceability.domain.traces import Direction, TracedInput
from traceability.domain.tracking import TracedLot

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
MEDIA_TYPE = "application/ld+json"
_KILOGRAM = "KGM"
#: CBV words for how a lot came about; what stands not here is a commissioning too.
_STEPS = {Origin.REPACK: "repackaging", Origin.REWORK: "repairing"}
#: CBV words for what is done with a lot after its beginning. The vocabulary has none for washing or sorting: those are
#: "other" with the trade's own word in vl:step.
_WORK = {
    EventType.PACK: "packing",
    EventType.TEST: "sampling",
    EventType.STORE: "storing",
    EventType.TREAT: "other",
    EventType.TRANSFORM: "other",
}
_DISPOSITIONS = {BatchState.RECALLED: "recalled", BatchState.HELD: "non_sellable_other"}


def document(session: Session, batch_id: str, address: str, at: datetime) -> dict[str, Any]:
    """The EPCISDocument of a lot of the scope: it and all lots behind it. `address` is the platform's own, without a
    slash at its end. Raises `NotFound`.
    """
    found = traces.trace(session, batch_id, Direction.UP)
    lots = tracking.lots_of(session, found)
    sent = [*tracking.deliveries_of(session, batch_id), *tracking.deliveries_into(session, found)]
    deliveries = list({delivery.id: delivery for delivery in sent}.values())
    receivers = tracking.receivers_of(session, deliveries)
    names = _Names(address, lots)
    by_batch = found.by_batch()
    events = [
        event
        for lot in lots.values()
        if lot.within
        for event in _of_lot(lot, by_batch.get(lot.batch.id, []), names)
    ]
    for delivery in deliveries:
        events += _of_delivery(delivery, lots[delivery.batch_id], receivers, names)
    return {
        "@context": [CONTEXT, {"vl": f"{address}/ns/epcis#"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _instant(at),
        "epcisBody": {"eventList": sorted(events, key=lambda event: (event["eventTime"], event["eventID"]))},
    }


class _Names:
    """The identifiers of lots, places and parties under one address."""

    def __init__(self, address: str, lots: dict[str, TracedLot]) -> None:
        self.address, self.lots = address, lots

    def lot(self, batch_id: str) -> str:
        """The class of all units of a lot (GTIN and lot), or its page."""
        lot = self.lots[batch_id]
        number = quote(lot.batch.lot, safe="")
        if lot.product.gtin:
            return f"{self.address}/01/{lot.product.gtin.rjust(14, '0')}/10/{number}"
        return f"{self.address}/lots/{quote(lot.product.code, safe='')}/{number}"

    def party(self, producer: Producer) -> str:
        """A producer: its GLN as a party, or its page."""
        if producer.gln:
            return f"{self.address}/417/{producer.gln}"
        return f"{self.address}/producers/{quote(producer.code, safe='')}"

    def place(self, producer: Producer) -> str:
        """Where a producer works: its GLN as a place, or its page."""
        return f"{self.address}/414/{producer.gln}" if producer.gln else self.party(producer)

    def event(self, *parts: str) -> str:
        """An identifier that is always the same for the same event."""
        return uuid.uuid5(uuid.NAMESPACE_URL, "/".join((self.address, "events", *parts))).urn


def _of_lot(lot: TracedLot, inputs: list[TracedInput], names: _Names) -> Iterable[dict[str, Any]]:
    """How a lot came about, and what was done with it afterwards: its packing, samples, storing and steps of work."""
    first = beginning(lot.events) if lot.events else None
    made_g = first.output_g if first is not None and first.output_g is not None else lot.batch.made_g
    own = names.lot(lot.batch.id)
    common = {
        "eventID": names.event(first.id if first else lot.batch.id, lot.batch.id),
        "disposition": _DISPOSITIONS.get(lot.batch.state, "active"),
        "readPoint": {"id": names.place(lot.producer)},
        "bizLocation": {"id": names.place(lot.producer)},
        **_when(first, lot),
    }
    batches: dict[str, int | None] = {}
    materials = []
    for one in inputs:
        if one.source_id is None:
            materials.append({"vl:name": one.material, "vl:kilograms": (one.grams or 0) / 1000})
        else:
            known = batches.get(one.source_id, 0)
            batches[one.source_id] = None if one.grams is None or known is None else known + one.grams
    if batches:
        yield {
            "type": "TransformationEvent",
            "bizStep": _STEPS.get(lot.batch.origin, "commissioning"),
            "inputQuantityList": [_quantity(names.lot(source), grams) for source, grams in batches.items()],
            "outputQuantityList": [_quantity(own, made_g)],
            "ilmd": _ilmd(lot, lot.area),
            **({"vl:materials": materials} if materials else {}),
            **common,
        }
    else:
        yield {
            "type": "ObjectEvent",
            "action": "ADD",
            "bizStep": "commissioning",
            "quantityList": [_quantity(own, made_g)],
            "ilmd": _ilmd(lot, lot.area),
            **({"vl:materials": materials} if materials else {}),
            **common,
        }
    for event in standing(lot.events):
        if event.type in _WORK and event is not first:
            yield {
                "type": "ObjectEvent",
                "action": "OBSERVE",
                "bizStep": _WORK[event.type],
                **common,
                "eventID": names.event(event.id),
                "disposition": "in_progress",
                "quantityList": [_quantity(own, event.output_g)],
                **_said(step=event.step),
                **_when(event, lot),
            }


def _of_delivery(
    delivery: Delivery, lot: TracedLot, receivers: dict[str, Producer], names: _Names
) -> Iterable[dict[str, Any]]:
    """Goods that left: shipped, where the sender is within the scope, and received, where a producer weighed them.

    A customer outside the platform has no identifier, so it stands in words beside the standard's fields.
    """
    receiver = receivers.get(delivery.to_producer_id or "")
    common: dict[str, Any] = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTimeZoneOffset": "+07:00",
        "sourceList": [{"type": "owning_party", "source": names.party(lot.producer)}],
    }
    if receiver is not None:
        common["destinationList"] = [{"type": "owning_party", "destination": names.party(receiver)}]
    own = names.lot(lot.batch.id)
    if lot.within:
        yield common | {
            "eventID": names.event(delivery.id, "shipped"),
            "bizStep": "shipping",
            "disposition": "in_transit",
            "readPoint": {"id": names.place(lot.producer)},
            "quantityList": [_quantity(own, delivery.sent_g)],
            **_said(
                customer=delivery.customer,
                destination=delivery.destination,
                market=delivery.market,
                document=delivery.document_no,
            ),
            **_left(delivery, lot),
        }
    if receiver is not None and delivery.received_at is not None:
        yield common | {
            "eventID": names.event(delivery.id, "received"),
            "eventTime": _instant(delivery.received_at),
            "bizStep": "receiving",
            "disposition": "in_progress",
            "readPoint": {"id": names.place(receiver)},
            "quantityList": [_quantity(own, delivery.received_g)],
        }


def _quantity(of: str, grams: int | None) -> dict[str, Any]:
    """A weight of a lot; without one the lot alone, where the weight is another producer's."""
    if grams is None:
        return {"epcClass": of}
    return {"epcClass": of, "quantity": grams / 1000, "uom": _KILOGRAM}


def _ilmd(lot: TracedLot, area: GrowingArea | None) -> dict[str, Any]:
    """What is fixed when a lot comes about (CBV master data; growing area and code are our own words)."""
    told: dict[str, Any] = {"cbvmda:lotNumber": lot.batch.lot, "cbvmda:countryOfOrigin": "VN"}
    if lot.batch.best_before_on:
        told["cbvmda:bestBeforeDate"] = lot.batch.best_before_on.isoformat()
    if lot.batch.harvested_on:
        told["cbvmda:harvestStartDate"] = lot.batch.harvested_on.isoformat()
    if lot.batch.area_code:
        told["vl:growingAreaCode"] = lot.batch.area_code
    if area is not None:
        told["vl:growingArea"] = area.name
    return told


def _said(**words: str) -> dict[str, str]:
    """What has no field in the standard, in our own namespace."""
    return {f"vl:{name}": word for name, word in words.items() if word}


def _left(delivery: Delivery, lot: TracedLot) -> dict[str, str]:
    """When goods left: as its event says, which knows the hour; else the day."""
    for event in standing(lot.events):
        if event.type is EventType.SHIP and event.delivery_id == delivery.id:
            return _when(event, lot)
    return {"eventTime": _instant(start_of(delivery.sent_on))}


def _when(event: Event | None, lot: TracedLot) -> dict[str, Any]:
    moment = event.happened_at if event is not None else start_of(lot.batch.started_on)
    told = {"eventTime": _instant(moment), "eventTimeZoneOffset": "+07:00"}
    return told | ({"recordTime": _instant(event.created_at)} if event is not None else {})


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
