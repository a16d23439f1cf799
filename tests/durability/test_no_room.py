"""A full disk, a database that takes no writes, one that went away: a plain sentence, and then on by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from tests import factories
from traceability.db import Database
from traceability.domain import ledger, verification
from traceability.domain.actors import SYSTEM
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import new_id


def write(database: Database) -> str:
    with database.transaction(SYSTEM) as session:
        row = Producer(code=new_id(), name="x" * 200, legal_form=LegalForm.COOPERATIVE)
        session.add(row)
        ledger.record(session, "producer.registered", row)
    return row.id


@contextmanager
def pragma(database: Database, statement: str) -> Iterator[None]:
    """Every connection of a SQLite database under a setting for a while."""

    def set_it(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {statement}")

    database.engine.dispose()
    event.listen(database.engine, "connect", set_it)
    try:
        yield
    finally:
        event.remove(database.engine, "connect", set_it)
        database.engine.dispose()


@contextmanager
def takes_no_writes(database: Database) -> Iterator[None]:
    """A database that reads and does not write."""
    if database.is_sqlite:
        with pragma(database, "query_only=ON"):
            yield
        return
    name = database.engine.url.database
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    database.engine.dispose()
    try:
        yield
    finally:
        database.engine.dispose()
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        database.engine.dispose()


@contextmanager
def full(database: Database) -> Iterator[None]:
    """A SQLite database whose file may not grow any more."""
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with pragma(database, f"max_page_count={pages + 1}"):
        yield


def signed_in(app: Flask, database: Database) -> Any:
    client = app.test_client()
    owner = factories.producer(database)
    factories.sign_in_as(client, database, factories.account(database, producer_id=owner.id))
    return client


FORM = {"name": "Vùng bưởi", "declared_ha": "1", "crop_id": "pomelo"}


def test_a_database_that_takes_no_writes_is_said_plainly_and_work_goes_on_afterwards(
    app: Flask, database: Database
) -> None:
    client = signed_in(app, database)
    before = write(database)
    with takes_no_writes(database):
        health, form = (
            client.get("/healthz"),
            client.post("/account/details", data={"display_name": "Tên mới"}),
        )
        assert (health.status_code, form.status_code) == (503, 503)
        assert health.headers["Retry-After"]
        assert form.headers["Retry-After"]
        assert "Traceback" not in form.text
        assert client.get("/account").status_code == 200
        assert client.get("/").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.post("/account/details", data={"display_name": "Tên mới"}).status_code == 303
    with database.one_state() as session:
        assert session.get(Producer, before) is not None
        verification.verify(session, [])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_full_disk_loses_nothing_that_was_acknowledged(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    done: list[str] = []
    with full(database):
        with pytest.raises(sa.exc.OperationalError):
            for _ in range(2000):
                done.append(write(database))
        answer = client.post("/account/details", data={"display_name": "Tên mới " * 20})
        assert answer.status_code in (303, 503)
    done.append(write(database))
    with database.one_state() as session:
        assert all(session.get(Producer, row_id) is not None for row_id in done)
        verification.verify(session, [])


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_database_that_was_restarted_is_found_again(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    kept = write(database)
    ours = "pid <> pg_backend_pid() AND datname = current_database()"
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
    assert client.post("/account/details", data={"display_name": "Tên mới"}).status_code == 303
    assert client.get("/healthz").status_code == 200
    with database.one_state() as session:
        assert session.get(Producer, kept) is not None
        verification.verify(session, [])
