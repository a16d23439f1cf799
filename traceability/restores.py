"""Putting a backup back: into an empty database, marked as unfinished until all of it is done.

It needs the key folder (its own backup: `key_backups`), refuses to write over data and verifies the log. Then it moves
on where the world outside may know more than the backup. The mint goes on with a new key, so that no code is ever
issued twice. The log goes on under a new name, so that no two checkpoints under one name ever speak of different
leaves: after the backup one may have been printed, mailed or cosigned of which nobody here knows.
"""

import gzip
import hashlib
import json
import os
import secrets
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import Session, col, select

from traceability import backups, disk, installation, key_rotation, log_keeper, mint, table_copies, witnesses
from traceability.config import Settings, WrongSettings
from traceability.db import Database
from traceability.domain import ledger, log_tree, verification, webhooks
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import BadNote, Checkpoint, LogOrigin, Signer
from traceability.domain.verification import Tampered
from traceability.keys import Keyring, MissingKey
from traceability.log_keeper import Reign
from traceability.witnesses import Asked


@dataclass(frozen=True)
class Restored:
    """What came back: rows, leaves, how many leaves a checkpoint outside knows beyond them, the new name of the log
    (empty if it keeps its own), webhooks now paused, and what the witnesses answered."""

    rows: int
    leaves: int
    missing: int
    new_name: str
    paused: int
    asked: list[Asked] = field(default_factory=list)


def restore(
    database: Database,
    settings: Settings,
    source: Path,
    *,
    known: Mapping[str, str] | None = None,
    nothing_newer: bool = False,
) -> Restored:
    """Puts a backup back into an empty database and data folder, or over what such an attempt has left.

    `known` are checkpoints that somebody kept, each under the name of its file. `nothing_newer`: the operator stands
    for it that no later state than the backup's ever signed anything, so the log keeps its name.

    Raises `WrongSettings` (there is data, the file is none or is damaged, a newer program made it, it does not verify,
    something is newer after all), `MissingKey` (the key backup was not put back first).
    """
    again = installation.is_unfinished(database)
    if not again:
        _must_be_empty(database, settings)
    keyring = settings.keyring()
    with _opened(source) as (archive, manifest):
        _must_have_keys(keyring, manifest, nothing_newer=nothing_newer)
        if not table_copies.knows(manifest["revision"]):
            raise WrongSettings(
                f"The backup's schema {manifest['revision']} is newer than this program: install that one."
            )
        with database.changing_schema() as connection:
            table_copies.make_schema(connection, manifest["revision"])
            tables = table_copies.tables_of(connection)
            taken = table_copies.without_foreign_keys(connection, tables)
            rows = sum(_load(connection, archive, table, manifest) for table in tables)
            table_copies.put_back(connection, taken, tables)
            purpose = installation.begin_restoring(connection)
        database.migrate()
        for path in backups.files_of(settings) if again else ():
            path.unlink()  # of the attempt before, perhaps from another backup
        _unpack(archive, manifest, settings.data_dir)
    newer, size = _verify(database, settings, manifest, known or {})
    asked = witnesses.ask_what_they_know(settings, manifest["checkpoint"])
    name = _go_on(database, settings, size, _furthest(newer, asked, size), nothing_newer=nothing_newer)
    mint.forget_keys(database)
    mint.ensure_epoch(database, keyring, demo=settings.demo)
    with database.transaction(SYSTEM) as session:
        paused = webhooks.pause_all(session)
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    with database.transaction(SYSTEM) as session:
        installation.end_restoring(session, purpose)
    missing = max([0, *(one.size - size for one in newer), *((one.size or 0) - size for one in asked)])
    return Restored(rows, size, missing, name, paused, asked)


def _must_be_empty(database: Database, settings: Settings) -> None:
    if not table_copies.is_empty(database):
        raise WrongSettings("There is data in this database: a backup is only put back into an empty one.")
    if next(backups.files_of(settings), None) is not None:
        raise WrongSettings(
            f"There are pictures in {settings.data_dir}: a backup is only put back into an empty folder."
        )


#: What reading a damaged file can end with: in the archive, in what is packed in it, or in rows that are none.
_DAMAGE = (
    tarfile.TarError, zlib.error, EOFError, KeyError, ValueError, TypeError, AttributeError, StatementError,
)  # fmt: skip


@contextmanager
def _opened(source: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = json.loads(_member(archive, backups.MANIFEST).read())
            if manifest["format"] != backups.FORMAT:
                raise KeyError(backups.FORMAT)
            yield archive, manifest
    except OperationalError:
        raise  # the database's own state, not the backup's
    except (gzip.BadGzipFile, *_DAMAGE) as damaged:
        raise WrongSettings(f"{source.name} is no whole backup: {damaged}.") from None
    except OSError as trouble:
        raise WrongSettings(f"{source.name} could not be put back: {trouble.strerror or trouble}.") from None


def _member(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        raise KeyError(name)
    return file


def _must_have_keys(keyring: Keyring, manifest: dict[str, Any], *, nothing_newer: bool) -> None:
    """The keys of the mint, and that of the log: one that was stolen and deleted since may be missing where the backup
    holds its public half and a later key is there, under which the log goes on."""
    signing = manifest.get("log_key", log_keeper.KEY)
    if manifest.get("log_vkey") and not nothing_newer and log_keeper.newest_key_name(keyring) != signing:
        signing = log_keeper.newest_key_name(keyring)
    for name in (signing, *(mint.key_file_name(epoch) for epoch in manifest["epochs"])):
        try:
            keyring.secret(name, make=False)
        except MissingKey as missing:
            raise MissingKey(f"{missing}: put the key backup back first (restore-keys)") from None


def _known(database: Database, settings: Settings, notes: Mapping[str, str]) -> list[Checkpoint]:
    """The checkpoints that somebody kept, and those of the key folder: also of names that the log had after the
    backup."""
    kept = log_keeper.all_known(settings.keyring())
    found = []
    for name, note in [*notes.items(), *((f"a checkpoint in {settings.key_dir}", note) for note in kept)]:
        try:
            found.append(log_keeper.read_own(note, database, settings))
        except BadNote as bad:
            raise WrongSettings(f"{name} is no checkpoint of this log: {bad}.") from None
    return found


def _load(connection: Any, archive: tarfile.TarFile, table: Any, manifest: dict[str, Any]) -> int:
    said = manifest["tables"].get(table.name)
    if said is None:
        return 0
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        with gzip.open(_member(archive, f"tables/{table.name}.jsonl.gz")) as packed:
            for line in packed:
                digest.update(line)
                yield line

    count = table_copies.load(connection, table, read())
    if (count, digest.hexdigest()) != (said["rows"], said["sha256"]):
        raise WrongSettings(f"The backup is damaged: {table.name} is not what its manifest says.")
    return count


def _unpack(archive: tarfile.TarFile, manifest: dict[str, Any], data_dir: Path) -> None:
    folders: set[Path] = set()
    for name, said in manifest["files"].items():
        target = (data_dir / name).resolve()
        if not target.is_relative_to(data_dir.resolve()):
            raise WrongSettings(f"The backup names a file outside the data folder: {name}.")
        data = _member(archive, f"files/{name}").read()
        if hashlib.sha256(data).hexdigest() != said:
            raise WrongSettings(f"The backup is damaged: {name} is not what its manifest says.")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        folders.add(target.parent)
    for folder in folders:
        disk.keep_names(folder)


def _verify(
    database: Database, settings: Settings, manifest: dict[str, Any], notes: Mapping[str, str]
) -> tuple[list[Checkpoint], int]:
    """The log is true, and of what is known outside all that belongs to the backup's state fits it.

    Answers the checkpoints of leaves that are not in it, and how many leaves there are.
    """
    known = _known(database, settings, notes)
    try:
        kept = log_keeper.read(manifest["checkpoint"], log_keeper.vkeys(database, settings))
        with database.one_state() as session:
            connection = session.connection()
            names, size = log_keeper.reigns(connection, settings), log_tree.size(connection)
            ours = [one for one in known if one.size <= size and _is_of(one, names)]
            newer = [one for one in known if one not in ours and not _is_told(one, names)]
            return newer, verification.verify(session, [kept, *ours]).size
    except (Tampered, BadNote) as wrong:
        raise WrongSettings(
            f"The backup does not verify, nothing should be served from it: {wrong}."
        ) from None


def _is_of(known: Checkpoint, names: list[Reign]) -> bool:
    """Whether a checkpoint speaks of leaves that this log has or will have: its name signed as far as that."""
    try:
        ended = log_keeper.ended_at(names, known.origin)
    except KeyError:
        return False
    return ended is None or known.size <= ended


def _is_told(known: Checkpoint, names: list[Reign]) -> bool:
    """Whether an earlier restore, which the backup knows of, has lost the leaves of a checkpoint."""
    return known.origin in {reign.origin for reign in names} and not _is_of(known, names)


def _furthest(newer: list[Checkpoint], asked: list[Asked], size: int) -> Checkpoint | None:
    """The checkpoint that knows most of what the backup does not hold; of a witness only the number of leaves."""
    told = [Checkpoint("", one.size, b"") for one in asked if one.size is not None and one.size > size]
    return max([*told, *newer], key=lambda one: (one.size, one.root), default=None)


def _go_on(
    database: Database, settings: Settings, size: int, newest: Checkpoint | None, *, nothing_newer: bool
) -> str:
    """No serial of an old epoch is given out again, and the log goes on. Answers its new name, if it takes one."""
    if nothing_newer and newest is not None:
        raise WrongSettings(
            f"Something is newer than the backup: a checkpoint of {newest.size} leaves was signed, the backup has"
            f" {size}. Run `restore` again without --nothing-newer."
        )
    name = ""
    with database.transaction(SYSTEM) as session:
        epochs = key_rotation.retire(session)
        if nothing_newer:
            ledger.record(session, "log.restored", *epochs, restored_size=size)
        else:
            old, new = _rename(session, settings, size)
            name = new.origin
            kept = key_rotation.keep_public_halves(session, settings.keyring())
            root = newest.root if newest is not None else log_tree.root(session.connection(), size)
            ledger.record(
                session,
                "log.continued",
                *epochs,
                old_origin=(newest.origin if newest is not None else "") or old.origin,
                old_size=newest.size if newest is not None else size,
                old_root=root.hex(),
                restored_size=size,
                new_origin=name,
                old_key=old.vkey,
                new_key=new.vkey,
                earlier_keys=kept,
            )
    if name:
        log_keeper.set_aside(settings.keyring())
    return name


def _rename(session: Session, settings: Settings, size: int) -> tuple[LogOrigin, LogOrigin]:
    """The name and key of the log until now, and its new ones. The name comes by chance, because a second restore of
    the same backup, perhaps on another machine, must not take the same."""
    last = session.exec(select(LogOrigin).order_by(col(LogOrigin.number).desc())).first()
    if last is None:
        last = LogOrigin(number=1, origin=log_keeper.first_origin(settings))
        session.add(last)
    number = last.number + 1
    name = f"{last.origin.split('#')[0]}#{number}-{secrets.token_hex(4)}"
    keyring = settings.keyring()
    key_name = log_keeper.newest_key_name(keyring)  # one that came after the backup signs on
    vkey = Signer(name, keyring.secret(key_name, make=False)).vkey
    new = LogOrigin(number=number, origin=name, first_size=size + 1, key_name=key_name, vkey=vkey)
    session.add(new)
    return last, new
