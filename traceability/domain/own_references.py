"""References of a producer's own programs (`external_ref`): each names one thing of its kind.

A program that has lost its memory, and its idempotency keys with it, sends again what it sent before. The reference is
what it still knows, so the second thing under it is refused with the name of the first. A unique index stands behind
the rule, for two requests that look at the same moment. It leaves out the rows of before there was such a rule: two of
them may have one reference; they stay, and a further one is refused by the rule.
"""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Field, Session, select

from traceability.domain.clock import local_day
from traceability.domain.errors import RuleBroken

#: How a refusal names what has the reference already: its code, and the column that people know it by.
_TAKEN = {
    "batch": ("batches.reference_taken", "lot"),
    "event": ("events.reference_taken", "happened_at"),
    "stamp_order": ("stamps.reference_taken", "number"),
    "growing_area": ("areas.reference_taken", "name"),
    "recall": ("recalls.reference_taken", "number"),
}


#: Why the log leaves the column of `in_index` out.
WHY_UNLOGGED: Final = (
    "says whether the index on references covers the row: it does not of rows of before the index"
)


def unique(table: str) -> sa.Index:
    """The index that lets a reference stand once in a table for each producer."""
    covered = sa.text("reference_in_index")
    return sa.Index(
        f"uq_{table}_external_ref",
        "producer_id",
        "external_ref",
        unique=True,
        sqlite_where=covered,
        postgresql_where=covered,
    )


def in_index() -> Any:
    """The column `reference_in_index`: true for every new row, false for those that stood before the index."""
    return Field(default=True, sa_column_kwargs={"server_default": sa.text("false")})


def must_be_new(session: Session, table: Any, producer_id: str, reference: str | None) -> None:
    """Demands that a reference names nothing of a producer in a table (`_TAKEN`) yet. Asked before all other rules, so
    that what is sent again is not told that its lot is taken or its goods are gone.

    Raises `RuleBroken`: `batches.reference_taken`, `events.`, `stamps.`, `areas.` and `recalls.reference_taken`, each
    with the `record_id` that the reference names.
    """
    if reference is None:
        return
    same = (table.producer_id == producer_id, table.external_ref == reference)
    with session.no_autoflush:
        found = session.exec(select(table).where(*same)).first()
    if found is None:
        return
    code, known_by = _TAKEN[table.__tablename__]
    name = getattr(found, known_by)
    said = local_day(name) if isinstance(name, datetime) else name
    raise RuleBroken(code, "external_ref", reference=reference, record_id=found.id, **{known_by: said})
