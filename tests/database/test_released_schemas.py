"""Every released schema is brought to the newest with its rows: nothing is lost, and its log still verifies.

`released/NUMBER.db.gz` is a SQLite database as that release left it, filled by that release's own use cases. A new
release adds its file; none is ever changed.
"""

import gzip
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests import databases
from tools.migration import RELEASED
from traceability import table_copies
from traceability.db import Database
from traceability.domain import ledger, own_references, verification
from traceability.domain.actors import SYSTEM
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import new_id

FILES = sorted(Path(__file__).with_name("released").glob("*.db.gz"))


@pytest.fixture(params=FILES, ids=lambda path: path.name.split(".")[0])
def released(request: pytest.FixtureRequest, empty_database_url: str, tmp_path: Path) -> Database:
    """A database of a released schema with its rows, on SQLite and on PostgreSQL."""
    kept = tmp_path / "kept.db"
    kept.write_bytes(gzip.decompress(request.param.read_bytes()))
    source = Database(f"sqlite:///{kept}")
    database = databases.open_database(empty_database_url)
    with source.engine.connect() as old, database.changing_schema() as new:
        table_copies.make_schema(new, table_copies.revision_of(old))
        tables = table_copies.tables_of(new)
        taken = table_copies.without_foreign_keys(new, tables)
        for table in tables:
            table_copies.load(new, table, table_copies.lines(old, table))
        table_copies.put_back(new, taken, tables)
    source.close()
    return database


def rows(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in table_copies.tables_of(connection)
        }


def write(database: Database) -> str:
    with database.transaction(SYSTEM) as session:
        row = Producer(code=new_id(), name="x", legal_form=LegalForm.COOPERATIVE)
        session.add(row)
        ledger.record(session, "producer.registered", row)
    return row.id


def test_there_is_a_file_for_every_released_schema() -> None:
    assert [path.name for path in FILES] == [f"{number:04d}.db.gz" for number in range(1, int(RELEASED) + 1)]


def test_a_column_that_came_later_is_left_out_of_old_leaves(tmp_path: Path) -> None:
    for path in FILES:
        kept = tmp_path / path.stem
        kept.write_bytes(gzip.decompress(path.read_bytes()))
        database = Database(f"sqlite:///{kept}")
        with database.engine.connect() as connection:
            inspector = sa.inspect(connection)
            for table in verification.logged_tables():
                if inspector.has_table(table.__tablename__):
                    then = {column["name"] for column in inspector.get_columns(table.__tablename__)}
                    came = set(ledger.logged_columns(table)) - then
                    assert came <= table.LATER.keys(), (
                        f"{table.__name__}.LATER lacks {came - table.LATER.keys()}"
                    )
        database.close()


def test_a_released_database_keeps_its_rows_and_its_log(released: Database) -> None:
    before = rows(released)
    assert before["batch"] > 0
    released.migrate()
    after = rows(released)
    assert {name: after[name] for name in before} == before
    with released.one_state() as session:
        found = verification.verify(session, [])
    assert found.size == before["log_leaf"]
    write(released)
    with released.one_state() as session:
        assert verification.verify(session, []).size == found.size + 1
    released.close()


def test_references_that_stood_twice_before_the_rule_are_no_bar(released: Database) -> None:
    twice = sa.text(
        "UPDATE event SET external_ref = 'PO-7', producer_id = (SELECT min(producer_id) FROM batch)"
    )
    with released.engine.begin() as connection:
        connection.execute(twice)
    released.migrate()
    with released.one_state() as session:
        (owner,) = set(session.exec(select(Event.producer_id)).all())
        assert len(session.exec(select(Event).where(Event.external_ref == "PO-7")).all()) > 1
        with pytest.raises(RuleBroken, match=r"events\.reference_taken"):
            own_references.must_be_new(session, Event, owner, "PO-7")
    released.close()


def test_no_write_is_lost_while_the_schema_is_changed(released: Database) -> None:
    """Writers knock all the while: each write is either refused or there afterwards."""
    written: list[str] = []
    stop = threading.Event()

    def knock() -> None:
        while not stop.is_set():
            try:
                written.append(write(released))
            except sa.exc.DBAPIError:  # the old schema, or locked: refused, not lost
                stop.wait(0.01)

    writers = [threading.Thread(target=knock) for _ in range(3)]
    for writer in writers:
        writer.start()
    released.migrate()
    while len(written) < 5:
        stop.wait(0.01)
    stop.set()
    for writer in writers:
        writer.join()
    with released.one_state() as session:
        verification.verify(session, [])
        assert all(session.get(Producer, row_id) is not None for row_id in written)
    released.close()
