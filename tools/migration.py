"""Writes a migration for what changed in the tables.

    python -m tools.migration "Give batches a colour"    a new revision, after the newest
    python -m tools.migration --renew                    the newest revision anew, while it is not released

Compares the tables of the domain with the schema that stands on an empty SQLite database, CHECKs included, and writes
the difference to traceability/migrations/versions/NUMBER_title.py. Read it before it is committed: a renamed column
looks like one gone and one new, and old rows may need a value. `tests/database/test_migrations.py` tries it on both
databases.
"""

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
    """Adds the CHECKs whose condition changes under the same name; Alembic sees only those that come and go."""
    changes = {
        change.table_name: change for change in operations.ops if isinstance(change, ops.ModifyTableOps)
    }
    for table in sorted(before.keys() & after.keys()):
        names = [name for name, sql in before[table].items() if after[table].get(name, sql) != sql]
        if not names:
            continue
        change = changes.get(table)
        if change is None:
            change = ops.ModifyTableOps(table, [])
            operations.ops.append(change)
        dropped = [ops.DropConstraintOp(conv(name), table, type_="check") for name in names]
        created = [ops.CreateCheckConstraintOp(conv(name), table, after[table][name]) for name in names]
        change.ops[:] = [*dropped, *change.ops, *created]


def write(title: str, number: str) -> None:
    """Writes the migration with this title and number after those that stand."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        database.migrate()
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
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    if argument != "--renew":
        write(argument, f"{len(files) + 1:04d}")
        return
    newest = files[-1]
    title = newest.read_text().splitlines()[0].strip('"')
    newest.unlink()
    write(title, newest.name[:4])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
