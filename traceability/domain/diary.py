"""The farm diary (nhật ký canh tác): what was done in a growing area, on which day, with what, by whom.

An entry stays as it was written; what was wrong is corrected by another one that stands in its place. An entry knows
the day on which it was done and the day on which it was written: one that comes late says by how many days. What was
used leaves the store in the same transaction, and never more than was there on that day.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Limit
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, col, func, select

from traceability.domain.amounts import Measure, TypedAmount
from traceability.domain.batches import Note
from traceability.domain.clock import local_day
from traceability.domain.history import CorrectionReason
from traceability.domain.ownership import ProducerOwned
from traceability.domain.quantities import Day, Hectares, Kilograms
from traceability.domain.records import Record, RecordId, choice
from traceability.domain.text import Block, Line, ShortLine
from traceability.domain.treatments import LONGEST_INTERVAL, WITH_INTERVAL, InputKind

PAGE_SIZE: Final = 30


class DiaryTask(StrEnum):
    """What was done."""

    SPRAY = "spray"
    FERTILISE = "fertilise"
    IRRIGATE = "irrigate"
    WEED = "weed"
    PRUNE = "prune"
    PESTS = "pests"
    FEED = "feed"
    SOW = "sow"
    HARVEST = "harvest"
    HIVES = "hives"
    CLEAN = "clean"
    OTHER = "other"


#: Work in which something of the store, or bought for it, is given to plants, bees or fish.
WITH_INPUT: Final = frozenset(
    {DiaryTask.SPRAY, DiaryTask.FERTILISE, DiaryTask.FEED, DiaryTask.SOW, DiaryTask.WEED}
)


class DiaryEntry(Record, ProducerOwned, table=True):
    """One line of the diary of an area. What the label said on the day is kept with it."""

    __tablename__ = "diary_entry"
    __table_args__ = (
        sa.UniqueConstraint("producer_id", "external_ref"),
        sa.CheckConstraint("drawn_q IS NULL OR drawn_q > 0", name="drawn"),
        sa.CheckConstraint("input_lot_id IS NULL OR drawn_q IS NOT NULL", name="lot_is_drawn"),
        sa.CheckConstraint("interval_days IS NULL OR interval_days >= 0", name="interval"),
        sa.Index("ix_diary_entry_area", "area_id", "done_on"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"corrects_id"})

    area_id: str = Field(foreign_key="growing_area.id", max_length=16)
    done_on: date
    task: DiaryTask = Field(sa_type=choice(DiaryTask))
    plot: str = Field(default="", max_length=80)
    household: str = Field(default="", max_length=200)
    season: str = Field(default="", max_length=80)
    growth_stage: str = Field(default="", max_length=80)
    pest: str = Field(default="", max_length=200)
    pest_level: str = Field(default="", max_length=80)
    input_lot_id: str | None = Field(default=None, foreign_key="input_lot.id", index=True, max_length=16)
    input_kind: InputKind | None = Field(default=None, sa_type=choice(InputKind))
    substance: str = Field(default="", max_length=80)
    active_ingredient: str = Field(default="", max_length=80)
    registration_no: str = Field(default="", max_length=80)
    dose: str = Field(default="", max_length=80)
    #: what left the store, in thousandths of `measure`
    drawn_q: int | None = Field(default=None, sa_type=sa.BigInteger)
    measure: Measure | None = Field(default=None, sa_type=choice(Measure))
    water_l: int | None = Field(default=None, ge=0)
    treated_m2: int | None = Field(default=None, sa_type=sa.BigInteger)
    method: str = Field(default="", max_length=200)
    operator: str = Field(default="", max_length=200)
    #: days that have to pass before a harvest; None: nobody knows
    interval_days: int | None = None
    reentry_hours: int | None = None
    weather: str = Field(default="", max_length=80)
    harvested_g: int | None = Field(default=None, sa_type=sa.BigInteger)
    buyer: str = Field(default="", max_length=200)
    disposal: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=1000)
    corrects_id: str | None = Field(default=None, foreign_key="diary_entry.id", unique=True, max_length=16)
    correction_reason: CorrectionReason | None = Field(default=None, sa_type=choice(CorrectionReason))
    explanation: str = Field(default="", max_length=1000)
    #: given by the device that wrote it, so that sending it again makes no second entry
    external_ref: str | None = Field(default=None, max_length=80)
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    @property
    def earliest_harvest_on(self) -> date | None:
        """The first day on which a harvest is lawful; None where the interval is unknown or nothing was given."""
        return None if self.interval_days is None else self.done_on + timedelta(days=self.interval_days)

    @property
    def late_days(self) -> int:
        """How many days after the work it was entered."""
        return max(0, (local_day(self.created_at) - self.done_on).days)

    @property
    def interval_unknown(self) -> bool:
        """Whether something was given for which nobody knows the days before a harvest."""
        given = self.input_kind in WITH_INTERVAL or (self.input_kind is None and bool(self.substance))
        return given and self.interval_days is None


class DiaryInput(BaseModel):
    """What a person may say of a day's work. Nothing but the area, the day and the task is demanded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area_id: RecordId
    done_on: Day
    task: DiaryTask
    plot: ShortLine | None = None
    household: Line | None = None
    season: ShortLine | None = None
    growth_stage: ShortLine | None = None
    pest: Line | None = None
    pest_level: ShortLine | None = None
    input_lot_id: RecordId | None = None
    amount: TypedAmount | None = None
    input_kind: InputKind | None = None
    substance: ShortLine | None = None
    active_ingredient: ShortLine | None = None
    registration_no: ShortLine | None = None
    dose: ShortLine | None = None
    water_l: int | None = Limit(default=None, ge=0, le=10_000_000)
    treated_ha: Hectares | None = None
    method: Line | None = None
    operator: Line | None = None
    interval_days: int | None = Limit(default=None, ge=0, le=LONGEST_INTERVAL)
    reentry_hours: int | None = Limit(default=None, ge=0, le=2000)
    weather: ShortLine | None = None
    harvested_kg: Kilograms | None = None
    buyer: Line | None = None
    disposal: Line | None = None
    note: Note = ""
    external_ref: ShortLine | None = None

    @model_validator(mode="after")
    def _with_lot(self) -> Self:
        if self.input_lot_id and self.amount is None:
            raise PydanticCustomError("diary_amount_missing", "how much was used")
        return self


class DiaryCorrectionInput(DiaryInput):
    """What is right instead, or that it never happened."""

    entry_id: RecordId
    reason: CorrectionReason
    explanation: Annotated[Block, Limit(min_length=1, max_length=1000)]


def standing(entries: Iterable[DiaryEntry]) -> list[DiaryEntry]:
    """Those entries that hold: not corrected since, and not a declaration that something never happened."""
    known = list(entries)
    corrected = {entry.corrects_id for entry in known}
    never = CorrectionReason.DID_NOT_OCCUR
    return [entry for entry in known if entry.id not in corrected and entry.correction_reason is not never]


def of_area(session: Session, area_id: str, page: int = 1) -> tuple[list[DiaryEntry], int]:
    """One page of an area's entries, corrected ones and corrections included, the newest day first; and the pages."""
    count = session.exec(
        select(func.count()).select_from(DiaryEntry).where(DiaryEntry.area_id == area_id)
    ).one()
    pages = max(1, -(-count // PAGE_SIZE))
    statement = select(DiaryEntry).where(DiaryEntry.area_id == area_id)
    newest = statement.order_by(col(DiaryEntry.done_on).desc(), col(DiaryEntry.created_at).desc())
    offset = (min(max(page, 1), pages) - 1) * PAGE_SIZE
    return list(session.exec(newest.offset(offset).limit(PAGE_SIZE)).all()), pages


def every(session: Session, area_id: str) -> list[DiaryEntry]:
    """All entries of an area, corrected ones and corrections included, the oldest day first."""
    statement = select(DiaryEntry).where(DiaryEntry.area_id == area_id)
    oldest = statement.order_by(col(DiaryEntry.done_on), col(DiaryEntry.created_at), col(DiaryEntry.id))
    return list(session.exec(oldest).all())


def between(session: Session, area_id: str, first: date, last: date) -> list[DiaryEntry]:
    """The entries of an area that hold, from one day to another, the oldest first."""
    correction = aliased(DiaryEntry)
    statement = select(DiaryEntry).where(
        DiaryEntry.area_id == area_id,
        col(DiaryEntry.done_on) >= first,
        col(DiaryEntry.done_on) <= last,
        col(DiaryEntry.correction_reason).is_distinct_from(CorrectionReason.DID_NOT_OCCUR),
        ~select(correction.id).where(correction.corrects_id == col(DiaryEntry.id)).exists(),
    )
    return sorted(
        session.exec(statement).all(), key=lambda entry: (entry.done_on, entry.created_at, entry.id)
    )


def newest_of(session: Session, producer_id: str, area_id: str | None = None) -> DiaryEntry | None:
    """What was written last, in an area or anywhere: the next entry is mostly like it."""
    statement = select(DiaryEntry).where(
        DiaryEntry.producer_id == producer_id, col(DiaryEntry.corrects_id).is_(None)
    )
    if area_id is not None:
        statement = statement.where(DiaryEntry.area_id == area_id)
    return session.exec(statement.order_by(col(DiaryEntry.created_at).desc()).limit(1)).first()


def earliest_harvest(session: Session, area_id: str, today: date) -> tuple[date | None, list[DiaryEntry]]:
    """The first day on which the area may be harvested after what was given, and the entries whose interval is unknown.

    The day is None where no known interval reaches beyond today.
    """
    entries = between(session, area_id, today - timedelta(days=LONGEST_INTERVAL), today)
    days = [entry.earliest_harvest_on for entry in entries if entry.earliest_harvest_on is not None]
    later = [day for day in days if day > today]
    return max(later, default=None), [entry for entry in entries if entry.interval_unknown]


def same_day_percent(session: Session, area_id: str) -> int | None:
    """The share of an area's first-hand entries that were written on the day of the work; None without any."""
    statement = select(DiaryEntry).where(DiaryEntry.area_id == area_id, col(DiaryEntry.corrects_id).is_(None))
    entries = session.exec(statement).all()
    return round(100 * sum(entry.late_days == 0 for entry in entries) / len(entries)) if entries else None
