"""Fixtures of the drills."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import TestDatabases
from tests.machines import machine
from traceability.config import Settings
from traceability.db import Database


@pytest.fixture
def new_machine(
    backend: str, test_databases: TestDatabases, settings: Settings, tmp_path: Path
) -> Iterator[tuple[Database, Settings]]:
    """A new machine with the same kind of database."""
    with machine(backend, test_databases, settings, tmp_path) as made:
        yield made
