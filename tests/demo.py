"""The demo province for tests: loaded once per run and kind of database, each test works on a copy of its own.

`demo` is what `flask traceability demo-data --json` tells; `demo_app` serves the province; `demo_database` holds it.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import databases
from tests.clients import FormClient
from tests.databases import TestDatabases
from traceability import create_app, seeding
from traceability.config import Mode, Settings
from traceability.db import Database
from traceability.seeding import demo_data


def _settings(data_dir: Path, database_url: str, port: int) -> Settings:
    return Settings(
        mode=Mode.DEMO,
        database_url=database_url,
        data_dir=data_dir,
        key_dir=data_dir / "keys",
        secret_key=b"a secret that is only good enough for tests",
        public_root=f"http://127.0.0.1:{port}",
        port=port,
        host="127.0.0.1",
        tile_url="",
        testing=True,
    )


def _load(url: str, data_dir: Path) -> None:
    databases.migrate(url)
    database = databases.open_database(url)
    settings = _settings(data_dir, url, 8000)
    assert seeding.load_demo(database, settings, settings.keyring())
    databases.settle(database)
    database.close()


@pytest.fixture
def demo_settings(
    backend: str, test_databases: TestDatabases, run_folder: Path, tmp_path: Path, free_port: int
) -> Iterator[Settings]:
    """The settings of a copy of the demo: its database, its keys, its sign-ins, its pictures."""
    original = run_folder / f"demo-{backend}"
    test_databases.make_template(backend, "demo", lambda url: _load(url, original))
    copy = tmp_path / "demo"
    shutil.copytree(original, copy)
    with test_databases.fresh(backend, "demo") as url:
        yield _settings(copy, url, free_port)


@pytest.fixture
def demo_database(demo_settings: Settings) -> Iterator[Database]:
    """A copy of the demo province, on SQLite and on PostgreSQL (SQLITE_ONLY is enough for pages)."""
    database = databases.open_database(demo_settings.database_url)
    yield database
    database.close()


@pytest.fixture
def demo_app(demo_settings: Settings, demo_database: Database) -> Flask:
    """The application over the demo. `serve(demo_app, demo_settings.port)` shows it."""
    app = create_app(demo_settings, demo_database)
    app.test_client_class = FormClient
    return app


@pytest.fixture
def demo(demo_settings: Settings, demo_database: Database) -> dict[str, Any]:
    """Sign-ins, stamps and Digital Links of the demo."""
    return demo_data.gather(demo_database, demo_settings, demo_settings.keyring())
