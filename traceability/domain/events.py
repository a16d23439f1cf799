"""Recording an event of a batch by hand: a step of work, packing, storing, a loss. `history` says what an event is.

Harvests begin batches (`batches`), inputs of several batches are a transform (`transforms`), goods leave by a delivery
(`deliveries`), results come from a laboratory (`laboratory`): each of these writes its own event.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema
from sqlmodel import Field, Session

from traceability.domain import balance, batches, ledger, own_references, packings, page_keeping, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.balance import Account
from traceability.domain.batches import Batch, BatchState, Note
from traceability.domain.clock import local_day, now
from traceability.domain.corrections import CorrectionInput as CorrectionInput
from traceability.domain.corrections import correct as correct
from traceability.domain.errors import RuleBroken
from traceability.domain.history import CorrectionReason as CorrectionReason
from traceability.domain.history import Event as Event
from traceability.domain.history import EventType as EventType
from traceability.domain.history import history as history
from traceability.domain.history import signature
from traceability.domain.history import standing as standing
from traceability.domain.key_data import KeyData
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import Moment
from traceability.domain.page_snapshots import Occasion
from traceability.domain.quantities import Kilograms, KilogramsOrZero, kg_text
from traceability.domain.records import Record, RecordId
from traceability.domain.text import Line, ShortLine

#: The types that are recorded by hand; the others come about by acts of their own.
BY_HAND = (
    EventType.RECEIVE,
    EventType.TRANSFORM,
    EventType.PACK,
    EventType.STORE,
    EventType.TREAT,
    EventType.LOSE,
)
#: Goods that are held or recalled may be stored, moved about and destroyed, but not readied for sale.
_READIES = frozenset({EventType.TRANSFORM, EventType.PACK, EventType.TREAT})


class EventInput(BaseModel):
    """What a person may say of an event: weighed afterwards (`output_kg`), or what was lost (`loss_kg`), or neither.

    A step may add a material that has no batch (sugar cooked into a sweet): then `material` and `material_kg`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    #: Any type is read, so that one which comes about otherwise is refused with a sentence; taken are those by hand.
    type: Annotated[EventType, WithJsonSchema({"type": "string", "enum": [str(one) for one in BY_HAND]})]
    step: Annotated[Line | None, Field(max_length=120)] = None
    happened_at: Moment
    output_kg: KilogramsOrZero | None = None
    loss_kg: KilogramsOrZero | None = None
    material: Line | None = None
    material_kg: Kilograms | None = None
    supplier: Line | None = None
    place: Line | None = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""
    external_ref: ShortLine | None = None


def record(session: Session, actor: Actor, value: EventInput) -> Event:
    """Appends an event to the history of a batch and settles its grams: input + material = output + loss.

    Goods shrink whether or not stamps were ordered for them: a loss is always taken down. The stamps that are then too
    many stand in the way of the next shipment (`stamp_quota.must_be_settled`).

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.closed`, `batches.held`, `.recalled` (for
    what readies goods for sale), `events.not_by_hand`, `events.in_future`, `events.before_batch`,
    `events.output_or_loss`, `events.loss_missing`, `events.output_exceeds`, `events.material_incomplete`,
    `events.units_unreadable`, `batches.not_enough`, `batches.in_units`.
    """
    actor.must(Permission.RECORD_EVENTS)
    batch = batches.choose(session, value.batch_id)
    own_references.must_be_new(session, Event, batch.producer_id, value.external_ref)
    if value.type not in BY_HAND:
        raise RuleBroken("events.not_by_hand", "type")
    if batch.state is BatchState.CLOSED or value.type in _READIES:
        batch.must_move()
    if value.happened_at > now():
        raise RuleBroken("events.in_future", "happened_at")
    if local_day(value.happened_at) < batch.started_on:
        raise RuleBroken("events.before_batch", "happened_at", began=batch.started_on)
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        type=value.type,
        step=value.step or "",
        happened_at=value.happened_at,
        place=value.place or "",
        details=value.details,
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )
    _weigh(batch, event, value, balance.account(session, batch), actor)
    session.add(event)
    session.flush()
    written: list[Record] = [event]
    if value.material and value.material_kg:
        added = BatchInput(
            producer_id=batch.producer_id,
            batch_id=batch.id,
            event_id=event.id,
            material=value.material,
            supplier=value.supplier or "",
            grams=int(value.material_kg),
        )
        session.add(added)
        written.append(added)
    if value.type is EventType.PACK:
        packings.settle(session, batch)
    batch.page_version += 1
    session.flush()
    rules.judge(session, event, "record")
    if value.type is EventType.PACK and batch.released_at is not None:
        written.append(page_keeping.keep(session, batch, Occasion.PACKED))
    ledger.record(session, "event.recorded", *written, batch)
    return event


def _weigh(batch: Batch, event: Event, value: EventInput, account: Account, actor: Actor) -> None:
    """Fills in the weights of an event and brings the batch's account up to date."""
    if (value.material is None) != (value.material_kg is None):
        missing = "material" if value.material is None else "material_kg"
        raise RuleBroken("events.material_incomplete", missing)
    if value.output_kg is not None and value.loss_kg is not None:
        raise RuleBroken("events.output_or_loss", "loss_kg")
    if value.type is EventType.LOSE and not value.loss_kg and value.output_kg is None:
        raise RuleBroken("events.loss_missing", "loss_kg")
    added = int(value.material_kg or 0)
    if value.output_kg is None and value.loss_kg is None and not added:
        return
    day = local_day(value.happened_at)
    held = account.on_hand_on(day)
    loss = int(value.loss_kg or 0)
    if value.output_kg is not None:
        loss = held + added - int(value.output_kg)
        if loss < 0:
            held_text = kg_text(held + added, actor.language)
            raise RuleBroken("events.output_exceeds", "output_kg", held=held_text)
    field = "loss_kg" if value.output_kg is None else "output_kg"
    batch.made_g += added
    batch.on_hand_g += added
    batch.must_hold(loss, account.left_on(day) + added, actor, field)
    event.input_g, event.output_g, event.loss_g = held, held + added - loss, loss
    batch.on_hand_g -= loss
    batch.lost_g += loss
