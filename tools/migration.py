"""Writes a migration for what changed in the tables: `python -m tools.migration "Give batches a colour"`.

Compares the tables of the domain with the newest schema on an empty SQLite database and writes the difference to
traceability/migrations/versions/NUMBER_title.py. Read it before it is committed: a renamed column looks like
one gone and one new, and old rows may need a value. `tests/database/test_migrations.py` tries it on both databases.
"""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command

from traceability.db import Database, alembic_config
from traceability.domain.text import fold

VERSIONS = Path(__file__).resolve().parent.parent / "traceability/migrations/versions"


def main(title: str) -> None:
    """Writes the migration with this title."""
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        database.migrate()
        with database.engine.connect() as connection:
            config = alembic_config(connection)
            slug = re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_")
            config.set_main_option("file_template", f"{number}_{slug}")
            command.revision(config, title, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
