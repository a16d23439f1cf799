"""Correcting an event by declaration: the wrong one stays as it was written, a new one says why and what is right.

The gram account of the batch is settled from what then stands; a correction after which some day would end below zero
(because the goods have left meanwhile) is refused. Weights of later events are kept as they were recorded.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import (
    area_grants,
    balance,
    batch_locks,
    code_draws,
    ledger,
    packings,
    records,
    returns,
    rules,
    stamp_quota,
    undoings,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import local_day, now
from traceability.domain.consignments import Consignment, ConsignmentLine, ConsignmentState
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import (
    CorrectionReason,
    Event,
    EventType,
    beginning,
    history,
    may_precede,
    signature,
    standing,
)
from traceability.domain.key_data import KeyData
from traceability.domain.laboratory import LabTest
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import Moment
from traceability.domain.quantities import KilogramsOrZero, kg_text
from traceability.domain.recall_records import RecallHandling, RecallRecovery
from traceability.domain.records import Record, RecordId
from traceability.domain.text import Block, Line
from traceability.domain.undoings import Act


class CorrectionInput(BaseModel):
    """What a person may declare. For data that were wrong, the fields say what is right; left out is unchanged.

    `output_kg` is the right weight of a harvest, transform or delivery; `loss_kg` the right loss of any other event.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: RecordId
    reason: CorrectionReason
    explanation: Annotated[Block, Field(min_length=1, max_length=1000)]
    happened_at: Moment | None = None
    output_kg: KilogramsOrZero | None = None
    loss_kg: KilogramsOrZero | None = None
    step: Annotated[Line | None, Field(max_length=120)] = None
    place: Line | None = None
    details: KeyData | None = None


def correct(session: Session, actor: Actor, value: CorrectionInput) -> Event:
    """Declares an event wrong. Answers the correction, which stands in its place.

    Raises `RuleBroken`: `access.not_permitted`, `events.unknown`, `events.corrected_already`, `batches.closed`,
    `events.beginning_stays`, `events.test_stays`, `events.delivery_arrived`, `events.material_stays`,
    `events.in_future`, `events.before_batch`, `events.after_others`, `events.weight_missing`, `events.loss_exceeds`,
    `transforms.output_exceeds_inputs`, `events.correction_impossible`, `events.stamps_exceed`, `events.unit_stays`,
    `events.record_anew`, `events.unit_left`, `events.delivery_returned`, `events.in_consignment`,
    `recalls.entry_stays`, what `undoings.undo` refuses, `returns.more_than_sent`, `returns.with_receiver`,
    `returns.before_sent`, `area_codes.not_yet_valid`, `area_codes.expired`.
    """
    actor.must(Permission.RECORD_EVENTS)
    try:
        wrong = records.find(session, Event, value.event_id)
        act = undoings.act_of(session, wrong)
        batch = _locked(session, wrong, act)
    except NotFound:
        raise RuleBroken("events.unknown") from None
    if wrong.type in (EventType.AGGREGATE, EventType.OPEN):
        raise RuleBroken("events.unit_stays")
    if batch.state is BatchState.CLOSED:
        batch.must_move()
    events = history(session, batch.id)
    if wrong not in standing(events):
        raise RuleBroken("events.corrected_already")
    _must_be_of_no_recall_entry(session, wrong)
    begins = beginning(events).id == wrong.id
    never = value.reason is CorrectionReason.DID_NOT_OCCUR
    right = _declaration(wrong, value, actor)
    if begins and never and act is None:
        raise RuleBroken("events.beginning_stays", "reason")
    if act is not None and not never:
        _must_keep_its_goods(act, wrong, right, value)
    if not never:
        _judge_moment(batch, right, standing(events), begins)
        held_g = balance.account(session, batch).on_hand_on(local_day(right.happened_at))
        _judge_weights(wrong, right, value, begins, held_g, actor)
    written: list[Record] = [right, batch]
    if wrong.type is EventType.SHIP:
        written.append(_correct_delivery(session, wrong, right, never))
    elif wrong.type is EventType.RETURN:
        written.append(_correct_return(session, actor, wrong, right, never))
    elif wrong.type is EventType.TEST:
        written.append(_withdraw_test(session, wrong, never))
    elif never and act is None and _added_material(session, wrong):
        raise RuleBroken("events.material_stays", "reason")
    session.add(right)
    if begins and batch.origin is Origin.HARVEST:
        _judge_code(session, actor, batch, right)
        batch.started_on = batch.harvested_on = local_day(right.happened_at)
    before_g = batch.on_hand_g + batch.shipped_g
    if act is not None and never:
        session.flush()
        written += undoings.undo(session, act, batch, _locked_batches(session, act, batch))
    else:
        written += _settle(session, batch, act, right)
    if batch.on_hand_g + batch.shipped_g < before_g and not _is_loss(wrong, begins):
        stamp_quota.must_cover(session, batch, actor, code="events.stamps_exceed")
    if (wrong.type in (EventType.PACK, EventType.REPACK) or begins) and batch.made_g:
        packings.settle(session, batch)
    batch.page_version += 1
    session.flush()
    rules.judge(session, right, "correct")
    ledger.record(session, "event.corrected", *written)
    return right


def _locked(session: Session, wrong: Event, act: Act | None) -> Batch:
    """The batch of an event; with all others that its act reached, and all that was made of them, locked in the order
    of their ids."""
    own = wrong.batch_id or ""
    ids = {own} if act is None else {own, *act.outputs, *act.sources}
    batch_locks.hold_with_heirs(session, ids)
    return {row_id: records.lock(session, Batch, row_id) for row_id in sorted(ids)}[own]


def _locked_batches(session: Session, act: Act, own: Batch) -> dict[str, Batch]:
    return {
        row_id: records.lock(session, Batch, row_id)
        for row_id in sorted({*act.outputs, *act.sources, own.id})
    }


def _must_keep_its_goods(act: Act, wrong: Event, right: Event, value: CorrectionInput) -> None:
    """What several batches depend on is declared never to have happened and recorded anew: only a transform with one
    output may be weighed again."""
    if _is_alone(act, wrong):
        return
    for name, grams in (("output_kg", wrong.output_g), ("loss_kg", wrong.loss_g)):
        typed = getattr(value, name)
        if typed is not None and int(typed) != (grams or 0):
            raise RuleBroken("events.record_anew", name)
    if local_day(right.happened_at) != local_day(wrong.happened_at):
        raise RuleBroken("events.record_anew", "happened_at")


def _is_alone(act: Act, event: Event) -> bool:
    return event.type is EventType.TRANSFORM and act.outputs == [event.batch_id]


def _settle(session: Session, batch: Batch, act: Act | None, right: Event) -> list[Record]:
    """Brings the account of the batch in line with what stands now. Answers the rows that changed besides it."""
    parts = act.parts if act is not None and _is_alone(act, right) else []
    for part in parts:
        part.grams = right.output_g or part.grams
    if not balance.settle(session, batch):
        raise RuleBroken("events.correction_impossible", None, lot=batch.lot)
    return list(parts)


def _is_loss(event: Event, begins: bool) -> bool:
    """Whether an event is about goods that shrank or spoiled: that is taken down whatever stamps were ordered."""
    return not begins and event.type not in (EventType.SHIP, EventType.RETURN)


def _declaration(wrong: Event, value: CorrectionInput, actor: Actor) -> Event:
    """The new event: empty of weights where the old one never happened, else a copy with what is right."""
    right = Event(
        producer_id=wrong.producer_id,
        batch_id=wrong.batch_id,
        area_id=wrong.area_id,
        delivery_id=wrong.delivery_id,
        type=wrong.type,
        step=wrong.step,
        happened_at=wrong.happened_at,
        place=wrong.place,
        details={},
        note=value.explanation,
        corrects_id=wrong.id,
        correction_reason=value.reason,
        **signature(actor),
    )
    if value.reason is CorrectionReason.INCORRECT_DATA:
        right.happened_at = value.happened_at or wrong.happened_at
        right.step = value.step or wrong.step
        right.place = value.place or wrong.place
        right.details = wrong.details if value.details is None else value.details
        right.input_g, right.output_g, right.loss_g = wrong.input_g, wrong.output_g, wrong.loss_g
    return right


def _judge_moment(batch: Batch, right: Event, others: list[Event], begins: bool) -> None:
    """The beginning stays before everything else, and everything else after it."""
    day = local_day(right.happened_at)
    if right.happened_at > now():
        raise RuleBroken("events.in_future", "happened_at")
    if begins and batch.origin is Origin.HARVEST:
        days = [
            local_day(event.happened_at)
            for event in others
            if event.id != right.corrects_id and not may_precede(event)
        ]
        if days and min(days) < day:
            raise RuleBroken("events.after_others", "happened_at", first=min(days))
    elif day < batch.started_on and not may_precede(right):
        raise RuleBroken("events.before_batch", "happened_at", began=batch.started_on)


def _judge_code(session: Session, actor: Actor, batch: Batch, right: Event) -> None:
    """Another day of the harvest lies within the validity of the area code, as the first one had to; what was drawn
    from the authorisation of a lent code follows its weight.

    Whether the code is granted now is no matter: it was when the batch was registered.
    """
    day = local_day(right.happened_at)
    code_draws.redraw(session, actor, batch, right.output_g or batch.made_g, day)
    if not batch.area_code or batch.area_id is None or day == batch.harvested_on:
        return
    own = area_grants.known_code(session, batch.area_id, batch.area_code)
    if own is not None:
        own.must_be_valid_on(day, "happened_at")


def _judge_weights(
    wrong: Event, right: Event, value: CorrectionInput, begins: bool, held_g: int, actor: Actor
) -> None:
    """Puts the right weights in: an output for what begins a batch or leaves it, a loss for a step between."""
    if begins or wrong.type in (EventType.SHIP, EventType.RETURN):
        if value.output_kg is None:
            return
        if not value.output_kg:
            raise RuleBroken("events.weight_missing", "output_kg")
        right.output_g = int(value.output_kg)
        if right.input_g is not None:
            if right.output_g > right.input_g:
                total = kg_text(right.input_g, actor.language)
                raise RuleBroken("transforms.output_exceeds_inputs", "output_kg", total=total)
            right.loss_g = right.input_g - right.output_g
    elif value.loss_kg is not None:
        right.loss_g = int(value.loss_kg)
        if wrong.output_g is None:
            right.input_g, before = held_g, held_g
        else:
            before = wrong.output_g + (wrong.loss_g or 0)
        right.output_g = before - right.loss_g
        if right.output_g < 0:
            most = kg_text(before, actor.language)
            raise RuleBroken("events.loss_exceeds", "loss_kg", most=most)


def _correct_delivery(session: Session, wrong: Event, right: Event, never: bool) -> Delivery:
    """Brings the delivery in line; once received it can only be settled with its receiver."""
    delivery = records.lock(session, Delivery, wrong.delivery_id or "")
    if delivery.received_at is not None:
        raise RuleBroken("events.delivery_arrived")
    if delivery.unit_id is not None:
        raise RuleBroken("events.unit_left")
    if delivery.returned_g:
        raise RuleBroken("events.delivery_returned")
    _must_be_in_no_consignment(session, delivery)
    if never:
        delivery.cancelled_at = now()
    else:
        delivery.sent_g = right.output_g or delivery.sent_g
        delivery.sent_on = local_day(right.happened_at)
    return delivery


def _must_be_of_no_recall_entry(session: Session, wrong: Event) -> None:
    """What an entry of a recall wrote down goes with the entry, which is taken back as a whole."""
    for entry in (RecallRecovery, RecallHandling):
        standing_ones = select(entry.id).where(entry.event_id == wrong.id, col(entry.withdrawn_at).is_(None))
        if session.exec(standing_ones).first() is not None:
            raise RuleBroken("recalls.entry_stays")


def _must_be_in_no_consignment(session: Session, delivery: Delivery) -> None:
    """What was sealed into an export consignment comes back only by cancelling the consignment, as a whole."""
    found = session.exec(
        select(Consignment.number)
        .join(ConsignmentLine, col(ConsignmentLine.consignment_id) == Consignment.id)
        .where(
            ConsignmentLine.delivery_id == delivery.id,
            col(Consignment.state).in_([ConsignmentState.SEALED, ConsignmentState.DEPARTED]),
        )
    ).first()
    if found is not None:
        raise RuleBroken("events.in_consignment", None, number=found)


def _correct_return(session: Session, actor: Actor, wrong: Event, right: Event, never: bool) -> Delivery:
    """What came back of a delivery follows the correction; never more than could, nor before it was sent."""
    delivery = records.lock(session, Delivery, wrong.delivery_id or "")
    if not never and local_day(right.happened_at) < delivery.sent_on:
        raise RuleBroken("returns.before_sent", "happened_at", sent=delivery.sent_on)
    before, back = wrong.output_g or 0, 0 if never else right.output_g or 0
    left = returns.left_to_return(delivery)
    if back > before and back - before > left:
        facts = {"left": before + left, "sent": delivery.sent_g}
        code = "returns.with_receiver" if delivery.to_producer_id else "returns.more_than_sent"
        raise RuleBroken(
            code, "output_kg", **{name: kg_text(grams, actor.language) for name, grams in facts.items()}
        )
    delivery.returned_g += back - before
    return delivery


def _withdraw_test(session: Session, wrong: Event, never: bool) -> LabTest:
    """A wrong report is withdrawn and recorded anew; neither a failed one nor an agency's by the producer itself."""
    test = session.exec(select(LabTest).where(LabTest.event_id == wrong.id)).one()
    if not never or not test.passed or test.recorded_by_agency_id is not None:
        raise RuleBroken("events.test_stays", "reason")
    test.withdrawn_at = now()
    return test


def _added_material(session: Session, event: Event) -> bool:
    return session.exec(select(BatchInput.id).where(BatchInput.event_id == event.id)).first() is not None
