"""The inspection (cuộc kiểm tra) and its findings (phát hiện): what was seen, how grave, what must be done by when."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Json, Record, choice


class SubjectKind(StrEnum):
    """What an inspection or finding is about."""

    PRODUCER = "producer"
    AREA = "area"
    BATCH = "batch"
    PRODUCT = "product"
    STAMP_ORDER = "stamp_order"


class Severity(StrEnum):
    """How grave a finding is."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CORRECTED = "corrected"


class Inspection(Record, ProducerOwned, table=True):
    """One inspection of a producer by an agency."""

    OPEN: ClassVar[frozenset[str]] = frozenset({"number", "on_day"})

    number: str = Field(max_length=20, unique=True)
    agency_id: str = Field(foreign_key="agency.id", index=True, max_length=16)
    inspector_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    subject_kind: SubjectKind = Field(sa_type=choice(SubjectKind))
    subject_id: str = Field(max_length=16, index=True)
    on_day: date
    post: str = Field(default="", max_length=200)
    summary: str = Field(default="", max_length=4000)
    conclusion: str = Field(default="", max_length=1000)
    checklist: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Finding(Record, ProducerOwned, table=True):
    """One finding of an inspection, with the corrective action asked for and its deadline."""

    __table_args__ = (sa.Index("ix_finding_due", "state", "due_on"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"severity", "state"})

    inspection_id: str = Field(foreign_key="inspection.id", index=True, max_length=16)
    severity: Severity = Field(sa_type=choice(Severity))
    about: str = Field(max_length=200)
    description: str = Field(max_length=2000)
    corrective_action: str = Field(default="", max_length=1000)
    due_on: date | None = None
    state: FindingState = Field(default=FindingState.OPEN, sa_type=choice(FindingState))
    answer: str = Field(default="", max_length=2000)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
