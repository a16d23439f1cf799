"""Backups: one file with every row and picture, made under load. `restores` puts it back.

A backup holds no key: the key folder has its own, encrypted backup (`key_backups`).
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlmodel import select

from traceability import disk, log_keeper, table_copies
from traceability.config import Settings, WrongSettings
from traceability.db import Database
from traceability.domain.clock import now
from traceability.domain.stamps import StampEpoch

FORMAT = "traceability-backup/v1"
MANIFEST = "manifest.json"


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
        disk.keep_names(out.absolute().parent)
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
        signing = log_keeper.reigns(connection, settings)[-1]
        manifest["log_key"], manifest["log_vkey"] = signing.key_name, signing.vkey
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
    for path in files_of(settings):
        name = path.relative_to(settings.data_dir).as_posix()
        with (
            suppress(FileNotFoundError),
            path.open("rb") as file,
        ):  # erased since the rows were read: gone here too
            manifest["files"][name] = hashlib.file_digest(file, "sha256").hexdigest()
            _add(archive, f"files/{name}", file)
    _add(archive, MANIFEST, io.BytesIO(json.dumps(manifest, ensure_ascii=False, indent=1).encode()))
    return manifest


def files_of(settings: Settings) -> Iterator[Path]:
    """What lies in folders of the data folder (pictures); never keys, never the database itself.

    A picture is kept before the row that names it is committed, so a row that was read has its file here. What is
    still being written (a name with a dot) belongs to no row yet.
    """
    own, keys = settings.data_dir, settings.key_dir
    for folder in sorted(own.iterdir()) if own.is_dir() else ():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            is_key = keys.is_relative_to(own) and path.is_relative_to(keys)
            if path.is_file() and not path.name.startswith(".") and not is_key:
                yield path


def _add(archive: tarfile.TarFile, name: str, file: Any) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, file)
