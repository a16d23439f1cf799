"""The packing of a batch: on which day it was packed first, and in how many packages.

The day is that of the first packing that stands, also one before the goods got the lot they have now; the shelf life
counts from it. Packages of several packings add up; a repacking counts all of them anew.
"""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from traceability.domain import records
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.errors import RuleBroken
from traceability.domain.history import EventType, history, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.products import Product

#: No batch has more packages: more is a slip of the keyboard.
MOST_UNITS = 1_000_000_000
_COUNT = re.compile(r"[0-9]{1,3}(?:[.\s]?[0-9]{3}){0,3}|[0-9]{1,9}")
_KEEP_THEIR_PACKS = frozenset({Origin.SPLIT, Origin.MERGE, Origin.RETURN, Origin.REWORK})


def read_count(text: str) -> int | None:
    """The number that a text writes (`250`, `1.250`), or None where it writes none or one too large."""
    text = text.strip()
    number = int(re.sub(r"[^0-9]", "", text)) if text.isascii() and _COUNT.fullmatch(text) else None
    return number if number is not None and number <= MOST_UNITS else None


def _count(value: Any) -> int:
    typed = str(value)[:40] if isinstance(value, str | int) and not isinstance(value, bool) else ""
    number = read_count(typed)
    if not number:
        raise PydanticCustomError("packages_unreadable", "this is not a number of packages", {"typed": typed})
    return number


#: A number of packages above zero.
PackageCount = Annotated[int, BeforeValidator(_count), Field(ge=1, le=MOST_UNITS)]


def settle(session: Session, batch: Batch) -> None:
    """Brings day, packages and shelf life of a batch in line with its packings that stand.

    Raises `RuleBroken` ("events.units_unreadable").
    """
    events = history(session, batch.id)
    packings = [event for event in standing(events) if event.type is EventType.PACK]
    repackings = [
        event for event in standing(events) if event.type is EventType.REPACK and event.batch_id == batch.id
    ]
    days = [local_day(event.happened_at) for event in packings]
    days += [day for day in (_inherited(session, batch),) if day]
    if batch.origin is Origin.REPACK:
        days = [batch.started_on]
    batch.packed_on = min(days, default=None)
    counted = [event for event in (*packings, *repackings) if event.details.get("units")]
    counted.sort(key=lambda event: (event.happened_at, event.created_at))
    units: int | None = None
    for event in counted:
        number = read_count(event.details["units"])
        if number is None:
            raise RuleBroken("events.units_unreadable", "details-units", typed=event.details["units"])
        units = number if event.type is EventType.REPACK else (units or 0) + number
        if units > MOST_UNITS:
            raise RuleBroken("events.units_unreadable", "details-units", typed=event.details["units"])
    if units is not None or batch.origin in (Origin.HARVEST, Origin.TRANSFORM):
        batch.unit_count = units
    batch.begin_shelf_life(records.find(session, Product, batch.product_id))


def _inherited(session: Session, batch: Batch) -> date | None:
    """The day on which goods were packed that came in their packs from other lots, if all of them were."""
    if batch.origin not in _KEEP_THEIR_PACKS:
        return None
    statement = (
        select(Batch)
        .join(BatchInput, col(BatchInput.source_batch_id) == Batch.id)
        .where(BatchInput.batch_id == batch.id)
    )
    found = [source.packed_on for source in session.exec(statement).all()]
    known = [day for day in found if day is not None and day <= batch.started_on]
    return min(known) if known and len(known) == len(found) else None
