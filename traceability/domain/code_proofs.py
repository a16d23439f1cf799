"""The proof that a code was issued: from its hash up to the root that its order has in the log, and from there on.

The leaf `stamps.ready` of an order holds the Merkle root over the SHA-256 of its codes. The way up is told with its
sides; they tell the code's place in the order (its bits), and the way's length within which power of two the order's
size lies, no more. Hashes beside the way tell nothing of other codes: those hold 35 secret bits
over a serial that is hidden too.
"""

from dataclasses import dataclass
from functools import lru_cache

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
    """The way from a code's hash to its order's root.

    Takes time in proportion to the order when it is asked for the first time, and to a block of it afterwards.
    """
    first, quantity = found.order.first_serial, found.order.quantity
    block, place = divmod(found.place, BLOCK)
    start = block * BLOCK
    inside = code_leaves(key, first + start, min(BLOCK, quantity - start))
    tops = block_roots(key, first, quantity)
    return way(inside, place) + way(tops, block)


#: So many codes share a node that is kept: a power of two, so that the tree over the blocks is the order's own.
BLOCK = 1 << 12


@lru_cache(maxsize=256)
def block_roots(key: EpochKey, first: int, quantity: int) -> list[bytes]:
    """The nodes over each block of an order's codes, the last block as far as it goes."""
    return [
        _root(code_leaves(key, first + start, min(BLOCK, quantity - start)))
        for start in range(0, quantity, BLOCK)
    ]


def code_leaves(key: EpochKey, first: int, count: int) -> list[bytes]:
    """The leaves over the hashes of codes."""
    return [leaf_hash(one) for one in stamp_orders.code_hashes(key, first, count)]


def way(level: list[bytes], place: int) -> list[Step]:
    """The audit path of RFC 6962 section 2.1.1 over these nodes, each step with its side."""
    steps = []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Step(beside < place, level[beside]))
        level, place = _above(level), place >> 1
    return steps


def _root(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: list[bytes]) -> list[bytes]:
    paired = [parent(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return paired + level[len(paired) * 2 :]  # an odd one goes up alone
