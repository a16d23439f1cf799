"""A published lot with stamps in every state, and what the pages of the public are asked with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests import stamped
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.stamps import RangeState, VoidReason


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    """Stamps 0-4 are active, 5 is void, 6 suspended, the others are still on the roll."""
    made = stamped.lot(database, settings.keyring())
    stamped.put(database, made, 0, 4, RangeState.ACTIVE)
    stamped.put(database, made, 5, 5, RangeState.VOID, VoidReason.STOLEN)
    stamped.put(database, made, 6, 6, RangeState.SUSPENDED)
    return made


@pytest.fixture
def statements(app: Flask, database: Database) -> Callable[[], Any]:
    """Counts what the database is asked while a block runs."""

    @contextmanager
    def count() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return count
