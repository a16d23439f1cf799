"""The drill: back up under load, put back on a new machine by the documented commands, and go on without a repeat."""

import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select

from tests import factories
from tests.databases import BACKENDS, TestDatabases
from tests.machines import PASSPHRASE, machine, write_one
from tests.rolls import Mint
from traceability import (
    backups,
    create_app,
    key_backups,
    key_rotation,
    log_keeper,
    mint,
    picture_files,
    restores,
)
from traceability.config import Settings, WrongSettings
from traceability.courier import Courier
from traceability.db import Database
from traceability.domain import notices, stamp_runs, verification, webhooks
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import StampEpoch, StampOrder
from traceability.domain.webhooks import Change, ChangeInput, Interest, WebhookInput
from traceability.key_rotation import Reason
from traceability.keys import MissingKey
from traceability.outward import Answer


def codes_of(database: Database, settings: Settings, quantity: int) -> set[str]:
    """Orders stamps for a new lot and gives them out to be printed; their codes."""
    rolls = Mint(database, settings.keyring())
    order = rolls.downloaded(rolls.batch(), quantity)
    serials = range(order.first_serial, order.first_serial + quantity)
    return {stamp_runs.code_of(rolls.keys, order.epoch_number, serial) for serial in serials}


@pytest.fixture
def lived_in(database: Database, settings: Settings) -> Database:
    """A small province with stamps, a picture, and a log that has spoken."""
    log_keeper.begin(database, settings)
    codes_of(database, settings, 50)
    (settings.data_dir / "pictures").mkdir()
    (settings.data_dir / "pictures/a.webp").write_bytes(b"a picture")
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    return database


@pytest.fixture(params=BACKENDS)
def any_machine(
    request: pytest.FixtureRequest, test_databases: TestDatabases, settings: Settings, tmp_path: Path
) -> Iterator[tuple[Database, Settings]]:
    """A new machine with either kind of database: a backup moves between them."""
    with machine(request.param, test_databases, settings, tmp_path) as made:
        yield made


def contents(database: Database) -> dict[str, int]:
    with database.one_state() as session:
        return verification.verify(session, []).rows


def test_a_backup_made_under_load_is_put_back_whole(
    lived_in: Database, settings: Settings, any_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    stop, acknowledged, errors = threading.Event(), [], []

    def write() -> None:
        while not stop.is_set():
            try:
                acknowledged.append(write_one(lived_in))
            except Exception as error:
                errors.append(error)
                return

    folder = settings.data_dir / "pictures"

    def keep_and_erase() -> None:
        """Pictures come and go, and one is always half written."""
        number = 0
        while not stop.is_set():
            number += 1
            (folder / f".{number}.webp.half").write_bytes(b"half")
            picture_files.write(folder / f"{number}.webp", b"another picture")
            (folder / f".{number}.webp.half").unlink()
            (folder / f"{number}.webp").unlink()

    writers = [threading.Thread(target=act) for act in (write, write, write, keep_and_erase)]
    for writer in writers:
        writer.start()
    try:
        while len(acknowledged) < 10:
            stop.wait(0.02)
        before = max(acknowledged)
        key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
        manifest = backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert errors == []
    assert not [name for name in manifest["files"] if Path(name).name.startswith(".")]
    database, elsewhere = any_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    restored = restores.restore(database, elsewhere, tmp_path / "backup.tar")
    assert restored.leaves > before
    with database.reading(EVERYTHING) as session:
        assert session.exec(select(func.count()).select_from(LogLeaf)).one() > before
    assert (elsewhere.data_dir / "pictures/a.webp").read_bytes() == b"a picture"
    assert contents(database)["producer"] == manifest["tables"]["producer"]["rows"]
    write_one(database)


def test_after_a_restore_no_serial_is_issued_again(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    printed = codes_of(lived_in, settings, 20)
    database, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    restores.restore(database, elsewhere, tmp_path / "backup.tar")
    assert printed.isdisjoint(codes_of(database, elsewhere, 70))
    with database.reading(EVERYTHING) as session:
        epochs = session.exec(select(StampEpoch).order_by(StampEpoch.number)).all()  # type: ignore[arg-type]
        assert [epoch.retired_at is None for epoch in epochs] == [False, True]
        taken = session.exec(select(StampOrder.epoch_number, StampOrder.first_serial)).all()
    assert len(set(taken)) == len(taken)
    client = create_app(elsewhere, database).test_client()
    assert client.get(f"/s/{min(printed)}").status_code == 404


def test_what_is_put_back_sends_nothing_until_the_owners_say_so(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    """Else a trial restore would tell the real receivers of the real facts."""
    owner = factories.producer(lived_in)
    actor = factories.manager_of(owner)
    value = WebhookInput(name="kế toán", address="https://nhan-tin.example/", interests=list(Interest))
    with lived_in.transaction(actor) as session:
        webhook = webhooks.register(session, actor, value, plain_http=False, may_reach=lambda _address: True)
    factories.harvest(lived_in, owner)
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    database, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    assert restores.restore(database, elsewhere, tmp_path / "backup.tar").paused == 1
    sent: list[str] = []

    def take(address: str, _body: bytes, _headers: dict[str, str]) -> Answer:
        sent.append(address)
        return Answer(204, "", 0.01)

    courier = Courier(database, elsewhere, take)
    assert courier.round() == 0
    with database.transaction(actor) as session:
        assert notices.inbox(session, actor)[0].code == "webhook_restored"
        webhooks.change(session, actor, ChangeInput(webhook_id=webhook.id, act=Change.RESUME))
    assert courier.round() == 1
    assert sent == ["https://nhan-tin.example/"]


def test_a_log_of_which_the_world_knows_more_goes_on_under_a_new_name(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    for _ in range(3):
        write_one(lived_in)
    with lived_in.engine.connect() as connection:
        newest = log_keeper.publish(connection, settings)
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    database, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    restored = restores.restore(database, elsewhere, tmp_path / "backup.tar")
    assert restored.missing == 3
    old, new = log_keeper.vkeys(database, elsewhere)
    assert old != new
    with database.reading(EVERYTHING) as session:
        first = session.get_one(LogLeaf, restored.leaves)
    said = json.loads(first.body)["said"]
    assert first.kind == "log.continued"
    assert (said["old_size"], said["restored_size"]) == (restored.leaves + 3, restored.leaves)
    assert said["old_origin"] == newest.split("\n")[0]
    result = create_app(elsewhere, database).test_cli_runner().invoke(args=["traceability", "verify-log"])
    assert result.exit_code == 0, result.output


def test_a_key_of_the_log_that_came_after_the_backup_signs_on_after_the_restore(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    vkey = key_rotation.rotate_log_key(lived_in, settings, Reason.COMPROMISED)
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    database, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    assert restores.restore(database, elsewhere, tmp_path / "backup.tar").missing == 1
    now_signs = log_keeper.vkeys(database, elsewhere)[-1]
    name, _key_id, public = now_signs.split("+", 2)
    assert "#2-" in name
    assert public == vkey.split("+", 2)[2], "the new key, under the new name"
    with database.engine.connect() as connection:
        note = log_keeper.checkpoint(connection, elsewhere)
    assert log_keeper.read(note, [now_signs]).origin == name


def test_a_backup_holds_no_key_and_nothing_that_signs_in(
    lived_in: Database, settings: Settings, tmp_path: Path
) -> None:
    factories.account(lived_in)
    out = tmp_path / "backup.tar"
    backups.back_up(lived_in, settings, out)
    assert out.stat().st_mode & 0o077 == 0
    with tarfile.open(out) as archive:
        names = archive.getnames()
        assert not {
            f"tables/{name}.jsonl.gz"
            for name in ("visitor_key", "day_visitor", "sign_in_session", "one_time_link")
        } & set(names)
        whole = b"".join(archive.extractfile(name).read() for name in names)  # type: ignore[union-attr]
    for key in settings.keyring().folder.glob("*.key"):
        assert key.read_bytes() not in whole
        assert bytes.fromhex(key.read_text()) not in whole


def test_what_cannot_be_put_back_is_refused_and_nothing_is_done(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    out = tmp_path / "backup.tar"
    backups.back_up(lived_in, settings, out)
    database, elsewhere = new_machine
    with pytest.raises(WrongSettings, match="exists already"):
        backups.back_up(lived_in, settings, out)
    with pytest.raises(WrongSettings, match="data in this database"):
        restores.restore(lived_in, settings, out)
    with pytest.raises(MissingKey, match="key backup"):
        restores.restore(database, elsewhere, out)
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    with pytest.raises(WrongSettings, match="passphrase is wrong"):
        key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE + "x")
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    flips = (_flipped(out, place) for place in (0.1, 0.3, 0.5, 0.7, 0.9))
    for damage in (b"", out.read_bytes()[:-20_000], b"no tar at all", *flips):
        bad = tmp_path / "bad.tar"
        bad.write_bytes(damage)
        with pytest.raises(WrongSettings):
            restores.restore(database, elsewhere, bad)
    restores.restore(database, elsewhere, out)


def _flipped(path: Path, place: float) -> bytes:
    """A backup in which one byte of the producers' rows is another: how reading ends depends on which."""
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        member = archive.getmember("tables/producer.jsonl.gz")
    data[member.offset_data + int(member.size * place)] ^= 1
    return bytes(data)


def test_the_mint_reads_old_and_new_stamps_after_a_restore(
    lived_in: Database, settings: Settings, new_machine: tuple[Database, Settings], tmp_path: Path
) -> None:
    key_backups.back_up(settings.keyring(), tmp_path / "keys.json", PASSPHRASE)
    backups.back_up(lived_in, settings, tmp_path / "backup.tar")
    database, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    restores.restore(database, elsewhere, tmp_path / "backup.tar")
    keys: dict[int, Any] = mint.epoch_keys(database, elsewhere.keyring())
    assert sorted(keys) == [1, 2]
