"""The over-claim board: harvests, claims under lent codes, and what left for which market, through every hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.domain.test_code_authorisations import CODE, Lending, lending  # noqa: F401
from tests.domain.test_shares import made_of
from traceability.db import Database
from traceability.domain import over_claims, shipped_shares
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.domain.quantities import Grams
from traceability.domain.shipped_shares import ByArea


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def left(database: Database) -> ByArea:
    with database.reading(SYSTEM.scope) as session:
        return shipped_shares.by_area(session, today() - timedelta(days=30), today())


def test_what_left_is_followed_back_through_every_hand(database: Database, owner: Producer) -> None:
    packer, day = factories.producer(database), today() - timedelta(days=1)
    ours = factories.harvest(database, owner, 1000)
    theirs = factories.harvest(database, packer, 300)
    factories.sent(database, ours, 100)
    bought = factories.received(database, factories.sent(database, ours, 600, packer))
    assert left(database) == {ours.area_id: {(day, "VN"): 100_000}}  # with the packer is not outside
    mixed = made_of(
        database, packer, 450,
        {"delivery_id": bought.id, "kilograms": 600}, {"batch_id": theirs.id, "kilograms": 300},
    )  # fmt: skip
    factories.sent(database, mixed, 300, market="CN")
    assert left(database) == {
        ours.area_id: {(day, "VN"): 100_000, (day, "CN"): 200_000},
        theirs.area_id: {(day, "CN"): 100_000},
    }


def test_no_gram_is_lost_or_doubled_on_the_way_back(database: Database, owner: Producer) -> None:
    """Thirds that do not come out even, twice over."""
    lots = [factories.harvest(database, owner, 7) for _ in range(3)]
    first = made_of(database, owner, 7, *({"batch_id": lot.id, "kilograms": 3} for lot in lots))
    second = made_of(database, owner, 5,
        {"batch_id": first.id, "kilograms": 5}, {"batch_id": lots[0].id, "kilograms": 2})  # fmt: skip
    factories.sent(database, second, Grams(1001), market="CN")
    factories.sent(database, first, Grams(101), market="JP")
    found = left(database)
    assert set(found) == {lot.area_id for lot in lots}
    for market, grams in (("CN", 1001), ("JP", 101)):
        assert sum(sent.get((today() - timedelta(days=1), market), 0) for sent in found.values()) == grams


def test_a_harvest_elsewhere_under_a_lent_code_counts_for_the_area_of_the_code(lending: Lending) -> None:  # noqa: F811
    lending.accepted()
    lending.harvest(400)
    with lending.database.reading(SYSTEM.scope) as session:
        board = {row.area.id: row for row in over_claims.board(session, today())}
    row = board[lending.code.area_id]
    assert (row.harvested_g, row.lent_g) == (0, 400_000)
    assert replace(row, harvested_g=100_000, ceiling_g=1_000_000).percent == 50
