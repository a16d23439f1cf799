"""The generated province keeps every rule of the schema, and its accounts agree with its histories."""

import pytest
from sqlmodel import select

from bench import province
from bench.province import Province
from traceability.db import Database
from traceability.domain import balance, descent, scan_lookup, shares
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import StampRange


@pytest.fixture
def made(database: Database) -> Province:
    return province.build(database, batches=200, stamps=20_000)


def test_it_has_exactly_the_products_batches_and_stamps_asked_for(database: Database, made: Province) -> None:
    assert (len(made.product_ids), len(made.batch_ids)) == (61, 200)
    with database.reading(EVERYTHING) as session:
        ranges = session.exec(select(StampRange)).all()
        assert sum(row.count for row in ranges) == 20_000
        assert {row.batch_id for row in ranges} == set(made.stamps)
    first, last = made.stamps[made.hub_id]
    seen = scan_lookup.look_up(database.rows, made.epoch, last, today())
    assert seen is not None
    assert seen.found.batch_id == made.hub_id
    assert first <= last


def test_every_account_agrees_with_its_history_to_the_gram(database: Database, made: Province) -> None:
    with database.reading(EVERYTHING) as session:
        for batch in session.exec(select(Batch)).all()[::7]:
            told = balance.account(session, batch)
            assert (told.made_g, told.shipped_g, told.used_g, told.on_hand_g) == (
                batch.made_g,
                batch.shipped_g,
                batch.used_g,
                batch.on_hand_g,
            )
            assert told.holds()
            assert sum(one.grams for one in shares.sources(session, batch.id)) == batch.made_g


def test_what_was_made_of_the_hub_is_what_the_edges_in_memory_say(database: Database, made: Province) -> None:
    below = made.below(made.hub_id)
    assert len(below) > 5
    with database.reading(EVERYTHING) as session:
        assert {made.hub_id, *descent.descendants(session, made.hub_id)} == below


def test_the_same_seed_makes_the_same_province() -> None:
    first, second = province.rows_of(batches=30, stamps=100), province.rows_of(batches=30, stamps=100)
    assert first == second
