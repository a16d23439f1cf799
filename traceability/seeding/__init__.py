"""The demo province, from seed/ into the database, through the same use cases that the pages call.

It is loaded whole or not at all: the row that names the database a demo is written last, and what a broken start left
behind is thrown away by the next one.
"""

import fcntl
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from traceability import installation
from traceability.config import Mode, Settings, WrongSettings
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM
from traceability.keys import Keyring
from traceability.seeding import aftermath, fieldwork, harvests, people, places, rolls, source, suspicious
from traceability.seeding.loading import Loading
from traceability.seeding.sign_ins import SignIns
from traceability.seeding.source import attempts as attempts

_log = logging.getLogger(__name__)

#: What is loaded, in this order: each part builds on those before.
STEPS: tuple[Callable[[Loading], None], ...] = (
    people.load,
    places.load,
    harvests.load,
    fieldwork.load,
    rolls.load,
    aftermath.load,
    suspicious.load,
)


def load_demo(database: Database, settings: Settings, keyring: Keyring) -> bool:
    """Loads the demo province into an empty migrated database; False if it is there already.

    What a loading that was cut short has left is thrown away first. Raises `WrongSettings` outside demo mode, for a
    database of a real installation, and for one that somebody else has filled.
    """
    if settings.mode is not Mode.DEMO:
        raise WrongSettings("The demo province is loaded in demo mode only (TRACE_MODE=demo).")
    with _one_at_a_time(settings.data_dir):
        installation.must_suit(database, settings.mode)
        found = installation.purpose(database)
        if found == Mode.DEMO:
            return False
        if found == installation.LOADING:
            _log.warning("an earlier loading of the demo was cut short: starting over")
            database.start_over()
        elif _holds_accounts(database):
            raise WrongSettings(
                "This database is neither empty nor a demo: name another one in DATABASE_URL."
            )
        installation.begin_loading(database)
        _load(Loading(database, settings, keyring, source.calendar(), SignIns(settings.data_dir)))
        with database.transaction(SYSTEM) as session:
            installation.decide(session, Mode.DEMO.value)
    return True


def _load(loading: Loading) -> None:
    with ThreadPoolExecutor(1) as pool, _hurried(loading.database):
        places.begin_pictures(loading, pool)
        try:
            for step in STEPS:
                step(loading)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _hurried(database: Database) -> Iterator[None]:
    """Commits do not wait for the disk, for nothing counts before the last one, which waits for all of them.

    A power cut leaves a half-filled database, never a torn one: SQLite's log keeps its order with NORMAL too.
    """

    def hurry(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    if not database.is_sqlite:
        yield
        return
    event.listen(database.engine, "checkout", hurry)
    try:
        yield
    finally:
        event.remove(database.engine, "checkout", hurry)
        database.close()  # connections made from here on wait again


def _holds_accounts(database: Database) -> bool:
    with database.engine.connect() as connection:
        return connection.execute(sa.select(Account.id).limit(1)).first() is not None  # type: ignore[call-overload]


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two first starts in one data folder: the second waits and then finds all done."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "loading.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
