"""The PostgreSQL server goes away under eight writers and comes back: a plain sentence meanwhile, then on by itself."""

import time
from collections.abc import Iterator
from functools import partial
from urllib.error import HTTPError

import pytest

from tests import databases
from tests.databases import OwnPostgres, TestDatabases
from tests.writers import Writers, eight_writers
from traceability.config import Settings
from traceability.db import Database

PLAINLY = "Hệ thống tạm thời chưa nhận dữ liệu. Không có gì bị mất. Vui lòng thử lại sau một phút."


@pytest.fixture
def postgres(test_databases: TestDatabases) -> Iterator[OwnPostgres]:
    with test_databases.own_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: OwnPostgres) -> str:
    databases.migrate(postgres.url)
    return postgres.url


@pytest.fixture
def writers(settings: Settings, database: Database) -> Iterator[Writers]:
    with eight_writers(settings, database) as made:
        yield made


def test_a_database_server_that_was_stopped_or_crashed_is_waited_for(
    writers: Writers, postgres: OwnPostgres
) -> None:
    _first, codes = next(writers.runs)
    scan = f"/s/{codes['first_code']}"
    as_program = {"Accept": "application/json", "Authorization": f"Bearer {writers.secret}"}

    def while_away() -> None:
        for path in ("/healthz", "/readyz", "/api/v1/batches"):
            status, said = writers.server.ask("GET", path, headers=as_program)
            assert (status, bool(said["Retry-After"])) == (503, True), path
        for path in ("/", scan):
            with pytest.raises(HTTPError) as refused:
                writers.server.text(path)
            page = refused.value.read().decode()
            assert (refused.value.code, bool(refused.value.headers["Retry-After"])) == (503, True), path
            assert all(sentence in page for sentence in PLAINLY.split(". ")), page

    def restart(mode: str) -> None:
        postgres.stop(mode)
        while_away()
        time.sleep(0.5)
        postgres.start()
        writers.wait_for(len(writers.acknowledged) + 16)
        assert writers.server.ask("GET", scan, headers=as_program)[0] == 200

    for mode in ("immediate", "fast"):
        writers.run(mode, 16, partial(restart, mode))
    for status, said in writers.refused:
        assert (status, bool(said["Retry-After"])) == (503, True)
        assert said["error"]["message"] == PLAINLY
    writers.settle()
    writers.must_be_whole()
