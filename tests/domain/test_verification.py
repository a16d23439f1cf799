"""verify-log: whatever is changed in the database behind the program's back is found and named."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability.db import Database
from traceability.domain import ledger, log_tree, records, verification
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.checkpoints import Checkpoint
from traceability.domain.merkle import EMPTY_ROOT
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.verification import UNCOVERED, Tampered, Verified


def verify(database: Database, *known: Checkpoint) -> Verified:
    with database.one_state() as session:
        return verification.verify(session, list(known))


def checkpoint(database: Database) -> Checkpoint:
    with database.engine.connect() as connection:
        size = log_tree.size(connection)
        return Checkpoint("test", size, log_tree.root(connection, size))


@contextmanager
def shell(database: Database, *statements: Any) -> Iterator[Session]:
    """What somebody with a database shell does; a session that sees it. Nothing of it is kept."""
    with database.reading(EVERYTHING) as session:
        connection = session.connection()
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement)
        yield session
        session.rollback()
        if database.is_sqlite:
            session.connection().exec_driver_sql("PRAGMA ignore_check_constraints=OFF")


def must_be_found(
    database: Database, *statements: Any, name: str | None = None, known: tuple[Checkpoint, ...] = ()
) -> None:
    with shell(database, *statements) as session, pytest.raises(Tampered, match=name):
        verification.verify(session, list(known))


@pytest.fixture
def filled(database: Database) -> Database:
    """A small province: two producers, areas, products, batches, a delivery."""
    factories.crop(database)
    for code in ("F01", "F02"):
        owner = factories.producer(database, code=code)
        for day in ("2026-03-01", "2026-03-02"):
            factories.harvest(database, owner, 100, harvested_on=day)
    return database


def test_a_clean_log_is_verified(filled: Database) -> None:
    found = verify(filled, checkpoint(filled))
    assert found.size == checkpoint(filled).size
    assert found.root == checkpoint(filled).root
    assert found.rows["batch"] == 4


def test_every_table_is_covered_or_listed_with_its_reason() -> None:
    covered = {table.__tablename__ for table in verification.logged_tables()}
    assert covered.isdisjoint(UNCOVERED)
    assert covered | UNCOVERED.keys() == set(SQLModel.metadata.tables)
    for table in verification.logged_tables():
        columns = {column.name for column in SQLModel.metadata.tables[table.__tablename__].columns}
        left_out = columns - set(ledger.logged_columns(table))
        assert left_out == {"record_key", *table.UNLOGGED}
        assert all(table.UNLOGGED.values())


def test_a_row_with_a_fresh_key_is_true_only_where_a_leaf_says_that_it_was_erased(filled: Database) -> None:
    with filled.reading(EVERYTHING) as session:
        producer_id = session.exec(select(Producer.id)).first()
    fresh = sa.update(Producer).where(Producer.id == producer_id).values(record_key=b"\1" * 32)  # type: ignore[arg-type]
    must_be_found(filled, fresh, name=f"{producer_id}")
    with filled.transaction(SYSTEM) as session:
        row = records.lock(session, Producer, str(producer_id))
        row.phone, row.record_key = None, b"\1" * 32
        ledger.record(session, "person.erased", row)
    verify(filled)


def test_an_old_state_of_one_row_is_found(filled: Database) -> None:
    batch = SQLModel.metadata.tables["batch"]
    with filled.engine.connect() as connection:
        before = dict(connection.execute(sa.select(batch).limit(1)).mappings().one())
    with filled.reading(EVERYTHING) as session:
        row = session.get_one(Batch, before["id"])
    factories.release(filled, row)
    verify(filled)
    back = sa.update(batch).where(batch.c.id == before["id"]).values(before)
    must_be_found(filled, back, name=f"batch {before['id']}.*revision")


def test_a_change_of_the_log_itself_is_found(filled: Database) -> None:
    for statement in (
        "DELETE FROM log_leaf WHERE position = 3",
        "DELETE FROM log_leaf WHERE position = (SELECT max(position) FROM log_leaf)",
        "DELETE FROM log_entry WHERE position = 3",
        "UPDATE log_leaf SET kind = 'x.y' WHERE position = 3",
        "UPDATE log_leaf SET actor = 'somebody' WHERE position = 3",
        "UPDATE log_leaf SET tenant = NULL WHERE position > 3",
        "UPDATE log_leaf SET at = '2020-01-01 00:00:00+00:00' WHERE position = 3",
        "UPDATE log_entry SET revision = revision + 1 WHERE position = 3",
        "UPDATE log_entry SET record_id = 'x' WHERE position = 3",
        "UPDATE log_entry SET table_name = 'batch' WHERE position = 0",
        "UPDATE log_entry SET entry_hash = (SELECT max(hash) FROM log_node) WHERE position = 3",
        "UPDATE log_leaf SET leaf_hash = (SELECT max(hash) FROM log_node) WHERE position = 3",
        "UPDATE log_leaf SET body = (SELECT body FROM log_leaf WHERE position = 2) WHERE position = 3",
        "DELETE FROM log_node WHERE key = (SELECT max(key) FROM log_node)",
        "UPDATE log_node SET hash = (SELECT leaf_hash FROM log_leaf WHERE position = 0)",
        "INSERT INTO log_node (key, hash) SELECT 4000, max(hash) FROM log_node",
    ):
        must_be_found(filled, statement)


def test_a_log_that_was_cut_fits_no_older_checkpoint(filled: Database) -> None:
    kept = checkpoint(filled)
    cut = [f"DELETE FROM {table} WHERE position = {kept.size - 1}" for table in ("log_entry", "log_leaf")]
    must_be_found(filled, *cut, name=f"checkpoint of {kept.size}", known=(kept,))


def test_a_rewritten_log_fits_no_older_checkpoint(filled: Database) -> None:
    kept = checkpoint(filled)
    must_be_found(filled, name="rewritten", known=(Checkpoint(kept.origin, kept.size - 1, kept.root),))
    verify(filled, kept, Checkpoint(kept.origin, 0, EMPTY_ROOT))


@SQLITE_ONLY  # PostgreSQL's own types refuse such a value
def test_a_value_that_cannot_be_read_is_named(filled: Database) -> None:
    nonsense = "UPDATE batch SET harvested_on = 'nonsense' WHERE id = (SELECT min(id) FROM batch)"
    must_be_found(filled, nonsense, name=r"batch .*cannot be read")
