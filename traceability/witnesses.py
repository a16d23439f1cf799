"""Asking witnesses to cosign our checkpoints (C2SP tlog-witness): others then remember what this log has said."""

import base64
import http.client
import re
import urllib.error
import urllib.request
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from traceability import log_keeper
from traceability.config import Settings, Witness
from traceability.db import Database
from traceability.domain import log_tree
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import BadNote, LogCosignature, Verifier, read_note
from traceability.domain.ownership import PUBLIC

_TIMEOUT = 10
_MOST_ANSWER = 8_000
_OTHER_SIZE, _OTHER_LOG = 409, 404


@dataclass(frozen=True)
class Asked:
    """What came of asking one witness: the size that it has cosigned, or why it has not."""

    witness: str
    size: int | None
    trouble: str = ""


def ask_all(database: Database, settings: Settings) -> list[Asked]:
    """Asks every witness of the settings for the newest checkpoint. Trouble with one does not stop the others."""
    return [_ask(database, settings, witness) for witness in settings.witnesses]


def _ask(database: Database, settings: Settings, witness: Witness) -> Asked:
    key = Verifier(witness.vkey)
    with database.reading(PUBLIC) as session:
        statement = select(LogCosignature.size).where(LogCosignature.witness == key.name)
        known = session.exec(statement.order_by(col(LogCosignature.size).desc()).limit(1)).first() or 0
        connection = session.connection()
        size = log_tree.size(connection)
        note = log_keeper.publish(connection, settings)
    try:
        status, answer = _post(database, witness, known, size, note)
        if status == _OTHER_SIZE and answer.strip().isdigit() and int(answer) <= size:
            status, answer = _post(database, witness, int(answer), size, note)
    except (OSError, http.client.HTTPException, log_tree.Unknown) as trouble:
        return Asked(key.name, None, str(trouble) or type(trouble).__name__)
    if status != 200:
        return Asked(key.name, None, f"{status} {answer.strip()[:200]}")
    try:
        text, signatures = read_note(note.rpartition("\n\n")[0] + "\n\n" + answer)
    except BadNote as bad:
        return Asked(key.name, None, str(bad))
    good = [one for one in signatures if key.verifies(text, one)]
    if not good:
        return Asked(key.name, None, "its signature is wrong")

    def keep(session: Session) -> None:
        table = SQLModel.metadata.tables["log_cosignature"]
        session.connection().execute(
            sa.delete(table).where(table.c.size == size, table.c.witness == key.name)
        )
        session.add(LogCosignature(size=size, witness=key.name, line=good[0].line()))

    database.act(SYSTEM, keep)
    return Asked(key.name, size)


def ask_what_they_know(settings: Settings, note: str) -> list[Asked]:
    """Asks every witness how many leaves of this log it knows, `note` being a checkpoint of ours.

    A checkpoint that is offered as the first of its log is refused by who knows one, with the size of that (409).
    """
    return [_ask_size(witness, note) for witness in settings.witnesses]


def _ask_size(witness: Witness, note: str) -> Asked:
    name = Verifier(witness.vkey).name
    try:
        status, answer = _send(witness, 0, [], note)
    except (OSError, http.client.HTTPException) as trouble:
        return Asked(name, None, str(trouble) or type(trouble).__name__)
    if status == _OTHER_SIZE and re.fullmatch(r"[0-9]{1,18}", answer.strip()):
        return Asked(name, int(answer))
    if status == _OTHER_LOG:
        return Asked(name, 0)
    if status == 200:  # it knew nothing, and knows this now
        return Asked(name, int(note.split("\n")[1]))
    return Asked(name, None, f"{status} {answer.strip()[:200]}")


def _post(database: Database, witness: Witness, old: int, size: int, note: str) -> tuple[int, str]:
    """One request to a witness: what it answers. Raises `OSError`, `HTTPException`, `Unknown`."""
    with database.engine.connect() as connection:
        proof = log_tree.consistency(connection, old, size) if 0 < old < size else []
    return _send(witness, old, proof, note)


def _send(witness: Witness, old: int, proof: list[bytes], note: str) -> tuple[int, str]:
    lines = "".join(base64.b64encode(node).decode() + "\n" for node in proof)
    own = note.rpartition("\n\n")[0] + "\n\n" + note.rpartition("\n\n")[2].split("\n")[0] + "\n"
    body = f"old {old}\n{lines}\n{own}".encode()
    address = witness.address.rstrip("/") + "/add-checkpoint"
    request = urllib.request.Request(address, body, {"Content-Type": "text/plain"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return int(answer.status), answer.read(_MOST_ANSWER).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(_MOST_ANSWER).decode("utf-8", "replace")
