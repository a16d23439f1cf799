"""Inspections and findings: what was seen, what must be done by when, and both sides looking at one clock."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests import factories
from traceability.db import Database
from traceability.domain import inspections, records
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.inspections import (
    AnswerInput,
    CloseInput,
    Finding,
    FindingInput,
    FindingState,
    Inspection,
    InspectionInput,
    SendBackInput,
    Severity,
    SubjectKind,
)
from traceability.domain.notices import Notice
from traceability.domain.producers import Producer


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def inspector(database: Database) -> Actor:
    agency = factories.agency(database, Permission.INSPECT)
    return factories.actor_of(database, factories.account(database, agency))


def held(database: Database, actor: Actor, subject: Any, **changes: Any) -> Inspection:
    values: dict[str, Any] = {
        "subject_kind": SubjectKind.PRODUCER,
        "subject_id": subject.id,
        "on_day": today(),
        "diary": "Ghi chưa đủ",
    }
    with database.transaction(actor) as session:
        return inspections.hold(session, actor, InspectionInput(**values | changes))


def found(database: Database, actor: Actor, inspection: Inspection, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "inspection_id": inspection.id,
        "severity": Severity.MAJOR,
        "about": "Nhật ký canh tác",
        "description": "Thiếu ngày phun thuốc",
        "corrective_action": "Ghi bổ sung",
        "due_on": today() + timedelta(days=7),
    }
    with database.transaction(actor) as session:
        return inspections.add_finding(session, actor, FindingInput(**values | changes))


def answered(database: Database, actor: Actor, finding: Finding) -> Finding:
    with database.transaction(actor) as session:
        value = AnswerInput(finding_id=finding.id, answer="Đã ghi bổ sung đầy đủ")
        return inspections.answer(session, actor, value)


def test_an_inspection_belongs_to_the_producer_of_its_subject(
    database: Database, owner: Producer, inspector: Actor
) -> None:
    area = factories.area(database, owner)
    inspection = held(database, inspector, area, subject_kind=SubjectKind.AREA)
    assert (inspection.producer_id, inspection.agency_id) == (owner.id, inspector.agency_id)
    assert inspection.checklist == {"diary": "Ghi chưa đủ"}


def test_a_finding_goes_from_open_to_answered_to_corrected(
    database: Database, owner: Producer, inspector: Actor
) -> None:
    finding = found(database, inspector, held(database, inspector, owner))
    assert finding.state is FindingState.OPEN
    assert finding.is_overdue(today() + timedelta(days=8))
    manager = factories.manager_of(owner)
    assert answered(database, manager, finding).state is FindingState.ANSWERED
    with database.transaction(inspector) as session:
        value = SendBackInput(finding_id=finding.id, reason="Chưa có ảnh", due_on=today())
        assert inspections.send_back(session, inspector, value).state is FindingState.OPEN
    answered(database, manager, finding)
    with database.transaction(inspector) as session:
        inspections.close(session, inspector, CloseInput(finding_id=finding.id))
    with pytest.raises(RuleBroken) as caught:
        answered(database, manager, finding)
    assert caught.value.code == "findings.corrected"
    with database.reading(SYSTEM.scope) as session:
        told = set(session.exec(select(Notice.code).where(Notice.producer_id == owner.id)).all())
        heard = session.exec(select(Notice.code).where(Notice.agency_id == inspector.agency_id)).all()
        assert not inspections.unsettled(session)
        assert records.find(session, Finding, finding.id).remark == "Chưa có ảnh"
    assert told >= {"inspection_held", "finding_added", "finding_sent_back", "finding_corrected"}
    assert heard.count("finding_answered") == 2


def test_a_grave_finding_says_what_to_do_by_when(
    database: Database, owner: Producer, inspector: Actor
) -> None:
    inspection = held(database, inspector, owner)
    for changes, code in (
        ({"corrective_action": ""}, "findings.action_missing"),
        ({"due_on": None}, "findings.due_missing"),
        ({"due_on": today() - timedelta(days=1)}, "findings.due_in_past"),
    ):
        with pytest.raises(RuleBroken) as caught:
            found(database, inspector, inspection, **changes)
        assert caught.value.code == code
    minor = {"severity": Severity.MINOR, "corrective_action": "", "due_on": None}
    assert found(database, inspector, inspection, **minor).state is FindingState.OPEN


def test_only_an_agency_that_may_inspect_writes_and_only_its_own_inspections(
    database: Database, owner: Producer, inspector: Actor
) -> None:
    looking = factories.actor_of(database, factories.account(database, factories.agency(database)))
    with pytest.raises(RuleBroken) as caught:
        held(database, looking, owner)
    assert caught.value.code == "access.not_permitted"
    inspection = held(database, inspector, owner)
    other = factories.agency(database, Permission.INSPECT)
    with pytest.raises(RuleBroken) as caught:
        found(database, factories.actor_of(database, factories.account(database, other)), inspection)
    assert caught.value.code == "inspections.of_another_agency"


def test_what_lies_outside_the_scope_is_not_inspected(
    database: Database, owner: Producer, inspector: Actor
) -> None:
    foreign = factories.producer(
        database, province_code="08", commune_code="00874", commune_name="Xã Na Hang"
    )
    with pytest.raises(RuleBroken) as caught:
        held(database, inspector, foreign)
    assert caught.value.code == "inspections.subject_unknown"
    finding = found(database, inspector, held(database, inspector, owner))
    with pytest.raises(NotFound):
        answered(database, factories.manager_of(foreign), finding)
