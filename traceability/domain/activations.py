"""The activation (kích hoạt): stamps that stick to goods begin to speak for their batch, all of a run or none.

Whoever activated the wrong roll may take that back for ten minutes.
"""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from traceability.domain import ledger, records, rules, stamp_quota, stamp_ranges, stamp_runs
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.products import Product, ProductState
from traceability.domain.stamp_runs import Keys, Part, Run, TypedCode
from traceability.domain.stamps import RangeState, StampActivation, StampOrder, StampRange

#: So long an activation can be taken back.
UNDO_WITHIN = timedelta(minutes=10)

#: A stamp can be in use once its print was downloaded; that the print was looked over is no condition.
_READY = frozenset({RangeState.DOWNLOADED, RangeState.PRINTED})
_REFUSALS = {
    RangeState.ORDERED: "stamps.part_not_printed",
    RangeState.READY: "stamps.part_not_printed",
    RangeState.ACTIVE: "stamps.part_active",
    RangeState.SUSPENDED: "stamps.part_suspended",
    RangeState.CLOSED: "stamps.part_active",
}


class ActivationInput(BaseModel):
    """The first and the last code of what is activated. With `without_void`, void stamps in it are passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_code: TypedCode
    last_code: TypedCode
    without_void: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Look:
    """What would be activated, to be confirmed. `count` leaves out the void stamps."""

    order: StampOrder
    batch: Batch
    product: Product
    count: int
    first_code: str
    last_code: str
    void: list[Part]


def look(session: Session, actor: Actor, value: ActivationInput, keys: Keys) -> Look:
    """What an activation would do, without doing it.

    Raises `RuleBroken` as `activate`, except for void stamps between others.
    """
    actor.must(Permission.ACTIVATE_STAMPS)
    run = stamp_runs.run_of(session, keys, value.first_code, value.last_code)
    order = records.find(session, StampOrder, run.order_id)
    batch = records.find(session, Batch, order.batch_id)
    product = _must_speak(session, batch)
    ranges = stamp_ranges.of_order(session, order.id)
    void = _must_be_ready(run, ranges, actor, keys)
    return Look(
        order=order,
        batch=batch,
        product=product,
        count=run.count - sum(part.count for part in void),
        first_code=stamp_runs.code_of(keys, run.epoch, run.first),
        last_code=stamp_runs.code_of(keys, run.epoch, run.last),
        void=void,
    )


def activate(session: Session, actor: Actor, value: ActivationInput, keys: Keys) -> list[StampRange]:
    """Activates a run of stamps, all of it or none. Answers the ranges that became active.

    Raises `RuleBroken`: `access.not_permitted`; what `stamp_runs.run_of` refuses; `batches.held`, `.recalled`,
    `.closed`; `stamps.batch_not_released`; `stamps.above_goods`; `producers.suspended`; `products.suspended`;
    `stamps.part_not_printed`, `.part_active`, `.part_suspended`, `.part_void`, `.all_void`, each naming the part.
    """
    actor.must(Permission.ACTIVATE_STAMPS)
    run = stamp_runs.run_of(session, keys, value.first_code, value.last_code)
    batch_id = records.find(session, StampOrder, run.order_id).batch_id
    batch = records.lock(session, Batch, batch_id)
    _must_speak(session, batch)
    order = records.lock(session, StampOrder, run.order_id)
    void = _must_be_ready(run, stamp_ranges.locked(session, order.id), actor, keys)
    if void and not value.without_void:
        raise stamp_runs.refuse("stamps.part_void", void[0], actor)
    ranges = stamp_ranges.carve_all(session, order.id, run.first, run.last)
    begun = [stamps for stamps in ranges if stamps.state in _READY]
    stamp_quota.must_allow_more(session, batch, sum(stamps.count for stamps in begun), actor, "last_code")
    moment = now()
    done = StampActivation(
        producer_id=order.producer_id,
        order_id=order.id,
        first_serial=run.first,
        last_serial=run.last,
        count=sum(stamps.count for stamps in begun),
        before=[[stamps.first_serial, stamps.last_serial, stamps.state.value] for stamps in begun],
        by_id=actor.user_id,
        at=moment,
    )
    session.add(done)
    for stamps in begun:
        stamps.state, stamps.activated_at = RangeState.ACTIVE, moment
    session.flush()
    rules.judge(session, order, "activate")
    ledger.record(session, "stamps.activated", order, done, *begun)
    return begun


def undo(session: Session, actor: Actor, activation_id: str) -> StampActivation:
    """Takes an activation back: its stamps are again what they were before. Only whoever activated, for ten minutes.

    Scans in between do not stand in the way: within ten minutes it is the packer who tries the stamps, and both acts
    stay in the log. What was made void or suspended since then does.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `stamps.undo_not_yours`, `.undone_already`,
    `.undo_too_late`, `.order_closed`, `.undo_changed`.
    """
    actor.must(Permission.ACTIVATE_STAMPS)
    order = records.lock(session, StampOrder, records.find(session, StampActivation, activation_id).order_id)
    done = records.lock(session, StampActivation, activation_id)
    if done.by_id != actor.user_id:
        raise RuleBroken("stamps.undo_not_yours")
    if done.undone_at is not None:
        raise RuleBroken("stamps.undone_already")
    if now() - done.at > UNDO_WITHIN:
        raise RuleBroken("stamps.undo_too_late")
    if order.closed_at is not None:
        raise RuleBroken("stamps.order_closed", None, number=order.number)
    back = []
    ranges = stamp_ranges.locked(session, order.id)
    for first, last, state in done.before:
        parts = [stamps for stamps in ranges if first <= stamps.first_serial and stamps.last_serial <= last]
        if any(part.state is not RangeState.ACTIVE or part.activated_at != done.at for part in parts):
            raise RuleBroken("stamps.undo_changed")
        for part in parts:
            part.state, part.activated_at = RangeState(state), None
        back += parts
    done.undone_at = now()
    session.flush()
    ledger.record(session, "stamps.deactivated", order, done, *back)
    return done


def to_undo(session: Session, actor: Actor, order_id: str) -> list[StampActivation]:
    """What this actor may still take back of an order, the newest first."""
    statement = select(StampActivation).where(
        StampActivation.order_id == order_id,
        StampActivation.by_id == actor.user_id,
        col(StampActivation.undone_at).is_(None),
        col(StampActivation.at) > now() - UNDO_WITHIN,
    )
    return list(session.exec(statement.order_by(col(StampActivation.at).desc())).all())


def _must_speak(session: Session, batch: Batch) -> Product:
    """Demands that the batch has a public page that may speak for it, and that nobody has stopped its product or
    producer; answers the product."""
    batch.must_move("first_code")
    if batch.state is not BatchState.RELEASED:
        raise RuleBroken("stamps.batch_not_released", "first_code", lot=batch.lot)
    records.find(session, Producer, batch.producer_id).must_not_be_suspended("first_code")
    product = records.find(session, Product, batch.product_id)
    if product.state is ProductState.SUSPENDED:
        product.must_be_approved("first_code")
    return product


def _must_be_ready(run: Run, ranges: list[StampRange], actor: Actor, keys: Keys) -> list[Part]:
    """Demands that all of a run can be activated; answers the void parts, which are the caller's to judge."""
    parts = stamp_runs.parts(keys, run, ranges)
    for part in parts:
        if part.state in _REFUSALS:
            raise stamp_runs.refuse(_REFUSALS[part.state], part, actor)
    void = [part for part in parts if part.state is RangeState.VOID]
    if len(void) == len(parts):
        raise stamp_runs.refuse("stamps.all_void", void[0], actor)
    return void
