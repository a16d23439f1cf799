"""Whether the service is well: what a monitor is told."""

import pytest
from flask.testing import FlaskClient

from traceability.config import Settings
from traceability.db import Database


def test_a_process_that_can_serve_says_so(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == {"database": True, "schema": True, "keys": True, "whole": True}


def test_an_older_schema_is_not_served(client: FlaskClient, database: Database) -> None:
    with database.engine.connect().execution_options(write=True) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["schema"]) == (503, False)
    assert answer.headers["Retry-After"]


def test_an_empty_key_file_is_told(client: FlaskClient, settings: Settings) -> None:
    settings.key_dir.mkdir(exist_ok=True)
    (settings.key_dir / "log.key").write_text("")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["keys"]) == (503, False)


def test_a_good_answer_stands_for_a_moment(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("traceability.blueprints.api.health._WELL_FOR", 600.0)  # however slow the machine
    monkeypatch.setattr(
        type(database), "accepts_writes", lambda _self: bool(asked.append(1)) or len(asked) > 1
    )
    answers = [client.get("/healthz").status_code for _ in range(4)]
    assert (answers, len(asked)) == ([503, 200, 200, 200], 2)
