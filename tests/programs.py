"""Programs for the tests: they act with a token of a producer's account."""

import json
import secrets
from typing import Any

from flask import Flask

from tests import factories
from traceability.db import Database
from traceability.domain import api_tokens
from traceability.domain.actors import Permission, Role
from traceability.domain.api_tokens import TokenInput
from traceability.domain.producers import Producer


class Program:
    """A program with a token of a producer's account."""

    def __init__(
        self, app: Flask, database: Database, *scopes: Permission, owner: Producer | None = None
    ) -> None:
        self.client, self.database = app.test_client(), database
        self.owner = owner or factories.producer(database)
        account = factories.account(database, producer_id=self.owner.id, role=Role.MANAGER)
        self.actor = factories.actor_of(database, account)
        with database.transaction(self.actor) as session:
            value = TokenInput(name="cân", scopes=list(scopes or api_tokens.SCOPES), days=5)
            self.token, self.secret = api_tokens.issue(session, self.actor, value)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        if method == "POST":  # a key of its own for each, unless the test gives one; empty: none
            headers = {"Idempotency_Key": secrets.token_hex(8)} | headers
        sent = {"Authorization": f"Bearer {self.secret}"} | {
            name.replace("_", "-"): text for name, text in headers.items() if text
        }
        kind = None if data is None else "application/json"
        return self.client.open("/api/v1" + path, method=method, data=data, headers=sent, content_type=kind)
