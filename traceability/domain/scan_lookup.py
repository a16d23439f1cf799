"""The one small question of a scan: how the stamp and its lot stand now, and how far the log has come.

`scans.resolve` says the same through the mapped tables; a test holds the two against each other. The log's last
position is part of the answer, because each transaction that changes what a page shows appends to the log: whoever
keeps a page ready learns here, in the same moment as the stamp's state, whether anything was written since.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from traceability.domain.batches import BatchState
from traceability.domain.scans import Resolution, verdict_of
from traceability.domain.stamps import RangeState, VoidReason

#: `Database.rows`: SQL with `?`, values -> rows as the driver gives them.
Ask = Callable[..., list[tuple[Any, ...]]]

_STAMP = """
SELECT r.last_serial, r.state, r.void_reason, r.activated_at, r.id, b.id, b.state, b.page_version, b.best_before_on,
       o.demo, c.opened, c.first_at, (SELECT max(position) FROM log_leaf), k.at,
       c.visitors, c.provinces
FROM stamp_range r
JOIN batch b ON b.id = r.batch_id
JOIN stamp_order o ON o.id = r.order_id
LEFT JOIN stamp_count c ON c.epoch_number = r.epoch_number AND c.serial = ?
LEFT JOIN stamp_check k ON k.epoch_number = r.epoch_number AND k.serial = ? AND k.first_of IS NOT NULL
WHERE r.epoch_number = ? AND r.first_serial <= ?
ORDER BY r.first_serial DESC
LIMIT 1
"""
_FACTS = "SELECT kind, tenant FROM log_leaf WHERE position > ? AND position <= ?"
#: Facts that no page of a stamp shows anything of.
_SILENT = (
    "account.", "api_token.", "doubt.", "evidence_photo.", "layout.", "link.", "rule.refused", "stamp_check.",
    "webhook.",
)  # fmt: skip


#: A row of the question, as the driver gives it.
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Seen:
    """How a stamp stands. `state` is all of it that its page shows, the count left out; `head`: the log's last leaf."""

    found: Resolution
    state: Row
    head: int


def ask_for(ask: Ask, epoch: int, serial: int) -> Row | None:
    """The row that tells how the stamp (epoch, serial) stands; None when no range holds the serial."""
    rows = ask(_STAMP, serial, serial, epoch, serial)
    return rows[0] if rows and rows[0][0] >= serial else None


def state_of(row: Row) -> Row:
    """What a page shows of a row and of nothing else: the range, the lot and how both stand."""
    return row[1:10]


def range_of(row: Row) -> str:
    """The id of the range of stamps."""
    return str(row[4])


def count_of(row: Row) -> tuple[int, Any, int | None]:
    """How often the stamp was opened, when for the first time, as the driver gives it, and by how many visitors."""
    return row[10] or 0, row[11] if row[10] else None, row[14]


def provinces_of(row: Row) -> str:
    """Where visitors said that they looked at it, see `scan_provinces.read`."""
    return row[15] or ""


def head_of(row: Row) -> int:
    """The log's last leaf when the row was read."""
    head: int | None = row[12]
    return -1 if head is None else head


def is_checked(row: Row) -> bool:
    """Whether the stamp's PIN was checked right once: its page says so, and is not one of those kept ready."""
    return row[13] is not None


def look_up(ask: Ask, epoch: int, serial: int, today: date) -> Seen | None:
    """How the stamp (epoch, serial) stands on a day; None when no range holds the serial."""
    row = ask_for(ask, epoch, serial)
    return None if row is None else seen_of(row, epoch, serial, today)


def seen_of(row: Row, epoch: int, serial: int, today: date) -> Seen:
    """What a row says of the stamp (epoch, serial) on a day."""
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
        _head,
        _checked,
        visitors,
        provinces,
    ) = row
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
        activated_at=instant(activated),
        opened=opened or 0,
        first_opened_at=instant(first) if opened else None,
        visitors=visitors,
        provinces=provinces or "",
    )
    return Seen(found, state_of(row), head_of(row))


def touched(ask: Ask, after: int, upto: int) -> Iterable[str | None]:
    """The producers of whom something was written between two positions of the log; None: it may touch anybody."""
    for kind, tenant in ask(_FACTS, after, upto):
        if not kind.startswith(_SILENT):
            yield tenant


def instant(value: Any) -> datetime | None:
    """A moment as the driver gives it, as an aware one."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return None if value is None else value.astimezone(UTC)
