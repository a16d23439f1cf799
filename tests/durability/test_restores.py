"""A restore that is cut short is started over and never served; after one that has ended, no log forks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import SQLModel

from tests.databases import SQLITE_ONLY
from tests.machines import PASSPHRASE, write_one
from traceability import (
    backups,
    config,
    create_app,
    installation,
    key_backups,
    key_rotation,
    log_keeper,
    mint,
    restores,
    witnesses,
)
from traceability.config import Mode, Settings, Witness, WrongSettings
from traceability.db import Database
from traceability.domain import verification
from traceability.domain.checkpoints import Signer
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.keys import MissingKey

Machine = tuple[Database, Settings]


@pytest.fixture
def backup(database: Database, settings: Settings, tmp_path: Path) -> Path:
    """A backup of three leaves and a picture, with its keys beside it; the mint has an epoch."""
    log_keeper.begin(database, settings)
    mint.ensure_epoch(database, settings.keyring(), demo=True)
    write_one(database)
    write_one(database)
    (settings.data_dir / "pictures").mkdir()
    (settings.data_dir / "pictures/a.webp").write_bytes(b"a picture")
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    backups.back_up(database, settings, tmp_path / "backup.tar")
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    return tmp_path / "backup.tar"


def with_keys(machine: Machine, backup: Path) -> Machine:
    """A new machine on which the key backup was put back."""
    key_backups.restore(machine[1].keyring(), backup.with_name("keys.json"), PASSPHRASE)
    return machine


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["traceability", *words])


def fork(database: Database, settings: Settings) -> str:
    """What the lost machine did after its backup: three leaves more, and a checkpoint of them that went out."""
    for _ in range(3):
        write_one(database)
    with database.engine.connect() as connection:
        return log_keeper.checkpoint(connection, settings)


def first_after(database: Database, restored: restores.Restored) -> tuple[str, dict[str, Any]]:
    with database.reading(EVERYTHING) as session:
        leaf = session.get_one(LogLeaf, restored.leaves)
    return leaf.kind, json.loads(leaf.body)["said"]


@contextmanager
def killed(module: Any, name: str) -> Iterator[None]:
    """The machine dies where this would be done."""

    def dies(*_args: Any, **_more: Any) -> None:
        raise SystemExit(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, dies)
        with pytest.raises(SystemExit, match=name):
            yield


STEPS = ((restores, "_unpack"), (mint, "ensure_epoch"), (installation, "end_restoring"))


def test_a_restore_that_was_cut_short_is_never_served_and_starts_over(
    backup: Path, new_machine: Machine
) -> None:
    database, elsewhere = with_keys(new_machine, backup)
    app = create_app(elsewhere, database)
    for module, name in STEPS:
        with killed(module, name):
            restores.restore(database, elsewhere, backup)
        assert installation.purpose(database) == installation.RESTORING, name
        for mode in Mode:
            with pytest.raises(WrongSettings, match="run `restore` again"):
                installation.must_suit(database, mode)
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, ready.get_json()["whole"]) == (503, False)
    for command in ("serve", "migrate", "checkpoint", "daily"):
        refused = run(app, command)
        assert (refused.exit_code, "run `restore` again" in refused.output) == (2, True), command
    (elsewhere.data_dir / "pictures/of-another-backup.webp").write_bytes(b"x")
    done = run(app, "restore", str(backup))
    assert done.exit_code == 0, done.output
    assert installation.purpose(database) is None  # as in the backup
    assert app.test_client().get("/readyz").status_code == 200
    assert [path.name for path in (elsewhere.data_dir / "pictures").iterdir()] == ["a.webp"]
    with database.one_state() as session:
        verification.verify(session, [])
    assert run(app, "restore", str(backup)).exit_code == 2  # there is data now


def test_a_backup_that_does_not_verify_is_never_served(
    database: Database, settings: Settings, backup: Path, new_machine: Machine
) -> None:
    with database.engine.connect().execution_options(write=True) as connection:
        connection.execute(sa.text("UPDATE producer SET name = 'rewritten'"))
        connection.commit()
    bad = backup.with_name("bad.tar")
    backups.back_up(database, settings, bad)
    there, elsewhere = with_keys(new_machine, backup)
    with pytest.raises(WrongSettings, match=r"does not verify.*producer"):
        restores.restore(there, elsewhere, bad)
    with pytest.raises(WrongSettings, match="run `restore` again"):
        installation.must_suit(there, Mode.PRODUCTION)
    restores.restore(there, elsewhere, backup)
    installation.must_suit(there, Mode.DEMO)


@SQLITE_ONLY
def test_a_log_takes_a_new_name_unless_the_operator_stands_for_it_that_nothing_is_newer(
    database: Database, settings: Settings, backup: Path, new_machine: Machine
) -> None:
    """What was printed after the backup is known to nobody here."""
    printed = fork(database, settings).split("\n")
    there, elsewhere = with_keys(new_machine, backup)
    restored = restores.restore(there, elsewhere, backup)
    old, new = log_keeper.vkeys(there, elsewhere)
    assert new.startswith(restored.new_name + "+")
    assert (restored.missing, first_after(there, restored)[0]) == (0, "log.continued")
    for _ in range(2):
        write_one(there)
    with there.engine.connect() as connection:
        note = log_keeper.publish(connection, elsewhere)
    assert note.split("\n")[0] == restored.new_name != printed[0] == old.split("+")[0]


@SQLITE_ONLY
def test_the_log_keeps_its_name_where_nothing_is_newer(
    database: Database, settings: Settings, backup: Path, new_machine: Machine
) -> None:
    note = fork(database, settings)
    there, elsewhere = with_keys(new_machine, backup)
    kept = {"kept.txt": note}
    with pytest.raises(WrongSettings, match="Something is newer than the backup: a checkpoint of 6 leaves"):
        restores.restore(there, elsewhere, backup, known=kept, nothing_newer=True)
    restored = restores.restore(there, elsewhere, backup, nothing_newer=True)
    assert (restored.new_name, len(log_keeper.vkeys(there, elsewhere))) == ("", 1)
    assert first_after(there, restored)[0] == "log.restored"


@SQLITE_ONLY
def test_a_checkpoint_that_somebody_kept_says_what_was_lost(
    database: Database, settings: Settings, backup: Path, new_machine: Machine, tmp_path: Path
) -> None:
    kept, foreign = tmp_path / "kept.txt", tmp_path / "foreign.txt"
    kept.write_text(fork(database, settings))
    foreign.write_text(kept.read_text().replace("\n6\n", "\n7\n"))
    there, elsewhere = with_keys(new_machine, backup)
    app = create_app(elsewhere, there)
    refused = run(app, "restore", str(backup), "--checkpoint", str(foreign))
    assert (refused.exit_code, "foreign.txt is no checkpoint of this log" in refused.output) == (2, True)
    done = run(app, "restore", str(backup), "--checkpoint", str(kept))
    assert (done.exit_code, "3 leaves more" in done.output) == (0, True), done.output
    with there.reading(EVERYTHING) as session:
        said = json.loads(session.get_one(LogLeaf, 3).body)["said"]
    assert (said["old_origin"], said["old_size"], said["restored_size"]) == (
        *kept.read_text().split("\n")[:1], 6, 3,
    )  # fmt: skip
    assert run(app, "verify-log").exit_code == 0
    lost = run(app, "verify-log", "--checkpoint", str(kept))
    assert lost.exit_code == 1
    assert "A backup of 3 leaves was put back since" in lost.output
    assert said["new_origin"] in lost.output


@SQLITE_ONLY
def test_a_witness_that_knows_more_is_believed(
    database: Database, backup: Path, new_machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(409, "9\n"), (404, "unknown"), (200, ""), (500, "no")])
    vkey = Signer("witness.example", bytes(32)).cosigning_vkey
    there, elsewhere = with_keys(new_machine, backup)
    elsewhere = replace(elsewhere, witnesses=(Witness("https://witness.example", vkey),) * 4)
    monkeypatch.setattr(witnesses, "_send", lambda *_args: next(answers))
    restored = restores.restore(there, elsewhere, backup)
    assert [one.size for one in restored.asked] == [9, 0, 3, None]
    assert restored.missing == 6
    kind, said = first_after(there, restored)
    assert (kind, said["old_size"], said["old_root"]) == ("log.continued", 9, "")


@SQLITE_ONLY
def test_two_restores_of_one_backup_never_sign_under_one_name(backup: Path, new_machine: Machine) -> None:
    """Not even a second one after a first that nobody heard of."""
    there, elsewhere = with_keys(new_machine, backup)
    first = restores.restore(there, elsewhere, backup)
    with there.engine.connect().execution_options(write=True) as connection:
        table = SQLModel.metadata.tables["installation"]
        connection.execute(sa.delete(table))
        connection.execute(sa.insert(table).values(id=1, mode=installation.RESTORING, made_at=sa.func.now()))
        connection.commit()
    second = restores.restore(there, elsewhere, backup)
    assert first.new_name != second.new_name
    _kind, said = first_after(there, second)
    assert said["old_origin"] == first.new_name  # the key folder knew of it


@SQLITE_ONLY
def test_a_stolen_key_is_deleted_after_a_restore_and_both_names_still_verify(
    backup: Path, new_machine: Machine, database: Database, settings: Settings
) -> None:
    there, elsewhere = with_keys(new_machine, backup)
    with database.engine.connect() as connection:
        kept = log_keeper.checkpoint(connection, settings)
    restores.restore(there, elsewhere, backup)
    before = log_keeper.vkeys(there, elsewhere)
    key_rotation.rotate_log_key(there, elsewhere, key_rotation.Reason.COMPROMISED)
    key_file = elsewhere.key_dir / "log.key"
    key_file.unlink()  # as the operator's guide says
    assert log_keeper.vkeys(there, elsewhere)[:2] == before
    assert log_keeper.read_own(kept, there, elsewhere).origin == kept.split("\n")[0]
    assert not key_file.exists()
    with there.one_state() as session:
        verification.verify(session, [])


def test_a_deleted_key_whose_public_half_is_kept_is_not_demanded(settings: Settings) -> None:
    keyring = settings.keyring()
    keyring.secret("log-2")
    manifest = {"log_key": "log", "log_vkey": "example.org/log+0+0", "epochs": []}
    restores._must_have_keys(keyring, manifest, nothing_newer=False)
    for said, nothing_newer in ((manifest, True), ({**manifest, "log_vkey": ""}, False)):
        with pytest.raises(MissingKey):
            restores._must_have_keys(keyring, said, nothing_newer=nothing_newer)


@SQLITE_ONLY
def test_keys_of_a_demo_are_put_back_though_the_demo_made_one_on_starting(
    settings: Settings, tmp_path: Path
) -> None:
    kept = settings.keyring()
    sign_in, stamps = kept.secret("sign-in"), kept.secret("log")
    key_backups.back_up(kept, tmp_path / "keys.json", PASSPHRASE)
    new = config.load({"TRACE_DATA_DIR": str(tmp_path / "new")})  # no SECRET_KEY: a demo has none
    assert new.keyring().secret("sign-in", make=False) != sign_in
    assert key_backups.restore(new.keyring(), tmp_path / "keys.json", PASSPHRASE) == 2
    back = new.keyring()
    assert (back.secret("sign-in", make=False), back.secret("log", make=False)) == (sign_in, stamps)
    in_use = config.load({"TRACE_DATA_DIR": str(tmp_path / "in-use")}).keyring()
    own = in_use.secret("sign-in"), in_use.secret("witness")
    with pytest.raises(WrongSettings, match=r"Another key sign-in\.key"):
        key_backups.restore(in_use, tmp_path / "keys.json", PASSPHRASE)
    assert (in_use.secret("sign-in"), in_use.secret("witness")) == own
