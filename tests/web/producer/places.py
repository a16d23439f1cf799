"""A signed-in producer for the tests of its pages."""

from dataclasses import dataclass
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import factories
from traceability.db import Database
from traceability.domain.actors import Role
from traceability.domain.producers import Producer


@dataclass
class Visit:
    """A producer and its open browser, so to speak."""

    client: FlaskClient
    database: Database
    producer: Producer

    def get(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return unescape(answer.get_data(as_text=True))

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Sends a form."""
        return self.client.post(path, data=fields)

    def refused(self, path: str, **fields: Any) -> str:
        """Sends a form that must come back with errors: the text of the page."""
        answer = self.post(path, **fields)
        assert answer.status_code == 422, answer.status
        return unescape(answer.get_data(as_text=True))

    def accepted(self, path: str, **fields: Any) -> str:
        """Sends a form that must be accepted: where it leads."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, unescape(answer.get_data(as_text=True))
        return str(answer.headers["Location"])


def visit(app: Flask, database: Database, *, role: Role = Role.MANAGER, **changes: Any) -> Visit:
    """A producer whose manager (or clerk) has signed in."""
    producer = factories.producer(database, **changes)
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, producer, role=role))
    return Visit(client, database, producer)
