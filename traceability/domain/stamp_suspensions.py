"""Suspending a run of stamps, or one single stamp: the next scan says so, and the rest of the roll goes on."""

from pydantic import Field
from sqlmodel import Session

from traceability.domain import records, stamp_ranges, suspensions
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken
from traceability.domain.records import RecordId
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.domain.suspensions import SUSPENDERS, ReasonInput, SuspendedKind, Suspension

_KIND = SuspendedKind.STAMP_RANGE


class RunInput(ReasonInput):
    """A run of stamps of one order, by its first and last serial, and why."""

    order_id: RecordId
    first_serial: int = Field(ge=0)
    last_serial: int = Field(ge=0)


def suspend_run(session: Session, actor: Actor, value: RunInput) -> list[Suspension]:
    """Stops a run of stamps. Void ones and those that are suspended already stay as they are.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `stamp_ranges.outside_order`,
    `suspensions.not_in_use` (no stamp of the run can be stopped).
    """
    actor.must(*SUSPENDERS[_KIND])
    ranges = stamp_ranges.carve_all(session, value.order_id, value.first_serial, value.last_serial)
    placed, refusal = [], RuleBroken("suspensions.not_in_use")
    for stamps in ranges:
        try:
            placed.append(suspensions.place(session, actor, _KIND, stamps, value.reason))
        except RuleBroken as error:
            refusal = error
    if not placed:
        raise refusal
    stopped = {suspension.subject_id for suspension in placed}
    _tell(session, "suspended", placed[0], [row for row in ranges if row.id in stopped], value.reason)
    return placed


def lift_run(session: Session, actor: Actor, value: RunInput) -> list[Suspension]:
    """Lets a run of stamps go again, as far as it was suspended.

    Raises as `suspend_run`, and `RuleBroken` ("suspensions.not_suspended").
    """
    actor.must(*SUSPENDERS[_KIND])
    ranges = stamp_ranges.carve_all(session, value.order_id, value.first_serial, value.last_serial)
    stopped = [stamps for stamps in ranges if stamps.state is RangeState.SUSPENDED]
    lifted = [suspensions.release(session, actor, _KIND, stamps, value.reason) for stamps in stopped]
    if not lifted:
        raise RuleBroken("suspensions.not_suspended")
    _tell(session, "lifted", lifted[0], stopped, value.reason)
    return lifted


def suspend_code(session: Session, actor: Actor, epoch: int, serial: int, reason: str) -> Suspension:
    """Stops one stamp; the ranges beside it go on as they were. Raises as `suspend_run`."""
    return suspend_run(session, actor, _one(session, epoch, serial, reason))[0]


def lift_code(session: Session, actor: Actor, epoch: int, serial: int, reason: str) -> Suspension:
    """Lets one stamp go again. Raises as `lift_run`."""
    return lift_run(session, actor, _one(session, epoch, serial, reason))[0]


def _one(session: Session, epoch: int, serial: int, reason: str) -> RunInput:
    stamps = stamp_ranges.holding(session, epoch, serial)
    return RunInput(order_id=stamps.order_id, first_serial=serial, last_serial=serial, reason=reason)


def _tell(session: Session, what: str, first: Suspension, ranges: list[StampRange], reason: str) -> None:
    order = records.find(session, StampOrder, ranges[0].order_id)
    count = sum(stamps.count for stamps in ranges)
    suspensions.tell(session, what, first, order, name=order.number, reason=reason, count=count)
