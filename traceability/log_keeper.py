"""The log's voice: checkpoints signed with the log key, and the newest one remembered beside it.

The key is the 32 bytes of the key file `log` (after a rotation `log-2` ...); its public half is given out as a vkey
(C2SP signed-note). The newest checkpoint ever given out is kept in the key folder too, away from the database: a
database that was put back to an older state, or rewritten, no longer fits it.
"""

import fcntl
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel

from traceability import disk
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import log_tree
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import BadNote, Checkpoint, LogOrigin, Signer, Verifier, read_checkpoint
from traceability.keys import Keyring, MissingKey

KEY = "log"
_WITNESS_KEY = "witness"
_NEWEST = "newest-checkpoint"
_ASIDE = f"{_NEWEST}-before-"

_log = logging.getLogger(__name__)


def begin(database: Database, settings: Settings) -> None:
    """Settles, once, under which name this log signs: the public address of its first start."""

    def settle(session: Session) -> None:
        if session.get(LogOrigin, 1) is None:
            session.add(LogOrigin(number=1, origin=first_origin(settings)))

    database.act(SYSTEM, settle)


def first_origin(settings: Settings) -> str:
    """The name of a log that has none yet: host and path, as tlog-checkpoint advises."""
    return f"{settings.public_host}/log"


@dataclass(frozen=True)
class Reign:
    """From which size on which key signs under which name; `vkey` is empty while the key never changed.

    `is_only`: the log never had another name or key. Only then may its key be made on first use.
    """

    first_size: int
    origin: str
    key_name: str = KEY
    vkey: str = ""
    is_only: bool = False


def reigns(connection: Connection, settings: Settings) -> list[Reign]:
    """All names and keys that this log has had, the oldest first."""
    table = SQLModel.metadata.tables["log_origin"]
    columns = (table.c.first_size, table.c.origin, table.c.key_name, table.c.vkey)
    rows = connection.execute(sa.select(*columns).order_by(table.c.number)).all()
    only = len(rows) == 1
    found = [Reign(int(size), origin, key_name, vkey, only) for size, origin, key_name, vkey in rows]
    return found or [Reign(0, first_origin(settings), is_only=True)]


def signer_of(settings: Settings, reign: Reign) -> Signer:
    """The key of a reign. Raises `MissingKey` if it was destroyed. Made on first use: a key that has signed nothing, as
    far as the key folder knows; another in place of one that did would sign away all that was printed."""
    keyring = settings.keyring()
    unused = reign.is_only and not reign.vkey and newest_known(keyring) is None
    return Signer(reign.origin, keyring.secret(reign.key_name, make=unused))


def signer(connection: Connection, settings: Settings, at: int) -> Signer:
    """The key under the name that signs the size `at`: the newest one, where that of then was destroyed."""
    known = reigns(connection, settings)
    then = [reign for reign in known if reign.first_size <= at][-1]
    try:
        return signer_of(settings, then)
    except MissingKey:
        return signer_of(settings, replace(known[-1], origin=then.origin))


def vkeys(database: Database, settings: Settings, size: int | None = None) -> list[str]:
    """The verifier keys of all names and keys that this log has had, the newest last.

    With a `size` those that could sign it: a key signs no larger tree than that which announces its successor, so
    whatever a stolen old key says of a later one is refused.
    """
    with database.engine.connect() as connection:
        known = reigns(connection, settings)
    found = []
    for reign, after in zip(known, [*known[1:], None], strict=True):
        rotated = after is not None and after.origin == reign.origin
        if size is None or not rotated or (after is not None and size <= after.first_size):
            found.append(reign.vkey or signer_of(settings, reign).vkey)
    return found


def newest_key_name(keyring: Keyring) -> str:
    """The key file of the log that was made last: `log`, then `log-2` ..."""
    numbers = [int(path.stem.rpartition("-")[2]) for path in keyring.folder.glob(f"{KEY}-[0-9]*.key")]
    return f"{KEY}-{max(numbers)}" if numbers else KEY


def witness_key(settings: Settings) -> Signer:
    """The key that cosigns checkpoints of other logs; another one than that of our own log."""
    return Signer(f"{settings.public_host}/witness", settings.keyring().secret(_WITNESS_KEY))


def checkpoint(connection: Connection, settings: Settings, at: int | None = None) -> str:
    """The signed checkpoint of the log as it is, or of its first `at` leaves, with what witnesses signed of it.

    Raises `log_tree.Unknown` beyond the log's end.
    """
    size = log_tree.size(connection) if at is None else at
    key = signer(connection, settings, size)
    note = key.note(Checkpoint(key.name, size, log_tree.root(connection, size)))
    table = SQLModel.metadata.tables["log_cosignature"]
    lines = sa.select(table.c.line).where(table.c.size == size).order_by(table.c.witness)
    return note + "".join(str(row[0]) for row in connection.execute(lines))


def publish(connection: Connection, settings: Settings, at: int | None = None) -> str:
    """As `checkpoint`, remembered in the key folder before it is given out.

    A disk that takes no writes does not silence the log: the next checkpoint that it takes covers this one.
    """
    note = checkpoint(connection, settings, at)
    _remember_if_it_can_be(settings.keyring(), note)
    return note


def _remember_if_it_can_be(keyring: Keyring, note: str) -> None:
    try:
        remember(keyring, note)
    except OSError as error:
        _log.error("a checkpoint was given out and not remembered: %s", error.strerror)


def checkpoint_when(database: Database, settings: Settings, kind: str, record_id: str) -> str:
    """The signed checkpoint of the log as it was when a fact of this kind about a record had been written.

    The same for ever; empty before there is such a fact.
    """
    entries, leaves = SQLModel.metadata.tables["log_entry"], SQLModel.metadata.tables["log_leaf"]
    position = (
        sa.select(sa.func.max(entries.c.position))
        .join(leaves, leaves.c.position == entries.c.position)
        .where(entries.c.record_id == record_id, leaves.c.kind == kind)
    )
    with database.engine.connect() as connection:
        found = connection.execute(position).scalar()
        if found is None:
            return ""
        size = int(found) + 1
        key = signer(connection, settings, size)
        note = key.note(Checkpoint(key.name, size, log_tree.root(connection, size)))
    _remember_if_it_can_be(settings.keyring(), note)
    return note


def newest_known(keyring: Keyring) -> str | None:
    """The newest checkpoint that was ever given out, as far as the key folder knows."""
    try:
        return (keyring.folder / _NEWEST).read_text("utf-8")
    except FileNotFoundError:
        return None


def newest_known_at(keyring: Keyring) -> float:
    """When that checkpoint was remembered (seconds since 1970); 0 if there is none."""
    try:
        return (keyring.folder / _NEWEST).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def vkeys_of_note(note: str, database: Database, settings: Settings) -> list[str]:
    """The keys of this log, and those of the key folder under the name in a note: before the restore of a backup the
    log may have had a later name and a later key."""
    origin, keyring = note.split("\n", 1)[0], settings.keyring()
    names = sorted(path.stem for path in keyring.folder.glob(f"{KEY}*.key"))
    found = [Signer(origin, keyring.secret(name, make=False)).vkey for name in names]
    return [*vkeys(database, settings), *found]


def set_aside(keyring: Keyring) -> None:
    """Keeps the newest checkpoint of a log that goes on under another name, and begins anew."""
    path = keyring.folder / _NEWEST
    if not path.exists():
        return
    number = len(list(keyring.folder.glob(f"{_ASIDE}*"))) + 1
    path.rename(path.with_name(f"{_ASIDE}{number}"))
    disk.keep_names(keyring.folder)


def all_known(keyring: Keyring) -> list[str]:
    """The newest checkpoint of each name the log has had, as far as the key folder knows."""
    aside = [path.read_text("utf-8") for path in sorted(keyring.folder.glob(f"{_ASIDE}*"))]
    newest = newest_known(keyring)
    return [*aside, newest] if newest is not None else aside


def remember(keyring: Keyring, note: str) -> None:
    """Keeps a checkpoint of ours in the key folder if it is larger than the one that lies there."""
    size = int(note.split("\n")[1])
    keyring.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = keyring.folder / _NEWEST
    if _size_in(path) >= size:
        return
    with (keyring.folder / f".{_NEWEST}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _size_in(path) >= size:
            return
        fresh = path.with_name(f".{_NEWEST}.{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        disk.keep_names(keyring.folder)


def read(note: str, keys: list[str]) -> Checkpoint:
    """A checkpoint of ours, verified. Raises `BadNote`."""
    found = read_checkpoint(note, *(Verifier(key) for key in keys))
    if found.origin not in {Verifier(key).name for key in keys}:
        raise BadNote("this is the checkpoint of another log")
    return found


def read_own(note: str, database: Database, settings: Settings) -> Checkpoint:
    """A checkpoint that a key of ours has signed, under whatever name: the log may have had one that this database
    does not know. Raises `BadNote`."""
    return read(note, vkeys_of_note(note, database, settings))


def ended_at(known: list[Reign], origin: str) -> int | None:
    """With how many leaves a name of the log ended; None for the one that signs now. Raises `KeyError` (no name of
    this log)."""
    names = [reign.origin for reign in known]
    if origin not in names:
        raise KeyError(origin)
    last = len(names) - 1 - names[::-1].index(origin)
    return known[last + 1].first_size - 1 if last + 1 < len(known) else None


def _size_in(path: Path) -> int:
    try:
        return int(path.read_text("utf-8").split("\n")[1])
    except (FileNotFoundError, ValueError, IndexError):
        return -1
