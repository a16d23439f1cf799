"""The look at all export consignments that wait, each in a transaction of its own: none waits for the others."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlmodel import Session

from traceability.db import Database
from traceability.domain import consignment_watch, residue_limits
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.ownership import EVERYTHING


def look_again(database: Database) -> int:
    """Judges what waits again (see `consignment_watch`). Answers how many notices went out; nothing is told twice."""
    with database.reading(EVERYTHING) as session:
        waiting = consignment_watch.waiting(session)
    told = 0
    for consignment_id in waiting:
        told += database.act(SYSTEM, partial(_look_at, consignment_id))
    return told


def _look_at(consignment_id: str, session: Session) -> int:
    return consignment_watch.look_at(session, consignment_id)


def load_limits(database: Database, actor: Actor, entries: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Takes residue limits in and then judges what waits by them. Answers how many limits are new, and how many notices
    went out. Raises as `residue_limits.load`."""
    known = list(entries)  # they may be gone through twice
    new = database.act(actor, lambda session: residue_limits.load(session, actor, known))
    return new, look_again(database) if new else 0
