"""Making stamps void (hủy tem): one or a run, for a reason that decides the words a shopper reads."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session

from traceability.domain import ledger, notices, records, rules, stamp_ranges, stamp_runs, suspensions
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.stamp_runs import Keys, TypedCode
from traceability.domain.stamps import RangeState, StampOrder, StampRange, VoidReason
from traceability.domain.suspensions import SuspendedKind
from traceability.domain.text import Block


class VoidInput(BaseModel):
    """The first and the last code, or the first alone for one stamp, and why they are void."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_code: TypedCode
    last_code: TypedCode | None = None
    reason: VoidReason
    note: Annotated[Block, Field(max_length=400)] = ""


def void(session: Session, actor: Actor, value: VoidInput, keys: Keys) -> list[StampRange]:
    """Makes a run of stamps void for ever; those that are void already keep their reason. Answers the ranges.

    A suspended stamp is made void only by an agency. The producer is told what an agency did. The stamps count against
    the batch's quota no longer.

    Raises `RuleBroken`: `access.not_permitted`, what `stamp_runs.run_of` refuses, `stamps.void_already`,
    `stamps.part_suspended`.
    """
    actor.must(Permission.VOID_OWN_STAMPS, Permission.VOID_STAMPS)
    run = stamp_runs.run_of(session, keys, value.first_code, value.last_code)
    order = locked_order(session, run.order_id)
    parts = stamp_runs.parts(keys, run, stamp_ranges.locked(session, order.id))
    for part in parts:
        if part.state is RangeState.SUSPENDED and not actor.may(Permission.VOID_STAMPS):
            raise stamp_runs.refuse("stamps.part_suspended", part, actor)
    if all(part.state is RangeState.VOID for part in parts):
        raise stamp_runs.refuse("stamps.void_already", parts[0], actor)
    ranges = stamp_ranges.carve_all(session, order.id, run.first, run.last)
    ended = [stamps for stamps in ranges if stamps.state is not RangeState.VOID]
    end(session, order, ended, value.reason, value.note)
    if actor.producer_id != order.producer_id and actor.user_id is not None:
        _tell(session, order, ended)
    return ended


def locked_order(session: Session, order_id: str) -> StampOrder:
    """An order, locked after its batch, as always: what is void may close a flag of the batch. Raises `NotFound`."""
    records.lock(session, Batch, records.find(session, StampOrder, order_id).batch_id)
    return records.lock(session, StampOrder, order_id)


def end(session: Session, order: StampOrder, ended: list[StampRange], reason: VoidReason, note: str) -> None:
    """Makes whole ranges of an order void that is locked with its batch, and notes the fact."""
    for stamps in ended:
        stamps.state, stamps.state_before = RangeState.VOID, None
        stamps.void_reason, stamps.note = reason, note
    over = suspensions.end_with(session, SuspendedKind.STAMP_RANGE, [stamps.id for stamps in ended])
    session.flush()
    rules.judge(session, order, "void")
    ledger.record(session, "stamps.voided", order, *ended, *over, reason=reason)


def _tell(session: Session, order: StampOrder, ended: list[StampRange]) -> None:
    notices.post(
        session,
        "stamps_voided",
        producer_id=order.producer_id,
        subject=order,
        number=order.number,
        count=sum(stamps.count for stamps in ended),
    )
