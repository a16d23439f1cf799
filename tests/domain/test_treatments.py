"""Treatments of the field: what was given before a harvest, and how many days had to pass."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests import factories
from traceability.db import Database
from traceability.domain import events, treatments
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day, now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.events import CorrectionInput, Event
from traceability.domain.history import EventType, beginning, history
from traceability.domain.treatments import TreatmentInput


def treat(database: Database, batch: Batch, **changes: Any) -> Event:
    values = {
        "batch_id": batch.id,
        "kind": "fungicide",
        "substance": "Mancozeb 80 WP",
        "active_ingredient": "mancozeb",
        "dose": "theo nhãn",
        "interval_days": 14,
        "applied_on": batch.started_on - timedelta(days=20),
    }
    with database.transaction(SYSTEM) as session:
        return treatments.record(session, SYSTEM, TreatmentInput(**values | changes))


@pytest.fixture
def batch(database: Database) -> Batch:
    """1,000 kg of pomelos harvested yesterday."""
    return factories.harvest(database, factories.producer(database))


def test_a_treatment_stands_in_the_history_before_the_harvest(database: Database, batch: Batch) -> None:
    treated = treat(database, batch)
    with database.reading(SYSTEM.scope) as session:
        told = history(session, batch.id)
    assert [event.type for event in told] == [EventType.TREAT, EventType.HARVEST]
    assert beginning(told).type is EventType.HARVEST
    assert (treated.area_id, treated.step) == (batch.area_id, "Mancozeb 80 WP")
    assert treated.details["interval_days"] == "14"


def test_a_treatment_of_years_before_the_harvest_is_a_slip_of_the_pen(
    database: Database, batch: Batch
) -> None:
    treat(database, batch, applied_on=batch.started_on - timedelta(days=731))
    with pytest.raises(RuleBroken) as caught:
        treat(database, batch, applied_on=date(1999, 5, 1))
    assert (caught.value.code, caught.value.field) == ("treatments.too_long_before", "applied_on")


@pytest.mark.parametrize(
    ("days_after", "code"), [(1, "treatments.after_harvest"), (3, "treatments.in_future")]
)
def test_a_treatment_after_the_harvest_belongs_to_another_lot(
    database: Database, batch: Batch, days_after: int, code: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        treat(database, batch, applied_on=batch.started_on + timedelta(days=days_after))
    assert (caught.value.code, caught.value.field) == (code, "applied_on")
    assert batch.started_on < today()


def test_a_treatment_does_not_keep_a_wrong_harvest_day_from_being_corrected(
    database: Database, batch: Batch
) -> None:
    treat(database, batch)
    with database.reading(SYSTEM.scope) as session:
        first = beginning(history(session, batch.id))
    right = now() - timedelta(hours=30)
    value = CorrectionInput(
        event_id=first.id, reason="incorrect_data", explanation="Ghi nhầm giờ", happened_at=right
    )
    with database.transaction(SYSTEM) as session:
        corrected = events.correct(session, SYSTEM, value)
    assert local_day(corrected.happened_at) == local_day(right)
