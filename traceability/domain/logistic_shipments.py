"""Sending and receiving cartons and pallets: a unit moves as one, whatever lies in it.

Each lot in it leaves by a delivery of its own, so that every account and every recall finds it; all of them are one
act. A unit with one lot that may not leave stays where it is.
"""

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from traceability.domain import balance, deliveries, ledger, logistic_units, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note
from traceability.domain.deliveries import Delivery, ReceiveInput, Sending
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.logistic_units import LogisticUnit, UnitState
from traceability.domain.moments import Moment
from traceability.domain.quantities import Grams, kg_text
from traceability.domain.records import Record, RecordId


class UnitShipInput(Sending):
    """A carton or pallet that leaves."""

    unit_id: RecordId


class UnitReceiveInput(BaseModel):
    """A carton or pallet that arrived closed, with all that was sent in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_id: RecordId
    received_at: Moment
    note: Note = ""


def ship(session: Session, actor: Actor, value: UnitShipInput) -> list[Delivery]:
    """Sends a unit with all its lots. Answers a delivery for each.

    Raises `RuleBroken`: `units.unknown`, `units.sent`, `units.opened`, `units.in_pallet`, and what `deliveries.ship`
    refuses, of any of its lots.
    """
    actor.must(Permission.RECORD_EVENTS)
    try:
        found = records.find(session, LogisticUnit, value.unit_id)
    except NotFound:
        raise RuleBroken("units.unknown") from None
    grams = logistic_units.grams_of(session, found)
    lots = {row_id: records.lock(session, Batch, row_id) for row_id in sorted(grams)}
    unit = records.lock(session, LogisticUnit, found.id)
    unit.must_be_whole()
    logistic_units.must_stand_alone(session, unit)
    if logistic_units.grams_of(session, unit) != grams:
        raise RuleBroken("records.changed")
    receiver = deliveries.receiver_of(session, unit.producer_id, value)
    for row_id, batch in lots.items():
        deliveries.must_be_sendable(session, actor, batch, value.sent_on)
        left = balance.account(session, batch).left_on(value.sent_on)
        if grams[row_id] > left:
            facts = {"left": left, "asked": grams[row_id]}
            said = {name: kg_text(weight, actor.language) for name, weight in facts.items()}
            raise RuleBroken("batches.not_enough", "sent_on", lot=batch.lot, **said)
    sent: list[Delivery] = []
    written: list[Record] = []
    for row_id, batch in lots.items():
        batch.in_units_g -= grams[row_id]
        delivery, event = deliveries.send(session, actor, batch, value, grams[row_id], receiver, unit.id)
        sent.append(delivery)
        written += [delivery, event, batch]
    for one in (unit, *logistic_units.cartons_of(session, unit.id)):
        one.state = UnitState.SENT
        one.holder_id = receiver.id if receiver else unit.producer_id
        written.append(one)
    session.flush()
    for delivery in sent:
        rules.judge(session, delivery, "ship")
    ledger.record(session, "unit.shipped", unit, *written)
    if receiver:
        for delivery in sent:
            deliveries.tell(session, lots[delivery.batch_id], delivery)
    return sent


def receive(session: Session, actor: Actor, value: UnitReceiveInput) -> list[Delivery]:
    """Takes a unit into stock with all that was sent in it; what is missing is received lot by lot instead.

    Raises `RuleBroken`: `units.unknown`, `units.nothing_to_receive`, and what `deliveries.receive` refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    waiting = waiting_in(session, value.unit_id)
    if not waiting:
        raise RuleBroken("units.nothing_to_receive")
    return [
        deliveries.receive(
            session,
            actor,
            ReceiveInput(
                delivery_id=delivery.id,
                kilograms=Grams(delivery.sent_g),
                received_at=value.received_at,
                note=value.note,
            ),
        )
        for delivery in waiting
    ]


def waiting_in(session: Session, unit_id: str) -> list[Delivery]:
    """The deliveries of a unit that its receiver has not confirmed yet."""
    statement = select(Delivery).where(
        Delivery.unit_id == unit_id,
        col(Delivery.to_producer_id).is_not(None),
        col(Delivery.received_at).is_(None),
        col(Delivery.cancelled_at).is_(None),
    )
    return list(session.exec(statement.order_by(col(Delivery.id))).all())
