"""The log as people read it (nhật ký hệ thống): who did what, when, to whose record. Within the scope, newest first.

A leaf belongs to a producer, or to nobody (agencies, reference data); what belongs to nobody is shown only to those who
see everything. The commitments inside the leaves are not shown: they say nothing to a reader.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability.domain.accounts import Account
from traceability.domain.agencies import Agency
from traceability.domain.ledger import LogEntry, LogLeaf
from traceability.domain.moments import start_of
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.registers import PAGE_SIZE, Page

#: An export holds the newest lines, at most so many.
EXPORT_LIMIT = 20_000
_ON_BEHALF = b'"on_behalf":true'  # as the canonical bytes of a leaf say it


@dataclass(frozen=True)
class Person:
    """Who acted: an account's name, and its agency or producer."""

    name: str
    organisation: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the log. `table` and `record_id` name the row that the fact is about."""

    position: int
    kind: str
    at: datetime
    person: Person | None
    on_behalf: bool
    producer: str
    producer_id: str | None
    table: str
    record_id: str
    rows: int
    leaf_hash: bytes


@dataclass(frozen=True)
class Sought:
    """Which lines are wanted. `kind` is a fact (`batch.registered`) or the concept before its dot (`batch`)."""

    kind: str = ""
    producer_id: str = ""
    record_id: str = ""
    first: date | None = None
    last: date | None = None
    number: int | None = 1


def lines(session: Session, sought: Sought) -> Page[Line]:
    """One page of the log."""
    everything = session.info.get("scope") == EVERYTHING
    statement: Any = select(LogLeaf, Producer.id, Producer.name).join(
        Producer, col(Producer.id) == col(LogLeaf.tenant), isouter=everything
    )
    if sought.kind:
        column = col(LogLeaf.kind)
        exact = "." in sought.kind
        statement = statement.where(
            column == sought.kind if exact else column.startswith(sought.kind + ".", autoescape=True)
        )
    if sought.producer_id:
        statement = statement.where(col(LogLeaf.tenant) == sought.producer_id)
    if sought.record_id:
        about = select(LogEntry.position).where(LogEntry.record_id == sought.record_id)
        statement = statement.where(col(LogLeaf.position).in_(about))
    if sought.first:
        statement = statement.where(col(LogLeaf.at) >= start_of(sought.first))
    if sought.last:
        statement = statement.where(col(LogLeaf.at) < start_of(sought.last + timedelta(days=1)))
    counted = statement.with_only_columns(sa.func.count(), maintain_column_froms=True)
    count = int(session.execute(counted).scalar_one())
    size = EXPORT_LIMIT if sought.number is None else PAGE_SIZE
    pages = max(1, -(-count // size))
    number = min(max(sought.number or 1, 1), pages)
    ordered = statement.order_by(col(LogLeaf.position).desc()).offset((number - 1) * size).limit(size)
    found = session.exec(ordered).all()
    return Page(_told(session, [tuple(row) for row in found]), number, pages, count)


def people(session: Session, account_ids: Iterable[str | None]) -> dict[str, Person]:
    """The names behind accounts, with the agency or producer they act for."""
    wanted = {account_id for account_id in account_ids if account_id}
    statement = (
        select(Account.id, Account.display_name, Agency.name, Producer.name)
        .outerjoin(Agency, col(Agency.id) == col(Account.agency_id))
        .outerjoin(Producer, col(Producer.id) == col(Account.producer_id))
        .where(col(Account.id).in_(wanted))
    )
    if not wanted:
        return {}
    return {
        account_id: Person(name, agency or producer or "")
        for account_id, name, agency, producer in session.exec(statement).all()
    }


def _told(session: Session, found: list[tuple[Any, ...]]) -> list[Line]:
    positions = [leaf.position for leaf, _id, _name in found]
    first: dict[int, LogEntry] = {}
    counts: dict[int, int] = {}
    for start in range(0, len(positions), 5000):
        some = positions[start : start + 5000]
        heads = select(LogEntry).where(col(LogEntry.position).in_(some), LogEntry.place == 0)
        first |= {entry.position: entry for entry in session.exec(heads).all()}
        sizes = select(LogEntry.position, sa.func.count()).where(col(LogEntry.position).in_(some))
        grouped = session.exec(sizes.group_by(col(LogEntry.position))).all()
        counts |= {position: int(number) for position, number in grouped}
    known = people(session, (leaf.actor for leaf, _id, _name in found))
    told = []
    for leaf, producer_id, producer in found:
        entry = first.get(leaf.position)
        told.append(
            Line(
                position=leaf.position,
                kind=leaf.kind,
                at=leaf.at,
                person=known.get(leaf.actor or ""),
                on_behalf=_ON_BEHALF in leaf.body,
                producer=producer or "",
                producer_id=producer_id,
                table=entry.table_name if entry else "",
                record_id=entry.record_id if entry else "",
                rows=counts.get(leaf.position, 0),
                leaf_hash=leaf.leaf_hash,
            )
        )
    return told
