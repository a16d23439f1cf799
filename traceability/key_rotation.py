"""New keys in place of old ones: of the log and of the stamp mint. What the old ones signed and minted stays good.

The log's new key is announced in the log itself: a leaf names both keys, and the checkpoint that ends with this leaf is
signed by both (C2SP signed-note), so whoever trusts the old key comes to the new one without asking anybody. Every
later checkpoint is signed by the new key only. The name of the log stays; only a restore that lost leaves changes it.

Stamps get a new epoch; those of old epochs are read as before, and whoever has an old key can mint no code of the new.
"""

import re
from enum import StrEnum

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
from traceability.domain.stamps import StampEpoch
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
    with database.transaction(SYSTEM) as session:
        rows = list(session.exec(select(LogOrigin).order_by(col(LogOrigin.number)).with_for_update()).all())
        last = rows[-1]
        old = Signer(last.origin, keyring.secret(last.key_name, make=not last.vkey))
        key_name = _next_name(keyring)
        new = Signer(last.origin, keyring.secret(key_name))
        ledger.record(session, "log.key_changed", reason=reason.value, old_key=old.vkey, new_key=new.vkey)
        connection = session.connection()
        size = ledger.append_facts(session, None, False)[-1] + 1
        last.vkey = old.vkey
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
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    return new.vkey


def rotate_stamp_key(database: Database, settings: Settings, reason: Reason) -> StampEpoch:
    """Ends the epoch that mints and begins the next. Orders of before are printed and read as before.

    Raises `RuleBroken` ("stamps.too_many_epochs"): a reader tries every epoch, so there are few.
    """
    with database.transaction(SYSTEM) as session:
        if session.exec(select(func.count()).select_from(StampEpoch)).one() >= MOST_EPOCHS:
            raise RuleBroken("stamps.too_many_epochs", None, limit=MOST_EPOCHS)
        epochs = retire(session)
        if epochs:
            ledger.record(session, "stamp_epoch.retired", *epochs, reason=reason.value)
    return mint.ensure_epoch(database, settings.keyring(), demo=settings.demo)


def retire(session: Session) -> list[StampEpoch]:
    """Ends all epochs that mint: no serial of theirs is given out again. The caller names them in a fact."""
    minting = select(StampEpoch).where(col(StampEpoch.retired_at).is_(None)).with_for_update()
    epochs = list(session.exec(minting).all())
    for epoch in epochs:
        epoch.retired_at = now()
    session.flush()
    return epochs


def _next_name(keyring: Keyring) -> str:
    """The name of the next key file of the log; a file that an interrupted rotation left is passed over."""
    number = re.search(r"[0-9]+$", log_keeper.newest_key_name(keyring))
    return f"{log_keeper.KEY}-{int(number[0]) + 1 if number else 2}"
