"""verify-log as a command: it ends with 1 and names the place, whatever was done behind the program's back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.machines import write_one
from traceability import log_keeper
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import log_tree
from traceability.domain.checkpoints import Checkpoint, Signer

Run = Callable[..., Any]


@pytest.fixture
def run(app: Flask, database: Database, settings: Settings) -> Run:
    """Runs verify-log on a log of three leaves that has a name."""
    log_keeper.begin(database, settings)
    for _ in range(3):
        write_one(database)
    return lambda *words: app.test_cli_runner().invoke(args=["traceability", "verify-log", *words])


def shell(database: Database, *statements: str) -> None:
    with database.engine.connect().execution_options(write=True) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
        connection.commit()


def publish(database: Database, settings: Settings) -> str:
    with database.engine.connect() as connection:
        return log_keeper.publish(connection, settings)


def cut(database: Database) -> None:
    """The whole database as it was one leaf ago."""
    last = "(SELECT record_id FROM log_entry WHERE position = 2)"
    shell(database, f"DELETE FROM producer WHERE id IN {last}", "DELETE FROM log_entry WHERE position = 2")
    shell(database, "DELETE FROM log_leaf WHERE position = 2", "DELETE FROM log_node")
    with database.engine.connect().execution_options(write=True) as connection:
        log_tree.fill(connection)
        connection.commit()


def test_a_log_without_a_leaf_is_said_to_have_none(
    app: Flask, database: Database, settings: Settings, tmp_path: Path
) -> None:
    runner = app.test_cli_runner()
    found = runner.invoke(args=["traceability", "verify-log"])
    assert (found.exit_code, "There is no leaf yet" in found.output) == (0, True), found.output
    assert "Verified" not in found.output
    log_keeper.begin(database, settings)
    origin = publish(database, settings).split("\n")[0]
    key = Signer(origin, settings.keyring().secret("log", make=False))
    (tmp_path / "kept").write_text(key.note(Checkpoint(origin, 7, b"\1" * 32)), "utf-8")
    found = runner.invoke(args=["traceability", "verify-log", "--checkpoint", str(tmp_path / "kept")])
    assert (found.exit_code, "it was put back" in found.output) == (1, True), found.output


def test_an_edit_is_named(run: Run, database: Database) -> None:
    assert run().exit_code == 0
    shell(database, "UPDATE producer SET name = 'rewritten' WHERE id = (SELECT MIN(id) FROM producer)")
    with database.engine.connect() as connection:
        row_id = connection.execute(sa.text("SELECT MIN(id) FROM producer")).scalar_one()
    found = run()
    assert (found.exit_code, f"NOT VERIFIED: producer {row_id}" in found.output) == (1, True), found.output


def test_an_older_copy_of_the_whole_database_does_not_fit_the_key_folder(
    run: Run, database: Database, settings: Settings
) -> None:
    publish(database, settings)
    cut(database)
    found = run()
    assert (found.exit_code, "it was put back" in found.output) == (1, True), found.output
    (settings.key_dir / "newest-checkpoint").unlink()
    assert run().exit_code == 0  # nothing else tells


def test_a_log_that_was_rewritten_and_signed_anew_does_not_fit_a_checkpoint_that_somebody_kept(
    run: Run, database: Database, settings: Settings, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(publish(database, settings))
    cut(database)
    write_one(database)
    (settings.key_dir / "newest-checkpoint").unlink()
    publish(database, settings)
    assert run().exit_code == 0  # in itself it is in order
    found = run("--checkpoint", str(kept))
    assert (found.exit_code, "rewritten" in found.output) == (1, True), found.output


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_origin SET origin = 'another.example/log'",
        "INSERT INTO log_origin VALUES (2, 'another.example/log', 2, 'log', '')",
    ],
)
def test_another_name_of_the_log_is_found(
    run: Run, database: Database, settings: Settings, change: str
) -> None:
    publish(database, settings)
    shell(database, change)
    found = run()
    assert (found.exit_code, "log_origin" in found.output or "put back" in found.output) == (1, True), (
        found.output
    )


def test_what_is_no_checkpoint_is_no_finding(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("other.example/log\n3\nAAAA\n\n— x y\n")
    assert run("--checkpoint", str(tmp_path / "other.txt")).exit_code == 2
