"""A published lot with active stamps, and officers who look after it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories, stamped
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.stamps import RangeState


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    """Stamps 0-9 are active, the others are still on the roll."""
    made = stamped.lot(database, settings.keyring())
    stamped.put(database, made, 0, 9, RangeState.ACTIVE)
    return made


@pytest.fixture
def officer(app: Flask, database: Database) -> Callable[..., FlaskClient]:
    """Signs an officer in, of an agency with these permissions (and this scope)."""

    def sign_in(*permissions: Permission, **agency: Any) -> FlaskClient:
        client = app.test_client()
        of = factories.agency(database, Permission.VIEW_ALL, *permissions, **agency)
        factories.sign_in_as(client, database, factories.account(database, of))
        return client

    return sign_in
