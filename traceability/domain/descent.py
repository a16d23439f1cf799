"""How far a batch reaches: all that was made of it, and all that it was made of, over every step and every producer."""

from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions


def descendants(session: Session, batch_id: str) -> list[str]:
    """The ids of all batches that were made of a batch, whoever's, without itself. Sorted."""
    return sorted(set(_walk(session, _one(batch_id), "source_batch_id", "batch_id")) - {batch_id})


def ancestors(session: Session, batch_id: str) -> list[str]:
    """The ids of all batches that went into a batch, whoever's, without itself. Sorted."""
    return sorted(set(_walk(session, _one(batch_id), "batch_id", "source_batch_id")) - {batch_id})


def feeding(session: Session, batch_id: str) -> list[str]:
    """The ids of all batches whose goods lie in a batch, whoever's: as `ancestors`, without what was drawn by an act
    that was declared never to have happened. Sorted."""
    return sorted(set(_walk(session, _one(batch_id), "batch_id", "source_batch_id", True)) - {batch_id})


def fed_by(session: Session, batch_id: str) -> list[str]:
    """The ids of all batches in which goods of a batch lie, whoever's; the other way of `feeding`. Sorted."""
    return sorted(set(_walk(session, _one(batch_id), "source_batch_id", "batch_id", True)) - {batch_id})


def fed_by_any(session: Session, batch_ids: Iterable[str]) -> list[str]:
    """The ids of some batches and of all in which their goods lie, whoever's. Sorted."""
    batch = SQLModel.metadata.tables["batch"]
    found: set[str] = set()
    for portion in portions(sorted(set(batch_ids))):
        roots = sa.select(batch.c.id).where(batch.c.id.in_(portion))
        found.update(_walk(session, roots, "source_batch_id", "batch_id", True))
    return sorted(found)


def edges_above(session: Session, batch_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Over some batches and all whose goods lie in them, whoever's: which batch went into which, each pair once, as
    `feeding` follows them. Sorted."""
    batch, edges = SQLModel.metadata.tables["batch"], SQLModel.metadata.tables["batch_input"]
    found: set[tuple[str, str]] = set()
    for portion in portions(sorted(set(batch_ids))):
        roots = sa.select(batch.c.id).where(batch.c.id.in_(portion))
        walk = _walking(roots, "batch_id", "source_batch_id", "above", True)
        pairs = (
            sa.select(edges.c.source_batch_id, edges.c.batch_id)
            .join(walk, edges.c.batch_id == walk.c.id)
            .where(edges.c.source_batch_id.is_not(None), edges.c.grams > 0)
        )
        with beyond_scope(session):  # goods go from one producer to another
            found.update((str(one), str(into)) for one, into in session.connection().execute(pairs).all())
    return sorted(found)


def reached_from(session: Session, roots: Any) -> list[str]:
    """The ids of some batches (a select of ids) and of all that was made of them. Sorted."""
    return sorted(_walk(session, roots, "source_batch_id", "batch_id"))


def walk_up(batch_id: str) -> sa.CTE:
    """A recursive query of ids: a batch and all batches that went into it, each once."""
    return walk_up_from(_one(batch_id))


def walk_up_from(roots: Any) -> sa.CTE:
    """A recursive query of ids: some batches (a select of ids) and all batches that went into them, each once."""
    return _walking(roots, "batch_id", "source_batch_id", "above")


def walk_down(batch_id: str) -> sa.CTE:
    """A recursive query of ids: a batch and all that was made of it, each once."""
    return _walking(_one(batch_id), "source_batch_id", "batch_id", "below")


def _one(batch_id: str) -> Any:
    batch = SQLModel.metadata.tables["batch"]
    return sa.select(batch.c.id).where(batch.c.id == batch_id)


def _walk(session: Session, roots: Any, start: str, end: str, drawn: bool = False) -> list[str]:
    walk = _walking(roots, start, end, "walk", drawn)
    with beyond_scope(session):  # goods go from one producer to another
        return [str(row[0]) for row in session.connection().execute(sa.select(walk.c.id)).all()]


def _walking(roots: Any, start: str, end: str, name: str, drawn: bool = False) -> sa.CTE:
    """Follows the graph by one recursive query. UNION keeps each batch once, so that even a circle would end.

    `drawn`: only over edges on which grams went.
    """
    edges = cast(sa.Table, BatchInput.__table__)  # type: ignore[attr-defined]
    walk: sa.CTE = roots.cte(name, recursive=True)
    step = sa.select(edges.c[end]).join(walk, edges.c[start] == walk.c.id).where(edges.c[end].is_not(None))
    if drawn:
        step = step.where(edges.c.grams > 0)
    return walk.union(step)
