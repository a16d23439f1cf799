"""New keys in place of old ones: of the log and of the stamp mint. What the old ones signed and minted stays good.

The log's new key is announced in the log itself: a leaf names both keys, and the checkpoint that ends with this leaf is
signed by both (C2SP signed-note), so whoever trusts the old key comes to the new one without asking anybody. Every
later checkpoint is signed by the new key only. The name of the log stays; only a restore that lost leaves changes it.

Stamps get a new epoch; those of old epochs are read as before, and whoever has an old key can mint no code of the new.
"""

import re
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select

from traceability import log_keeper, mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger, log_tree
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import Checkpoint, LogCosignature, LogOrigin, Signer
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import MOST_EPOCHS
from traceability.domain.stamps import SerialCounter, StampEpoch
from traceability.keys import Keyring


class Reason(StrEnum):
    """Why a key is replaced, as the log says it."""

    PLANNED = "planned"
    COMPROMISED = "compromised"


def rotate_log_key(database: Database, settings: Settings, reason: Reason) -> str:
    """Gives the log a new key; answers its vkey. The old key's file stays where it is. All or nothing but for the new
    key file, which is written first, so that no log is ever without its key."""
    keyring = settings.keyring()
    log_keeper.begin(database, settings)

    def rotate(session: Session) -> str:
        rows = list(session.exec(select(LogOrigin).order_by(col(LogOrigin.number)).with_for_update()).all())
        last = rows[-1]
        old = log_keeper.signer_of(settings, log_keeper.reigns(session.connection(), settings)[-1])
        kept = keep_public_halves(session, keyring)
        key_name = _next_name(keyring)
        new = Signer(last.origin, keyring.secret(key_name))
        keys: dict[str, Any] = {"old_key": old.vkey, "new_key": new.vkey, "earlier_keys": kept}
        ledger.record(session, "log.key_changed", reason=reason.value, **keys)
        connection = session.connection()
        size = ledger.append_facts(session, None, False)[-1] + 1
        session.add(
            LogOrigin(
                number=last.number + 1,
                origin=last.origin,
                first_size=size,
                key_name=key_name,
                vkey=new.vkey,
            )
        )
        text = Checkpoint(last.origin, size, log_tree.root(connection, size)).text()
        session.add(LogCosignature(size=size, witness=old.vkey[:200], line=old.sign(text).line()))
        return new.vkey

    vkey = database.act(SYSTEM, rotate)
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    return vkey


def keep_public_halves(session: Session, keyring: Keyring) -> list[str]:
    """Writes the vkey of every name and key of the log that is only in a key file until now, so that what it signed
    verifies when the file is deleted. Answers them; the caller names them in the leaf of the change."""
    rows = session.exec(select(LogOrigin).where(LogOrigin.vkey == "").order_by(col(LogOrigin.number))).all()
    for row in rows:
        row.vkey = Signer(row.origin, keyring.secret(row.key_name, make=False)).vkey
    session.flush()
    return [row.vkey for row in rows]


def rotate_stamp_key(database: Database, settings: Settings, reason: Reason) -> StampEpoch:
    """Ends the epoch that mints and begins the next. Orders of before are printed and read as before.

    Raises `RuleBroken` ("stamps.too_many_epochs"): a reader tries every epoch, so there are few.
    """

    def end(session: Session) -> None:
        with_codes = select(func.count()).select_from(SerialCounter).where(col(SerialCounter.next_serial) > 0)
        if session.exec(with_codes).one() >= MOST_EPOCHS:
            raise RuleBroken("stamps.too_many_epochs", None, limit=MOST_EPOCHS)
        epochs = retire(session)
        if epochs:
            ledger.record(session, "stamp_epoch.retired", *epochs, reason=reason.value)

    database.act(SYSTEM, end)
    return mint.ensure_epoch(database, settings.keyring(), demo=settings.demo)


def retire(session: Session) -> list[StampEpoch]:
    """Ends all epochs that mint: no serial of theirs is given out again. The caller names them in a fact.

    Their counters are locked too: an order under way is waited for, a later one sees that its epoch has ended.
    """
    minting = select(StampEpoch).where(col(StampEpoch.retired_at).is_(None)).with_for_update()
    epochs = list(session.exec(minting).all())
    numbers = [epoch.number for epoch in epochs]
    counters = select(SerialCounter.epoch_id).where(col(SerialCounter.epoch_id).in_(numbers))
    session.exec(counters.with_for_update()).all()
    for epoch in epochs:
        epoch.retired_at = now()
    session.flush()
    return epochs


def _next_name(keyring: Keyring) -> str:
    """The name of the next key file of the log; a file that an interrupted rotation left is passed over."""
    number = re.search(r"[0-9]+$", log_keeper.newest_key_name(keyring))
    return f"{log_keeper.KEY}-{int(number[0]) + 1 if number else 2}"
