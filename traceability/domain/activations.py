"""The activation (kích hoạt): stamps that stick to goods begin to speak for their batch, all of a run or none."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from traceability.domain import ledger, records, rules, stamp_ranges, stamp_runs
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.products import Product
from traceability.domain.stamp_runs import Keys, Part, Run, TypedCode
from traceability.domain.stamps import RangeState, StampOrder, StampRange

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
    """What would be activated, to be confirmed. `count` leaves out the void stamps; `swapped`: the codes were given
    the other way round."""

    order: StampOrder
    batch: Batch
    product: Product
    count: int
    first_code: str
    last_code: str
    void: list[Part]
    swapped: bool


def look(session: Session, actor: Actor, value: ActivationInput, keys: Keys) -> Look:
    """What an activation would do, without doing it; codes the wrong way round are turned.

    Raises `RuleBroken` as `activate`, except for void stamps between others.
    """
    actor.must(Permission.ACTIVATE_STAMPS)
    swapped = False
    try:
        run = stamp_runs.run_of(session, keys, value.first_code, value.last_code)
    except RuleBroken as error:
        if error.code != "stamps.first_after_last":
            raise
        run, swapped = stamp_runs.run_of(session, keys, value.last_code, value.first_code), True
    order = records.find(session, StampOrder, run.order_id)
    batch = records.find(session, Batch, order.batch_id)
    _must_speak(batch)
    ranges = stamp_ranges.of_order(session, order.id)
    void = _must_be_ready(run, ranges, actor, keys)
    return Look(
        order=order,
        batch=batch,
        product=records.find(session, Product, batch.product_id),
        count=run.count - sum(part.count for part in void),
        first_code=stamp_runs.code_of(keys, run.epoch, run.first),
        last_code=stamp_runs.code_of(keys, run.epoch, run.last),
        void=void,
        swapped=swapped,
    )


def activate(session: Session, actor: Actor, value: ActivationInput, keys: Keys) -> list[StampRange]:
    """Activates a run of stamps, all of it or none. Answers the ranges that became active.

    Raises `RuleBroken`: `access.not_permitted`; what `stamp_runs.run_of` refuses; `batches.held`, `.recalled`,
    `.closed`; `stamps.batch_not_released`; `stamps.part_not_printed`, `.part_active`, `.part_suspended`, `.part_void`,
    `.all_void`, each naming the part.
    """
    actor.must(Permission.ACTIVATE_STAMPS)
    run = stamp_runs.run_of(session, keys, value.first_code, value.last_code)
    _must_speak(records.lock(session, Batch, records.find(session, StampOrder, run.order_id).batch_id))
    order = records.lock(session, StampOrder, run.order_id)
    void = _must_be_ready(run, stamp_ranges.locked(session, order.id), actor, keys)
    if void and not value.without_void:
        raise stamp_runs.refuse("stamps.part_void", void[0], actor)
    ranges = stamp_ranges.carve_all(session, order.id, run.first, run.last)
    begun = [stamps for stamps in ranges if stamps.state in _READY]
    moment = now()
    for stamps in begun:
        stamps.state, stamps.activated_at = RangeState.ACTIVE, moment
    session.flush()
    rules.judge(session, order, "activate")
    ledger.record(session, "stamps.activated", order, *begun)
    return begun


def _must_speak(batch: Batch) -> None:
    """Demands that the batch has a public page that may speak for it."""
    batch.must_move("first_code")
    if batch.state is not BatchState.RELEASED:
        raise RuleBroken("stamps.batch_not_released", "first_code", lot=batch.lot)


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
