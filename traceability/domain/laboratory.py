"""The laboratory result (kết quả kiểm nghiệm): a sample, its laboratory, what was measured against which limit."""

from datetime import date
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Json, Record


class LabTest(Record, ProducerOwned, table=True):
    """One report. `results` is a list of {test, name, value, unit, limit, passed}; values are text as on the report."""

    __tablename__ = "lab_test"
    __table_args__ = (sa.CheckConstraint("sampled_on <= reported_on", name="order"),)
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"batch_id", "laboratory", "report_no", "sampled_on", "reported_on", "results", "passed"}
    )

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    event_id: str | None = Field(default=None, foreign_key="event.id", max_length=16)
    laboratory: str = Field(max_length=200)
    accreditation: str = Field(default="", max_length=80)
    report_no: str = Field(max_length=80)
    stage: str = Field(default="", max_length=80)
    sampled_on: date
    reported_on: date
    results: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    passed: bool
    recorded_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
