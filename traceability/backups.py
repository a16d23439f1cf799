"""Backups: one file with every row and picture, made under load, put back on a new machine.

A backup holds no key. Putting it back needs the key folder (its own, encrypted backup: `key_backups`), refuses to write
over data, verifies the log, and then moves on where the world outside may know more than the backup: the log goes on
under a new name that says what is missing, and the mint goes on with a new key, so that no code is ever issued twice.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import col, select

from traceability import key_rotation, log_keeper, mint, table_copies
from traceability.config import Settings, WrongSettings
from traceability.db import Database
from traceability.domain import ledger, verification, webhooks
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import BadNote, Checkpoint, LogOrigin, Signer
from traceability.domain.clock import now
from traceability.domain.stamps import StampEpoch
from traceability.domain.verification import Tampered
from traceability.keys import Keyring, MissingKey

FORMAT = "traceability-backup/v1"
_MANIFEST = "manifest.json"
_COPY = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What came back: rows, leaves, how many leaves a checkpoint outside knows beyond them, webhooks now paused."""

    rows: int
    leaves: int
    missing: int
    paused: int


def back_up(database: Database, settings: Settings, out: Path) -> dict[str, Any]:
    """Writes a backup of one state of the database, with the pictures, to a new file. Answers its manifest.

    Writers are not kept waiting. Raises `WrongSettings` if the file exists.
    """
    if out.exists():
        raise WrongSettings(f"{out} exists already: a backup is never written over.")
    fresh = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                manifest = _fill(database, settings, archive)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, out)
    except FileExistsError:
        raise WrongSettings(f"{out} exists already: a backup is never written over.") from None
    finally:
        fresh.unlink(missing_ok=True)
    return manifest


def _fill(database: Database, settings: Settings, archive: tarfile.TarFile) -> dict[str, Any]:
    manifest: dict[str, Any] = {"format": FORMAT, "made_at": now().isoformat(), "tables": {}, "files": {}}
    with database.one_state() as session:
        connection = session.connection()
        manifest["revision"] = table_copies.revision_of(connection)
        manifest["checkpoint"] = log_keeper.checkpoint(connection, settings)
        manifest["log_key"] = log_keeper.reigns(connection, settings)[-1].key_name
        manifest["epochs"] = sorted(session.exec(select(StampEpoch.key_name)).all())
        for table in table_copies.tables_of(connection):
            with tempfile.TemporaryFile() as spool:
                count, digest = 0, hashlib.sha256()
                with gzip.GzipFile(fileobj=spool, mode="wb", mtime=0, compresslevel=3) as packed:
                    for line in table_copies.lines(connection, table):
                        packed.write(line)
                        digest.update(line)
                        count += 1
                _add(archive, f"tables/{table.name}.jsonl.gz", spool)
            manifest["tables"][table.name] = {"rows": count, "sha256": digest.hexdigest()}
    for path in _files(settings):
        name = path.relative_to(settings.data_dir).as_posix()
        with path.open("rb") as file:
            manifest["files"][name] = hashlib.file_digest(file, "sha256").hexdigest()
            _add(archive, f"files/{name}", file)
    _add(archive, _MANIFEST, io.BytesIO(json.dumps(manifest, ensure_ascii=False, indent=1).encode()))
    return manifest


def _files(settings: Settings) -> Iterator[Path]:
    """What lies in folders of the data folder (pictures); never keys, never the database itself."""
    for folder in sorted(settings.data_dir.iterdir()):
        if folder.is_dir() and folder != settings.key_dir and settings.key_dir not in folder.parents:
            yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _add(archive: tarfile.TarFile, name: str, file: Any) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, file)


# --- putting back ------------------------------------------------------------------------------------------------


def restore(database: Database, settings: Settings, source: Path) -> Restored:
    """Puts a backup back into an empty database and data folder.

    Raises `WrongSettings` (there is data, the file is none or is damaged, a newer program made it), `MissingKey` (the
    key backup was not put back first).
    """
    if not table_copies.is_empty(database):
        raise WrongSettings("There is data in this database: a backup is only put back into an empty one.")
    if settings.data_dir.exists() and next(_files(settings), None) is not None:
        raise WrongSettings(
            f"There are pictures in {settings.data_dir}: a backup is only put back into an empty folder."
        )
    with _opened(source) as (archive, manifest):
        keyring = settings.keyring()
        _must_have_keys(keyring, manifest)
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
        database.migrate()
        _unpack(archive, manifest, settings.data_dir)
    size = _verify(database, settings, manifest)
    missing = _go_on(database, settings, size)
    with database.transaction(SYSTEM) as session:
        paused = webhooks.pause_all(session)
    return Restored(rows, size, missing, paused)


#: What reading a damaged file can end with: in the archive, in what is packed in it, or in rows that are none.
_DAMAGE = (
    tarfile.TarError, zlib.error, OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, StatementError,
)  # fmt: skip


@contextmanager
def _opened(source: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = json.loads(_member(archive, _MANIFEST).read())
            if manifest["format"] != FORMAT:
                raise KeyError(FORMAT)
            yield archive, manifest
    except OperationalError:
        raise  # the database's own state, not the backup's
    except _DAMAGE as damaged:
        raise WrongSettings(f"{source.name} is no whole backup: {damaged}.") from None


def _member(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        raise KeyError(name)
    return file


def _must_have_keys(keyring: Keyring, manifest: dict[str, Any]) -> None:
    for name in (
        manifest.get("log_key", log_keeper.KEY),
        *(mint.key_file_name(epoch) for epoch in manifest["epochs"]),
    ):
        try:
            keyring.secret(name, make=False)
        except MissingKey as missing:
            raise MissingKey(f"{missing}: put the key backup back first (restore-keys)") from None


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
    for name, said in manifest["files"].items():
        target = (data_dir / name).resolve()
        if not target.is_relative_to(data_dir.resolve()):
            raise WrongSettings(f"The backup names a file outside the data folder: {name}.")
        data = _member(archive, f"files/{name}").read()
        if hashlib.sha256(data).hexdigest() != said:
            raise WrongSettings(f"The backup is damaged: {name} is not what its manifest says.")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(data)


def _verify(database: Database, settings: Settings, manifest: dict[str, Any]) -> int:
    try:
        checkpoint = log_keeper.read(manifest["checkpoint"], log_keeper.vkeys(database, settings))
        with database.one_state() as session:
            return verification.verify(session, [checkpoint]).size
    except (Tampered, BadNote) as wrong:
        raise WrongSettings(
            f"The backup does not verify, nothing should be served from it: {wrong}."
        ) from None


def _go_on(database: Database, settings: Settings, size: int) -> int:
    """The mint goes on with a new key, and the log under a new name if the world outside knows more of it."""
    keyring = settings.keyring()
    newest = _newest(database, settings)
    gap = max(0, newest.size - size) if newest else 0
    with database.transaction(SYSTEM) as session:
        epochs = key_rotation.retire(session)
        if newest is not None and gap:
            number = (
                session.exec(select(LogOrigin.number).order_by(col(LogOrigin.number).desc())).first() or 1
            ) + 1
            origin, key_name = f"{newest.origin.split('#')[0]}#{number}", log_keeper.newest_key_name(keyring)
            vkey = Signer(origin, keyring.secret(key_name, make=False)).vkey
            session.add(
                LogOrigin(number=number, origin=origin, first_size=size + 1, key_name=key_name, vkey=vkey)
            )
            ledger.record(
                session,
                "log.continued",
                *epochs,
                old_origin=newest.origin,
                old_size=newest.size,
                old_root=newest.root.hex(),
                restored_size=size,
            )
        else:
            ledger.record(session, "log.restored", *epochs, restored_size=size)
    if gap:
        log_keeper.set_aside(keyring)
    mint.forget_keys(database)
    mint.ensure_epoch(database, keyring, demo=settings.demo)
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    return gap


def _newest(database: Database, settings: Settings) -> Checkpoint | None:
    note = log_keeper.newest_known(settings.keyring())
    if note is None:
        return None
    return log_keeper.read(note, log_keeper.vkeys_of_note(note, database, settings))
