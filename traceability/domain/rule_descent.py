"""What is wrong with a harvest is wrong with all that was made of it: its flags stand on those lots too.

A lot that was split off, merged, repacked or worked up carries the flags of the harvests that went into it, whoever
harvested them, as long as they stand there. It says which lot to look at and nothing else: what was sprayed, and what
an area is called, is the affair of whoever harvested.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from traceability.domain import batch_locks, descent, notices, partners
from traceability.domain.batches import Batch, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions
from traceability.domain.rule_area_codes import HOME_MARKET
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag

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
#: So many lots are judged at a time.
PORTION: Final = 500


def sources(session: Session, batch: Batch) -> dict[RuleCode, RuleFlag]:
    """By rule: the flag that stands on a harvest which went into a batch. One that waits for a word before those that
    an agency let pass. Two questions, however many lots went in."""
    if batch.origin is Origin.HARVEST:
        return {}
    found: list[RuleFlag] = []
    for portion in portions(descent.feeding(session, batch.id)):
        with beyond_scope(session):  # goods come from other producers too
            found += session.exec(_standing_on_harvests(portion)).all()
    found.sort(key=_first, reverse=True)
    return {flag.rule: flag for flag in found}


def sources_of_all(session: Session, batches: Iterable[Batch]) -> dict[str, dict[RuleCode, RuleFlag]]:
    """`sources` of some batches at once, by the batch's id: one walk up from all of them and one question for the
    flags, however many they are; the flag that comes first goes down its way first, and none overtakes it."""
    wanted = {batch.id: batch.origin is Origin.HARVEST for batch in batches}
    into: dict[str, list[str]] = {}
    for source_id, batch_id in descent.edges_above(session, wanted):
        into.setdefault(source_id, []).append(batch_id)
    found: list[RuleFlag] = []
    for portion in portions(into):
        with beyond_scope(session):  # goods come from other producers too
            found += session.exec(_standing_on_harvests(portion)).all()
    reached: dict[str, dict[RuleCode, RuleFlag]] = {}
    for flag in sorted(found, key=_first):
        way = [flag.batch_id or ""]
        while way:
            for batch_id in into.get(way.pop(), ()):
                held = reached.setdefault(batch_id, {})
                if flag.rule not in held:
                    held[flag.rule] = flag
                    way.append(batch_id)
    return {
        batch_id: {} if is_harvest else reached.get(batch_id, {}) for batch_id, is_harvest in wanted.items()
    }


def _standing_on_harvests(ids: list[str]) -> SelectOfScalar[RuleFlag]:
    return (
        select(RuleFlag)
        .join(Batch, col(Batch.id) == RuleFlag.batch_id)
        .where(
            col(RuleFlag.batch_id).in_(ids),
            Batch.origin == Origin.HARVEST,
            col(RuleFlag.rule).in_(INHERITED),
            col(RuleFlag.stands).is_not(None),
        )
    )


def _first(flag: RuleFlag) -> tuple[bool, str, str]:
    """One that waits for a word comes before those that an agency let pass."""
    return flag.state is FlagState.OVERRIDDEN, flag.title, flag.id


def heirs(session: Session, batch: Batch) -> Iterator[list[Batch]]:
    """All lots in which goods of a batch lie, whoever's, locked and read after it, so many at a time: each is judged
    once. A lot that is made of one of them at that moment is found too.

    To be read beyond the scope.
    """
    held = batch_locks.hold(session, lambda: descent.fed_by(session, batch.id))
    for portion in portions(held, PORTION):
        statement = select(Batch).where(col(Batch.id).in_(portion)).order_by(col(Batch.id))
        yield list(session.exec(statement.execution_options(populate_existing=True)).all())


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
