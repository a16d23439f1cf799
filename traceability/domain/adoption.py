"""Adoption (mức độ áp dụng): how far the producers of each commune have come, and at which step most stay behind.

A producer is registered, keeps a diary, makes lots, has stamps in use, and its stamps are scanned. Each step is counted
by itself over the last year, so that a cake maker without a field is not counted as lost to those who keep none.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from sqlmodel import Session, col, select

from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM
from traceability.domain.diary import DiaryEntry
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.scans import ScanDay
from traceability.domain.stamps import StampActivation
from traceability.domain.text import collation_key

#: So many days count.
PERIOD: Final = 365


class Step(StrEnum):
    """A step of a producer on the platform, in their order."""

    REGISTERED = "registered"
    DIARY = "diary"
    LOT = "lot"
    STAMP = "stamp"
    SCAN = "scan"


@dataclass(frozen=True)
class Funnel:
    """How many producers of one commune came to each step; `commune` is None for all together."""

    commune: str | None
    province: str
    reached: dict[Step, int]

    def percent(self, step: Step) -> int:
        """Of those who are registered; 0 where nobody is."""
        registered = self.reached[Step.REGISTERED]
        return round(100 * self.reached[step] / registered) if registered else 0

    @property
    def weakest(self) -> Step | None:
        """The step that most of those who came to the one before did not reach; None where nobody stayed behind."""
        steps = list(Step)
        lost = {step: self.reached[before] - self.reached[step] for before, step in pairwise(steps)}
        step = max(lost, key=lambda one: lost[one])
        return step if lost[step] > 0 else None


def by_commune(session: Session, today: date) -> tuple[Funnel, list[Funnel]]:
    """All together and each commune within the scope, the one with the most producers first; five questions to the
    database, however many producers there are."""
    since = today - timedelta(days=PERIOD)
    statement = select(Producer.id, Producer.commune_name, Producer.province_name)
    rows = session.exec(statement.where(Producer.state != ProducerState.DRAFT)).all()
    came = _came(session, since)
    communes: dict[tuple[str, str], list[str]] = {}
    for producer_id, commune, province in rows:
        communes.setdefault((province, commune), []).append(producer_id)
    funnels = [
        Funnel(commune, province, _reached(ids, came)) for (province, commune), ids in communes.items()
    ]
    funnels.sort(key=lambda one: (-one.reached[Step.REGISTERED], collation_key(one.commune or "")))
    return Funnel(None, "", _reached([row[0] for row in rows], came)), funnels


def _came(session: Session, since: date) -> dict[Step, set[str]]:
    """The producers who came to each step in the period."""
    begin = datetime.combine(since, datetime.min.time(), VIETNAM)
    asked: dict[Step, Any] = {
        Step.DIARY: select(DiaryEntry.producer_id).where(DiaryEntry.done_on >= since),
        Step.LOT: select(Batch.producer_id).where(Batch.created_at >= begin),
        Step.STAMP: select(StampActivation.producer_id).where(
            StampActivation.at >= begin, col(StampActivation.undone_at).is_(None)
        ),
        Step.SCAN: select(Batch.producer_id)
        .join(ScanDay, col(ScanDay.batch_id) == Batch.id)
        .where(ScanDay.day >= since, ScanDay.opened > 0),
    }
    return {step: set(session.exec(statement.distinct()).all()) for step, statement in asked.items()}


def _reached(ids: Collection[str], came: dict[Step, set[str]]) -> dict[Step, int]:
    return {Step.REGISTERED: len(ids)} | {step: len(who.intersection(ids)) for step, who in came.items()}
