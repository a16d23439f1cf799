"""Writes a migration for what changed in the tables.

    python -m tools.migration "Give batches a colour"    a new revision, after the newest
    python -m tools.migration --renew                    the newest revision anew, while it is not released

Compares the tables of the domain with the schema that stands on an empty SQLite database, CHECKs included, and writes
the difference to traceability/migrations/versions/NUMBER_title.py. Read it before it is committed: a renamed column
looks like one gone and one new, and old rows may need a value. `tests/database/test_migrations.py` tries it on both
databases.
"""

import fcntl
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.operations import ops
from sqlalchemy.sql.elements import conv
from sqlmodel import SQLModel

from traceability.db import Database, alembic_config
from traceability.domain.text import fold

VERSIONS = Path(__file__).resolve().parent.parent / "traceability/migrations/versions"
#: The newest revision that an installation may have: neither it nor those before it ever change.
RELEASED = "0001"
Checks = dict[str, dict[str, str]]


def checks_of(connection: sa.Connection) -> Checks:
    """The CHECKs of each table as they stand in a database: name -> SQL."""
    inspector = sa.inspect(connection)
    return {
        table: {
            str(check["name"]): check["sqltext"]
            for check in sorted(inspector.get_check_constraints(table), key=lambda check: str(check["name"]))
        }
        for table in inspector.get_table_names()
    }


def wanted_checks() -> Checks:
    """The CHECKs that the tables of the domain ask for, as SQLite reads them back."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        SQLModel.metadata.create_all(connection)
        return checks_of(connection)


def _with_checks(operations: ops.OpContainer, before: Checks, after: Checks) -> None:
    """Adds the CHECKs of standing tables that come, go or change; Alembic by itself looks for none of them."""
    changes = {
        change.table_name: change for change in operations.ops if isinstance(change, ops.ModifyTableOps)
    }
    for table in sorted(before.keys() & after.keys()):
        old, new = before[table], after[table]
        gone = [name for name in old if new.get(name) != old[name]]
        come = [name for name in new if old.get(name) != new[name]]
        if not gone and not come:
            continue
        change = changes.get(table)
        if change is None:
            change = ops.ModifyTableOps(table, [])
            operations.ops.append(change)
        with_column = {
            f"ck_{table}_{one.column.type.name}"
            for one in change.ops
            if isinstance(one, ops.AddColumnOp) and isinstance(one.column.type, sa.Enum)
        }  # such a column brings its CHECK along
        come = [name for name in come if name not in with_column]
        dropped = [ops.DropConstraintOp(conv(name), table, type_="check") for name in gone]
        created = [ops.CreateCheckConstraintOp(conv(name), table, new[name]) for name in come]
        change.ops[:] = [*dropped, *change.ops, *created]


def write(title: str, number: str) -> None:
    """Writes the migration with this title and number after those that stand."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        with database.engine.connect().execution_options(write=True) as connection:
            command.upgrade(alembic_config(connection), "head")
            connection.commit()
        with database.engine.connect() as connection:
            before, after = checks_of(connection), wanted_checks()
            config = alembic_config(connection)

            def complete(_context: Any, _revision: Any, directives: Any) -> None:
                _with_checks(directives[0].upgrade_ops, before, after)
                _with_checks(directives[0].downgrade_ops, after, before)

            config.attributes["complete"] = complete
            slug = re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_")
            config.set_main_option("file_template", f"{number}_{slug}")
            command.revision(config, title, autogenerate=True, rev_id=number)
        database.close()
    subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", str(VERSIONS)], check=False)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(VERSIONS)], check=True)


def main(argument: str) -> None:
    """A new revision with this title, or with `--renew` the newest one anew under its old title."""
    with (Path(tempfile.gettempdir()) / "traceability-migration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write_or_renew(argument)


def _write_or_renew(argument: str) -> None:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    if argument != "--renew":
        write(argument, f"{len(files) + 1:04d}")
        return
    newest = files[-1]
    if newest.name[:4] <= RELEASED:
        sys.exit(f"Revision {RELEASED} is released and stands for ever: give a new one a title.")
    before = newest.read_text()
    newest.unlink()
    try:
        write(before.splitlines()[0].strip('"'), newest.name[:4])
    except BaseException:
        newest.write_text(before)
        raise


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
