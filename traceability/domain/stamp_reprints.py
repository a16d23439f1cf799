"""Reprinting one stamp: the old one is void in the same step, so that there are never two for one piece of goods."""

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from traceability.domain import batches, records, stamp_orders, stamp_ranges, stamp_runs, stamp_voids
from traceability.domain.actors import Actor, Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_orders import Minting
from traceability.domain.stamp_runs import Keys, TypedCode
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import RangeState, StampOrder, VoidReason

_UNPRINTED = frozenset({RangeState.ORDERED, RangeState.READY})


class ReprintInput(BaseModel):
    """The stamp that is printed anew, by its code, and what happened to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_code: TypedCode
    reason: VoidReason = VoidReason.SPOILED


def reprint(session: Session, actor: Actor, value: ReprintInput, keys: Keys, minting: Minting) -> StampOrder:
    """Makes a stamp void and orders one in its place, for the same batch and printed the same way.

    The new order still has to be prepared; its stamp is activated like any other. Raises `RuleBroken`:
    `access.not_permitted`, what `stamp_runs.run_of`, `stamp_voids.void` and `stamp_orders.order` refuse, and
    `stamps.part_not_printed` for a stamp that was never downloaded.
    """
    actor.must(Permission.ORDER_STAMPS)
    actor.must(Permission.VOID_OWN_STAMPS)
    run = stamp_runs.run_of(session, keys, value.first_code)
    old = records.find(session, StampOrder, run.order_id)
    batches.choose(session, old.batch_id)  # the batch is locked before its orders, always
    records.lock(session, StampOrder, old.id)
    for part in stamp_runs.parts(keys, run, stamp_ranges.locked(session, old.id)):
        if part.state in _UNPRINTED:
            raise stamp_runs.refuse("stamps.part_not_printed", part, actor)
        if part.state is RangeState.SUSPENDED:
            raise RuleBroken("stamps.reprint_suspended", "first_code")
    stamp_voids.void(session, actor, VoidInput(first_code=value.first_code, reason=value.reason), keys)
    return stamp_orders.order_again(session, actor, old, run.first, minting=minting)


def around(session: Session, order: StampOrder) -> tuple[StampOrder | None, list[StampOrder]]:
    """The order of which this one replaces a stamp, and the orders that replace stamps of this one."""
    old = records.find(session, StampOrder, order.reprints_id) if order.reprints_id else None
    statement = select(StampOrder).where(StampOrder.reprints_id == order.id)
    return old, list(session.exec(statement.order_by(col(StampOrder.created_at))).all())
