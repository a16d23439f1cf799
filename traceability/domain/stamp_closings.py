"""Closing an order: what was printed is good, spoiled or given back, and not one stamp is left over.

An order is closed when each of its stamps is active or void; it is never printed again. Stamps that were not needed go
back in the same step. Voiding and suspending go on after that: goods live longer than prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from traceability.domain import ledger, stamp_ranges, stamp_voids
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.quantities import count_text
from traceability.domain.records import RecordId
from traceability.domain.stamps import RangeState, StampOrder, StampRange, VoidReason
from traceability.domain.text import Block

_SPOILED = frozenset({VoidReason.SPOILED, VoidReason.MISPRINT, VoidReason.OVERPRINT})
_GOOD = frozenset({RangeState.ACTIVE, RangeState.CLOSED})


class CloseInput(BaseModel):
    """Closes an order; with `rest_returned` the stamps that are left over are void, given back unused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: RecordId
    rest_returned: bool = False
    note: Annotated[Block, Field(max_length=400)] = ""


@dataclass(frozen=True)
class PrintAccount:
    """What became of stamps. `good` are active; `lost` are void for any other reason; `open` are none of these."""

    ordered: int = 0
    good: int = 0
    spoiled: int = 0
    returned: int = 0
    lost: int = 0
    suspended: int = 0
    open: int = 0

    @property
    def balances(self) -> bool:
        """Whether nothing is left to say."""
        return not self.open and not self.suspended


def account_of(ranges: Iterable[StampRange]) -> PrintAccount:
    """The account of some ranges; its parts always add up to `ordered`."""
    counts = dict.fromkeys(("ordered", "good", "spoiled", "returned", "lost", "suspended", "open"), 0)
    for stamps in ranges:
        counts["ordered"] += stamps.count
        counts[heading(stamps.state, stamps.void_reason)] += stamps.count
    return PrintAccount(**counts)


def heading(state: RangeState, reason: VoidReason | None) -> str:
    """Under which word of the account stamps in a state belong."""
    if state in _GOOD:
        return "good"
    if state is RangeState.SUSPENDED:
        return "suspended"
    if state is not RangeState.VOID:
        return "open"
    if reason in _SPOILED:
        return "spoiled"
    return "returned" if reason is VoidReason.RETURNED else "lost"


def close(session: Session, actor: Actor, value: CloseInput) -> StampOrder:
    """Closes an order whose stamps are all accounted for.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `stamps.closed_already`, `stamps.close_suspended`,
    `stamps.close_unbalanced` (with what is missing).
    """
    actor.must(Permission.ORDER_STAMPS)
    order = stamp_voids.locked_order(session, value.order_id)
    if order.closed_at is not None:
        raise RuleBroken("stamps.closed_already", None, number=order.number)
    ranges = stamp_ranges.locked(session, order.id)
    account = account_of(ranges)
    said = {name: count_text(count, actor.language) for name, count in vars(account).items()}
    if account.suspended:
        raise RuleBroken("stamps.close_suspended", None, count=said["suspended"])
    if account.open and not value.rest_returned:
        raise RuleBroken("stamps.close_unbalanced", "rest_returned", **said)
    left = [stamps for stamps in ranges if heading(stamps.state, stamps.void_reason) == "open"]
    if left:
        stamp_voids.end(session, order, left, VoidReason.RETURNED, value.note)
    order.closed_at, order.closed_by_id = now(), actor.user_id
    ledger.record(session, "stamps.order_closed", order)
    return order
