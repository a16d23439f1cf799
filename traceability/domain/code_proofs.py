"""The proof that a code was issued: from its hash up to the root that its order has in the log, and from there on.

The leaf `stamps.ready` of an order holds the Merkle root over the SHA-256 of its codes. The way up is told with its
sides, not with the code's place and the order's size: who holds a stamp need not learn how many there are (its length
still shows within which power of two). Hashes beside the way tell nothing of other codes: those hold 35 secret bits
over a serial that is hidden too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain import stamp_orders
from traceability.domain.ledger import LogEntry, LogLeaf
from traceability.domain.merkle import leaf_hash, parent
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import StampOrder

READY = "stamps.ready"


@dataclass(frozen=True)
class Step:
    """One hash beside the way up: it stands on the left or on the right of the way."""

    left: bool
    hash: bytes


@dataclass(frozen=True)
class IssuedCode:
    """The order in which a code was issued, and the position of the leaf that holds the order's root."""

    order: StampOrder
    position: int
    place: int


def issued(session: Session, epoch: int, serial: int) -> IssuedCode | None:
    """The order whose logged root covers this code; None if no order in the log does."""
    statement = (
        select(StampOrder)
        .where(
            StampOrder.epoch_number == epoch,
            col(StampOrder.first_serial) <= serial,
            col(StampOrder.code_root).is_not(None),
        )
        .order_by(col(StampOrder.first_serial).desc())
        .limit(1)
    )
    order = session.exec(statement).first()
    if order is None or serial >= order.first_serial + order.quantity:
        return None
    leaf = (
        select(LogLeaf.position)
        .join(LogEntry, col(LogEntry.position) == col(LogLeaf.position))
        .where(LogEntry.table_name == "stamp_order", LogEntry.record_id == order.id, LogLeaf.kind == READY)
        .order_by(col(LogLeaf.position))
    )
    position = session.exec(leaf).first()
    return None if position is None else IssuedCode(order, position, serial - order.first_serial)


def way_up(key: EpochKey, found: IssuedCode) -> list[Step]:
    """The way from a code's hash to its order's root. Takes time and memory in proportion to the order."""
    return way(stamp_orders.code_hashes(key, found.order.first_serial, found.order.quantity), found.place)


def way(hashes: Iterable[bytes], place: int) -> list[Step]:
    """The audit path of RFC 6962 section 2.1.1 over these leaves, each step with its side."""
    level, steps = [leaf_hash(one) for one in hashes], []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Step(beside < place, level[beside]))
        paired = [parent(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]  # an odd one goes up alone
        place >>= 1
    return steps
