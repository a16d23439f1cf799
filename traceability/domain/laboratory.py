"""The laboratory result (kết quả kiểm nghiệm): a sample, its laboratory, what was measured against which limit."""

import re
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import batches, failed_samples, ledger, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import BatchState
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.moments import start_of
from traceability.domain.ownership import ProducerOwned, beyond_scope
from traceability.domain.quantities import Day
from traceability.domain.records import Instant, Json, Record, RecordId
from traceability.domain.residue_limits import measured_ug
from traceability.domain.text import Line, ShortLine

MAX_RESULTS = 40


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
    #: set when its record was declared wrong; a report that counts has none
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class ResultInput(BaseModel):
    """One line of a report. `value` and `limit` are written as they stand there ("< 0,01", "không phát hiện")."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    value: ShortLine
    unit: Annotated[ShortLine | None, Field(max_length=40)] = None
    limit: ShortLine | None = None
    passed: bool
    test: Annotated[ShortLine | None, Field(max_length=40)] = None


class LabTestInput(BaseModel):
    """What a person may copy from a report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    laboratory: Line
    accreditation: ShortLine | None = None
    report_no: ShortLine
    stage: ShortLine | None = None
    sampled_on: Day
    reported_on: Day
    results: list[ResultInput] = Field(min_length=1, max_length=MAX_RESULTS)


def record(session: Session, actor: Actor, value: LabTestInput) -> LabTest:
    """A report is recorded; it has passed when each of its lines has. A sample may be older than the harvest.

    A failed one holds the lots of the plot in the same transaction (`failed_samples`).

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.closed`, `laboratory.reported_in_future`,
    `laboratory.reported_before_sampled`, `laboratory.recorded_already`, `laboratory.passed_above_limit`.
    """
    actor.must(Permission.RECORD_EVENTS, Permission.RECORD_LAB_RESULT)
    batch = batches.choose(session, value.batch_id)
    if batch.state is BatchState.CLOSED:
        batch.must_move()
    if value.reported_on > today():
        raise RuleBroken("laboratory.reported_in_future", "reported_on", today=today())
    if value.sampled_on > value.reported_on:
        raise RuleBroken("laboratory.reported_before_sampled", "reported_on", sampled=value.sampled_on)
    if any(
        report.report_no == value.report_no and report.laboratory == value.laboratory
        for report in of_batch(session, batch.id)
    ):
        raise RuleBroken("laboratory.recorded_already", "report_no", report_no=value.report_no)
    for number, result in enumerate(value.results):
        _must_agree(number, result)
    passed = all(result.passed for result in value.results)
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        type=EventType.TEST,
        happened_at=start_of(value.sampled_on),
        step=value.stage or "",
        details={
            "laboratory": value.laboratory[:80],
            "report_no": value.report_no,
            "result": "passed" if passed else "failed",
        },
        **signature(actor),
    )
    session.add(event)
    session.flush()
    test = LabTest(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        event_id=event.id,
        laboratory=value.laboratory,
        accreditation=value.accreditation or "",
        report_no=value.report_no,
        stage=value.stage or "",
        sampled_on=value.sampled_on,
        reported_on=value.reported_on,
        results=[_line(result) for result in value.results],
        passed=passed,
        recorded_by_agency_id=None if actor.on_behalf else actor.agency_id,
    )
    session.add(test)
    batch.page_version += 1
    session.flush()
    rules.judge(session, test, "test")
    ledger.record(session, "lab_test.recorded", test, event, batch)
    if not passed:
        failed_samples.hold(session, actor, test, batch)
    return test


def readable(session: Session, lab_test_id: str) -> LabTest:
    """A report of the scope, or another's that stops lots of the scope: whose lots it stops may read it.

    Raises `NotFound`.
    """
    if failed_samples.of_test(session, lab_test_id):
        with beyond_scope(session):
            return records.find(session, LabTest, lab_test_id)
    return records.find(session, LabTest, lab_test_id)


def of_batch(session: Session, batch_id: str) -> list[LabTest]:
    """The reports of a batch that count, the newest first."""
    statement = select(LabTest).where(LabTest.batch_id == batch_id, col(LabTest.withdrawn_at).is_(None))
    return list(
        session.exec(statement.order_by(col(LabTest.reported_on).desc(), col(LabTest.created_at).desc()))
    )


def of_batches(session: Session, batch_ids: Collection[str]) -> list[LabTest]:
    """The reports of several batches that count, the newest first."""
    statement = select(LabTest).where(
        col(LabTest.batch_id).in_(batch_ids), col(LabTest.withdrawn_at).is_(None)
    )
    newest = statement.order_by(col(LabTest.reported_on).desc(), col(LabTest.created_at).desc())
    return list(session.exec(newest)) if batch_ids else []


#: A number that is written with its thousands apart, or with three decimals.
_IN_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?!\d)")


def _must_agree(number: int, result: ResultInput) -> None:
    """A slip of the finger must not let goods go: what lies above its limit has not passed.

    Where the limit says which way it looks (≤ 8,5; ≥ 10) the figures are compared in whatever unit; without a sign it
    is an upper one, and only of weights in a weight. A limit such as "1.500" may be one and a half or fifteen hundred:
    nothing is refused that one of its readings allows.
    """
    text = (result.limit or "").strip().replace("<=", "≤").replace(">=", "≥")
    sign, unit = text[:1], result.unit or ""
    measured, limit = measured_ug(result.value, unit), measured_ug(text.lstrip("<≤>≥ "), unit)
    if (measured is None or limit is None) and sign in tuple("<≤>≥"):
        measured, limit = _plain(result.value), _plain(text[1:])
    if limit is not None and sign not in tuple(">≥") and _IN_THOUSANDS.search(text):
        limit *= 1000
    if not result.passed or measured is None or limit is None:
        return
    below = sign in tuple(">≥")
    if measured < limit if below else measured > limit:
        raise RuleBroken(
            "laboratory.passed_below_limit" if below else "laboratory.passed_above_limit",
            f"results-{number}-value",
            name=result.name,
            value=f"{result.value} {unit}".strip(),
            limit=f"{result.limit} {unit}".strip(),
        )


def _plain(text: str) -> Decimal | None:
    """A figure without a unit; None for any other words."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:[.,]\d{1,9})?)\s*", text, re.ASCII)
    return Decimal(match[1].replace(",", ".")) if match else None


def _line(result: ResultInput) -> dict[str, Any]:
    return {
        "test": result.test or "",
        "name": result.name,
        "value": result.value,
        "unit": result.unit or "",
        "limit": result.limit or "",
        "passed": result.passed,
    }
