"""The schema: one way up, and no difference between the migrations and the tables."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util.exc import CommandError

from traceability.db import Database, alembic_config


def test_the_migrations_and_the_tables_say_the_same(database: Database) -> None:
    with database.engine.connect() as connection:
        try:
            command.check(alembic_config(connection))
        except CommandError as difference:
            pytest.fail(str(difference))


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
