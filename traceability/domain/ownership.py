"""Whose row it is, and who may see it: the second of the four nets around permission.

Each owned table carries `producer_id` (the tenant). Every read of an owned table is filtered by the scope of the
session, every write is checked against it, and a session without a scope may touch none of them. Another tenant's
row is therefore the same as a missing one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Field, Session, SQLModel


class Reach(StrEnum):
    """How far a scope goes."""

    PUBLIC = "public"
    PRODUCER = "producer"
    AGENCY = "agency"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Scope:
    """The rows a session may touch.

    For an agency each of the three limits is None ("no limit") or a set: province codes, product categories and
    commune codes of the producers it oversees.
    """

    reach: Reach
    producer_id: str | None = None
    provinces: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    communes: frozenset[str] | None = None

    @classmethod
    def of_producer(cls, producer_id: str) -> "Scope":
        return cls(Reach.PRODUCER, producer_id=producer_id)


EVERYTHING = Scope(Reach.EVERYTHING)
#: Named so that it can be looked for: only `provenance` and `scans` read under it.
PUBLIC = Scope(Reach.PUBLIC)


class OutOfScope(RuntimeError):
    """A programming error: a read without scope, or a write to a row that is not the actor's."""


class ProducerOwned(SQLModel):
    """Mixin of every table whose rows belong to one producer."""

    #: A visitor may add rows (only reports of a doubt).
    WRITABLE_BY_VISITORS: ClassVar[bool] = False

    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)


_owners: dict[type[SQLModel], tuple[str, ...]] = {}


def owned(table: type[SQLModel], *columns: str) -> None:
    """Puts a table under the scope; each of `columns` may hold the id of a producer who sees and writes the row."""
    _owners[table] = columns


def owned_tables() -> dict[type[SQLModel], tuple[str, ...]]:
    """Every table under the scope with its owner columns. Completed by `collect` once all tables are imported."""
    return dict(_owners)


def collect() -> None:
    """Finds every mapped `ProducerOwned` table. Called once, after the concept modules are imported."""
    waiting = list(ProducerOwned.__subclasses__())
    while waiting:
        table = waiting.pop()
        waiting.extend(table.__subclasses__())
        if hasattr(table, "__table__"):
            _owners.setdefault(table, ("producer_id",))


def producers_in(scope: Scope) -> Any:
    """The ids of the producers in an agency's scope, as a statement."""
    tables = SQLModel.metadata.tables
    producer, category = tables["producer"], tables["producer_category"]
    chosen = sa.select(producer.c.id)
    if scope.provinces is not None:
        chosen = chosen.where(producer.c.province_code.in_(scope.provinces))
    if scope.communes is not None:
        chosen = chosen.where(producer.c.commune_code.in_(scope.communes))
    if scope.categories is not None:
        matching = sa.select(category.c.producer_id).where(category.c.category.in_(scope.categories))
        chosen = chosen.where(producer.c.id.in_(matching))
    return chosen


def _condition(table: type[SQLModel], columns: tuple[str, ...], scope: Scope) -> Any:
    owners = [getattr(table, column) for column in columns]
    if scope.reach is Reach.PRODUCER:
        return sa.or_(*(owner == scope.producer_id for owner in owners))
    return sa.or_(*(owner.in_(producers_in(scope)) for owner in owners))


def filter_reads(execution: ORMExecuteState) -> None:
    """Session listener (`do_orm_execute`): adds the scope to every statement on an owned table.

    Raises `OutOfScope` when the session has no scope.
    """
    scope: Scope | None = execution.session.info.get("scope")
    if scope is None:
        raise OutOfScope("this session has no scope")
    if scope.reach in (Reach.EVERYTHING, Reach.PUBLIC) or execution.is_column_load:
        return
    made: dict[Scope, list[Any]] = execution.session.info.setdefault("scope_options", {})
    if scope not in made:  # once per session: building them costs more than most statements
        made[scope] = [
            with_loader_criteria(table, _condition(table, columns, scope), include_aliases=True)
            for table, columns in _owners.items()
        ]
    execution.statement = execution.statement.options(*made[scope])


def check_writes(session: Session) -> None:
    """Session listener (`before_flush`): refuses to add or change rows that are not the actor's.

    Raises `OutOfScope`. Owned rows are never deleted: facts are corrected, not removed.
    """
    scope: Scope | None = session.info.get("scope")
    for row in (*session.new, *session.dirty, *session.deleted):
        columns = _owners.get(type(row))
        if columns is None or (row in session.dirty and not session.is_modified(row)):
            continue
        if scope is None:
            raise OutOfScope("this session has no scope")
        if scope.reach is Reach.EVERYTHING:
            continue
        if scope.reach is Reach.PUBLIC:
            allowed = row in session.new and getattr(row, "WRITABLE_BY_VISITORS", False)
        else:
            allowed = any(covers(session, scope, getattr(row, column)) for column in columns)
        if not allowed:
            raise OutOfScope(f"{type(row).__name__} {getattr(row, 'id', '')} is outside the actor's scope")


@contextmanager
def beyond_scope(session: Session) -> Iterator[None]:
    """Widens the scope of a session for a few lines, where a rule of the trade reaches over tenants by its nature:
    a recall walks to all descendants, a delivery crosses from one producer to another. Named so that it can be found.
    """
    narrow = session.info.get("scope")
    session.flush()
    session.info["scope"] = EVERYTHING
    try:
        yield
        session.flush()
    finally:
        session.info["scope"] = narrow


def covers(session: Session, scope: Scope, producer_id: str | None, *, anew: bool = False) -> bool:
    """Whether a producer lies within a scope. Answers are kept for the length of the session, unless asked `anew`."""
    if producer_id is None:
        return False
    if scope.reach in (Reach.EVERYTHING, Reach.PUBLIC):
        return True
    if scope.reach is Reach.PRODUCER:
        return producer_id == scope.producer_id
    known: dict[str, bool] = session.info.setdefault("covered", {})
    if anew:
        known.pop(producer_id, None)
    if producer_id not in known:
        producer = SQLModel.metadata.tables["producer"]
        statement = producers_in(scope).where(producer.c.id == producer_id)
        with session.no_autoflush:
            known[producer_id] = session.connection().execute(statement).first() is not None
    return known[producer_id]
