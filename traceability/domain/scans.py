"""The scan (lượt quét) and its verdict: `resolve` is the whole meaning of a scan.

What is kept of a scan follows the privacy rules: the minute, the outcome, the kind of device, and a mark of the visitor
that is good for one stamp and one day. No address, no precise place, nothing that joins two stamps.
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from traceability.domain.records import Instant, choice


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


class ScanDay(SQLModel, table=True):
    """Scans of a batch on one day by verdict."""

    __tablename__ = "scan_day"

    day: date = Field(primary_key=True)
    batch_id: str = Field(primary_key=True, foreign_key="batch.id", max_length=16)
    verdict: Verdict = Field(primary_key=True, sa_type=choice(Verdict))
    opened: int = 0


class VisitorKey(SQLModel, table=True):
    """The key of one day's visitor marks; the row is deleted when the day is over."""

    __tablename__ = "visitor_key"

    day: date = Field(primary_key=True)
    key: bytes
