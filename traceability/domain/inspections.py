"""The inspection (cuộc kiểm tra) and its findings (phát hiện): what was seen, how grave, what must be done by when.

The minutes follow those of growing-area inspections. A finding is open until its producer has answered it, and settled
only when the agency that made it has seen the correction; both sides look at the same deadline.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, notices, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import Day
from traceability.domain.records import Instant, Json, Record, RecordId, choice
from traceability.domain.stamps import StampOrder
from traceability.domain.suspensions import Reason
from traceability.domain.text import Block, Line


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
    #: why the agency sent the last answer back
    remark: str = Field(default="", max_length=1000)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)

    def is_overdue(self, day: date) -> bool:
        """Whether its deadline has passed without an answer."""
        return self.state is FindingState.OPEN and self.due_on is not None and self.due_on < day

    def days_left(self, day: date) -> int | None:
        """Days until its deadline; negative once it has passed."""
        return None if self.due_on is None else (self.due_on - day).days


#: The lines of the minutes, in the order of the form. All are optional: what was not looked at stays out.
CHECKLIST: Final = (
    "variety",
    "tree_age",
    "growth_stage",
    "expected_harvest",
    "expected_yield",
    "pesticides_vn",
    "pesticides_importer",
    "pesticides_other",
    "diary",
    "pests",
    "control_method",
    "sample",
    "gap",
    "hygiene",
    "empty_containers",
    "other",
)
_Minute = Annotated[Block, Field(max_length=400)]


class InspectionInput(BaseModel):
    """What an inspector writes: about what, when, and the minutes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject_kind: SubjectKind
    subject_id: RecordId
    on_day: Day
    post: Line | None = None
    summary: Block = ""
    conclusion: Annotated[Block, Field(max_length=1000)] = ""
    variety: _Minute = ""
    tree_age: _Minute = ""
    growth_stage: _Minute = ""
    expected_harvest: _Minute = ""
    expected_yield: _Minute = ""
    pesticides_vn: _Minute = ""
    pesticides_importer: _Minute = ""
    pesticides_other: _Minute = ""
    diary: _Minute = ""
    pests: _Minute = ""
    control_method: _Minute = ""
    sample: _Minute = ""
    gap: _Minute = ""
    hygiene: _Minute = ""
    empty_containers: _Minute = ""
    other: _Minute = ""


class FindingInput(BaseModel):
    """One finding. A major or critical one says what must be done by when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inspection_id: RecordId
    severity: Severity
    about: Line
    description: Annotated[Block, Field(min_length=1, max_length=2000)]
    corrective_action: Annotated[Block, Field(max_length=1000)] = ""
    due_on: Day | None = None


class AnswerInput(BaseModel):
    """What the producer has done about a finding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding_id: RecordId
    answer: Annotated[Block, Field(min_length=5, max_length=2000)]


class CloseInput(BaseModel):
    """The agency has seen the correction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding_id: RecordId


class SendBackInput(CloseInput):
    """The answer does not do: what is missing, and by when."""

    reason: Reason
    due_on: Day


_TABLES: dict[SubjectKind, type[Record]] = {
    SubjectKind.PRODUCER: Producer,
    SubjectKind.AREA: GrowingArea,
    SubjectKind.BATCH: Batch,
    SubjectKind.PRODUCT: Product,
    SubjectKind.STAMP_ORDER: StampOrder,
}


def hold(session: Session, actor: Actor, value: InspectionInput) -> Inspection:
    """An agency has inspected something of a producer; its minutes are written.

    Raises `RuleBroken`: `access.not_permitted`, `inspections.no_agency`, `inspections.in_future`,
    `inspections.subject_unknown`.
    """
    actor.must(Permission.INSPECT)
    if actor.agency_id is None:
        raise RuleBroken("inspections.no_agency")
    if value.on_day > today():
        raise RuleBroken("inspections.in_future", "on_day")
    try:
        subject: Any = records.find(session, _TABLES[value.subject_kind], value.subject_id)
    except NotFound:
        raise RuleBroken("inspections.subject_unknown", "subject_id") from None
    inspection = Inspection(
        producer_id=subject.id if isinstance(subject, Producer) else subject.producer_id,
        number=f"KT-{today():%y%m%d}-{records.new_id()[:4].upper()}",
        agency_id=actor.agency_id,
        inspector_id=actor.user_id,
        subject_kind=value.subject_kind,
        subject_id=subject.id,
        on_day=value.on_day,
        post=value.post or "",
        summary=value.summary,
        conclusion=value.conclusion,
        checklist={line: text for line in CHECKLIST if (text := getattr(value, line))},
    )
    session.add(inspection)
    session.flush()
    ledger.record(session, "inspection.held", inspection)
    notices.post(
        session,
        "inspection_held",
        producer_id=inspection.producer_id,
        subject=inspection,
        number=inspection.number,
        held_on=inspection.on_day,
    )
    return inspection


def add_finding(session: Session, actor: Actor, value: FindingInput) -> Finding:
    """The inspecting agency writes a finding down; the producer sees it and its deadline at once.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `inspections.of_another_agency`,
    `findings.action_missing`, `findings.due_missing`, `findings.due_in_past`.
    """
    inspection = _own_inspection(session, actor, value.inspection_id)
    if value.severity is not Severity.MINOR:
        if not value.corrective_action:
            raise RuleBroken("findings.action_missing", "corrective_action")
        if value.due_on is None:
            raise RuleBroken("findings.due_missing", "due_on")
    if value.due_on is not None and value.due_on < inspection.on_day:
        raise RuleBroken("findings.due_in_past", "due_on")
    finding = Finding(
        producer_id=inspection.producer_id,
        inspection_id=inspection.id,
        severity=value.severity,
        about=value.about,
        description=value.description,
        corrective_action=value.corrective_action,
        due_on=value.due_on,
    )
    session.add(finding)
    session.flush()
    ledger.record(session, "finding.added", finding, severity=finding.severity)
    code = "finding_added" if finding.due_on else "finding_added_no_date"
    notices.post(
        session,
        code,
        producer_id=finding.producer_id,
        subject=inspection,
        about=finding.about,
        number=inspection.number,
        due_on=finding.due_on,
    )
    return finding


def answer(session: Session, actor: Actor, value: AnswerInput) -> Finding:
    """The producer says what it has done about a finding; the agency is told.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `findings.corrected`.
    """
    actor.must(Permission.RECORD_EVENTS)
    finding = records.lock(session, Finding, value.finding_id)
    if finding.state is FindingState.CORRECTED:
        raise RuleBroken("findings.corrected")
    finding.answer = value.answer
    finding.answered_at = now()
    finding.state = FindingState.ANSWERED
    ledger.record(session, "finding.answered", finding)
    inspection = records.find(session, Inspection, finding.inspection_id)
    producer = records.find(session, Producer, finding.producer_id)
    notices.post(
        session,
        "finding_answered",
        agency_id=inspection.agency_id,
        subject=inspection,
        about=finding.about,
        number=inspection.number,
        name=producer.name,
    )
    return finding


def close(session: Session, actor: Actor, value: CloseInput) -> Finding:
    """The agency has seen that a finding is corrected. Raises as `add_finding`, and `findings.corrected`."""
    finding, inspection = _own_finding(session, actor, value.finding_id)
    finding.state = FindingState.CORRECTED
    finding.closed_at = now()
    finding.closed_by_id = actor.user_id
    ledger.record(session, "finding.corrected", finding)
    owner, about = finding.producer_id, finding.about
    notices.post(session, "finding_corrected", producer_id=owner, subject=inspection, about=about)
    return finding


def send_back(session: Session, actor: Actor, value: SendBackInput) -> Finding:
    """The answer to a finding does not do: it is open again, with a new deadline and what is missing.

    Raises as `close`, and `RuleBroken`: `findings.not_answered`, `findings.due_in_past`.
    """
    finding, inspection = _own_finding(session, actor, value.finding_id)
    if finding.state is not FindingState.ANSWERED:
        raise RuleBroken("findings.not_answered")
    if value.due_on < today():
        raise RuleBroken("findings.due_in_past", "due_on")
    finding.state = FindingState.OPEN
    finding.due_on = value.due_on
    finding.remark = value.reason
    ledger.record(session, "finding.sent_back", finding)
    notices.post(
        session,
        "finding_sent_back",
        producer_id=finding.producer_id,
        subject=inspection,
        about=finding.about,
        reason=value.reason,
        due_on=value.due_on,
    )
    return finding


def _own_inspection(session: Session, actor: Actor, inspection_id: str) -> Inspection:
    actor.must(Permission.INSPECT)
    inspection = records.find(session, Inspection, inspection_id)
    if inspection.agency_id != actor.agency_id:
        raise RuleBroken("inspections.of_another_agency")
    return inspection


def _own_finding(session: Session, actor: Actor, finding_id: str) -> tuple[Finding, Inspection]:
    finding = records.lock(session, Finding, finding_id)
    inspection = _own_inspection(session, actor, finding.inspection_id)
    if finding.state is FindingState.CORRECTED:
        raise RuleBroken("findings.corrected")
    return finding, inspection


# --- questions -------------------------------------------------------------------------------------------------------


def findings_of(session: Session, inspection_id: str) -> list[Finding]:
    """The findings of an inspection, the gravest first."""
    statement = select(Finding).where(Finding.inspection_id == inspection_id)
    grave = {Severity.CRITICAL: 0, Severity.MAJOR: 1, Severity.MINOR: 2}
    found = session.exec(statement.order_by(col(Finding.created_at))).all()
    return sorted(found, key=lambda finding: grave[finding.severity])


def unsettled(session: Session, producer_id: str | None = None) -> list[tuple[Finding, Inspection]]:
    """The findings within the scope (of one producer, if named) that are not corrected, the first deadline first."""
    statement = (
        select(Finding, Inspection)
        .join(Inspection, col(Inspection.id) == Finding.inspection_id)
        .where(Finding.state != FindingState.CORRECTED)
    )
    if producer_id is not None:
        statement = statement.where(Finding.producer_id == producer_id)
    found = session.exec(statement).all()
    rows = [(finding, inspection) for finding, inspection in found]
    return sorted(rows, key=lambda row: (row[0].due_on or date.max, row[0].created_at))


def of_producer(session: Session, producer_id: str) -> list[tuple[Inspection, list[Finding]]]:
    """The inspections of a producer with their findings, the newest first."""
    statement = select(Inspection).where(Inspection.producer_id == producer_id)
    held = session.exec(
        statement.order_by(col(Inspection.on_day).desc(), col(Inspection.created_at).desc())
    ).all()
    found: dict[str, list[Finding]] = {inspection.id: [] for inspection in held}
    findings = select(Finding).where(Finding.producer_id == producer_id).order_by(col(Finding.created_at))
    for finding in session.exec(findings).all():
        found[finding.inspection_id].append(finding)
    return [(inspection, found[inspection.id]) for inspection in held]
