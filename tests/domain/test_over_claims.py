"""The over-claim board: harvests, claims under lent codes, and what left for which market, through every hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.domain.test_code_authorisations import CODE, Lending, lending  # noqa: F401
from tests.domain.test_shares import made_of
from traceability.db import Database
from traceability.domain import over_claims, shares, shipped_shares
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.domain.quantities import Grams
from traceability.domain.shipped_shares import ByArea


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def left(database: Database, *area_ids: str | None) -> ByArea:
    """Of these areas, else of all."""
    with database.reading(SYSTEM.scope) as session:
        asked = [key for key in area_ids if key] or session.exec(select(GrowingArea.id)).all()
        return shipped_shares.by_area(session, today() - timedelta(days=30), today(), asked)


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
    for area_id in (ours.area_id, theirs.area_id):  # one by one it is the same
        assert left(database, area_id) == {area_id: left(database)[area_id or ""]}


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
    for lot in lots:
        assert left(database, lot.area_id) == {lot.area_id: found[lot.area_id or ""]}
    for market, grams in (("CN", 1001), ("JP", 101)):
        assert sum(sent.get((today() - timedelta(days=1), market), 0) for sent in found.values()) == grams


def test_a_page_of_the_board_follows_only_what_its_own_areas_harvested(
    database: Database, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, others = factories.harvest(database, owner), [factories.harvest(database, owner) for _ in range(3)]
    for lot in (ours, *others):
        factories.sent(database, made_of(database, owner, 5, {"batch_id": lot.id, "kilograms": 5}), 5)
    seen: list[str] = []
    real = shares.above_all

    def follow(session: Session, roots: Any) -> Any:
        nodes = real(session, roots)
        seen.extend(nodes)
        return nodes

    monkeypatch.setattr(shipped_shares, "above_all", follow)
    with database.reading(SYSTEM.scope) as session:
        board = over_claims.board(session, today())
        assert (len(board), seen) == (4, [])  # the board itself follows nothing
        (row,) = over_claims.with_shipped(session, [row for row in board if row.area.id == ours.area_id])
    assert row.shipped_g == {"VN": 5000}
    assert ours.id in seen
    assert len(seen) == 2  # the harvest and what was made of it


def test_a_harvest_elsewhere_under_a_lent_code_counts_for_the_area_of_the_code(lending: Lending) -> None:  # noqa: F811
    lending.accepted()
    lending.harvest(400)
    with lending.database.reading(SYSTEM.scope) as session:
        board = {row.area.id: row for row in over_claims.board(session, today())}
    row = board[lending.code.area_id]
    assert (row.harvested_g, row.lent_g) == (0, 400_000)
    assert replace(row, harvested_g=100_000, ceiling_g=1_000_000).percent == 50
