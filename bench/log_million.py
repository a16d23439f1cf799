"""Verifying a log of a million leaves, each about a row of its own: how long it takes and how much memory.

    python -m bench.log_million [COUNT]      (1,000,000 need 2.5 GB of disk in the temporary folder, and minutes)

Not among the rows of `make bench`: making the log takes longer than checking it.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from traceability.db import Database
from traceability.domain import ledger, log_tree, verification
from traceability.domain.clock import now
from traceability.domain.merkle import leaf_hash
from traceability.domain.producers import LegalForm, Producer

_PORTION = 20_000


def build(database: Database, count: int) -> None:
    """As `ledger.append_facts` would leave it after so many registrations, without a session for each."""
    with database.engine.connect().execution_options(write=True) as connection:
        for start in range(0, count, _PORTION):
            _portion(connection, start, min(start + _PORTION, count))
            connection.commit()


def _portion(connection: sa.Connection, start: int, end: int) -> None:
    tables = SQLModel.metadata.tables
    columns = [column.name for column in tables["producer"].columns]
    standing, at = log_tree.tail(connection), now()
    rows, leaves, entries, hashes = [], [], [], []
    for position in range(start, end):
        row = Producer(
            code=f"F{position}", name=f"Cơ sở {position}", legal_form=LegalForm.COOPERATIVE, revision=1
        )
        told = ledger.entry(row)
        said = {
            "v": ledger.LEAF_VERSION,
            "kind": "producer.registered",
            "id": row.id,
            "tenant": None,
            "actor": None,
            "at": at,
            "said": {},
            "veil": ledger.veil(row, []),
            "rows": [told],
        }
        body = ledger.canonical(said)
        rows.append({column: getattr(row, column) for column in columns})
        leaf = {"position": position, "kind": "producer.registered", "at": at, "body": body}
        hashes.append(leaf_hash(body))
        leaves.append(leaf | {"leaf_hash": hashes[-1]})
        entry = {"position": position, "place": 0, "table_name": "producer", "record_id": row.id}
        entry_hash = hashlib.sha256(ledger.canonical(told)).digest()
        entries.append(entry | {"revision": 1, "entry_hash": entry_hash})
    for name, written in (("producer", rows), ("log_leaf", leaves), ("log_entry", entries)):
        connection.execute(sa.insert(tables[name]), written)
    log_tree.extend(connection, standing, hashes)


def measure(path: Path) -> dict[str, float | int]:
    """Verifies the log of an SQLite file; memory in MiB, the peak of this process."""
    database = Database(f"sqlite:///{path}")
    before, start = _peak(), time.perf_counter()
    with database.one_state() as session:
        found = verification.verify(session, [])
    seconds, cpu = time.perf_counter() - start, time.process_time()
    database.close()
    return {
        "leaves": found.size,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "mib_before": before,
        "mib_peak": _peak(),
    }


def _peak() -> int:
    """Of this program: `getrusage` also tells that of whoever started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) >> 10


def main() -> None:
    """Builds in this process, and measures in one of its own: the peak is that of verifying alone."""
    if len(sys.argv) == 3:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[2]))) + "\n")
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="bench-million-") as folder:
        path = Path(folder) / "trace.db"
        database = Database(f"sqlite:///{path}")
        database.migrate()
        build(database, count)
        database.close()
        subprocess.run([sys.executable, "-m", "bench.log_million", "measure", str(path)], check=True)


if __name__ == "__main__":
    main()
