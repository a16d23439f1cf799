"""The schema: one way up, and no difference between the migrations and the tables."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.util.exc import CommandError

from tools.migration import checks_of, wanted_checks
from traceability.db import Database, alembic_config


def test_the_migrations_and_the_tables_say_the_same(database: Database) -> None:
    with database.engine.connect() as connection:
        try:
            command.check(alembic_config(connection))
        except CommandError as difference:
            pytest.fail(str(difference))


def test_the_migrations_and_the_tables_have_the_same_checks(database: Database) -> None:
    with database.engine.connect() as connection:
        standing = checks_of(connection)
    if not database.is_sqlite:  # PostgreSQL writes conditions in its own way: compare what they are called
        standing = {table: dict.fromkeys(checks, "") for table, checks in standing.items()}
    wanted = {
        table: checks if database.is_sqlite else dict.fromkeys(checks, "")
        for table, checks in wanted_checks().items()
    }
    assert {table: checks for table, checks in standing.items() if table != "alembic_version"} == wanted


def test_a_standing_table_is_altered_with_its_rows_and_those_that_name_it(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.engine.connect().execution_options(write=True) as connection:
        for statement in (
            "CREATE TABLE parent (id INTEGER PRIMARY KEY, grams INTEGER, CONSTRAINT ck_parent_grams CHECK (grams > 0))",
            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent (id))",
            "INSERT INTO parent VALUES (1, 5)",
            "INSERT INTO child VALUES (1, 1)",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
    with database.changing_schema() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("parent") as batch:
            batch.add_column(sa.Column("more", sa.Integer(), server_default="7", nullable=False))
            batch.create_check_constraint(batch.f("ck_parent_more"), "more >= 7")
    with database.engine.connect().execution_options(write=True) as connection:
        assert connection.exec_driver_sql("SELECT grams, more FROM parent").one() == (5, 7)
        for broken in (
            "UPDATE parent SET grams = 0",
            "UPDATE parent SET more = 6",
            "DELETE FROM parent",
            "INSERT INTO child VALUES (2, 2)",
        ):
            with pytest.raises(sa.exc.IntegrityError):
                connection.exec_driver_sql(broken)
            connection.rollback()
    database.close()


def test_the_schema_goes_down_and_up_again(database: Database) -> None:
    with database.engine.connect().execution_options(write=True) as connection:
        command.downgrade(alembic_config(connection), "base")
        connection.commit()
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    database.migrate()


def test_an_empty_database_is_migrated(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    database.migrate()
    assert database.accepts_writes()
    database.close()


def test_each_test_gets_a_database_of_its_own(database: Database) -> None:
    with database.engine.connect().execution_options(write=True) as connection:
        connection.exec_driver_sql("CREATE TABLE only_here (x INTEGER)")
        connection.commit()


def test_each_test_gets_a_database_of_its_own_again(database: Database) -> None:
    assert "only_here" not in sa.inspect(database.engine).get_table_names()
