"""Locking batches that a walk names, in the one order in which everybody locks them: by id.

What is made of a batch while we wait for its lock is found by walking again. Only what turns up then is out of order:
it is taken if it is free; if not, all is let go (a savepoint gives row locks back) and the order begins anew.
"""

from collections.abc import Callable, Iterable
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session, col

from traceability.domain import descent
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.records import portions

_TRIES: Final = 20


def hold(session: Session, walk: Callable[[], Iterable[str]], *, areas: Iterable[str] = ()) -> list[str]:
    """Locks all batches that `walk` names, then some areas, and walks again until it names nothing new. Answers the
    ids, sorted. Whose they are is no matter.

    What the session had read before is not read anew: that is the caller's.
    """
    if session.get_bind().dialect.name != "postgresql":
        return sorted(set(walk()))  # one writer at a time: nothing can come between
    connection = session.connection()
    known = set(walk())
    for turn in range(_TRIES):
        last = turn == _TRIES - 1
        with connection.begin_nested() as savepoint:
            _take(session, known)
            _take_areas(session, areas)
            free = True
            while free and (new := set(walk()) - known):
                free = len(_take(session, new, skip=not last)) == len(new)
                known |= new
            if free or last:
                break
            savepoint.rollback()
    return sorted(known)


def hold_with_heirs(session: Session, batch_ids: Iterable[str]) -> None:
    """Locks some batches and all lots in which their goods lie, before anything of them is judged."""
    wanted = set(batch_ids)
    hold(session, lambda: {*wanted, *descent.fed_by_any(session, wanted)})


def _take(session: Session, ids: Iterable[str], skip: bool = False) -> list[str]:
    """Locks batches, waiting for each in the order of ids; with `skip` only those that nobody holds."""
    taken: list[str] = []
    for portion in portions(sorted(ids)):
        statement = (
            sa.select(col(Batch.id))
            .where(col(Batch.id).in_(portion))
            .order_by(sa.collate(col(Batch.id), "C"))
            .with_for_update(key_share=True, skip_locked=skip)
        )
        taken += session.connection().execute(statement).scalars().all()
    return taken


def _take_areas(session: Session, ids: Iterable[str]) -> None:
    wanted = sorted(set(ids))
    if wanted:
        statement = (
            sa.select(col(GrowingArea.id))
            .where(col(GrowingArea.id).in_(wanted))
            .order_by(sa.collate(col(GrowingArea.id), "C"))
            .with_for_update(key_share=True)
        )
        session.connection().execute(statement).all()
