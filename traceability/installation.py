"""What a database is for: the demo or a real installation. One row says so; no database ever changes sides."""

from contextlib import suppress

import sqlalchemy as sa
from sqlmodel import Session

from traceability.config import Mode, WrongSettings
from traceability.db import Database
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.submissions import Installation

#: The demo province is being loaded, or its loading was cut short: what is there may be thrown away.
LOADING = "loading"


def purpose(database: Database) -> str | None:
    """`demo`, `production`, `loading`, or None where nobody has decided yet (also where there is no table yet)."""
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


def begin_loading(database: Database) -> None:
    """From now on, until the demo is complete, the database counts as half-filled."""
    with database.transaction(SYSTEM) as session:
        decide(session, LOADING)


def must_suit(database: Database, mode: Mode) -> None:
    """Refuses to open a demo database in production or a real one as a demo.

    Raises `WrongSettings`. A database that cannot be reached passes: `/healthz` tells of that.
    """
    found = None
    with suppress(sa.exc.OperationalError):
        found = purpose(database)
    if found is None or found == mode or (found == LOADING and mode is Mode.DEMO):
        return
    if mode is Mode.PRODUCTION:
        raise WrongSettings(
            "This database holds the demo province, and demo stamps never become real:"
            " name an empty database in DATABASE_URL for production."
        )
    raise WrongSettings(
        "This database is a real installation: set TRACE_MODE=production, or name another DATABASE_URL for a demo."
    )
