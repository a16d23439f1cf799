"""Fixtures that all tests share: databases, hypothesis profiles, the soak switch."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from tests import databases
from tests.clients import FormClient
from tests.databases import BACKENDS, TestDatabases
from traceability import create_app
from traceability.config import Mode, Settings
from traceability.db import Database

pytest_plugins = ["tests.browser.fixtures", "tests.demo", "tests.listening"]

hypothesis.settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
hypothesis.settings.register_profile("soak", max_examples=5000, deadline=None)
hypothesis.settings.load_profile("soak" if os.environ.get("TRACE_SOAK") else "quick")

_RUN_FOLDER = "TRACE_TEST_RUN_FOLDER"


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes its folder; the workers inherit the name."""
    if not hasattr(config, "workerinput"):
        os.environ[_RUN_FOLDER] = str(databases.new_run_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the run cleans up, when all workers have ended."""
    if not hasattr(config, "workerinput"):
        databases.end_run(Path(os.environ.pop(_RUN_FOLDER)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `soak` are left out unless `make soak` asks for them by name."""
    if config.option.markexpr:
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know at their end whether their test failed (for a picture of the page)."""
    report = yield
    if report.failed:
        item.failed = True  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share."""
    return Path(os.environ[_RUN_FOLDER])


@pytest.fixture(scope="session")
def test_databases(run_folder: Path) -> TestDatabases:
    """Where fresh databases come from."""
    return TestDatabases(run_folder)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database: a test that uses it runs once on each, unless its module says `SQLITE_ONLY`."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, test_databases: TestDatabases) -> Iterator[str]:
    """The URL of a fresh database with the newest schema and nothing in it, on SQLite and on PostgreSQL."""
    test_databases.make_template(backend, "schema", databases.migrate)
    with test_databases.fresh(backend) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh migrated database, on SQLite and on PostgreSQL."""
    database = databases.open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, free_port: int) -> Settings:
    """The settings of a demo installation in a folder of its own, at an address where nothing listens yet."""
    return Settings(
        mode=Mode.DEMO,
        database_url=database_url,
        data_dir=tmp_path,
        key_dir=tmp_path / "keys",
        secret_key=b"a secret that is only good enough for tests",
        public_root=f"http://127.0.0.1:{free_port}",
        port=free_port,
        host="127.0.0.1",
        tile_url="",
        testing=True,
    )


@pytest.fixture
def app(settings: Settings, database: Database, run_folder: Path) -> Flask:
    """The application over a fresh database, on SQLite and on PostgreSQL. `serve(app, settings.port)` shows it."""
    app = create_app(settings, database)
    (run_folder / "templates").mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(run_folder / "templates"))
    app.test_client_class = FormClient
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor without a browser, not signed in."""
    return app.test_client()


@pytest.fixture
def sqlite_database(test_databases: TestDatabases) -> Iterator[Database]:
    """A fresh migrated SQLite database, for what cannot differ between the kinds (pages, languages)."""
    test_databases.make_template("sqlite", "schema", databases.migrate)
    with test_databases.fresh("sqlite") as url:
        database = databases.open_database(url)
        yield database
        database.close()


@pytest.fixture
def empty_database_url(backend: str, test_databases: TestDatabases) -> Iterator[str]:
    """The URL of a database without any table, on SQLite and on PostgreSQL; for tests of the migrations."""
    with test_databases.fresh(backend, template="") as url:
        yield url
