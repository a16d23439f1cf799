"""Every column of every logged table: whatever is changed with a database shell is found, and the row is named.

Each table gets three rows that the rules never saw, with every column filled and a leaf that speaks of them. Then each
column is edited and emptied, rows are deleted, planted and exchanged, with the schema's own guards taken away as far as
the database lets one. Nothing is kept.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.db import Database
from traceability.domain import ledger, verification
from traceability.domain.records import Instant, Record
from traceability.domain.verification import Tampered

LOGGED = verification.logged_tables()
#: for an enum of one member
NONSENSE = "nonsense"


def mapped(table: type[Record]) -> sa.Table:
    return SQLModel.metadata.tables[str(table.__tablename__)]


def some(column: sa.Column[Any], number: int) -> Any:
    """A value that the column can hold, another one for each number."""
    kind = column.type
    if isinstance(kind, Instant):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    if isinstance(kind, sa.Enum):
        return list(kind.enum_class)[number % len(kind.enums)] if kind.enum_class else kind.enums[0]
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Float):
        return number / 8
    if isinstance(kind, sa.Date):
        return date(2026, 1, 1) + timedelta(days=number)
    if isinstance(kind, sa.LargeBinary):
        return number.to_bytes(32)
    if isinstance(kind, sa.JSON):
        return {"number": number}
    return f"{number:x}"[-(getattr(kind, "length", None) or 16) :]


def another(column: sa.Column[Any], row: dict[str, Any]) -> Any:
    """A value of the same column that neither this row nor another one holds."""
    number = int(row["id"], 16)
    others = (some(column, number + further) for further in (1, 2, 3))
    return next((other for other in others if other != row[column.name]), NONSENSE)


@contextmanager
def shell(database: Database) -> Iterator[Session]:
    """Somebody with a database shell, who first takes away what would refuse a change."""
    with Session(database.engine, autoflush=False) as session:
        session.info["scope"] = None
        connection = session.connection(execution_options={"write": True})
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in LOGGED:
                _lift_guards(connection, mapped(table))
        yield session
        session.rollback()
        if database.is_sqlite:
            session.connection().exec_driver_sql("PRAGMA ignore_check_constraints=OFF")


def _lift_guards(connection: sa.Connection, table: sa.Table) -> None:
    guards = sa.inspect(connection).get_check_constraints(table.name)
    lifted = [f'DROP CONSTRAINT "{guard["name"]}"' for guard in guards]
    lifted += [
        f"ALTER {column.name} DROP NOT NULL"
        for column in table.columns
        if not column.nullable and column.name != "id"
    ]
    connection.exec_driver_sql(f"ALTER TABLE {table.name} {', '.join(lifted)}")


@pytest.fixture
def tampering(database: Database) -> Iterator["Tampering"]:
    with shell(database) as session:
        yield Tampering(session)


class Tampering:
    """A log over three rows of every table, and what a shell can do to them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.guarded = session.get_bind().dialect.name == "sqlite"  # which keeps NOT NULL
        self.rows: dict[type[Record], list[dict[str, Any]]] = {}
        self.numbers = itertools.count(1000, 4)
        made = []
        for table in LOGGED:
            self.rows[table] = [self.values(table) for _place in ("first", "middle", "last")]
            made += [table(**values) for values in self.rows[table]]
        session.add_all(made)
        for row in made:
            ledger.record(session, "test.made", row, veiled=row.__tablename__ in ledger.VEILED)
        ledger.append_facts(session, None, False)
        session.expunge_all()
        self.newest = {
            table: verification._newest(
                session.connection(), str(table.__tablename__), [row["id"] for row in rows]
            )
            for table, rows in self.rows.items()
        }

    def values(self, table: type[Record]) -> dict[str, Any]:
        """A value for each column of a new row."""
        number = next(self.numbers)
        row = {column.name: some(column, number) for column in mapped(table).columns}
        return row | {"id": f"{number:x}", "revision": 1, "record_key": number.to_bytes(32)}

    def missed(self, table: type[Record], name: str, values: dict[str, Any]) -> list[str]:
        """Gives one column of some rows other values, by id; answers which of them the verifier does not name."""
        here, connection = mapped(table), self.session.connection()
        kind = sa.String() if NONSENSE in values.values() else here.c[name].type
        edit = (
            sa.update(here)
            .where(here.c.id == sa.bindparam("row_id"))
            .values({name: sa.bindparam("new_value", type_=kind)})
        )
        with connection.begin_nested() as taken_back:
            connection.execute(
                edit, [{"row_id": row_id, "new_value": value} for row_id, value in values.items()]
            )
            named = self.named(table, list(values))
            taken_back.rollback()
        return sorted(values.keys() - named)

    def named(self, table: type[Record], ids: list[str]) -> set[str]:
        """Which of these rows the verifier names."""
        try:
            rows = verification._load(self.session, table, ids)
        except Tampered as found:  # it cannot even be read
            assert f"{table.__tablename__} {ids[0]}: " in str(found)
            return {ids[0]} | (self.named(table, ids[1:]) if ids[1:] else set())
        named = set()
        for row in rows:
            try:
                verification._compare_row(
                    self.session, str(table.__tablename__), row, self.newest[table][row.id]
                )
            except Tampered as found:
                assert f"{table.__tablename__} {row.id}" in str(found)
                named.add(row.id)
        self.session.expunge_all()  # they are read anew next time
        return named

    def first_named(self, table: type[Record], *statements: Any) -> str:
        """What the verifier says of a table after these changes; they are taken back."""
        connection = self.session.connection()
        with connection.begin_nested() as taken_back:
            for statement in statements:
                connection.execute(statement)
            with pytest.raises(Tampered) as found:
                verification._rows(self.session, table)
            taken_back.rollback()
        self.session.expunge_all()
        return str(found.value)


def test_every_edited_and_every_emptied_column_of_every_table_is_found(tampering: Tampering) -> None:
    tried, missed = 0, []
    for table, rows in tampering.rows.items():
        for name in [*ledger.logged_columns(table), "record_key"]:
            if name == "id":
                continue
            column = mapped(table).c[name]
            edits = [{row["id"]: another(column, row) for row in rows}]
            if column.nullable or not tampering.guarded:
                edits.append({row["id"]: None for row in rows})
            if name in table.LATER:  # the value that a leaf does not mention
                plain = table.LATER[name]
                edits.append({row["id"]: plain for row in rows if row[name] != plain})
            for edit in edits:
                tried += len(edit)
                missed += [
                    (table.__tablename__, name, row_id) for row_id in tampering.missed(table, name, edit)
                ]
    assert missed == []
    assert tried > 3 * len(LOGGED) * 10


def test_a_column_is_only_called_unlogged_where_its_change_cannot_be_found(tampering: Tampering) -> None:
    for table, rows in tampering.rows.items():
        for name in table.UNLOGGED:
            edit = {row["id"]: another(mapped(table).c[name], row) for row in rows}
            assert tampering.missed(table, name, edit) == sorted(edit), (table, name)


def test_every_deleted_planted_and_exchanged_row_of_every_table_is_found(tampering: Tampering) -> None:
    for table, rows in tampering.rows.items():
        here = mapped(table)
        verification._rows(tampering.session, table)
        first, middle, last = (row["id"] for row in rows)
        for gone in (first, middle, last):
            said = tampering.first_named(table, sa.delete(here).where(here.c.id == gone))
            assert said.startswith(f"{here.name} {gone}: ")
            assert said.endswith("it was deleted")
        for row, place in zip(rows, ("0", f"{middle}0", "z"), strict=True):
            copy = row | {
                name: value for name, value in tampering.values(table).items() if name in unique(here)
            }
            said = tampering.first_named(table, sa.insert(here).values(copy | {"id": place}))
            assert said.startswith(f"{here.name} {place}: ")
            assert said.endswith("it was planted")
        for one, other in ((first, last), (middle, last)):
            moves = [
                sa.update(here).where(here.c.id == before).values(id=after)
                for before, after in ((one, "between"), (other, one), ("between", other))
            ]
            assert tampering.first_named(table, *moves).startswith(f"{here.name} {one}, ")


def unique(table: sa.Table) -> set[str]:
    """The columns that the schema does not let two rows share."""
    rules = [rule.columns for rule in table.constraints if isinstance(rule, sa.UniqueConstraint)]
    rules += [index.columns for index in table.indexes if index.unique]
    return {column.name for columns in rules for column in columns}
