"""Farm inputs (vật tư nông nghiệp) and their lots: what stands in the store, until when it is good, what is left.

A product is what its label says: trade name, active ingredient, registration, and for each crop the days between use
and harvest. Days that the label does not give are unknown, never zero. Each lot is drawn by the entries of the diary.
"""

from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Limit
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.amounts import Measure, TypedAmount
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.products import Crop
from traceability.domain.quantities import Day
from traceability.domain.records import Json, Record, RecordId, choice
from traceability.domain.text import Line, ShortLine, fold
from traceability.domain.treatments import LONGEST_INTERVAL, InputKind


class FarmInput(Record, ProducerOwned, table=True):
    """A product of the store. `intervals` holds the days before a harvest by crop, as its label gives them."""

    __tablename__ = "farm_input"
    __table_args__ = (sa.UniqueConstraint("producer_id", "name"),)
    OPEN: ClassVar[frozenset[str]] = frozenset()
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the name"}

    name: str = Field(max_length=80)
    search: str = Field(default="", max_length=300)
    kind: InputKind = Field(sa_type=choice(InputKind))
    active_ingredient: str = Field(default="", max_length=80)
    registration_no: str = Field(default="", max_length=80)
    maker: str = Field(default="", max_length=200)
    measure: Measure = Field(sa_type=choice(Measure))
    intervals: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    reentry_hours: int | None = None

    def interval_for(self, crop_id: str) -> int | None:
        """Days between use and harvest on a crop; None where the label does not say."""
        days = self.intervals.get(crop_id)
        return int(days) if days is not None else None


class InputLot(Record, ProducerOwned, table=True):
    """A lot of a product in the store. Amounts are thousandths of the product's measure."""

    __tablename__ = "input_lot"
    __table_args__ = (
        sa.CheckConstraint("received_q > 0 AND left_q >= 0 AND left_q <= received_q", name="stock"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset()

    farm_input_id: str = Field(foreign_key="farm_input.id", index=True, max_length=16)
    lot: str = Field(default="", max_length=80)
    supplier: str = Field(default="", max_length=200)
    invoice_no: str = Field(default="", max_length=80)
    received_on: date
    #: the last day on which it may be used; None: none is printed
    expires_on: date | None = None
    received_q: int = Field(sa_type=sa.BigInteger)
    left_q: int = Field(sa_type=sa.BigInteger)


def _written(value: Any) -> Any:
    """Days by crop: what is left empty is unknown and left out."""
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "this part of the form is damaged")
    return {str(crop_id)[:40]: days for crop_id, days in value.items() if str(days).strip()}


def _days(value: Any) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= LONGEST_INTERVAL):
        raise PydanticCustomError("interval_unreadable", "days", {"most": LONGEST_INTERVAL})
    return int(text)


#: Days between the last use and the harvest, as a label gives them.
Interval = Annotated[int, BeforeValidator(_days)]


class FarmInputInput(BaseModel):
    """What a person copies from a label."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortLine
    kind: InputKind
    active_ingredient: ShortLine | None = None
    registration_no: ShortLine | None = None
    maker: Line | None = None
    measure: Measure
    intervals: Annotated[dict[str, Interval], BeforeValidator(_written)] = Limit(default_factory=dict)
    reentry_hours: int | None = Limit(default=None, ge=0, le=2000)


class InputLotInput(BaseModel):
    """What comes into the store, as on the invoice and the package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    farm_input_id: RecordId
    amount: TypedAmount
    received_on: Day
    expires_on: Day | None = None
    lot: ShortLine | None = None
    supplier: Line | None = None
    invoice_no: ShortLine | None = None


def register(session: Session, actor: Actor, value: FarmInputInput) -> FarmInput:
    """Writes a product down. Raises `RuleBroken`: `access.not_permitted`, `farm_inputs.taken`, `.crop_unknown`."""
    actor.must(Permission.RECORD_EVENTS)
    _check(session, actor.tenant(), value, None)
    made = FarmInput(producer_id=actor.tenant(), **_columns(value))
    session.add(made)
    session.flush()
    ledger.record(session, "farm_input.registered", made)
    return made


def revise(session: Session, actor: Actor, farm_input_id: str, value: FarmInputInput) -> FarmInput:
    """Corrects a product. Entries that stand keep what they said; a product with lots keeps its measure.

    Raises as `register`, and `farm_inputs.measure_fixed`.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, FarmInput, farm_input_id)
    _check(session, row.producer_id, value, row.id)
    if value.measure is not row.measure and lots_of(session, [row.id]):
        raise RuleBroken("farm_inputs.measure_fixed", "measure")
    for column, content in _columns(value).items():
        setattr(row, column, content)
    ledger.record(session, "farm_input.revised", row)
    return row


def receive(session: Session, actor: Actor, value: InputLotInput) -> InputLot:
    """Takes a lot into the store.

    Raises `RuleBroken`: `access.not_permitted`, `farm_inputs.unknown`, `.other_measure`, `.received_in_future`,
    `.expired_on_receipt`.
    """
    actor.must(Permission.RECORD_EVENTS)
    try:
        product = records.find(session, FarmInput, value.farm_input_id)
    except NotFound:
        raise RuleBroken("farm_inputs.unknown", "farm_input_id") from None
    if value.amount.measure is not product.measure:
        raise RuleBroken("farm_inputs.other_measure", "amount", name=product.name)
    if value.received_on > today():
        raise RuleBroken("farm_inputs.received_in_future", "received_on", today=today())
    if value.expires_on is not None and value.expires_on < value.received_on:
        raise RuleBroken("farm_inputs.expired_on_receipt", "expires_on")
    made = InputLot(
        producer_id=product.producer_id,
        farm_input_id=product.id,
        lot=value.lot or "",
        supplier=value.supplier or "",
        invoice_no=value.invoice_no or "",
        received_on=value.received_on,
        expires_on=value.expires_on,
        received_q=value.amount.thousandths,
        left_q=value.amount.thousandths,
    )
    session.add(made)
    session.flush()
    ledger.record(session, "input_lot.received", made)
    return made


def all_of(session: Session, producer_id: str) -> list[FarmInput]:
    """The products of a producer, by name."""
    statement = select(FarmInput).where(FarmInput.producer_id == producer_id)
    return list(session.exec(statement.order_by(FarmInput.search)).all())


def lots_of(session: Session, farm_input_ids: list[str]) -> list[InputLot]:
    """The lots of some products, the first to expire at the top; those without a date last."""
    found: list[InputLot] = []
    for portion in records.portions(farm_input_ids):
        found += session.exec(select(InputLot).where(col(InputLot.farm_input_id).in_(portion))).all()
    return sorted(found, key=lambda lot: (lot.expires_on is None, lot.expires_on or lot.received_on, lot.id))


_LAST: Final = date.max
#: Entries come so many days late at most, mostly.
LATE_DAYS: Final = 60


def lot_name(lot: InputLot) -> str:
    """How a sheet calls a lot of the store: by its number, else by the day on which it came."""
    return lot.lot or lot.received_on.isoformat()


def usable(session: Session, producer_id: str, day: date) -> list[tuple[InputLot, FarmInput]]:
    """The lots that may have been used of late: something is left of them, and they are good or were so until lately.

    A late entry may name a lot that has expired since; the day of the work decides.
    """
    statement = (
        select(InputLot, FarmInput)
        .join(FarmInput, col(FarmInput.id) == InputLot.farm_input_id)
        .where(InputLot.producer_id == producer_id, InputLot.left_q > 0, col(InputLot.received_on) <= day)
    )
    rows = [(lot, product) for lot, product in session.exec(statement).all()]
    since = day - timedelta(days=LATE_DAYS)
    good = [(lot, product) for lot, product in rows if lot.expires_on is None or lot.expires_on >= since]
    return sorted(good, key=lambda row: (row[1].search, row[0].expires_on or _LAST, row[0].id))


def _check(session: Session, producer_id: str, value: FarmInputInput, row_id: str | None) -> None:
    same = select(FarmInput.id).where(FarmInput.producer_id == producer_id, FarmInput.name == value.name)
    if any(found != row_id for found in session.exec(same).all()):
        raise RuleBroken("farm_inputs.taken", "name", name=value.name)
    for crop_id in value.intervals:
        if session.get(Crop, crop_id) is None:
            raise RuleBroken("farm_inputs.crop_unknown", f"intervals-{crop_id}")


def _columns(value: FarmInputInput) -> dict[str, Any]:
    return {
        "name": value.name,
        "search": fold(value.name)[:300],
        "kind": value.kind,
        "active_ingredient": value.active_ingredient or "",
        "registration_no": value.registration_no or "",
        "maker": value.maker or "",
        "measure": value.measure,
        "intervals": dict(value.intervals),
        "reentry_hours": value.reentry_hours,
    }
