"""The check of a scratch PIN: few tries, one first success for ever, nobody is suspected for asking twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from tests import stamped
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import records, stamp_checks, stamp_pins
from traceability.domain.actors import VISITOR
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING, PUBLIC
from traceability.domain.stamp_checks import MOST_A_DAY, CheckInput, Outcome, StampCheck
from traceability.domain.stamps import RangeState


def with_pins(database: Database, lot: Lot) -> Lot:
    """The lot, its stamps printed with a scratch panel."""
    orders = SQLModel.metadata.tables["stamp_order"]
    with database.engine.begin() as connection:
        connection.execute(orders.update().where(orders.c.id == lot.order.id).values(pins=True))
    return lot


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    made = with_pins(database, stamped.lot(database, settings.keyring()))
    stamped.put(database, made, 0, 4, RangeState.ACTIVE)
    stamped.put(database, made, 5, 5, RangeState.VOID)
    return made


def pin_of(lot: Lot, number: int = 0) -> str:
    return stamp_pins.pin(lot.key, lot.order.first_serial + number)


def tried(database: Database, lot: Lot, pin: str, number: int = 0, days: int = 0) -> Outcome:
    with database.transaction(VISITOR) as session:
        return stamp_checks.check(
            session, VISITOR, CheckInput(pin=pin), key=lot.key, serial=lot.order.first_serial + number,
            today=today() + timedelta(days=days),
        )  # fmt: skip


def rows(database: Database) -> list[StampCheck]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampCheck)).all())


def test_the_first_right_pin_is_remembered_and_the_second_is_told_so(database: Database, lot: Lot) -> None:
    first = tried(database, lot, pin_of(lot).lower())
    again = tried(database, lot, f" {pin_of(lot)} ")
    assert (first.is_right, first.is_first) == (True, True)
    assert (again.is_right, again.is_first, again.first_at) == (True, False, first.first_at)
    with database.reading(PUBLIC) as session:
        assert stamp_checks.first_right(session, lot.key.epoch_id, lot.order.first_serial) == first.first_at
        assert stamp_checks.first_right(session, lot.key.epoch_id, lot.order.first_serial + 1) is None


def test_a_wrong_pin_counts_and_the_pin_of_the_next_stamp_is_wrong(database: Database, lot: Lot) -> None:
    wrong = tried(database, lot, pin_of(lot, 1))
    assert (wrong.is_right, wrong.first_at, wrong.left) == (False, None, MOST_A_DAY - 1)
    assert tried(database, lot, pin_of(lot)).left == MOST_A_DAY - 1


def test_the_right_pin_is_answered_however_often_it_is_asked(database: Database, lot: Lot) -> None:
    tried(database, lot, "000000")
    for _time in range(MOST_A_DAY + 2):
        assert tried(database, lot, pin_of(lot)).is_right
    assert tried(database, lot, "000000").left == MOST_A_DAY - 2
    assert len(rows(database)) == 3


def test_few_wrong_tries_a_day_are_taken_of_one_stamp(database: Database, lot: Lot) -> None:
    for _try in range(MOST_A_DAY):
        tried(database, lot, "000000")
    with pytest.raises(RuleBroken) as refused:
        tried(database, lot, pin_of(lot))
    assert refused.value.code == "stamp_checks.enough"
    assert tried(database, lot, pin_of(lot, 1), number=1).is_right
    assert tried(database, lot, pin_of(lot), days=1).is_first


def test_stamps_that_should_be_on_no_goods_are_not_checked(database: Database, lot: Lot) -> None:
    for number in (5, 9):
        with pytest.raises(RuleBroken) as refused:
            tried(database, lot, pin_of(lot, number), number)
        assert refused.value.code == "stamp_checks.not_in_use"
    with pytest.raises(NotFound):
        tried(database, lot, "000000", 500)
    assert rows(database) == []


def test_a_stamp_without_a_panel_has_no_pin(database: Database, settings: Settings) -> None:
    plain = stamped.lot(database, settings.keyring())
    stamped.put(database, plain, 0, 0, RangeState.ACTIVE)
    with pytest.raises(RuleBroken) as refused:
        tried(database, plain, pin_of(plain))
    assert refused.value.code == "stamp_checks.no_pin"


def test_tries_are_facts_of_the_log_and_hold_neither_pin_nor_person(database: Database, lot: Lot) -> None:
    tried(database, lot, "W0RNGP")
    tried(database, lot, pin_of(lot))
    with database.reading(EVERYTHING) as session:
        leaves = list(session.exec(select(LogLeaf).where(LogLeaf.kind.startswith("stamp_check."))).all())  # type: ignore[attr-defined]
    assert sorted(leaf.kind for leaf in leaves) == ["stamp_check.failed", "stamp_check.passed"]
    assert all(leaf.actor is None and leaf.tenant == lot.producer.id for leaf in leaves)
    with database.engine.connect() as connection:
        stored = str(
            [tuple(row) for row in connection.execute(sa.select(SQLModel.metadata.tables["stamp_check"]))]
        )
    for text in (stored, *(leaf.body.decode() for leaf in leaves)):
        assert pin_of(lot) not in text
        assert "W0RNGP" not in text


def at_once(number: int, act: Callable[[], Outcome]) -> tuple[list[Outcome], list[Exception]]:
    """What came of several tries that began together."""
    start = threading.Barrier(number)

    def run() -> Outcome | Exception:
        start.wait()
        try:
            return act()
        except (RuleBroken, IntegrityError) as error:
            return error

    with ThreadPoolExecutor(number) as pool:
        done = [future.result() for future in [pool.submit(run) for _ in range(number)]]
    return [one for one in done if isinstance(one, Outcome)], [
        one for one in done if isinstance(one, Exception)
    ]


def meeting(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Keeps each try between counting and writing until the others are there too, if they can be."""
    gathered = threading.Barrier(number)
    compare = stamp_pins.matches

    def slow(*arguments: Any) -> bool:
        with suppress(threading.BrokenBarrierError):
            gathered.wait(0.5)
        return compare(*arguments)

    monkeypatch.setattr(stamp_pins, "matches", slow)


def test_of_two_right_pins_at_once_one_is_the_first(
    database: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, 2)
    outcomes, refused = at_once(2, lambda: tried(database, lot, pin_of(lot)))
    assert not refused
    assert sorted(outcome.is_first for outcome in outcomes) == [False, True]
    assert len({outcome.first_at for outcome in outcomes}) == 1


def test_tries_at_once_cannot_pass_the_limit(
    database: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _try in range(MOST_A_DAY - 1):
        tried(database, lot, "000000")
    meeting(monkeypatch, 4)
    outcomes, refused = at_once(4, lambda: tried(database, lot, "000000"))
    assert (len(outcomes), len(refused)) == (1, 3)
    assert len(rows(database)) == MOST_A_DAY


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_without_the_lock_they_would(database: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that the two tests above see what they are for. SQLite has one writer at a time."""
    monkeypatch.setattr(records, "lock", records.find)
    for _try in range(MOST_A_DAY - 1):
        tried(database, lot, "000000")
    meeting(monkeypatch, 4)
    outcomes, _refused = at_once(4, lambda: tried(database, lot, "000000"))
    assert len(outcomes) > 1
    outcomes, refused = at_once(2, lambda: tried(database, lot, pin_of(lot, 1), 1))
    assert len(outcomes) + len(refused) == 2
    assert refused, "the schema itself knows only one first"
