"""The size of the log at the end of each day in Vietnam, found by the index over the moments of its leaves.

A day on which nothing was written has no size of its own: that of the day before stands.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from traceability.domain.clock import local_day
from traceability.domain.moments import start_of


@dataclass(frozen=True)
class LogDay:
    """A day that is over, and how many leaves the log had when it ended."""

    day: date
    size: int


def ended_before(connection: Connection, day: date, most: int) -> list[LogDay]:
    """Up to `most` days before `day` on which something was written, the newest first."""
    found: list[LogDay] = []
    while len(found) < most and (last := _last_moment_day(connection, day)) is not None:
        found.append(LogDay(last, _size_at_the_end(connection, last)))
        day = last
    return found


def _last_moment_day(connection: Connection, day: date) -> date | None:
    leaves = SQLModel.metadata.tables["log_leaf"]
    newest = sa.select(leaves.c.at).where(leaves.c.at < start_of(day)).order_by(leaves.c.at.desc()).limit(1)
    moment = connection.execute(newest).scalar()
    return None if moment is None else local_day(moment)


def _size_at_the_end(connection: Connection, day: date) -> int:
    """Leaves stand in the order of their moments, but for those that say only of what day they are (a suspicion that
    lies under no veil): their moment is the beginning of the day, and any place of the day may be theirs."""
    leaves = SQLModel.metadata.tables["log_leaf"]
    start, end = start_of(day), start_of(day + timedelta(days=1))
    last = sa.select(leaves.c.position).where(leaves.c.at > start, leaves.c.at < end)
    timed = connection.execute(last.order_by(leaves.c.at.desc(), leaves.c.position.desc()).limit(1)).scalar()
    of_the_day = sa.select(sa.func.max(leaves.c.position)).where(leaves.c.at == start)
    untimed = connection.execute(of_the_day).scalar()
    return max(int(position) for position in (timed, untimed) if position is not None) + 1
