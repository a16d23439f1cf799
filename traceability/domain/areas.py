"""The growing area (vùng trồng) and its codes (mã số vùng trồng).

An area is a polygon on which one crop grows. It may hold several codes: one per family and market, each with the
authority that granted it, its validity and the history of its state. A code is an opaque string, kept as issued.
"""

import json
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, select

from traceability.domain import geometry as polygons
from traceability.domain import ledger, notices, own_references, ownership, polygon_files, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import Address, AddressInput
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import Gln
from traceability.domain.ownership import ProducerOwned
from traceability.domain.products import Crop
from traceability.domain.quantities import Hectares
from traceability.domain.records import Instant, Json, Record, choice
from traceability.domain.text import Block, Name, ShortLine, fold

#: From this difference on, declared and computed hectares are shown as differing.
DEVIATION_PERCENT = 10


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
        sa.Index("uq_growing_area_external_ref", "producer_id", "external_ref", unique=True),
    )
    #: not the name: a household's field is called after the family, and no public page tells it
    OPEN: ClassVar[frozenset[str]] = frozenset({"crop_id", "state", "commune_code", "province_code"})
    LATER: ClassVar[dict[str, Any]] = {"gln": None, "external_ref": None}
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
    #: the location number of GS1, if it has one: a Digital Link that names it leads here
    gln: str | None = Field(default=None, max_length=13, index=True)
    note: str = Field(default="", max_length=1000)
    external_ref: str | None = Field(default=None, max_length=80)
    state: AreaState = Field(default=AreaState.DRAFT, sa_type=choice(AreaState), index=True)
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    @property
    def deviation_percent(self) -> int:
        """By how much the declared area differs from the drawn one: +20 when a fifth more is declared."""
        return round((self.declared_m2 / self.computed_m2 - 1) * 100)

    @property
    def differs(self) -> bool:
        """Whether declared and computed hectares are too far apart to pass without a word."""
        return abs(self.declared_m2 - self.computed_m2) * 100 > DEVIATION_PERCENT * self.computed_m2

    def may_grow(self, crop_id: str) -> bool:
        """Whether a batch of this crop may come from here now."""
        return self.state is AreaState.APPROVED and self.crop_id == crop_id

    def must_be_of(self, crop_id: str, field: str = "area_id") -> None:
        """Demands that batches of this crop may come from here at all. Whether it was suspended on the day of a
        harvest is for the rules to say, which look at that day.

        Raises `RuleBroken`: `areas.still_draft`, `areas.withdrawn`, `areas.other_crop`.
        """
        if self.state is not AreaState.SUSPENDED or self.crop_id != crop_id:
            self.must_grow(crop_id, field)

    def must_grow(self, crop_id: str, field: str = "area_id") -> None:
        """Demands that a batch of this crop may come from here now.

        Raises `RuleBroken`: `areas.still_draft`, `areas.suspended`, `areas.withdrawn`, `areas.other_crop`.
        """
        if self.state is not AreaState.APPROVED:
            word = "still_draft" if self.state is AreaState.DRAFT else self.state.value
            raise RuleBroken(f"areas.{word}", field, name=self.name)
        if self.crop_id != crop_id:
            raise RuleBroken("areas.other_crop", field, name=self.name)


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

    def good_on(self, day: date) -> bool:
        """Whether the code is granted and valid on a day."""
        return (
            self.state is CodeState.GRANTED
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )

    def must_be_good_on(self, day: date, field: str = "area_code") -> None:
        """Demands that the code is granted and valid on a day.

        Raises `RuleBroken`: `area_codes.applied`, `.suspended`, `.withdrawn`, `.not_yet_valid`, `.expired`.
        """
        if self.state is not CodeState.GRANTED:
            raise RuleBroken(f"area_codes.{self.state.value}", field, code=self.code)
        self.must_be_valid_on(day, field)

    def must_be_valid_on(self, day: date, field: str = "area_code") -> None:
        """Demands that a day lies within the code's validity. Raises `area_codes.not_yet_valid`, `.expired`."""
        late = self.valid_to is not None and day > self.valid_to
        if late or (self.valid_from is not None and day < self.valid_from):
            raise RuleBroken(f"area_codes.{'expired' if late else 'not_yet_valid'}", field, code=self.code)


class AreaCodeChange(Record, ProducerOwned, table=True):
    """One line of a code's history: from when it was in which state, who said so and why."""

    __tablename__ = "area_code_change"
    OPEN: ClassVar[frozenset[str]] = frozenset({"area_code_id", "state", "from_on"})

    area_code_id: str = Field(foreign_key="area_code.id", index=True, max_length=16)
    state: CodeState = Field(sa_type=choice(CodeState))
    from_on: date
    reason: str = Field(default="", max_length=400)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    account_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)


def _read_polygon(value: Any) -> Any:
    """The polygon of a GeoJSON, KML or corner text, or of GeoJSON already read; refused in pydantic's form."""
    if isinstance(value, dict):
        value = json.dumps(value)
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("polygon.missing", "a polygon is needed")
    try:
        return polygon_files.read_file(value.encode("utf-8", "surrogatepass"), None)
    except RuleBroken as refused:
        facts = dict(refused.facts)
        raise PydanticCustomError(refused.code, "this polygon is not accepted", facts) from None


class AreaInput(AddressInput):
    """What a person may say of a growing area. `corners` is sent only where nobody can draw: then it is what counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    crop_id: ShortLine
    declared_ha: Hectares
    geometry: Annotated[dict[str, Any], BeforeValidator(_read_polygon)]
    corners: str | None = None
    households: int | None = pydantic.Field(default=None, ge=1, le=100_000)
    colonies: int | None = pydantic.Field(default=None, ge=1, le=1_000_000)
    planted_year: int | None = pydantic.Field(default=None, ge=1900)
    gln: Gln | None = None
    note: Annotated[Block, pydantic.Field(max_length=1000)] | None = None
    external_ref: ShortLine | None = None

    @model_validator(mode="before")
    @classmethod
    def _corners_for_polygon(cls, data: Any) -> Any:
        if isinstance(data, dict) and (data.get("corners") or not data.get("geometry")):
            return data | {"geometry": data.get("corners") or ""}
        return data


def register(session: Session, actor: Actor, value: AreaInput) -> GrowingArea:
    """A producer writes a growing area down, as a draft to be approved.

    Raises `RuleBroken`: `access.not_permitted`, `areas.reference_taken`, `areas.name_taken`, `areas.gln_taken`,
    `areas.crop_unknown`, `areas.planted_in_future`.
    """
    actor.must(Permission.MANAGE_AREAS)
    own_references.must_be_new(session, GrowingArea, actor.tenant(), value.external_ref)
    _check(session, actor.tenant(), value, None)
    area = GrowingArea(producer_id=actor.tenant(), external_ref=value.external_ref, **_columns(value))
    session.add(area)
    session.flush()
    rules.judge(session, area, "area")
    ledger.record(session, "area.registered", area)
    return area


def revise(session: Session, actor: Actor, area_id: str, value: AreaInput) -> GrowingArea:
    """A producer corrects an area. With another boundary or crop an approved area is a draft again. The reference under
    which a program registered it stays.

    Raises as `register` does, and `areas.suspended_unchangeable` for the boundary or crop of a suspended area.
    """
    actor.must(Permission.MANAGE_AREAS)
    area = records.lock(session, GrowingArea, area_id)
    _check(session, area.producer_id, value, area.id)
    columns = _columns(value)
    if (area.geometry, area.crop_id) != (columns["geometry"], columns["crop_id"]):
        if area.state in (AreaState.SUSPENDED, AreaState.WITHDRAWN):
            raise RuleBroken("areas.suspended_unchangeable", "geometry")
        area.state = AreaState.DRAFT
    for column, content in columns.items():
        setattr(area, column, content)
    index(session, area)
    session.flush()
    rules.judge(session, area, "area")
    ledger.record(session, "area.revised", area)
    return area


def approve(session: Session, actor: Actor, area_id: str, seen: int | None = None) -> GrowingArea:
    """An agency approves a draft: batches may come from the area from now on.

    `seen` is the revision that was looked at. Raises `RuleBroken`: `access.not_permitted`, `areas.not_a_draft`,
    `records.changed`.
    """
    actor.must(Permission.APPROVE_AREA, Permission.CONFIRM_AREA)
    area = records.lock(session, GrowingArea, area_id)
    if area.state is not AreaState.DRAFT:
        raise RuleBroken("areas.not_a_draft")
    area.must_be_as_seen(seen)
    area.state = AreaState.APPROVED
    area.approved_at = now()
    area.approved_by_agency_id = actor.agency_id
    session.flush()
    rules.judge(session, area, "grant")
    ledger.record(session, "area.approved", area)
    notices.post(session, "area_approved", producer_id=area.producer_id, subject=area, name=area.name)
    return area


def codes_of(session: Session, area_ids: list[str]) -> dict[str, list[AreaCode]]:
    """The codes of each of these areas, by area."""
    found: dict[str, list[AreaCode]] = {area_id: [] for area_id in area_ids}
    for portion in records.portions(area_ids):
        statement = select(AreaCode).where(col(AreaCode.area_id).in_(portion))
        for code in session.exec(statement.order_by(AreaCode.market, AreaCode.code)).all():
            found[code.area_id].append(code)
    return found


def all_of(session: Session, producer_id: str | None = None) -> list[GrowingArea]:
    """The areas within the scope (of one producer, if named), by name."""
    statement = select(GrowingArea).order_by(GrowingArea.search)
    if producer_id is not None:
        statement = statement.where(GrowingArea.producer_id == producer_id)
    return list(session.exec(statement).all())


def waiting_for_approval(session: Session) -> list[GrowingArea]:
    """The drafts within the scope, the oldest first."""
    statement = select(GrowingArea).where(GrowingArea.state == AreaState.DRAFT)
    return list(session.exec(statement.order_by(col(GrowingArea.created_at))).all())


def _check(session: Session, producer_id: str, value: AreaInput, area_id: str | None) -> None:
    if value.planted_year and value.planted_year > today().year:
        raise RuleBroken("areas.planted_in_future", "planted_year")
    if session.get(Crop, value.crop_id) is None:
        raise RuleBroken("areas.crop_unknown", "crop_id")
    same = select(GrowingArea.id).where(
        GrowingArea.producer_id == producer_id, GrowingArea.name == value.name
    )
    if any(found != area_id for found in session.exec(same).all()):
        raise RuleBroken("areas.name_taken", "name", name=value.name)
    with ownership.beyond_scope(session):  # a location number names one place in the world
        numbered = select(GrowingArea.id).where(
            GrowingArea.gln == value.gln, col(GrowingArea.gln).is_not(None)
        )
        if any(found != area_id for found in session.exec(numbered).all()):
            raise RuleBroken("areas.gln_taken", "gln")


def _columns(value: AreaInput) -> dict[str, Any]:
    west, south, east, north = polygons.bounds(value.geometry)
    return value.address_columns() | {
        "name": value.name,
        "search": fold(value.name)[:600],
        "crop_id": value.crop_id,
        "declared_m2": int(value.declared_ha),
        "computed_m2": polygons.area_m2(value.geometry),
        "geometry": value.geometry,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "households": value.households,
        "colonies": value.colonies,
        "planted_year": value.planted_year,
        "gln": value.gln,
        "note": value.note or "",
    }


def index(session: Session, area: GrowingArea) -> None:
    """Makes the area findable by its name and all its codes."""
    codes = " ".join(f"{code.code} {code.search}" for code in codes_of(session, [area.id])[area.id])
    area.search = fold(f"{area.name} {codes}")[:600]
