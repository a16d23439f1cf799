"""How a customer can be told: a telephone number or address, written down after the goods have left.

A recall can only reach whom somebody can call. What was not asked at the shipment is added here, for all shipments to
the same customer at once, and for the lines of open recalls that wait for it. A contact that is there stays what it is.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.recall_records import Recall, RecallReceiver, RecallState
from traceability.domain.records import Record, RecordId
from traceability.domain.text import Line


class ContactInput(BaseModel):
    """A way to tell the customer of a delivery."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: RecordId
    customer_contact: Annotated[Line, Field(min_length=1)]


def note(session: Session, actor: Actor, value: ContactInput) -> list[Delivery]:
    """Writes a contact down for every delivery to the same customer that has none. Answers these, the asked one first.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `deliveries.contact_on_platform`,
    `deliveries.contact_known`.
    """
    actor.must(Permission.RECORD_EVENTS)
    asked = records.find(session, Delivery, value.delivery_id)
    if actor.producer_id is not None and asked.producer_id != actor.producer_id:
        raise RuleBroken("access.not_permitted")
    if asked.to_producer_id is not None:
        raise RuleBroken("deliveries.contact_on_platform", "customer_contact")
    found = [
        records.lock(session, Delivery, row.id) for row in sorted(same_customer(session, asked), key=_id)
    ]
    rows = [row for row in found if not row.customer_contact and row.cancelled_at is None]
    ids = [row.id for row in rows]
    if asked.id not in ids:
        raise RuleBroken("deliveries.contact_known", "customer_contact")
    for row in rows:
        row.customer_contact = value.customer_contact
    waiting = _waiting(session, asked.producer_id, set(ids))
    for line in waiting:
        line.contact = value.customer_contact
    session.flush()
    written: list[Record] = [*rows, *waiting]
    ledger.record(session, "delivery.contact_noted", *written, tenant=asked.producer_id)
    return sorted(rows, key=lambda row: row.id != asked.id)


def _id(row: Delivery) -> str:
    return row.id


def same_customer(session: Session, delivery: Delivery) -> list[Delivery]:
    """The deliveries of its sender to the same customer at the same place, of whom no contact is known. The place
    counts because "walk-in customer" is many people."""
    statement = select(Delivery).where(
        Delivery.producer_id == delivery.producer_id,
        col(Delivery.to_producer_id).is_(None),
        Delivery.customer == delivery.customer,
        Delivery.destination == delivery.destination,
        Delivery.customer_contact == "",
        col(Delivery.cancelled_at).is_(None),
    )
    return list(session.exec(statement.order_by(col(Delivery.sent_on).desc(), col(Delivery.id))).all())


def _waiting(session: Session, producer_id: str, delivery_ids: set[str]) -> list[RecallReceiver]:
    """The lines of open recalls about these deliveries that name no contact, locked."""
    statement = (
        select(RecallReceiver)
        .join(Recall, col(Recall.id) == RecallReceiver.recall_id)
        .where(
            RecallReceiver.producer_id == producer_id,
            RecallReceiver.contact == "",
            col(RecallReceiver.to_producer_id).is_(None),
            Recall.state == RecallState.OPEN,
        )
        .order_by(col(RecallReceiver.id))
    )
    found = [row for row in session.exec(statement).all() if delivery_ids & set(row.deliveries)]
    return [records.lock(session, RecallReceiver, row.id) for row in found]
