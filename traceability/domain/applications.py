"""What was given to the plants, bees or ponds before a harvest (vật tư đã dùng), as far as the rules ask for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from sqlmodel import Session, col, select

from traceability.domain import diary
from traceability.domain.clock import local_day
from traceability.domain.history import Event, EventType, standing
from traceability.domain.treatments import LONGEST_INTERVAL


@dataclass(frozen=True)
class Application:
    """One use of a farm input. None means that nobody said it: unknown, never zero.

    `interval_days` are the days between use and harvest as the label of the product used says. `dose` is written as in
    the field book ("0,5 l/ha", "theo nhãn"). `drawn` is what left the store for it, in `drawn_unit` (g or ml).
    """

    applied_on: date
    #: a value of `treatments.InputKind`; empty: nobody said it, and the rules take it for a pesticide
    kind: str
    substance: str
    ingredient: str = ""
    interval_days: int | None = None
    dose: str = ""
    treated_m2: int | None = None
    drawn: Decimal | None = None
    drawn_unit: str = ""
    source_table: str = "event"
    source_id: str = ""

    @property
    def earliest_harvest_on(self) -> date | None:
        """The first day on which a harvest is lawful; None where the interval is unknown."""
        return None if self.interval_days is None else self.applied_on + timedelta(days=self.interval_days)


class Harvested(Protocol):
    """A batch, as far as treatments concern it."""

    id: str
    area_id: str | None
    harvested_on: date | None


def bearing_on(session: Session, batch: Harvested) -> list[Application]:
    """What was given before the harvest of a batch, the oldest first: the treatments written into its history, and the
    entries of the diary of its area."""
    found = [*_of_history(session, batch), *_of_diary(session, batch)]
    return sorted(found, key=lambda row: (row.applied_on, row.source_id))


def _of_diary(session: Session, batch: Harvested) -> Iterator[Application]:
    """What the diary of the area says was given in the year before the harvest, each with its label's interval."""
    if batch.area_id is None or batch.harvested_on is None:
        return
    first = batch.harvested_on - timedelta(days=LONGEST_INTERVAL)
    for entry in diary.between(session, batch.area_id, first, batch.harvested_on):
        if entry.input_kind is None and not _tells_of_pesticide(entry):
            continue
        yield Application(
            applied_on=entry.done_on,
            kind=entry.input_kind.value if entry.input_kind else "",
            substance=entry.substance,
            ingredient=entry.active_ingredient,
            interval_days=entry.interval_days,
            dose=entry.dose,
            treated_m2=entry.treated_m2,
            drawn=None if entry.drawn_q is None else Decimal(entry.drawn_q) / 1000,
            drawn_unit=entry.measure.value if entry.measure else "",
            source_table="diary_entry",
            source_id=entry.id,
        )


def _tells_of_pesticide(entry: diary.DiaryEntry) -> bool:
    """Whether an entry without the kind of its input says what only a pesticide or a medicine has, or was sprayed."""
    sprayed = entry.task is diary.DiaryTask.SPRAY and bool(entry.substance)
    return bool(entry.active_ingredient) or entry.interval_days is not None or sprayed


def _of_history(session: Session, batch: Harvested) -> Iterator[Application]:
    statement = select(Event).where(Event.batch_id == batch.id, col(Event.type) == EventType.TREAT)
    for event in standing(session.exec(statement).all()):
        if "input_kind" not in event.details:
            continue  # a treatment of the goods (hot water, irradiation), not of the field
        days = str(event.details.get("interval_days", ""))
        yield Application(
            applied_on=local_day(event.happened_at),
            kind=str(event.details["input_kind"]),
            substance=event.step,
            ingredient=str(event.details.get("active_ingredient", "")),
            interval_days=int(days) if days.isascii() and days.isdecimal() else None,
            dose=str(event.details.get("dose", "")),
            source_id=event.id,
        )
