"""Waste (hàng hủy, loại bỏ): goods that are thrown away, for a reason, and what was done with them.

Goods that are held or recalled can be thrown away too. Stamps on them do not vanish with them: the stamp account shows
those that are then too many (`stamp_quota`).
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session

from traceability.domain import balance, batches, ledger, own_references, rules, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import BatchState, Note
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.moments import Moment
from traceability.domain.quantities import Kilograms
from traceability.domain.records import RecordId
from traceability.domain.text import Line, ShortLine


class WasteReason(StrEnum):
    """Why goods are thrown away."""

    SPOILED = "spoiled"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    FAILED_TEST = "failed_test"
    RECALLED = "recalled"
    SORTED_OUT = "sorted_out"
    STOLEN = "stolen"
    OTHER = "other"


class WasteHandling(StrEnum):
    """What is done with goods that are thrown away."""

    DESTROYED = "destroyed"
    COMPOSTED = "composted"
    ANIMAL_FEED = "animal_feed"
    COLLECTED = "collected"
    OTHER_USE = "other_use"
    GONE = "gone"


class WasteInput(BaseModel):
    """What a person may say of goods that are thrown away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    kilograms: Kilograms
    happened_at: Moment
    reason: WasteReason
    handling: WasteHandling
    #: who was there: an officer, a neighbour
    witness: Annotated[Line | None, Field(max_length=80)] = None
    place: Line | None = None
    note: Note = ""
    external_ref: ShortLine | None = None


def throw_away(session: Session, actor: Actor, value: WasteInput) -> Event:
    """Takes goods out of stock for good.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.closed`, `wastes.handling_of_stolen`,
    `events.in_future`, `events.before_batch`, `batches.not_enough`, `batches.in_units`.
    """
    actor.must(Permission.RECORD_EVENTS)
    batch = batches.choose(session, value.batch_id)
    own_references.must_be_new(session, Event, batch.producer_id, value.external_ref)
    if batch.state is BatchState.CLOSED:
        batch.must_move()
    must_fit(value.reason, value.handling)
    day = successors.must_have_happened(value.happened_at)
    if day < batch.started_on:
        raise RuleBroken("events.before_batch", "happened_at", began=batch.started_on)
    account, grams = balance.account(session, batch), int(value.kilograms)
    batch.must_hold(grams, account.left_on(day), actor)
    held = account.on_hand_on(day)
    details = {"cause": value.reason.value, "handling": value.handling.value}
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        type=EventType.WASTE,
        happened_at=value.happened_at,
        place=value.place or "",
        input_g=held,
        output_g=held - grams,
        loss_g=grams,
        details=details | ({"witness": value.witness} if value.witness else {}),
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )
    session.add(event)
    batch.on_hand_g -= grams
    batch.lost_g += grams
    batch.page_version += 1
    session.flush()
    rules.judge(session, event, "waste")
    ledger.record(session, "batch.wasted", event, batch)
    return event


def must_fit(reason: WasteReason, handling: WasteHandling) -> None:
    """Demands that what was stolen is gone, and nothing else. Raises `RuleBroken` ("wastes.handling_of_stolen")."""
    if (reason is WasteReason.STOLEN) != (handling is WasteHandling.GONE):
        raise RuleBroken("wastes.handling_of_stolen", "handling")
