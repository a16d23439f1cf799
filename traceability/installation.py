"""What a database is for: the demo or a real installation. One row says so; no database ever changes sides."""

import logging
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel

from traceability.config import Mode, WrongSettings
from traceability.db import Database
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.submissions import Installation

_log = logging.getLogger(__name__)

#: The demo province is being loaded, or its loading was cut short: what is there may be thrown away.
LOADING = "loading"
#: A backup is being put back, or that was cut short: nothing may be served, and `restore` may start over.
RESTORING = "restoring"


def purpose(database: Database) -> str | None:
    """`demo`, `production`, `loading`, `restoring`, or None where nobody has decided yet (also without a table)."""
    if not sa.inspect(database.engine).has_table(str(Installation.__tablename__)):
        return None
    with database.reading(EVERYTHING) as session:
        row = session.get(Installation, 1)
        return row.mode if row is not None else None


def decide(session: Session, purpose: str) -> None:
    """Writes down what the database is for, in the transaction of the caller."""
    row = session.get(Installation, 1) or Installation(mode=purpose)
    row.mode, row.made_at = purpose, now()
    session.add(row)


def begin_restoring(connection: Connection) -> str | None:
    """Marks the database as half put back, in the transaction that loads the rows. Answers what they said it is for."""
    table = SQLModel.metadata.tables[str(Installation.__tablename__)]
    said: str | None = connection.execute(sa.select(table.c.mode).where(table.c.id == 1)).scalar()
    connection.execute(sa.delete(table))
    connection.execute(sa.insert(table).values(id=1, mode=RESTORING, made_at=now()))
    return said


def end_restoring(session: Session, purpose: str | None) -> None:
    """The database is whole: from now on it is again what it was for."""
    row = session.get_one(Installation, 1)
    if purpose is None:
        session.delete(row)
    else:
        row.mode = purpose


def begin_loading(database: Database) -> None:
    """From now on, until the demo is complete, the database counts as half-filled."""
    with database.transaction(SYSTEM) as session:
        decide(session, LOADING)


def is_unfinished(database: Database) -> bool:
    """Whether a backup was put back and that was not brought to its end. False where the database cannot say."""
    with suppress(sa.exc.OperationalError):
        return purpose(database) == RESTORING
    return False


def must_be_whole(database: Database) -> None:
    """Refuses a database whose restore was cut short: its mint and its log would go on as if nothing had happened.

    Raises `WrongSettings`.
    """
    if is_unfinished(database):
        raise WrongSettings(
            "A backup was being put back into this database, and that was cut short or refused:"
            " run `restore` again, which starts over. Nothing is served or signed until it has ended."
        )


def must_suit(database: Database, mode: Mode) -> None:
    """Refuses to open a demo database in production, a real one as a demo, or one whose restore was cut short.

    Raises `WrongSettings`. A database that cannot be reached passes: `/healthz` tells of that.
    """
    must_be_whole(database)
    must_be_of(database, mode)


def must_be_of(database: Database, mode: Mode) -> None:
    """As `must_suit`, for commands: of these `restore` may start over, and the others look for themselves."""
    found = None
    with suppress(sa.exc.OperationalError):
        found = purpose(database)
    if found in (None, RESTORING, mode) or (found == LOADING and mode is Mode.DEMO):
        return
    if mode is Mode.PRODUCTION:
        raise WrongSettings(
            "This database holds the demo province, and demo stamps never become real:"
            " name an empty database in DATABASE_URL for production."
        )
    raise WrongSettings(
        "This database is a real installation: set TRACE_MODE=production, or name another DATABASE_URL for a demo."
    )


def warn_of_weak_durability(database: Database, mode: Mode) -> None:
    """Says in the log of a real installation if its database server may forget what was acknowledged."""
    if mode is Mode.DEMO:
        return
    with suppress(sa.exc.OperationalError):
        setting = database.weak_durability()
        if setting:
            _log.error("the database server runs with %s: a power cut may lose acknowledged writes", setting)
