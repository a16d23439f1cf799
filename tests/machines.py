"""Machines for drills: an empty one to put a backup back on, and what makes a log worth backing up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests import databases
from tests.databases import TestDatabases
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger
from traceability.domain.actors import SYSTEM
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import new_id

PASSPHRASE = "mười hai ký tự trở lên"


@contextmanager
def machine(
    kind: str, test_databases: TestDatabases, settings: Settings, folder: Path
) -> Iterator[tuple[Database, Settings]]:
    """An empty database and empty folders."""
    with test_databases.fresh(kind, template="") as url:
        database = databases.open_database(url)
        data = folder / "new"
        data.mkdir()
        yield database, replace(settings, database_url=url, data_dir=data, key_dir=folder / "new-keys")
        database.close()


def write_one(database: Database) -> int:
    """One acknowledged write; its place in the log."""
    with database.transaction(SYSTEM) as session:
        row = Producer(code=new_id(), name="x", legal_form=LegalForm.COOPERATIVE)
        session.add(row)
        ledger.record(session, "producer.registered", row)
    return int(session.info["receipts"][0])
