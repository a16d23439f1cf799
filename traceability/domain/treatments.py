"""The field treatment (chăm sóc vùng trồng): what was given to the plants, bees or ponds before a harvest.

It stands in the history of the batch whose harvest it led to, with the substance, its dose and the days that have to
pass before a harvest. It happened before the batch began, and weighs nothing.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, select

from traceability.domain import batch_locks, batches, ledger, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note, Origin
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.moments import start_of
from traceability.domain.quantities import Day
from traceability.domain.records import RecordId
from traceability.domain.text import ShortLine

#: No label asks for more days between a treatment and the harvest.
LONGEST_INTERVAL: Final = 365
#: Nothing given longer before a harvest bears on it: an earlier day is a slip of the pen.
MOST_DAYS_BEFORE: Final = 731


class InputKind(StrEnum):
    """What sort of farm input was given."""

    FERTILIZER = "fertilizer"
    INSECTICIDE = "insecticide"
    FUNGICIDE = "fungicide"
    HERBICIDE = "herbicide"
    BIOPESTICIDE = "biopesticide"
    GROWTH_REGULATOR = "growth_regulator"
    VETERINARY = "veterinary"
    PROBIOTIC = "probiotic"
    FEED_ADDITIVE = "feed_additive"


#: Kinds whose label gives an interval: where nobody wrote it down, it is unknown. What feeds a plant has none.
WITH_INTERVAL: Final = frozenset(
    {
        InputKind.INSECTICIDE,
        InputKind.FUNGICIDE,
        InputKind.HERBICIDE,
        InputKind.BIOPESTICIDE,
        InputKind.GROWTH_REGULATOR,
        InputKind.VETERINARY,
    }
)


class TreatmentInput(BaseModel):
    """What a person may say of a treatment. `dose` is written as on the label or in the field book."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    kind: InputKind
    substance: ShortLine
    active_ingredient: ShortLine | None = None
    dose: ShortLine | None = None
    #: of the label of the product used; None: nobody said, which is not zero
    interval_days: int | None = Field(default=None, ge=0, le=LONGEST_INTERVAL)
    applied_on: Day
    note: Annotated[Note, Field(max_length=1000)] = ""


def record(session: Session, actor: Actor, value: TreatmentInput) -> Event:
    """Appends a treatment to the history of the batch that was harvested after it.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.closed`, `treatments.not_a_harvest`,
    `treatments.in_future`, `treatments.after_harvest`, `treatments.too_long_before`.
    """
    actor.must(Permission.RECORD_EVENTS)
    if session.exec(select(Batch.id).where(Batch.id == value.batch_id)).first():  # within the scope
        batch_locks.hold_with_heirs(session, [value.batch_id])
    batch = batches.choose(session, value.batch_id)
    if batch.state is batches.BatchState.CLOSED:
        batch.must_move()
    if batch.origin is not Origin.HARVEST:
        raise RuleBroken("treatments.not_a_harvest", "batch_id", lot=batch.lot)
    if value.applied_on > today():
        raise RuleBroken("treatments.in_future", "applied_on", today=today())
    if value.applied_on > batch.started_on:
        raise RuleBroken("treatments.after_harvest", "applied_on", harvested=batch.started_on)
    earliest = batch.started_on - timedelta(days=MOST_DAYS_BEFORE)
    if value.applied_on < earliest:
        raise RuleBroken(
            "treatments.too_long_before", "applied_on", harvested=batch.started_on, earliest=earliest
        )
    details = {
        "input_kind": value.kind.value,
        "active_ingredient": value.active_ingredient,
        "dose": value.dose,
        "interval_days": None if value.interval_days is None else str(value.interval_days),
    }
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        area_id=batch.area_id,
        type=EventType.TREAT,
        step=value.substance,
        happened_at=start_of(value.applied_on),
        details={key: text for key, text in details.items() if text},
        note=value.note,
        **signature(actor),
    )
    session.add(event)
    batch.page_version += 1
    session.flush()
    rules.judge(session, event, "record")
    ledger.record(session, "event.recorded", event, batch)
    return event
