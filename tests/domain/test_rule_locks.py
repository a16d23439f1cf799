"""Judging at the moment at which others write, on PostgreSQL: nothing escapes a flag, nobody waits in a circle."""

from concurrent.futures import ThreadPoolExecutor, TimeoutError
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.databases import POSTGRESQL_ONLY
from tests.domain.goods import split
from tests.domain.test_rule_descent import FACTS, before, correct, spray, standing, yesterday
from traceability.db import Database
from traceability.domain import batches, diary_entries, divisions, records
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, HarvestInput
from traceability.domain.clock import now
from traceability.domain.diary import DiaryEntry, DiaryInput, DiaryTask
from traceability.domain.divisions import SplitInput, SplitPart
from traceability.domain.history import Event
from traceability.domain.moments import start_of
from traceability.domain.producers import Producer
from traceability.domain.quantities import Grams
from traceability.domain.rule_book import RuleCode
from traceability.domain.treatments import InputKind

#: SQLite has one writer at a time.
pytestmark = POSTGRESQL_ONLY


def too_late() -> date:
    """Within the interval before the harvest."""
    return yesterday() - timedelta(days=2)


@pytest.fixture
def owner(database: Database) -> Producer:
    factories.crop(database, **FACTS)
    return factories.producer(database)


def sprayed(database: Database, area_id: str) -> DiaryEntry:
    value = DiaryInput(
        area_id=area_id,
        done_on=too_late(),
        task=DiaryTask.SPRAY,
        substance="Mancozeb 80 WP",
        input_kind=InputKind.FUNGICIDE,
        interval_days=20,
    )
    with database.transaction(SYSTEM) as session:
        return diary_entries.record(session, SYSTEM, value)


def test_a_diary_entry_waits_for_a_harvest_of_the_same_moment_and_flags_it(
    database: Database, owner: Producer
) -> None:
    area, product = factories.area(database, owner), factories.product(database, owner)
    value = HarvestInput(product_id=product.id, area_id=area.id, harvested_on=yesterday(), kilograms="100")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as session:
            harvest = batches.register(session, SYSTEM, value)
            writing = pool.submit(sprayed, database, area.id)
            with pytest.raises(TimeoutError):
                writing.result(0.5)
        assert writing.result(20).area_id == area.id
    assert standing(database, harvest) == [[RuleCode.PHI_VIOLATION]]


def test_a_lot_that_is_made_while_its_harvest_is_judged_carries_the_flag(
    database: Database, owner: Producer
) -> None:
    harvest = factories.harvest(database, owner, 1000)
    (part,) = split(database, harvest, 300)
    spraying = spray(database, harvest, before())

    def found_out() -> Event:
        return correct(database, spraying, happened_at=start_of(too_late()))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as session:
            value = SplitInput(
                batch_id=part.id, happened_at=now(), parts=[SplitPart(kilograms=Grams(100_000))]
            )
            (made,) = divisions.split(session, SYSTEM, value)
            correcting = pool.submit(found_out)
            with pytest.raises(TimeoutError):
                correcting.result(0.5)
        correcting.result(20)
    assert standing(database, harvest, part, made) == [[RuleCode.PHI_VIOLATION]] * 3


def test_who_judges_a_harvest_locks_it_and_what_was_made_of_it_by_id(
    database: Database, owner: Producer
) -> None:
    harvest = max((factories.harvest(database, owner, 1000) for _ in range(3)), key=lambda one: one.id)
    part = harvest
    while part.id >= harvest.id:
        (part,) = split(database, harvest, 1)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as session:  # as a merger does
            records.lock(session, Batch, part.id)
            writing = pool.submit(spray, database, harvest, yesterday())
            with pytest.raises(TimeoutError):
                writing.result(0.5)
            session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            records.lock(session, Batch, harvest.id)
        writing.result(20)
    assert standing(database, harvest, part) == [[RuleCode.PHI_VIOLATION]] * 2


def test_an_entry_judges_every_harvest_however_many_are_read_at_a_time(
    database: Database, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = factories.area(database, owner)
    harvests = [factories.harvest(database, owner, 10, area_id=area.id) for _ in range(3)]
    monkeypatch.setattr(diary_entries, "_PORTION", 1)
    sprayed(database, area.id)
    assert standing(database, *harvests) == [[RuleCode.PHI_VIOLATION]] * 3
