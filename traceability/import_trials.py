"""Trying the rows of a sheet: each is carried out as if for keeps, and nothing is kept.

On SQLite one transaction writes at a time, so a trial of many rows does not stay in one: after a moment it takes back
what it wrote and lets others write, then writes the same again, as plain statements, and goes on with its next rows.
Each row is so judged by all rows before it, exactly as when they are kept.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session

from traceability.db import Database
from traceability.domain.actors import Actor
from traceability.domain.imports import Book, Course, Outcome, Row

#: Seconds after which a trial lets others write.
HELD: Final = 0.7
#: How long: who waits for SQLite looks every tenth of a second.
LET_GO: Final = 0.15
_WRITES: Final = ("INSERT", "UPDATE", "DELETE")

Written = list[tuple[str, Any]]


class _Over(Exception):
    """A portion ends without anything kept."""


def outcomes(
    database: Database, actor: Actor, book: type[Book[Any, Any]], rows: Sequence[Row]
) -> list[Outcome]:
    """What each row would come to if all were carried out now.

    Raises `RuleBroken` as `imports.run`, and `IntegrityError` where somebody wrote the same meanwhile.
    """
    course, written = Course(book, rows), Written()
    while True:
        with suppress(_Over), database.transaction(actor) as session:
            _write_again(session, written)
            with _noting(session.connection(), written):
                course.go_on(session, actor, HELD)
            raise _Over
        if course.is_over:
            return course.outcomes
        if database.is_sqlite:
            sleep(LET_GO)


def _write_again(session: Session, written: Written) -> None:
    connection = session.connection()
    for statement, values in written:
        connection.exec_driver_sql(statement, values).close()


@contextmanager
def _noting(connection: sa.Connection, written: Written) -> Iterator[None]:
    """Notes what is written, but for what a savepoint takes back."""
    begun: list[int] = []

    def statement(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        if text.startswith(_WRITES):
            written.append((text, values))

    def savepoint(_connection: Any, _name: str) -> None:
        begun.append(len(written))

    def kept(_connection: Any, _name: str, _context: Any) -> None:
        begun.pop()

    def taken_back(_connection: Any, _name: str, _context: Any) -> None:
        del written[begun.pop() :]

    listeners: dict[str, Callable[..., Any]] = {
        "before_cursor_execute": statement,
        "savepoint": savepoint,
        "release_savepoint": kept,
        "rollback_savepoint": taken_back,
    }
    for name, listener in listeners.items():
        event.listen(connection, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(connection, name, listener)
