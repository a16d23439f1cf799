"""The scan (lượt quét) and its verdict: `resolve` is the whole meaning of a scan.

What is kept of a scan follows the privacy rules: the minute, the outcome, the kind of device, and a mark of the visitor
that is good for one stamp and one day. No address, no precise place, nothing that joins two stamps.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import local_day, now
from traceability.domain.moments import start_of
from traceability.domain.records import Instant, choice
from traceability.domain.stamps import RangeState, StampOrder, StampRange, VoidReason

#: How long single scans are kept; what remains are totals by day and by stamp.
KEPT_DAYS = 30
_MARK_BYTES = 8


class Verdict(StrEnum):
    """What a scan says of a code; the first that applies, in this order. Never that a product is genuine."""

    RECALLED = "recalled"
    VOID = "void"
    SUSPENDED = "suspended"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    ACTIVE = "active"
    UNKNOWN = "unknown"


class Scan(SQLModel, table=True):
    """One opened page. `at` is cut to the minute; rows older than 30 days become daily totals."""

    id: int | None = Field(
        default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite")
    )
    epoch_number: int
    serial: int = Field(sa_type=sa.BigInteger)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    at: datetime = Field(sa_type=Instant, index=True)
    verdict: Verdict = Field(sa_type=choice(Verdict))
    #: HMAC over (serial, truncated address, user agent) under a key destroyed daily
    visitor: bytes | None = None
    device: str = Field(default="", max_length=10)
    language: str = Field(default="vi", max_length=5)
    #: only with the visitor's consent
    province_code: str | None = Field(default=None, max_length=2)


class StampCount(SQLModel, table=True):
    """How often a stamp was opened, and since when."""

    __tablename__ = "stamp_count"

    epoch_number: int = Field(primary_key=True)
    serial: int = Field(primary_key=True, sa_type=sa.BigInteger)
    opened: int = 0
    first_at: datetime = Field(sa_type=Instant)
    last_at: datetime = Field(sa_type=Instant)
    #: different visitors, each counted once a day; None for a stamp that was opened before they were counted
    visitors: int | None = None
    #: where visitors said that they looked at it, as `scan_provinces.written` writes it
    provinces: str = Field(default="", max_length=600, sa_column_kwargs={"server_default": ""})


class ScanDay(SQLModel, table=True):
    """Scans of a batch on one day by verdict."""

    __tablename__ = "scan_day"

    day: date = Field(primary_key=True)
    batch_id: str = Field(primary_key=True, foreign_key="batch.id", max_length=16)
    verdict: Verdict = Field(primary_key=True, sa_type=choice(Verdict))
    opened: int = 0


class DayVisitor(SQLModel, table=True):
    """A visitor's mark of one stamp, so that it is counted once a day; the row is deleted when the day is over."""

    __tablename__ = "day_visitor"

    mark: int = Field(primary_key=True, sa_type=sa.BigInteger)
    day: date


class VisitorKey(SQLModel, table=True):
    """The key of one day's visitor marks; the row is deleted when the day is over."""

    __tablename__ = "visitor_key"

    day: date = Field(primary_key=True)
    key: bytes


# --- what a scan means -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resolution:
    """What is known of an issued code on a day. `stamps_id` is its range; `opened` leaves out the scan that asks.

    `visitors`: how many different visitors that were, each counted once a day; None where nobody counted.
    `provinces`: where they said that they were, see `scan_provinces.read`.
    """

    verdict: Verdict
    epoch: int
    serial: int
    batch_id: str
    batch_version: int
    stamps_id: str
    demo: bool = False
    void_reason: VoidReason | None = None
    activated_at: datetime | None = None
    opened: int = 0
    first_opened_at: datetime | None = None
    visitors: int | None = None
    provinces: str = ""


#: A range whose stamps have been put to use; in every other living state they are still on the roll.
_IN_USE = frozenset({RangeState.ACTIVE, RangeState.CLOSED})


def verdict_of(
    batch_state: BatchState, range_state: RangeState, best_before_on: date | None, today: date
) -> Verdict:
    """The verdict: recalled, void, suspended (a held batch too), inactive, expired, active; the first that applies."""
    if batch_state is BatchState.RECALLED:
        return Verdict.RECALLED
    if range_state is RangeState.VOID:
        return Verdict.VOID
    if range_state is RangeState.SUSPENDED or batch_state is BatchState.HELD:
        return Verdict.SUSPENDED
    if range_state not in _IN_USE or batch_state is BatchState.OPEN:
        return Verdict.INACTIVE
    if best_before_on is not None and best_before_on < today:
        return Verdict.EXPIRED
    return Verdict.ACTIVE


def resolve(session: Session, epoch: int, serial: int, today: date) -> Resolution | None:
    """The whole meaning of a scan of the code (epoch, serial) on a day.

    None when no range holds the serial: the code's tag is good, but the stamp is not on record (after a restore).
    """
    its_count = sa.and_(col(StampCount.epoch_number) == epoch, col(StampCount.serial) == serial)
    statement = (
        select(StampRange, Batch, StampOrder.demo, StampCount)
        .join(Batch, col(Batch.id) == col(StampRange.batch_id))
        .join(StampOrder, col(StampOrder.id) == col(StampRange.order_id))
        .join(StampCount, its_count, isouter=True)
        .where(StampRange.epoch_number == epoch, col(StampRange.first_serial) <= serial)
        .order_by(col(StampRange.first_serial).desc())
        .limit(1)
    )
    row = session.exec(statement).first()
    if row is None or row[0].last_serial < serial:
        return None
    stamps, batch, demo = row[:3]
    count: StampCount | None = row[3]
    return Resolution(
        verdict=verdict_of(batch.state, stamps.state, batch.best_before_on, today),
        epoch=epoch,
        serial=serial,
        batch_id=batch.id,
        batch_version=batch.page_version,
        stamps_id=stamps.id,
        demo=demo,
        void_reason=stamps.void_reason,
        activated_at=stamps.activated_at,
        opened=0 if count is None else count.opened,
        first_opened_at=count.first_at if count and count.opened else None,
        visitors=None if count is None else count.visitors,
        provinces="" if count is None else count.provinces,
    )


# --- what is kept of a scan ------------------------------------------------------------------------------------------

_SCAN = """
INSERT INTO scan (epoch_number, serial, batch_id, at, verdict, visitor, device, language)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_COUNT = """
INSERT INTO stamp_count (epoch_number, serial, opened, first_at, last_at, visitors) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (epoch_number, serial)
DO UPDATE SET opened = stamp_count.opened + excluded.opened, last_at = excluded.last_at,
              first_at = CASE WHEN stamp_count.opened = 0 THEN excluded.first_at ELSE stamp_count.first_at END,
              visitors = stamp_count.visitors + excluded.visitors
"""
_DAY = """
INSERT INTO scan_day (day, batch_id, verdict, opened) VALUES (?, ?, ?, ?)
ON CONFLICT (day, batch_id, verdict) DO UPDATE SET opened = scan_day.opened + excluded.opened
"""

_NEW_ON_SQLITE = """
INSERT INTO day_visitor (day, mark) SELECT ?, value FROM json_each(?) WHERE true
ON CONFLICT (mark) DO NOTHING RETURNING mark
"""
_NEW_ON_POSTGRESQL = """
INSERT INTO day_visitor (day, mark) SELECT %s, value::bigint FROM json_array_elements_text(%s::json)
ON CONFLICT (mark) DO NOTHING RETURNING mark
"""


class Sighting(NamedTuple):
    """A scan to be recorded. `network` is the visitor's address without its last part (/24, /48); it and the user
    agent enter the visitor's mark and are written down nowhere."""

    epoch: int
    serial: int
    batch_id: str
    at: datetime
    verdict: Verdict
    network: str = ""
    agent: str = ""
    device: str = ""
    language: str = "vi"


def record(session: Session, sightings: Sequence[Sighting]) -> None:
    """Records scans: a row each, and the totals of their stamps and days. Any number of writers may do so at once."""
    if not sightings:
        return
    minutes = {seen.at: seen.at.replace(second=0, microsecond=0) for seen in sightings}
    day_of = {minute: local_day(minute) for minute in set(minutes.values())}
    keys = {day: _day_key(session, day) for day in sorted(set(day_of.values()))}
    stored = {minute: _stored(session, Instant(), minute) for minute in day_of}
    rows = []
    stamps: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    came: dict[date, dict[int, tuple[int, int]]] = defaultdict(dict)
    days: dict[tuple[date, str, Verdict], int] = defaultdict(int)
    for seen in sightings:
        minute = minutes[seen.at]
        day = day_of[minute]
        mark, verdict = visitor_mark(keys[day], seen), seen.verdict.value
        place = (seen.epoch, seen.serial)
        rows.append(
            (*place, seen.batch_id, stored[minute], verdict, mark, seen.device[:10], seen.language[:5])
        )
        stamps[place].append(minute)
        came[day][int.from_bytes(mark, "big", signed=True)] = place
        days[day, seen.batch_id, seen.verdict] += 1
    _write(session, _SCAN, rows)
    # in one order, so that writers cannot block each other
    visitors = Counter(
        marks[mark] for day, marks in sorted(came.items()) for mark in new_marks(session, day, sorted(marks))
    )
    counts = [
        (*place, len(times), stored[min(times)], stored[max(times)], visitors[place])
        for place, times in sorted(stamps.items())
    ]
    _write(session, _COUNT, counts)
    totals = [
        (_stored(session, sa.Date(), day), batch_id, verdict.value, number)
        for (day, batch_id, verdict), number in sorted(days.items())
    ]
    _write(session, _DAY, totals)


def visitor_mark(key: bytes, seen: Sighting, act: str = "") -> bytes:
    """The visitor's mark: the same for one stamp on one day (and one act other than looking), and for nothing else."""
    message = "\0".join((str(seen.epoch), str(seen.serial), seen.network, seen.agent) + (act,) * bool(act))
    return hmac.digest(key, message.encode(), hashlib.sha256)[:_MARK_BYTES]


def is_first_act(session: Session, day: date, seen: Sighting, act: str) -> bool:
    """Whether the visitor does something with the stamp for the first time on a day; from now on it was done."""
    mark = visitor_mark(_day_key(session, day), seen, act)
    return bool(new_marks(session, day, [int.from_bytes(mark, "big", signed=True)]))


def begin_count(session: Session, epoch: int, serial: int) -> None:
    """Makes sure that a stamp has a count: of 0 where nobody opened it yet."""
    moment = now()
    values = {"epoch_number": epoch, "serial": serial, "opened": 0, "visitors": 0, "provinces": ""}
    statement = _insert(session, StampCount).on_conflict_do_nothing(index_elements=["epoch_number", "serial"])
    session.connection().execute(statement, [values | {"first_at": moment, "last_at": moment}])


def forget(session: Session, today: date) -> None:
    """Deletes what may not be kept: keys and marks of days that are over, and single scans older than 30 days.

    The totals by day and by stamp were counted when the scans were recorded.
    """
    session.execute(sa.delete(VisitorKey).where(col(VisitorKey.day) < today))
    session.execute(sa.delete(DayVisitor).where(col(DayVisitor.day) < today))
    oldest = today - timedelta(days=KEPT_DAYS)
    session.execute(sa.delete(Scan).where(col(Scan.at) < start_of(oldest)))


def new_marks(session: Session, day: date, marks: Sequence[int]) -> list[int]:
    """Those of a day's marks that were not seen before; from now on they are. One statement, however many writers."""
    sqlite_too = session.get_bind().dialect.name != "postgresql"
    question = _NEW_ON_SQLITE if sqlite_too else _NEW_ON_POSTGRESQL
    values = (_stored(session, sa.Date(), day), json.dumps(list(marks)))
    return [row[0] for row in session.connection().exec_driver_sql(question, values)]


def _day_key(session: Session, day: date) -> bytes:
    statement = _insert(session, VisitorKey).on_conflict_do_nothing(index_elements=["day"])
    session.connection().execute(statement, [{"day": day, "key": secrets.token_bytes(32)}])
    return session.exec(select(VisitorKey.key).where(VisitorKey.day == day)).one()


def _write(session: Session, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Many rows straight through the driver: this runs for every scan, and mapped statements cost twice as much.

    They go in by the hundred: the driver gives way to other threads at each statement, and waits to come back.
    """
    if session.get_bind().dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    connection, start = session.connection(), 0
    for together in (100, 10, 1):
        text = _of_rows(statement, together)
        while len(rows) - start >= together:
            values = tuple(chain.from_iterable(rows[start : start + together]))
            connection.exec_driver_sql(text, values)
            start += together


@lru_cache(maxsize=32)
def _of_rows(statement: str, number: int) -> str:
    """The statement for so many rows at once."""
    before, row, after = re.split(r"(?<=VALUES )(\([^)]*\))", statement, maxsplit=1)
    return before + ", ".join([row] * number) + after


def _stored(session: Session, kind: Any, value: Any) -> Any:
    """A value as the driver takes it for a column of a kind."""
    dialect = session.get_bind().dialect
    processor = kind.dialect_impl(dialect).bind_processor(dialect)
    return processor(value) if processor else value


def _insert(session: Session, table: type[SQLModel]) -> Any:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
