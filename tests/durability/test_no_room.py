"""A full disk, a database that takes no writes, one that went away: a plain sentence, and then on by itself."""

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy import event

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import log_keeper, picture_files
from traceability.config import Settings
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
        health = client.get("/healthz")
        assert (health.status_code, health.get_json()["status"]) == (503, "no writes")
        assert health.headers["Retry-After"]
        answer = client.post("/account/details", data={"display_name": "Tên mới " * 20})
        assert answer.status_code in (303, 503)
    assert client.get("/healthz").status_code == 200
    done.append(write(database))
    with database.one_state() as session:
        assert all(session.get(Producer, row_id) is not None for row_id in done)
        verification.verify(session, [])


@contextmanager
def full_disk(number: int, *, under: Path) -> Iterator[None]:
    """Nothing can be written below a folder."""
    opened, made = Path.open, tempfile.TemporaryFile

    def no_open(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if "w" in mode and self.is_relative_to(under):
            raise OSError(number, os.strerror(number))
        return opened(self, mode, *rest, **more)

    def no_file(**more: Any) -> Any:
        if Path(more["dir"]).is_relative_to(under):
            raise OSError(number, os.strerror(number))
        return made(**more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", no_open)
        patch.setattr(tempfile, "TemporaryFile", no_file)
        yield


@SQLITE_ONLY
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_picture_that_finds_no_room_is_said_plainly_and_taken_afterwards(
    app: Flask, database: Database, settings: Settings, number: int
) -> None:
    client = app.test_client()
    owner = factories.producer(database)
    product = factories.product(database, owner)
    factories.sign_in_as(client, database, factories.account(database, producer_id=owner.id))
    address, small = f"/producer/products/{product.id}", io.BytesIO()
    Image.new("RGB", (600, 600)).save(small, "PNG")

    def send() -> Any:
        file = (io.BytesIO(small.getvalue()), "a.png")
        return client.post(
            address, data={"picture": file, "kind": "photo"}, content_type="multipart/form-data"
        )

    with full_disk(number, under=settings.data_dir):
        answer = send()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Traceback" not in answer.text
        assert client.get("/healthz").status_code == 503
    answer = send()
    assert answer.status_code == 303
    (kept,) = (settings.data_dir / "pictures").glob("*.webp")
    with full_disk(number, under=settings.data_dir):  # to look at one needs no room
        assert picture_files.path_of(kept.stem, kept.parent, picture_files.SIDES[0]) == kept
    assert client.get("/healthz").status_code == 200


@SQLITE_ONLY
def test_the_log_is_read_also_where_its_newest_checkpoint_cannot_be_remembered(
    app: Flask, database: Database, settings: Settings
) -> None:
    client = app.test_client()
    write(database)
    before = client.get("/log/checkpoint").text
    write(database)
    with full_disk(errno.ENOSPC, under=settings.key_dir):
        answer = client.get("/log/checkpoint")
        assert client.get("/healthz").status_code == 503
    assert (answer.status_code, answer.text.split("\n")[1]) == (200, "2")
    assert log_keeper.newest_known(settings.keyring()) == before
    assert client.get("/log/checkpoint").text == log_keeper.newest_known(settings.keyring()) == answer.text


def test_another_error_of_the_disk_is_no_full_one(app: Flask, database: Database) -> None:
    def broken() -> None:
        raise OSError(errno.EBADF, "bad file descriptor")

    broken.__demand__ = ("public",)  # type: ignore[attr-defined]
    app.add_url_rule("/broken", view_func=broken)
    app.testing = False
    assert app.test_client().get("/broken").status_code == 500


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
