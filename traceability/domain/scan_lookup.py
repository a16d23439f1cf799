"""The one small question of a scan: how the stamp and its lot stand now, and how far the log has come.

`scans.resolve` says the same through the mapped tables; a test holds the two against each other. The log's last
position is part of the answer, because each transaction that changes what a page shows appends to the log: whoever
keeps a page ready learns here, in the same moment as the stamp's state, whether anything was written since.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from traceability.domain.batches import BatchState
from traceability.domain.scans import Resolution, verdict_of
from traceability.domain.stamps import RangeState, VoidReason

#: `Database.rows`: SQL with `?`, values -> rows as the driver gives them.
Ask = Callable[..., list[tuple[Any, ...]]]

_STAMP = """
SELECT r.last_serial, r.state, r.void_reason, r.activated_at, r.id, b.id, b.state, b.page_version, b.best_before_on,
       o.demo, c.opened, c.first_at, (SELECT max(position) FROM log_leaf)
FROM stamp_range r
JOIN batch b ON b.id = r.batch_id
JOIN stamp_order o ON o.id = r.order_id
LEFT JOIN stamp_count c ON c.epoch_number = r.epoch_number AND c.serial = ?
WHERE r.epoch_number = ? AND r.first_serial <= ?
ORDER BY r.first_serial DESC
LIMIT 1
"""
_FACTS = "SELECT kind, tenant FROM log_leaf WHERE position > ? AND position <= ?"
#: Facts that no page of a stamp shows anything of.
_SILENT = ("account.", "doubt.", "link.", "layout.")


@dataclass(frozen=True)
class Seen:
    """How a stamp stands. `state` is all of it that its page shows, the count left out; `head`: the log's last leaf."""

    found: Resolution
    state: tuple[Any, ...]
    head: int


def look_up(ask: Ask, epoch: int, serial: int, today: date) -> Seen | None:
    """How the stamp (epoch, serial) stands on a day; None when no range holds the serial."""
    rows = ask(_STAMP, serial, epoch, serial)
    if not rows or rows[0][0] < serial:
        return None
    (
        _last,
        state,
        void_reason,
        activated,
        stamps_id,
        batch_id,
        lot_state,
        version,
        before,
        demo,
        opened,
        first,
        head,
    ) = rows[0]
    best_before = date.fromisoformat(before) if isinstance(before, str) else before
    verdict = verdict_of(BatchState(lot_state), RangeState(state), best_before, today)
    found = Resolution(
        verdict=verdict,
        epoch=epoch,
        serial=serial,
        batch_id=batch_id,
        batch_version=version,
        stamps_id=stamps_id,
        demo=bool(demo),
        void_reason=VoidReason(void_reason) if void_reason else None,
        activated_at=_instant(activated),
        opened=opened or 0,
        first_opened_at=_instant(first),
    )
    return Seen(
        found,
        (verdict, state, lot_state, version, void_reason, activated, demo, today),
        head if head is not None else -1,
    )


def touched(ask: Ask, after: int, upto: int) -> Iterable[str | None]:
    """The producers of whom something was written between two positions of the log; None: it may touch anybody."""
    for kind, tenant in ask(_FACTS, after, upto):
        if not kind.startswith(_SILENT):
            yield tenant


@lru_cache(maxsize=4096)
def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return None if value is None else value.astimezone(UTC)
