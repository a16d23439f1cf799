"""The whole content of a database as lines of JSON, the same on SQLite and PostgreSQL: what backups are made of."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from traceability.db import Database, alembic_config

#: What a backup leaves out, each with its reason.
LEFT_OUT: dict[str, str] = {
    "alembic_version": "the schema is made by its own migrations",
    "visitor_key": "a key that is destroyed daily must not live on in a copy",
    "day_visitor": "marks that are destroyed daily with their key",
    "sign_in_session": "everybody signs in anew",
    "one_time_link": "a link works where it was made",
    "sign_in_guard": "counts of failed sign-ins",
    "submission": "which form was sent, for 7 days",
    "repeated_request": "which request was sent, for a month",
}
_PORTION = 1_000


def tables_of(connection: Connection) -> list[sa.Table]:
    """The tables as they stand in the database, those that others name first."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def lines(connection: Connection, table: sa.Table) -> Iterator[bytes]:
    """The rows of a table by their key, one JSON object a line."""
    statement = sa.select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=_PORTION).execute(statement).mappings():
        yield (
            json.dumps({name: _said(value) for name, value in row.items()}, ensure_ascii=False).encode()
            + b"\n"
        )


def load(connection: Connection, table: sa.Table, rows: Iterable[bytes]) -> int:
    """Puts the lines of a table back. Answers how many."""
    portion: list[dict[str, Any]] = []
    count = 0
    for line in rows:
        portion.append({name: _read(value, table.c[name].type) for name, value in json.loads(line).items()})
        count += 1
        if len(portion) == _PORTION:
            connection.execute(sa.insert(table), portion)
            portion = []
    if portion:
        connection.execute(sa.insert(table), portion)
    return count


def revision_of(connection: Connection) -> str:
    """The schema's revision."""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def knows(revision: str) -> bool:
    """Whether this program has that revision of the schema."""
    with sa.create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    return revision in {script.revision for script in scripts.walk_revisions()}


def is_empty(database: Database) -> bool:
    """Whether nothing stands in the database, not even an empty installation."""
    with database.engine.connect() as connection:
        return all(
            connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None
            for table in tables_of(connection)
        )


def make_schema(connection: Connection, revision: str) -> None:
    """The tables of a revision and nothing in them, whatever was there before."""
    config = alembic_config(connection)
    command.downgrade(config, "base")
    command.upgrade(config, revision)


def without_foreign_keys(connection: Connection, tables: list[sa.Table]) -> list[tuple[str, dict[str, Any]]]:
    """Takes the foreign keys off on PostgreSQL, so that rows may come in any order; for `put_back`."""
    if connection.dialect.name != "postgresql":
        return []  # not enforced while a schema is changed
    inspector, taken = sa.inspect(connection), []
    for table in tables:
        for key in inspector.get_foreign_keys(table.name):
            connection.execute(sa.text(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{key["name"]}"'))
            taken.append((table.name, dict(key)))
    return taken


def put_back(connection: Connection, taken: list[tuple[str, dict[str, Any]]], tables: list[sa.Table]) -> None:
    """Puts the foreign keys back, which checks every row, and moves number sequences behind what was loaded."""
    for name, key in taken:
        columns = ", ".join(f'"{column}"' for column in key["constrained_columns"])
        others = ", ".join(f'"{column}"' for column in key["referred_columns"])
        connection.execute(
            sa.text(
                f'ALTER TABLE "{name}" ADD CONSTRAINT "{key["name"]}" FOREIGN KEY ({columns})'
                f' REFERENCES "{key["referred_table"]}" ({others})'
            )
        )
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            sequence = connection.execute(
                sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": table.name, "column": column.name},
            ).scalar()
            if sequence is not None:
                connection.execute(
                    sa.select(
                        sa.func.setval(sequence, sa.func.coalesce(sa.func.max(column) + 1, 1), False)
                    ).select_from(table)
                )


def _said(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return {"j": value}
    return value


def _read(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["b"]) if "b" in value else value["j"]
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    return value
