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

_ON_GOODS = frozenset({RangeState.ACTIVE, RangeState.CLOSED})

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
    #: those of them that stick on goods (active now, or active before they were suspended)
    active: int = 0

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
        return max(0, self.most - self.ordered)

    @property
    def most(self) -> int:
        """How many stamps the goods allow, the spoiled ones included."""
        return self.units + self.allowance

    @property
    def excess(self) -> int:
        """Stamps that are too many since the goods shrank."""
        return max(0, self.ordered - self.most)

    @property
    def to_void(self) -> int:
        """How many of those too many are on no goods yet, so that they can and must be given back or made void."""
        return min(self.excess, self.ordered - self.active)


def quota_of(session: Session, batch: Batch, product: Product) -> Quota:
    """The quota of a batch now. Exact only while the batch is locked."""
    count = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)
    statement = (
        select(StampRange.state, StampRange.state_before, count)
        .where(StampRange.batch_id == batch.id, StampRange.state != RangeState.VOID)
        .group_by(col(StampRange.state), col(StampRange.state_before))
    )
    ordered = active = 0
    for state, before, stamps in session.exec(statement).all():
        ordered += int(stamps)
        if (before or state) in _ON_GOODS:
            active += int(stamps)
    return Quota(batch.on_hand_g + batch.shipped_g, product.net_weight_g, ordered, active)


def must_be_settled(session: Session, batch: Batch, actor: Actor, field: str | None = None) -> None:
    """Demands of a locked batch that no stamps lie about which its goods no longer allow.

    Goods dry out and spoil after their stamps were ordered. What is too many then and sticks on nothing yet is given
    back or made void before more leaves or the batch is closed. What sticks on goods already stays: fruit that has
    dried weighs less, and is no fewer; whether that is too much is for the rules to judge ("stamps above kilograms").

    Raises `RuleBroken` ("stamps.excess").
    """
    quota = quota_of(session, batch, records.find(session, Product, batch.product_id))
    if quota.to_void:
        facts = {"ordered": quota.ordered, "most": quota.most, "excess": quota.to_void}
        said = {name: count_text(number, actor.language) for name, number in facts.items()}
        raise RuleBroken("stamps.excess", field, lot=batch.lot, **said)


def must_allow_more(session: Session, batch: Batch, count: int, actor: Actor, field: str) -> None:
    """Demands of a locked batch that so many stamps more may stick on its goods as they weigh now.

    Raises `RuleBroken` ("stamps.above_goods").
    """
    quota = quota_of(session, batch, records.find(session, Product, batch.product_id))
    if quota.active + count > quota.most:
        facts = {"active": quota.active, "most": quota.most, "left": max(0, quota.most - quota.active)}
        said = {name: count_text(number, actor.language) for name, number in facts.items()}
        raise RuleBroken("stamps.above_goods", field, lot=batch.lot, **said)


def must_cover(
    session: Session, batch: Batch, actor: Actor, field: str | None = None, code: str = "stamps.exceed_rest"
) -> None:
    """Demands that no more stamps are ordered than the goods allow that an act leaves in a locked batch.

    Else the goods that went on could be stamped a second time. Raises `RuleBroken` (`code`).
    """
    quota = quota_of(session, batch, records.find(session, Product, batch.product_id))
    if quota.excess:
        ordered, most_text = (count_text(number, actor.language) for number in (quota.ordered, quota.most))
        raise RuleBroken(code, field, lot=batch.lot, ordered=ordered, most=most_text)
