"""The suspension (tạm dừng): an agency stops a code, a batch, a stamp range, an area or a producer, and says why.

The subject's own row carries its state, so that rules and scans need no second look; the suspension says who, why and
when, and when it was lifted.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, choice


class SuspendedKind(StrEnum):
    """What is suspended."""

    PRODUCER = "producer"
    AREA = "area"
    AREA_CODE = "area_code"
    PRODUCT = "product"
    BATCH = "batch"
    STAMP_RANGE = "stamp_range"


class Suspension(Record, ProducerOwned, table=True):
    """One suspension, open until lifted."""

    __table_args__ = (sa.Index("ix_suspension_subject", "subject_kind", "subject_id"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"subject_kind", "subject_id", "at", "lifted_at"})

    subject_kind: SuspendedKind = Field(sa_type=choice(SuspendedKind))
    subject_id: str = Field(max_length=16)
    reason: str = Field(max_length=1000)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    lifted_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    lift_reason: str = Field(default="", max_length=1000)
