"""The keys of the stamp epochs, held in the process: what a printed code is read with.

Which epochs there are stands in the database, their secrets stand in the key folder (`stamp-epoch-<key name>.key`).
A new epoch writes its key file before its row, so a change of the key folder is the sign to look again: reading a code,
a forged one above all, asks the database nothing.
"""

import logging
import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from sqlmodel import col, func, select

from traceability.db import Database
from traceability.domain import ledger
from traceability.domain.actors import SYSTEM
from traceability.domain.ownership import PUBLIC
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import SerialCounter, StampEpoch
from traceability.keys import Keyring, MissingKey

_log = logging.getLogger(__name__)

KEY_FILE = "stamp-epoch-"
#: A key file without an epoch is looked up at most this often (seconds), for this long: the row of a new epoch is
#: committed a moment after its key file was written.
_AGAIN = 3.0
_SETTLING = 60.0


def key_file_name(key_name: str) -> str:
    """The name under which the keyring keeps the secret of an epoch."""
    return KEY_FILE + key_name


@dataclass
class _Loaded:
    """What one process knows of one database's epochs."""

    keys: dict[int, EpochKey] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    folder_mark: int | None = None
    #: key files without a loaded epoch; they are looked for again until `waiting_until`
    strangers: frozenset[str] = frozenset()
    waiting_until: float = 0.0
    next_look: float = 0.0


_known: WeakKeyDictionary[Database, _Loaded] = WeakKeyDictionary()
_lock = Lock()


def epoch_keys(database: Database, keyring: Keyring) -> dict[int, EpochKey]:
    """The keys of all live epochs by number. Asks the database only when a key file has come that it has not seen.

    Raises what the database raises when the epochs have to be read and cannot be.
    """
    with _lock:
        loaded = _known.setdefault(database, _Loaded())
        moment = time.monotonic()
        mark = _mark(keyring)
        if mark != loaded.folder_mark:
            loaded.waiting_until, loaded.next_look = moment + _SETTLING, 0.0
            loaded.strangers = _key_files(keyring) - {key_file_name(name) for name in loaded.names}
            loaded.folder_mark = mark
        if not loaded.strangers or moment < loaded.next_look or moment > loaded.waiting_until:
            return loaded.keys
        loaded.next_look, until = moment + _AGAIN, loaded.waiting_until
        loaded.waiting_until = float("inf")  # until it could be read once
        try:
            loaded.names, loaded.keys = _read(database, keyring)
        except Exception:
            loaded.next_look = 0.0  # until it could be read nobody may say that a code is none of ours
            raise
        loaded.waiting_until = until
        loaded.strangers -= {key_file_name(name) for name in loaded.names}
        return loaded.keys


def every_key(database: Database, keyring: Keyring) -> dict[int, EpochKey]:
    """The keys of all epochs on record, also of one that ended before any of its codes is on record: an order that a
    restore lost may have them."""
    return _read(database, keyring, unused=True)[1]


def forget_keys(database: Database) -> None:
    """Drops what this process knows, so that the next code reads the epochs anew: after making an epoch."""
    with _lock:
        _known.pop(database, None)


def _mark(keyring: Keyring) -> int:
    try:
        return keyring.folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _key_files(keyring: Keyring) -> frozenset[str]:
    return frozenset(path.stem for path in keyring.folder.glob(f"{KEY_FILE}*.key"))


def _read(
    database: Database, keyring: Keyring, *, unused: bool = False
) -> tuple[frozenset[str], dict[int, EpochKey]]:
    """The names of all epochs of the database, and the keys of those that have codes or may still have."""
    statement = (
        select(StampEpoch, SerialCounter.next_serial)
        .outerjoin(SerialCounter, col(SerialCounter.epoch_id) == StampEpoch.number)
        .order_by(col(StampEpoch.number).desc())
    )
    names, keys = set(), {}
    with database.reading(PUBLIC) as session:
        for epoch, issued in session.exec(statement):
            names.add(epoch.key_name)
            if epoch.retired_at is not None and not issued and not unused:
                continue  # none of its codes is on record: that of a restore after which nobody ordered stamps
            try:
                secret = keyring.secret(key_file_name(epoch.key_name), make=False)
            except MissingKey:
                _log.error("the key of stamp epoch %s is missing: its stamps cannot be read", epoch.number)
                continue
            keys[epoch.number] = EpochKey.from_secret(epoch.number, secret)
    return frozenset(names), keys


def ensure_epoch(database: Database, keyring: Keyring, demo: bool) -> StampEpoch:
    """The epoch that mints, made with its key where there is none: the newest that is not retired.

    The key file is written before the row, so that no epoch is ever without its key. A demo's epoch is marked as one
    and stays so for ever.
    """
    with database.transaction(SYSTEM) as session:
        minting = (
            select(StampEpoch)
            .where(col(StampEpoch.retired_at).is_(None), StampEpoch.demo == demo)
            .order_by(col(StampEpoch.number).desc())
        )
        epoch = session.exec(minting).first()
        if epoch is None:
            number = (session.exec(select(func.max(StampEpoch.number))).one() or 0) + 1
            epoch = StampEpoch(number=number, key_name=secrets.token_hex(8), demo=demo)
            keyring.secret(key_file_name(epoch.key_name))
            session.add_all([epoch, SerialCounter(epoch_id=number)])
            session.flush()
            ledger.record(session, "stamp_epoch.begun", epoch)
    forget_keys(database)
    return epoch
