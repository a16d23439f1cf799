"""The database: one engine, `reading()` for pages that show, `transaction()` for acts that change.

`transaction()` holds the only commit of the program. On SQLite it opens with BEGIN IMMEDIATE: with the driver's own
default, four writers that read before they write lose updates silently.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlmodel import Session, SQLModel

from traceability import disk
from traceability.domain import ledger, ownership, precedence, tables
from traceability.domain.actors import Actor
from traceability.domain.clock import now
from traceability.domain.ledger import Fact
from traceability.domain.ownership import EVERYTHING, Scope

_MIGRATIONS = Path(__file__).parent / "migrations"
_PROBE_BYTES = 64 << 10
#: So often an act that nobody could send again is tried.
_PATIENCE = 3
_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "synchronous=FULL",
    "secure_delete=ON",  # a day's visitor key that is deleted is gone
)


T = TypeVar("T")


class TraceSession(Session):
    """A session that knows its scope; the listeners below enforce it."""


event.listen(TraceSession, "do_orm_execute", ownership.filter_reads)


@event.listens_for(TraceSession, "before_flush")
def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    ownership.check_writes(session)
    precedence.check_inputs(session)
    ledger.note_changes(session)


class Database:
    """The engine of one database and its two ways in.

    `url` is a SQLAlchemy URL; `postgres://` and `postgresql://` are read as psycopg 3.
    """

    def __init__(self, url: str) -> None:
        tables.complete()
        self.url = normal_url(url)
        self.engine: Engine = _engine(self.url)
        #: is told of every commit: by whom, in which session, which facts
        self.listener: Callable[[Actor, Session, Sequence[Fact]], None] | None = None
        self._quick = threading.local()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[Session]:
        """A session that shows: nothing it changes is kept."""
        with TraceSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            session.info["scope"] = scope
            yield session  # closing gives the connection back; what was read stays readable

    @contextmanager
    def one_state(self) -> Iterator[Session]:
        """As `reading`, of everything, and of one state of the database however long it takes."""
        with self.reading(EVERYTHING) as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[Session]:
        """A session that changes: all of the block is one fact, committed at its end together with its leaves.

        After the block `session.info["receipts"]` holds the positions of the leaves. An exception rolls all back.
        """
        with TraceSession(self.engine, expire_on_commit=False) as session:
            session.info["scope"] = actor.scope
            session.connection(execution_options={"write": True})
            try:
                yield session
                receipts = ledger.append_facts(session, actor.user_id, actor.on_behalf)
                session.info["receipts"] = receipts or session.info.get("receipts", [])
                session.commit()
            except BaseException:
                session.rollback()
                raise
        if self.listener is not None:
            self.listener(actor, session, session.info.get("told", ()))

    def act(self, actor: Actor, work: Callable[[Session], T]) -> T:
        """What `work` answers, done in one transaction; begun again where PostgreSQL ended it for another's sake.

        For what runs by itself or from the command line: nobody sees a form there that could be sent again. `work`
        may be called several times, so what it changes beside the database must bear that.
        """

        def whole() -> T:
            with self.transaction(actor) as session:
                return work(session)

        return again_if_ended(whole, _PATIENCE)

    @contextmanager
    def alone(self, key: int) -> Iterator[None]:
        """Waits until nobody else runs under this key on the same PostgreSQL server. An SQLite file belongs to one
        machine."""
        if self.is_sqlite:
            yield
            return
        with self.engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": key})
            connection.commit()  # the lock belongs to the connection, not to a transaction that would stay open
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})
                connection.commit()

    def rows(self, statement: str, *values: int | str) -> list[tuple[Any, ...]]:
        """The rows of one small question, past sessions and mappings: for the scan, where they would cost most.

        `statement` is plain SQL with `?` for each value; what comes back is as the driver gives it. Scope is the
        caller's affair: only the gate of printed codes asks this way.
        """
        if self.is_sqlite:
            return list(self._own_sqlite().execute(statement, values).fetchall())
        question = _for_psycopg(statement)
        try:
            return self._own_postgres().execute(question, values).fetchall()
        except psycopg.OperationalError:  # the server was started anew, or ended what lay idle
            self._quick.kept = None
            return self._own_postgres().execute(question, values).fetchall()

    def _own_sqlite(self) -> sqlite3.Connection:
        """A connection of this thread that only reads, never in a transaction: each question sees what is committed."""
        kept = getattr(self._quick, "kept", None)
        if kept is None or kept[0] != os.getpid():
            path = make_url(self.url).database or ""
            opened = sqlite3.connect(path, timeout=15, isolation_level=None, check_same_thread=False)
            opened.execute("PRAGMA query_only=ON")
            self._quick.kept = kept = (os.getpid(), opened)
        connection: sqlite3.Connection = kept[1]
        return connection

    def _own_postgres(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """The same on PostgreSQL: one way there and back for each question, which the server has prepared."""
        kept = getattr(self._quick, "kept", None)
        if kept is None or kept[0] != os.getpid():
            address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
            opened = psycopg.connect(address, autocommit=True, options="-c default_transaction_read_only=on")
            self._quick.kept = kept = (os.getpid(), opened)
        connection: psycopg.Connection[tuple[Any, ...]] = kept[1]
        return connection

    def migrate(self) -> None:
        """Brings the schema to the newest revision. The log's tree is completed afterwards, under the lock of its tail:
        others may be writing."""
        with self.changing_schema() as connection:
            command.upgrade(alembic_config(connection), "head")
        with self.engine.connect().execution_options(write=True) as connection:
            ledger.complete_tree(connection)
            connection.commit()

    def start_over(self) -> None:
        """Takes the whole schema down and up again: everything is gone. Only for what a broken first start has left."""
        with self.changing_schema() as connection:
            command.downgrade(alembic_config(connection), "base")
            command.upgrade(alembic_config(connection), "head")

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """A connection for migrations, committed at the end.

        SQLite changes a table by making it anew: for that time foreign keys are not enforced, and all are checked
        before the commit (sqlite.org/lang_altertable.html, section 7).
        """
        with self.engine.connect().execution_options(write=True) as connection:
            if self.is_sqlite:
                _set_foreign_keys(connection, "OFF")
            try:
                yield connection
                if self.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise RuntimeError("the migration would leave rows that name missing rows")
                connection.commit()
            finally:
                connection.rollback()
                if self.is_sqlite:
                    _set_foreign_keys(connection, "ON")

    def accepts_writes(self) -> bool:
        """Whether a write would be accepted now: a row as large as a whole act is written, and taken back.

        Where SQLite keeps its file, there must also be room for what it writes beside it.
        """
        table = SQLModel.metadata.tables["submission"]
        probe = {"token": secrets.token_hex(32), "location": "", "at": now()}
        if self.is_sqlite:  # the length of a text is not limited there: it needs pages of its own
            if not self._has_room():
                return False
            probe["location"] = " " * _PROBE_BYTES
        try:
            with self.engine.connect().execution_options(write=True) as connection:
                connection.execute(sa.insert(table).values(probe))
                connection.rollback()
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def _has_room(self) -> bool:
        path = make_url(self.url).database
        return not path or path == ":memory:" or disk.has_room(Path(path).absolute().parent)

    def weak_durability(self) -> str:
        """Which setting of the database server gives up acknowledged writes when the power goes; empty if none does.

        On SQLite every connection of ours sets what it needs.
        """
        if self.is_sqlite:
            return ""
        with self.engine.connect() as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                if connection.exec_driver_sql(f"SHOW {name}").scalar_one() == "off":
                    return f"{name}=off"
        return ""

    def answers(self) -> bool:
        """Whether the database answers a question."""
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def has_newest_schema(self) -> bool:
        """Whether the schema is the one that this program knows as the newest."""
        try:
            with self.engine.connect() as connection:
                newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
                return bool(MigrationContext.configure(connection).get_current_revision() == newest)
        except sa.exc.SQLAlchemyError:
            return False

    def fold(self) -> None:
        """Brings what SQLite keeps beside its file into the file, so that what was deleted is gone from both.

        Best effort: somebody may be reading just now. PostgreSQL clears up by itself (autovacuum).
        """
        if self.is_sqlite:
            with sqlite3.connect(make_url(self.url).database or "", timeout=5) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def close(self) -> None:
        """Gives all connections back."""
        self.engine.dispose()
        self._quick = threading.local()


def _set_foreign_keys(connection: Connection, state: str) -> None:
    """SQLite takes this setting only between transactions, so past SQLAlchemy, which would open one."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute(f"PRAGMA foreign_keys={state}")


@lru_cache(maxsize=16)
def _for_psycopg(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def ended_by_another(error: Exception) -> bool:
    """Whether PostgreSQL ended a transaction because two waited for each other (serialization failure, deadlock):
    nothing is wrong with it, and it may be tried once more."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in ("40001", "40P01")


def again_if_ended(work: Callable[[], T], tries: int = 2) -> T:
    """What `work` answers, a whole transaction; begun again, so many times in all, if another ended it."""
    for _ in range(tries - 1):
        try:
            return work()
        except sa.exc.OperationalError as error:
            if not ended_by_another(error):
                raise
    return work()


def normal_url(url: str) -> str:
    """The URL with the driver we use named in it."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, bound to a connection of ours."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)
    connecting = {"check_same_thread": False, "timeout": 15}
    # what somebody typed never stands in an error's text, and so in no log
    engine = sa.create_engine(url, connect_args=connecting, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions by itself
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
