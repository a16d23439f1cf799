"""What is wrong with a harvest is wrong with all that was made of it: its flags stand on those lots too.

A lot that was split off, merged, repacked or worked up carries the flags of the harvests that went into it, whoever
harvested them, as long as they stand there. It says which lot to look at and nothing else: what was sprayed, and what
an area is called, is the affair of whoever harvested.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlmodel import Session, col, select

from traceability.domain import batch_locks, descent, notices, partners
from traceability.domain.batches import Batch, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions
from traceability.domain.rule_area_codes import HOME_MARKET
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.rule_outcomes import Broken

#: Rules about where, when and how goods were harvested. Two stay with the harvest: the sum of a season is the area's,
#: a dose against the store is the farm's books.
INHERITED: Final = frozenset(
    {
        RuleCode.OVER_YIELD,
        RuleCode.OUT_OF_SEASON,
        RuleCode.PHI_VIOLATION,
        RuleCode.BANNED_INGREDIENT,
        RuleCode.UNREGISTERED_INGREDIENT,
        RuleCode.SUSPENDED_AREA,
        RuleCode.EXPIRED_AREA_CODE,
        RuleCode.PUC_MISMATCH,
    }
)


def sources(session: Session, batch: Batch) -> dict[RuleCode, RuleFlag]:
    """By rule: the flag that stands on a harvest which went into a batch. One that waits for a word before those that
    an agency let pass. Two questions, however many lots went in."""
    if batch.origin is Origin.HARVEST:
        return {}
    found: list[RuleFlag] = []
    for portion in portions(descent.feeding(session, batch.id)):
        statement = (
            select(RuleFlag)
            .join(Batch, col(Batch.id) == RuleFlag.batch_id)
            .where(
                col(RuleFlag.batch_id).in_(portion),
                Batch.origin == Origin.HARVEST,
                col(RuleFlag.rule).in_(INHERITED),
                col(RuleFlag.stands).is_not(None),
            )
        )
        with beyond_scope(session):  # goods come from other producers too
            found += session.exec(statement).all()
    found.sort(key=lambda flag: (flag.state is FlagState.OVERRIDDEN, flag.title, flag.id), reverse=True)
    return {flag.rule: flag for flag in found}


def broken_above(session: Session, source: RuleFlag) -> Broken:
    """What a lot says of the flag on a harvest that went into it."""
    return Broken({"from_lot": source.title, "from_producer": partners.known_as(session, source.producer_id)})


def heirs(session: Session, batch: Batch) -> Iterator[Batch]:
    """All lots in which goods of a batch lie, whoever's, locked and read after it: each is judged once. A lot that is
    made of one of them at that moment is found too.

    To be read beyond the scope.
    """
    held = batch_locks.hold(session, lambda: descent.fed_by(session, batch.id))
    for portion in portions(held, 500):
        statement = select(Batch).where(col(Batch.id).in_(portion)).order_by(col(Batch.id))
        yield from session.exec(statement.execution_options(populate_existing=True)).all()


def same_goods_below(session: Session, batch: Batch) -> list[Batch]:
    """The lots into which the very goods of a batch were divided, merged or repacked since, before anything else was
    made of them. One question for each time it happened. To be read beyond the scope."""
    found: dict[str, Batch] = {}
    level = [batch.id]
    while level:
        statement = (
            select(Batch)
            .join(BatchInput, col(BatchInput.batch_id) == Batch.id)
            .where(
                col(BatchInput.source_batch_id).in_(level),
                BatchInput.grams > 0,
                col(Batch.origin).not_in([Origin.HARVEST, Origin.TRANSFORM]),
            )
        )
        new = {row.id: row for row in session.exec(statement).all() if row.id not in found}
        found |= new
        level = list(new)
    return [found[key] for key in sorted(found)]


def exports_below(session: Session, batch: Batch) -> list[Delivery]:
    """What left for other countries of the lots in which goods of a batch lie. To be read beyond the scope."""
    found: list[Delivery] = []
    for portion in portions(descent.fed_by(session, batch.id)):
        statement = select(Delivery).where(
            col(Delivery.batch_id).in_(portion),
            Delivery.market != HOME_MARKET,
            col(Delivery.cancelled_at).is_(None),
        )
        found += session.exec(statement.order_by(col(Delivery.id))).all()
    return found


def tell(session: Session, source: Batch, rule: RuleCode, flagged: Counter[str]) -> None:
    """Tells each producer once how many lots of its own were flagged for a harvest that went into them."""
    for producer_id, count in sorted(flagged.items()):
        notices.post(
            session,
            "rule_flagged_below",
            producer_id=producer_id,
            subject=source if producer_id == source.producer_id else None,
            lot=source.lot,
            producer=partners.known_as(session, source.producer_id),
            rule=rule.value,
            count=count,
        )
