"""The export consignment (lô hàng xuất khẩu): lots on their way abroad, with the codes and papers of their market.

It is put together as a draft, sealed when every lot may go to that market, and departs with its phytosanitary
certificate. When it is sealed its kilograms leave the stock as deliveries, once, and what was judged is kept with it.
"""

import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, select

from traceability.domain import batches, ledger, records, stamp_codes
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import Market
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.history import signature
from traceability.domain.ownership import ProducerOwned
from traceability.domain.products import Product
from traceability.domain.quantities import Day, Kilograms
from traceability.domain.records import Instant, Json, Record, RecordId, choice
from traceability.domain.text import Block, Line, ShortLine

MAX_LINES: Final = 50
#: A departure is planned at most two years ahead: a later day is a slip of the pen.
MOST_AHEAD: Final = timedelta(days=731)


class ConsignmentState(StrEnum):
    """The life of a consignment."""

    DRAFT = "draft"
    SEALED = "sealed"
    DEPARTED = "departed"
    CANCELLED = "cancelled"


class Treatment(StrEnum):
    """What a market may ask to be done with the goods against pests."""

    IRRADIATION = "irradiation"
    HOT_WATER = "hot_water"
    VAPOUR_HEAT = "vapour_heat"
    COLD = "cold"
    FUMIGATION = "fumigation"
    OTHER = "other"


class Consignment(Record, ProducerOwned, table=True):
    """A consignment for one market. `judged` holds the data by which it was let go, as they stood then."""

    __table_args__ = (
        sa.CheckConstraint("state <> 'departed' OR departed_on IS NOT NULL", name="departed"),
        sa.Index("ix_consignment_newest", "producer_id", "leaves_on"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"state"})

    number: str = Field(max_length=24, unique=True)
    market: str = Field(max_length=2)
    buyer: str = Field(max_length=200)
    buyer_contact: str = Field(default="", max_length=200)
    destination: str = Field(default="", max_length=200)
    port: str = Field(default="", max_length=200)
    #: the day for which codes and limits are looked at
    leaves_on: date
    packing_house_code: str = Field(default="", max_length=60)
    phyto_no: str = Field(default="", max_length=80)
    customs_no: str = Field(default="", max_length=80)
    container_no: str = Field(default="", max_length=80)
    seal_no: str = Field(default="", max_length=80)
    treatment: Treatment | None = Field(default=None, sa_type=choice(Treatment))
    treatment_facility: str = Field(default="", max_length=200)
    treatment_no: str = Field(default="", max_length=80)
    treatment_dose: str = Field(default="", max_length=80)
    treated_on: date | None = None
    note: str = Field(default="", max_length=1000)
    state: ConsignmentState = Field(default=ConsignmentState.DRAFT, sa_type=choice(ConsignmentState))
    sealed_at: datetime | None = Field(default=None, sa_type=Instant)
    departed_on: date | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    cancel_reason: str = Field(default="", max_length=1000)
    judged: dict[str, Any] | None = Field(default=None, sa_type=Json)
    #: a mark of what speaks against it, as whoever answers for it was told last; empty: nothing
    stopped_by: str = Field(default="", max_length=16, sa_column_kwargs={"server_default": ""})
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    UNLOGGED: ClassVar[dict[str, str]] = {"stopped_by": "follows from what is judged, for lists and notices"}

    def must_be(self, *states: ConsignmentState) -> None:
        """Demands one of these states. Raises `RuleBroken`: `consignments.<state>`."""
        if self.state not in states:
            raise RuleBroken(f"consignments.{self.state.value}", None, number=self.number)


class ConsignmentLine(Record, ProducerOwned, table=True):
    """Grams of one lot in a consignment; the delivery by which they left, once it is sealed."""

    __tablename__ = "consignment_line"
    __table_args__ = (sa.CheckConstraint("grams > 0", name="grams"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"consignment_id", "batch_id"})

    consignment_id: str = Field(foreign_key="consignment.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    grams: int = Field(sa_type=sa.BigInteger)
    delivery_id: str | None = Field(default=None, foreign_key="delivery.id", max_length=16)
    #: set when it was taken out of the draft
    dropped_at: datetime | None = Field(default=None, sa_type=Instant)


class ConsignmentInput(BaseModel):
    """What a person may say of a consignment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    market: Market
    buyer: Line
    buyer_contact: Line | None = None
    destination: Line | None = None
    port: Line | None = None
    leaves_on: Day
    packing_house_code: Annotated[Line | None, Limit(max_length=60)] = None
    phyto_no: ShortLine | None = None
    customs_no: ShortLine | None = None
    container_no: ShortLine | None = None
    seal_no: ShortLine | None = None
    treatment: Treatment | None = None
    treatment_facility: Line | None = None
    treatment_no: ShortLine | None = None
    treatment_dose: ShortLine | None = None
    treated_on: Day | None = None
    note: Note = ""


class LineInput(BaseModel):
    """A lot that goes into a consignment, with its weight; a second time it replaces the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consignment_id: RecordId
    batch_id: RecordId
    kilograms: Kilograms


class DepartInput(BaseModel):
    """When it left, under which phytosanitary certificate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consignment_id: RecordId
    departed_on: Day
    phyto_no: ShortLine
    customs_no: ShortLine | None = None
    port: Line | None = None


class CancelInput(BaseModel):
    """Why it never left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consignment_id: RecordId
    reason: Annotated[Block, Limit(min_length=5, max_length=1000)]


def draft(session: Session, actor: Actor, value: ConsignmentInput) -> Consignment:
    """Begins a consignment. Raises `RuleBroken`: `access.not_permitted`, `consignments.home_market`,
    `consignments.leaves_in_past`, `consignments.leaves_too_far`, `consignments.treated_after`.
    """
    actor.must(Permission.RECORD_EVENTS)
    _check(value, today())
    made = Consignment(
        producer_id=actor.tenant(),
        number=f"XK{today():%y%m%d}-" + "".join(secrets.choice(stamp_codes.ALPHABET) for _ in range(5)),
        **(_columns(value) | signature(actor)),
    )
    session.add(made)
    session.flush()
    ledger.record(session, "consignment.drafted", made)
    return made


def revise(session: Session, actor: Actor, consignment_id: str, value: ConsignmentInput) -> Consignment:
    """Changes a draft. Raises as `draft`, and `consignments.<state>` for one that is no draft any more."""
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, consignment_id)
    row.must_be(ConsignmentState.DRAFT)
    _check(value, min(row.leaves_on, today()))
    for column, content in _columns(value).items():
        setattr(row, column, content)
    ledger.record(session, "consignment.revised", row)
    return row


def put(session: Session, actor: Actor, value: LineInput) -> ConsignmentLine:
    """Puts a lot into a draft, or changes its weight there. Whether it may go is judged on the page and at the seal.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `consignments.other_producer`,
    `consignments.too_many_lots`, `consignments.<state>`.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, value.consignment_id)
    row.must_be(ConsignmentState.DRAFT)
    batch = batches.choose(session, value.batch_id)
    if batch.producer_id != row.producer_id:
        raise RuleBroken("consignments.other_producer", "batch_id")
    lines = lines_of(session, row.id)
    line = next((one for one in lines if one.batch_id == batch.id), None)
    if line is None:
        if len(lines) >= MAX_LINES:
            raise RuleBroken("consignments.too_many_lots", "batch_id", most=MAX_LINES)
        line = ConsignmentLine(
            producer_id=row.producer_id, consignment_id=row.id, batch_id=batch.id, grams=int(value.kilograms)
        )
        session.add(line)
    line.grams = int(value.kilograms)
    session.flush()
    ledger.record(session, "consignment.lot_put", line)
    return line


def drop(session: Session, actor: Actor, consignment_id: str, batch_id: str) -> Consignment:
    """Takes a lot out of a draft. Raises `RuleBroken`: `access.not_permitted`, `consignments.<state>`."""
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, consignment_id)
    row.must_be(ConsignmentState.DRAFT)
    for line in lines_of(session, row.id):
        if line.batch_id == batch_id:
            line.dropped_at = now()
            ledger.record(session, "consignment.lot_dropped", line)
    return row


def lines_of(session: Session, consignment_id: str) -> list[ConsignmentLine]:
    """The lots of a consignment, in the order in which they were put in."""
    statement = select(ConsignmentLine).where(
        ConsignmentLine.consignment_id == consignment_id, col(ConsignmentLine.dropped_at).is_(None)
    )
    return list(session.exec(statement.order_by(col(ConsignmentLine.created_at), ConsignmentLine.id)).all())


def contents(session: Session, consignment_id: str) -> list[tuple[ConsignmentLine, Batch, Product]]:
    """The lots of a consignment with what they are."""
    rows = []
    for line in lines_of(session, consignment_id):
        batch = records.find(session, Batch, line.batch_id)
        rows.append((line, batch, records.find(session, Product, batch.product_id)))
    return rows


def all_of(session: Session, producer_id: str | None = None, limit: int = 200) -> list[Consignment]:
    """The consignments within the scope (of one producer, if named), the newest first."""
    statement = select(Consignment).order_by(
        col(Consignment.leaves_on).desc(), col(Consignment.created_at).desc()
    )
    if producer_id is not None:
        statement = statement.where(Consignment.producer_id == producer_id)
    return list(session.exec(statement.limit(limit)).all())


def _check(value: ConsignmentInput, earliest: date) -> None:
    if value.market == "VN":
        raise RuleBroken("consignments.home_market", "market")
    if value.leaves_on < earliest:
        raise RuleBroken("consignments.leaves_in_past", "leaves_on", today=today())
    if value.leaves_on > (latest := today() + MOST_AHEAD):
        raise RuleBroken("consignments.leaves_too_far", "leaves_on", leaves_on=value.leaves_on, latest=latest)
    if value.treated_on and value.treated_on > value.leaves_on:
        raise RuleBroken("consignments.treated_after", "treated_on")


def _columns(value: ConsignmentInput) -> dict[str, Any]:
    given = value.model_dump()
    optional = ("treatment", "treated_on")
    return {name: text if text is not None or name in optional else "" for name, text in given.items()}
