"""How many stamps a batch may have: what its grams allow, plus an allowance for spoilage, less what it has already."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, func, select

from traceability.domain import records
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.products import Product
from traceability.domain.quantities import count_text
from traceability.domain.stamps import RangeState, StampRange

#: Stamps are torn and misprinted: so many in a hundred more than there are units.
SPOILAGE_PERCENT = 2
#: Above so many stamps an order is confirmed by itself, above the other it is refused.
CONFIRMED_ABOVE = 10_000
MOST_STAMPS = 1_000_000

_COUNT = re.compile(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*|\d+")
_FRACTION = re.compile(r"\d+[.,]\d+")


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("stamp_count_unreadable", "this is not a number of stamps")
    text = re.sub(r"[\s\u00a0\u202f]+", " ", str(value)).strip()
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() else text
    negative, text = text.startswith("-"), text.removeprefix("-").removeprefix("+")
    if not text.isascii() or not _COUNT.fullmatch(text) or len(text) > 30:
        why = "fraction" if text.isascii() and _FRACTION.fullmatch(text) else "unreadable"
        raise PydanticCustomError(f"stamp_count_{why}", "this is not a number of stamps")
    number = int(re.sub(r"[., ]", "", text))
    if negative or number == 0:
        raise PydanticCustomError("stamp_count_none", "at least one stamp")
    if number > MOST_STAMPS:
        raise PydanticCustomError("stamp_count_too_many", "too many stamps")
    return number


#: How many stamps: a whole number from 1 to 1,000,000, in groups of three or not (`1.250`, `1250`).
StampCount = Annotated[int, BeforeValidator(_count)]


@dataclass(frozen=True)
class Quota:
    """The sum behind an order. `grams` are those of the batch that can be packed: on hand, or already shipped."""

    grams: int
    net_weight_g: int
    #: stamps ordered for the batch so far and not made void
    ordered: int

    @property
    def units(self) -> int:
        """Whole units of the product that the grams make."""
        return self.grams // self.net_weight_g

    @property
    def allowance(self) -> int:
        """Stamps that may be spoiled."""
        return self.units * SPOILAGE_PERCENT // 100

    @property
    def left(self) -> int:
        """How many stamps may still be ordered; never below zero."""
        return max(0, self.units + self.allowance - self.ordered)


def quota_of(session: Session, batch: Batch, product: Product) -> Quota:
    """The quota of a batch now. Exact only while the batch is locked."""
    count = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)
    statement = select(count).where(StampRange.batch_id == batch.id, StampRange.state != RangeState.VOID)
    ordered = session.exec(statement).one()
    return Quota(batch.on_hand_g + batch.shipped_g, product.net_weight_g, int(ordered or 0))


def must_cover(
    session: Session, batch: Batch, actor: Actor, field: str | None = None, code: str = "stamps.exceed_rest"
) -> None:
    """Demands that no more stamps are ordered than the goods allow that an act leaves in a locked batch.

    Else the goods that went on could be stamped a second time. Raises `RuleBroken` (`code`).
    """
    quota = quota_of(session, batch, records.find(session, Product, batch.product_id))
    most = quota.units + quota.allowance
    if quota.ordered > most:
        ordered, most_text = (count_text(number, actor.language) for number in (quota.ordered, most))
        raise RuleBroken(code, field, lot=batch.lot, ordered=ordered, most=most_text)
