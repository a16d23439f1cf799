"""The growing area (vùng trồng) and its codes (mã số vùng trồng).

An area is a polygon on which one crop grows. It may hold several codes: one per family and market, each with the
authority that granted it, its validity and the history of its state. A code is an opaque string, kept as issued.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.addresses import Address
from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Json, Record, choice


class AreaState(StrEnum):
    """The life of an area on the platform."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class CodeFamily(StrEnum):
    """Two families that never share a column: the domestic code (Crop Production Law, Art. 64) and the export code."""

    DOMESTIC = "domestic"
    EXPORT = "export"


class CodeState(StrEnum):
    """The life of a code."""

    APPLIED = "applied"
    GRANTED = "granted"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class GrowingArea(Record, ProducerOwned, Address, table=True):
    """A growing area. Areas are kept in whole square metres; `geometry` is a GeoJSON Polygon (lon, lat)."""

    __tablename__ = "growing_area"
    __table_args__ = (
        sa.UniqueConstraint("producer_id", "name"),
        sa.CheckConstraint("declared_m2 > 0", name="declared_positive"),
        sa.CheckConstraint("computed_m2 > 0", name="computed_positive"),
        sa.Index("ix_growing_area_box", "west", "east", "south", "north"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"name", "crop_id", "state", "commune_code", "province_code"})
    UNLOGGED: ClassVar[dict[str, str]] = {
        "search": "derived from the name and codes",
        **dict.fromkeys(("west", "east", "south", "north"), "derived from the polygon"),
    }

    name: str = Field(max_length=200)
    search: str = Field(default="", max_length=600)
    crop_id: str = Field(foreign_key="crop.id", index=True, max_length=40)
    declared_m2: int = Field(sa_type=sa.BigInteger)
    computed_m2: int = Field(sa_type=sa.BigInteger)
    geometry: dict[str, Any] = Field(sa_type=Json)
    west: float
    south: float
    east: float
    north: float
    households: int | None = Field(default=None, ge=0)
    colonies: int | None = Field(default=None, ge=0)
    planted_year: int | None = None
    note: str = Field(default="", max_length=1000)
    state: AreaState = Field(default=AreaState.DRAFT, sa_type=choice(AreaState), index=True)
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)


class AreaCode(Record, ProducerOwned, table=True):
    """One code of an area, for one market. `market` is an ISO 3166 country code, VN for the domestic family."""

    __tablename__ = "area_code"
    __table_args__ = (
        sa.UniqueConstraint("area_id", "code", "market"),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to", name="validity"
        ),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"area_id", "family", "market", "code", "authority", "decision_no", "valid_from", "valid_to", "state"}
    )
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the code"}

    area_id: str = Field(foreign_key="growing_area.id", index=True, max_length=16)
    family: CodeFamily = Field(sa_type=choice(CodeFamily))
    market: str = Field(max_length=2)
    code: str = Field(max_length=60, index=True)
    search: str = Field(default="", max_length=80, index=True)
    authority: str = Field(default="", max_length=200)
    decision_no: str = Field(default="", max_length=80)
    issued_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    scheme: str = Field(default="", max_length=200)
    state: CodeState = Field(default=CodeState.APPLIED, sa_type=choice(CodeState), index=True)


class AreaCodeChange(Record, ProducerOwned, table=True):
    """One line of a code's history: from when it was in which state, who said so and why."""

    __tablename__ = "area_code_change"
    OPEN: ClassVar[frozenset[str]] = frozenset({"area_code_id", "state", "from_on", "reason"})

    area_code_id: str = Field(foreign_key="area_code.id", index=True, max_length=16)
    state: CodeState = Field(sa_type=choice(CodeState))
    from_on: date
    reason: str = Field(default="", max_length=400)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    account_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)


class PackingHouse(Record, ProducerOwned, Address, table=True):
    """A packing house (cơ sở đóng gói) with its own code and the markets the code is good for."""

    __tablename__ = "packing_house"
    __table_args__ = (sa.UniqueConstraint("producer_id", "code"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"name", "code", "markets", "valid_to", "state", "gln"})
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the name and code"}

    name: str = Field(max_length=200)
    search: str = Field(default="", max_length=400)
    code: str = Field(max_length=60, index=True)
    markets: list[str] = Field(default_factory=list, sa_type=Json)
    authority: str = Field(default="", max_length=200)
    decision_no: str = Field(default="", max_length=80)
    gln: str | None = Field(default=None, max_length=13)
    valid_from: date | None = None
    valid_to: date | None = None
    state: CodeState = Field(default=CodeState.APPLIED, sa_type=choice(CodeState))
