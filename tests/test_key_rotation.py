"""Keys are replaced, also after a theft: what old ones signed and minted stays good, and nothing new comes of them."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import SQLModel

from tests import factories
from tests.rolls import Mint
from traceability import key_rotation, log_keeper, mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger, stamp_codes
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import BadNote, Checkpoint, Signer, Verifier, read_checkpoint
from traceability.domain.errors import RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamp_codes import EpochKey
from traceability.key_rotation import Reason
from traceability.keys import MissingKey


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["traceability", *words])


def newest(database: Database, settings: Settings) -> str:
    with database.engine.connect() as connection:
        return log_keeper.publish(connection, settings)


def test_whoever_trusts_the_old_key_of_the_log_comes_to_the_new_one(
    app: Flask, database: Database, settings: Settings, tmp_path: Path
) -> None:
    roll = Mint(database, settings.keyring())
    roll.batch()
    log_keeper.begin(database, settings)
    old_note = newest(database, settings)
    [old_key] = log_keeper.vkeys(database, settings)
    size = int(old_note.split("\n")[1])
    sheet = old_note.rpartition("\n\n")[0]
    done = run(app, "rotate-key", "log")
    assert done.exit_code == 0, done.output
    known = log_keeper.vkeys(database, settings)
    assert known[0] == old_key
    assert known[1] in done.output
    client = app.test_client()
    assert client.get("/log/key").text.split() == known
    turning = client.get(f"/log/checkpoint?size={size + 1}").text
    for key in known:  # both have signed the tree that announces the new one
        assert read_checkpoint(turning, Verifier(key)).size == size + 1
    with database.reading(EVERYTHING) as session:
        leaf = session.get_one(LogLeaf, size)
    said = json.loads(leaf.body)["said"]
    assert (leaf.kind, said["old_key"], said["new_key"]) == ("log.key_changed", *known)
    roll.batch()
    later = newest(database, settings)
    assert read_checkpoint(later, Verifier(known[1])).origin == sheet.split("\n")[0], "the name stays"
    with pytest.raises(BadNote):
        read_checkpoint(later, Verifier(old_key))
    assert client.get(f"/log/checkpoint?size={size}").text == old_note, "what was printed stays the same"
    (tmp_path / "kept").write_text(old_note)
    (tmp_path / "turning").write_text(turning)
    verified = run(
        app, "verify-log", "--checkpoint", str(tmp_path / "kept"), "--checkpoint", str(tmp_path / "turning")
    )
    assert verified.exit_code == 0, verified.output


def test_a_stolen_key_of_the_log_is_rehearsed(
    app: Flask, database: Database, settings: Settings, tmp_path: Path
) -> None:
    roll, keyring = Mint(database, settings.keyring()), settings.keyring()
    roll.batch()
    log_keeper.begin(database, settings)
    kept = newest(database, settings)
    stolen = keyring.secret(log_keeper.KEY)
    assert run(app, "rotate-key", "log", "--compromised").exit_code == 0
    (keyring.folder / "log.key").unlink()  # as the operator's guide says
    roll.batch()
    size = int(newest(database, settings).split("\n")[1])
    origin = kept.split("\n")[0]
    forged = Signer(origin, stolen).note(Checkpoint(origin, size, b"\1" * 32))
    for name, note in (("forged", forged), ("kept", kept)):
        (tmp_path / name).write_text(note)
    refused = run(app, "verify-log", "--checkpoint", str(tmp_path / "forged"))
    assert refused.exit_code == 2, refused.output
    assert "no checkpoint of this log" in refused.output
    verified = run(app, "verify-log", "--checkpoint", str(tmp_path / "kept"))
    assert verified.exit_code == 0, "what it signed before stays good without it"
    again = app.test_client().get(f"/log/checkpoint?size={kept.split(chr(10))[1]}").text
    assert again.startswith(kept.rpartition("\n\n")[0]), "the same tree, signed by the key that is left"
    assert not (keyring.folder / "log.key").exists(), "nobody makes the old one anew"


def test_a_stolen_key_of_the_mint_is_rehearsed(app: Flask, database: Database, settings: Settings) -> None:
    roll, keyring = Mint(database, settings.keyring()), settings.keyring()
    batch = roll.batch()
    order = roll.downloaded(batch, 10)
    roll.activate(order, 0, 9)
    before = roll.code(order, 0)
    stolen = keyring.secret(mint.key_file_name(mint.ensure_epoch(database, keyring, demo=True).key_name))
    done = run(app, "rotate-key", "stamps", "--compromised")
    assert done.exit_code == 0, done.output
    fresh = roll.downloaded(batch, 10)
    assert (order.epoch_number, fresh.epoch_number) == (1, 2)
    client = app.test_client()
    assert client.get(f"/s/{before}").status_code == 200, "stamps on the goods are read as before"
    assert client.get(f"/s/{roll.code(fresh, 0)}").status_code == 200
    unissued = stamp_codes.mint(EpochKey.from_secret(1, stolen), order.first_serial + 500)
    guessed = stamp_codes.mint(EpochKey.from_secret(2, stolen), fresh.first_serial)
    assert client.get(f"/s/{unissued}").status_code == 404, "its tag is good, but nobody ordered it"
    assert client.get(f"/s/{guessed}").status_code == 404, "the old key mints nothing new"
    assert run(app, "verify-log").exit_code == 0


def test_an_order_under_way_takes_no_serial_of_a_key_that_was_just_changed(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll = Mint(database, settings.keyring())
    batch = roll.batch()
    before = roll.minting()
    key_rotation.rotate_stamp_key(database, settings, Reason.COMPROMISED)
    with monkeypatch.context() as patch:
        patch.setattr(roll, "minting", lambda: before)
        with pytest.raises(RuleBroken, match="mint_changed"):
            roll.ordered(batch, 10)
    assert roll.ordered(batch, 10).epoch_number == 2


def test_no_number_of_restores_makes_older_stamps_unreadable(
    app: Flask, database: Database, settings: Settings
) -> None:
    roll, keyring = Mint(database, settings.keyring()), settings.keyring()
    batch = roll.batch()
    order = roll.downloaded(batch, 2)
    roll.activate(order, 0, 1)
    for number in range(10):
        with database.transaction(SYSTEM) as session:  # as `restore` does
            ledger.record(session, "log.restored", *key_rotation.retire(session), restored_size=1)
        mint.ensure_epoch(database, keyring, demo=True)
        if number % 3 == 0:
            roll.ordered(batch, 1)
    assert app.test_client().get(f"/s/{roll.code(order, 0)}").status_code == 200
    assert set(mint.epoch_keys(database, keyring)) == {1, 2, 5, 8, 11}, (
        "those with codes, and that which mints"
    )


@pytest.mark.parametrize("change", ["row", "row of another name", "new key", "old key", "first row"])
def test_a_planted_or_changed_key_of_the_log_is_named(
    app: Flask, database: Database, settings: Settings, change: str
) -> None:
    log_keeper.begin(database, settings)
    factories.producer(database)
    origin = newest(database, settings).split("\n")[0]
    evil = Signer(origin, b"\7" * 32).vkey
    if change in ("new key", "old key"):
        key_rotation.rotate_log_key(database, settings, Reason.PLANNED)
        assert run(app, "verify-log").exit_code == 0
    rows = SQLModel.metadata.tables["log_origin"]
    planted = {"number": 2, "origin": origin, "first_size": 1, "key_name": "log", "vkey": evil}
    statements = {
        "row": sa.insert(rows).values(**planted),
        "row of another name": sa.insert(rows).values(**planted | {"origin": f"{origin}#2"}),
        "new key": sa.update(rows).where(rows.c.number == 2).values(vkey=evil),
        "old key": sa.update(rows).where(rows.c.number == 1).values(vkey=evil),
        "first row": sa.update(rows).values(vkey=evil),
    }
    with database.engine.connect().execution_options(write=True) as connection:
        connection.execute(statements[change])
        connection.commit()
    found = run(app, "verify-log")
    assert found.exit_code == 1, found.output
    number = 1 if change == "first row" else 2  # two rows that do not fit: the later one is named
    assert f"log_origin {number}, {origin}" in found.output


def test_a_key_of_the_log_that_signed_is_never_made_anew(database: Database, settings: Settings) -> None:
    log_keeper.begin(database, settings)
    factories.producer(database)
    newest(database, settings)
    (settings.keyring().folder / "log.key").unlink()
    with pytest.raises(MissingKey):
        log_keeper.vkeys(database, settings)
    assert not (settings.keyring().folder / "log.key").exists()


def test_more_stamp_keys_than_a_reader_tries_are_refused(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "MOST_EPOCHS", 2)
    roll = Mint(database, settings.keyring())
    batch = roll.batch()
    roll.ordered(batch, 1)
    assert key_rotation.rotate_stamp_key(database, settings, Reason.PLANNED).number == 2
    roll.ordered(batch, 1)
    with pytest.raises(RuleBroken, match="too_many_epochs"):
        key_rotation.rotate_stamp_key(database, settings, Reason.PLANNED)
    assert mint.ensure_epoch(database, settings.keyring(), demo=True).number == 2, "nothing was changed"
