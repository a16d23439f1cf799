"""Laboratory results: what a report says, and who may take one back."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from traceability.db import Database
from traceability.domain import events, laboratory
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput
from traceability.domain.history import CorrectionReason
from traceability.domain.laboratory import LabTest, LabTestInput


@pytest.fixture
def batch(database: Database) -> Batch:
    return factories.harvest(database, factories.producer(database))


def record(database: Database, batch: Batch, actor: Actor = SYSTEM, **changes: Any) -> LabTest:
    values = {
        "batch_id": batch.id,
        "laboratory": "Phòng thử nghiệm (minh họa)",
        "report_no": "KQ-0123",
        "sampled_on": today() - timedelta(days=5),
        "reported_on": today(),
        "results": [{"name": "Cadimi", "value": "< 0,01", "unit": "mg/kg", "limit": "0,05", "passed": "1"}],
    }
    with database.transaction(actor) as session:
        return laboratory.record(session, actor, LabTestInput(**values | changes))


def withdraw(database: Database, test: LabTest) -> None:
    with database.transaction(SYSTEM) as session:
        value = CorrectionInput(
            event_id=test.event_id or "", reason=CorrectionReason.DID_NOT_OCCUR, explanation="Nhầm lô"
        )
        events.correct(session, SYSTEM, value)


def test_a_report_has_passed_when_each_of_its_lines_has(database: Database, batch: Batch) -> None:
    assert record(database, batch).passed
    lines = [
        {"name": "Cadimi", "value": "0,01", "passed": "1"},
        {"name": "Chì", "value": "0,9", "passed": "0"},
    ]
    assert not record(database, batch, report_no="KQ-0124", results=lines).passed


def test_dates_of_a_report_are_in_order_and_a_report_is_recorded_once(
    database: Database, batch: Batch
) -> None:
    record(database, batch)
    for changes, refusal in [
        ({}, "recorded_already"),
        ({"report_no": "X", "reported_on": today() + timedelta(days=1)}, "reported_in_future"),
        (
            {"report_no": "X", "sampled_on": today(), "reported_on": today() - timedelta(days=1)},
            "reported_before",
        ),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            record(database, batch, **changes)


def test_a_wrong_report_is_withdrawn_but_a_failed_one_stays(database: Database, batch: Batch) -> None:
    wrong = record(database, batch)
    withdraw(database, wrong)
    with database.reading(SYSTEM.scope) as session:
        assert laboratory.of_batch(session, batch.id) == []
    failed = record(database, batch, results=[{"name": "Chì", "value": "0,9", "passed": "0"}])
    with pytest.raises(RuleBroken, match="test_stays"):
        withdraw(database, failed)


@pytest.mark.parametrize(
    ("value", "unit", "limit", "agrees"),
    [
        ("0,5", "mg/kg", "0,01", False),
        ("600", "µg/kg", "<= 500", False),
        ("0,01", "mg/kg", "≤ 0,01", True),
        ("không phát hiện", "mg/kg", "0,01", True),
        ("463", "mg/kg", "≤ 1.500", True),  # fifteen hundred
        ("1600", "mg/kg", "≤ 1.500", False),
        ("0,6", "mg/kg", "≤ 0,500", False),
        ("30", "mg/kg", "≥ 20", True),  # a limit from below
        ("> 0,02", "mg/kg", "0,01", False),
        ("0.5 ppm", "mg/kg", "≤ 0.01", False),
        ("0.5 ppm", "µg/kg", "≤ 0.01", True),  # two units: nobody can tell
        ("9,1", "%", "<= 8,5", False),
        ("12", "°Bx", "10", True),  # no weight in a weight
        ("0,5", "mg/kg", "theo quy định", True),
    ],
)
def test_what_lies_above_its_limit_is_not_taken_as_passed(
    database: Database, batch: Batch, value: str, unit: str, limit: str, agrees: bool
) -> None:
    line = {"name": "Cadimi", "value": value, "unit": unit, "limit": limit}
    if agrees:
        assert record(database, batch, results=[line | {"passed": "1"}]).passed
        return
    with pytest.raises(RuleBroken, match=r"laboratory\.passed_above_limit") as caught:
        record(
            database, batch, results=[{"name": "Chì", "value": "0", "passed": "1"}, line | {"passed": "1"}]
        )
    assert caught.value.field == "results-1-value"
    assert not record(database, batch, results=[line | {"passed": "0"}]).passed


def test_what_does_not_reach_the_least_is_not_taken_as_passed(database: Database, batch: Batch) -> None:
    line = {"name": "Độ Brix", "value": "9,1", "unit": "°Bx", "limit": "≥ 10", "passed": "1"}
    with pytest.raises(RuleBroken, match=r"laboratory\.passed_below_limit"):
        record(database, batch, results=[line])
    assert record(database, batch, results=[line | {"value": "10,5"}]).passed
