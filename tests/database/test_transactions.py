"""`transaction()` loses no update and keeps the log without gaps, whoever writes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.databases import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.listening import Heard
from traceability import installation
from traceability.config import Mode
from traceability.db import Database
from traceability.domain import ledger, verification
from traceability.domain.actors import SYSTEM
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import find, lock

WRITERS, TURNS = 4, 15


@pytest.fixture
def counted(database: Database) -> Producer:
    with database.transaction(SYSTEM) as session:
        row = Producer(code="F01", name="x", legal_form=LegalForm.COOPERATIVE, latitude=0)
        session.add(row)
        ledger.record(session, "producer.registered", row)
    return row


def total(database: Database, row: Producer) -> float | None:
    with database.reading(EVERYTHING) as session:
        return find(session, Producer, row.id).latitude


def test_simultaneous_writers_lose_no_update(database: Database, counted: Producer) -> None:
    def write(_writer: int) -> None:
        for _ in range(TURNS):
            with database.transaction(SYSTEM) as session:
                row = lock(session, Producer, counted.id)
                row.latitude = (row.latitude or 0) + 1
                ledger.record(session, "producer.revised", row)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert total(database, counted) == WRITERS * TURNS
    with database.reading(EVERYTHING) as session:
        positions = session.exec(select(LogLeaf.position).order_by(LogLeaf.position)).all()
    assert positions == list(range(WRITERS * TURNS + 1))


def test_without_the_lock_updates_are_lost(database: Database, counted: Producer) -> None:
    """The test above can fail: the same writers without lock and without BEGIN IMMEDIATE lose updates."""

    def write(_writer: int) -> int:
        done = 0
        for _ in range(TURNS):
            try:
                with Session(database.engine) as session:  # no write option: a deferred BEGIN on SQLite
                    table = Producer.__table__  # type: ignore[attr-defined]
                    seen = session.connection().execute(sa.select(table.c.latitude)).scalar_one()
                    session.connection().execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                    session.connection().execute(table.update().values(latitude=seen + 1))
                    session.commit()
                    done += 1
            except sa.exc.OperationalError:
                pass  # SQLite refuses the upgrade of a read to a write: an update that never happened
        return done

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    value = total(database, counted)
    assert value is not None
    assert value < WRITERS * TURNS


def test_writes_are_accepted_by_a_healthy_database(database: Database) -> None:
    assert database.accepts_writes()


def test_sqlite_keeps_what_was_acknowledged(sqlite_database: Database) -> None:
    plain = Database(sqlite_database.url)  # the one of the tests does not wait for the disk
    with plain.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    plain.close()
    assert pragmas["synchronous"] == 2  # FULL: after a power cut nothing that was committed is missing
    assert plain.weak_durability() == ""
    assert pragmas["journal_mode"] == "wal"
    assert pragmas["foreign_keys"] == 1
    assert pragmas["busy_timeout"] >= 5000


@POSTGRESQL_ONLY
def test_a_database_server_that_may_forget_is_told_of_in_production(database: Database, heard: Heard) -> None:
    installation.warn_of_weak_durability(database, Mode.DEMO)
    assert heard.text == ""
    installation.warn_of_weak_durability(database, Mode.PRODUCTION)
    assert "fsync=off" in heard.text  # so runs the server of the tests


@POSTGRESQL_ONLY
def test_of_two_acts_that_wait_for_each_other_both_are_done(database: Database, counted: Producer) -> None:
    """PostgreSQL ends one of them; it is begun again, and has its leaf once."""
    with database.transaction(SYSTEM) as session:
        other = Producer(code="F02", name="y", legal_form=LegalForm.COOPERATIVE, latitude=0)
        session.add(other)
        ledger.record(session, "producer.registered", other)
    both_hold_one = Barrier(2)
    begun: list[str] = []

    def write(first: str, second: str) -> None:
        tries: list[str] = []

        def raise_both(session: Session) -> None:
            tries.append(first)
            rows = [lock(session, Producer, first)]
            if len(tries) == 1:
                both_hold_one.wait(20)
            rows.append(lock(session, Producer, second))
            for row in rows:
                row.latitude = (row.latitude or 0) + 1
            ledger.record(session, "producer.revised", *rows)

        database.act(SYSTEM, raise_both)
        begun.extend(tries)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (counted.id, other.id), (other.id, counted.id)))
    assert len(begun) == 3, "nothing was ended: the test does not show what it says"
    assert (total(database, counted), total(database, other)) == (2, 2)
    with database.one_state() as session:
        assert verification.verify(session, []).size == 4


@SQLITE_ONLY
@pytest.mark.parametrize(("failures", "sqlstate"), [(2, "40P01"), (2, "40001"), (3, "40P01"), (1, "53100")])
def test_an_act_is_begun_again_only_when_another_ended_it_and_not_for_ever(
    database: Database, failures: int, sqlstate: str
) -> None:
    ended = Exception()
    ended.sqlstate = sqlstate  # type: ignore[attr-defined]
    tries: list[int] = []

    def work(_session: Session) -> str:
        tries.append(1)
        if len(tries) <= failures:
            raise sa.exc.OperationalError("UPDATE", {}, ended)
        return "done"

    if sqlstate != "53100" and failures < 3:
        assert database.act(SYSTEM, work) == "done"
    else:
        with pytest.raises(sa.exc.OperationalError):
            database.act(SYSTEM, work)
        assert len(tries) == failures
