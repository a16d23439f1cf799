"""Waste: goods leave the account for good, for a reason and by a way that are named."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.domain import goods
from tests.domain.goods import again, throw_away
from traceability.db import Database
from traceability.domain import balance
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken


@pytest.fixture
def batch(database: Database) -> Batch:
    return factories.harvest(database, factories.producer(database))


def test_waste_is_lost_and_says_why_and_what_became_of_it(database: Database, batch: Batch) -> None:
    event = throw_away(
        database, batch, "12,5", reason="failed_test", handling="destroyed", witness="Công an xã"
    )
    assert event.details == {"cause": "failed_test", "handling": "destroyed", "witness": "Công an xã"}
    row = again(database, batch)
    assert (row.on_hand_g, row.lost_g) == (987_500, 12_500)
    with database.reading(SYSTEM.scope) as session:
        assert balance.account(session, row).lost_g == 12_500
    goods.never_happened(database, event)
    assert again(database, batch).lost_g == 0


def test_held_and_recalled_goods_can_be_destroyed_closed_ones_are_gone(
    database: Database, batch: Batch
) -> None:
    for state in (BatchState.HELD, BatchState.RECALLED):
        goods.put(database, batch, state)
        throw_away(database, batch, 1)
    goods.put(database, batch, BatchState.CLOSED)
    with pytest.raises(RuleBroken, match=r"batches\.closed"):
        throw_away(database, batch, 1)


def test_no_more_is_thrown_away_than_is_there_on_that_day(database: Database, batch: Batch) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"kilograms": "1000001 g"}, "batches.not_enough", "kilograms"),
        ({"happened_at": now() + timedelta(hours=1)}, "events.in_future", "happened_at"),
        ({"happened_at": now() - timedelta(days=3)}, "events.before_batch", "happened_at"),
        ({"reason": "stolen", "handling": "composted"}, "wastes.handling_of_stolen", "handling"),
        ({"reason": "spoiled", "handling": "gone"}, "wastes.handling_of_stolen", "handling"),
    ]
    for changes, refusal, field in cases:
        with pytest.raises(RuleBroken) as caught:
            throw_away(database, batch, changes.pop("kilograms", 1), **changes)
        assert (caught.value.code, caught.value.field) == (refusal, field)
