"""The logistic unit (thùng, pallet): goods packed together under one number, the SSCC, that are moved as one.

A carton holds grams of lots, or runs of their stamps; a pallet holds cartons and sacks. What lies in one is still on
hand and part of its lot's account, but nobody draws on it without opening the unit. Opening goes one level down: the
cartons of a pallet stay closed. What was in a unit stays in the records when it is open.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import (
    batches,
    ledger,
    records,
    rules,
    sscc_numbers,
    stamp_ranges,
    stamp_runs,
    successors,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note
from traceability.domain.clock import now
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventBatch, EventType, Part, signature
from traceability.domain.moments import Moment
from traceability.domain.ownership import ProducerOwned, beyond_scope, owned
from traceability.domain.packings import PackageCount
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import Kilograms
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.stamp_runs import Keys, Run, TypedCode
from traceability.domain.stamps import RangeState, StampOrder
from traceability.domain.text import Line

MAX_CONTENTS, MAX_CARTONS = 40, 200
#: Stamps that say nothing good of goods are not packed with them.
_UNFIT = {RangeState.VOID: "stamps.part_void", RangeState.SUSPENDED: "stamps.part_suspended"}


class UnitKind(StrEnum):
    """What goods are packed in."""

    CARTON = "carton"
    PALLET = "pallet"


class UnitState(StrEnum):
    """The life of a unit."""

    PACKED = "packed"
    SENT = "sent"
    OPENED = "opened"


class LogisticUnit(Record, table=True):
    """A carton or pallet. `holder_id` is who has it: its packer, or the producer of the platform it was sent to."""

    __tablename__ = "logistic_unit"
    __table_args__ = (
        sa.CheckConstraint("net_g > 0", name="net"),
        sa.CheckConstraint("parent_id IS NULL OR kind = 'carton'", name="one_level"),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_itself"),
        sa.CheckConstraint("(state = 'opened') = (opened_at IS NOT NULL)", name="opened"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"kind", "state"})

    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    holder_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    sscc: str = Field(unique=True, max_length=18)
    kind: UnitKind = Field(sa_type=choice(UnitKind))
    state: UnitState = Field(default=UnitState.PACKED, sa_type=choice(UnitState), index=True)
    #: the pallet on which a carton stands
    parent_id: str | None = Field(default=None, foreign_key="logistic_unit.id", index=True, max_length=16)
    #: grams of goods in it, those of its cartons included
    net_g: int = Field(sa_type=sa.BigInteger)
    packed_at: datetime = Field(sa_type=Instant)
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    note: str = Field(default="", max_length=1000)

    def must_be_whole(self, field: str | None = None) -> None:
        """Demands that the unit is closed and here. Raises `RuleBroken`: `units.sent`, `units.opened`."""
        if self.state is not UnitState.PACKED:
            raise RuleBroken(f"units.{self.state.value}", field, sscc=self.sscc)


owned(LogisticUnit, "producer_id", "holder_id")


class UnitContent(Record, ProducerOwned, table=True):
    """What of a lot lies directly in a unit: grams, packages where they were counted, a run of stamps where scanned."""

    __tablename__ = "unit_content"
    __table_args__ = (
        sa.CheckConstraint("grams > 0", name="grams"),
        sa.CheckConstraint("(first_serial IS NULL) = (last_serial IS NULL)", name="run"),
        sa.CheckConstraint("first_serial IS NULL OR first_serial <= last_serial", name="run_order"),
        sa.Index("ix_unit_content_stamps", "epoch_number", "first_serial"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"unit_id", "batch_id"})

    unit_id: str = Field(foreign_key="logistic_unit.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    grams: int = Field(sa_type=sa.BigInteger)
    units: int | None = Field(default=None, ge=0)
    epoch_number: int | None = None
    first_serial: int | None = Field(default=None, sa_type=sa.BigInteger)
    last_serial: int | None = Field(default=None, sa_type=sa.BigInteger)


class ContentInput(BaseModel):
    """Grams of a lot; or stamped goods by the first and the last code, which say lot and weight by themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId | None = None
    kilograms: Kilograms | None = None
    units: PackageCount | None = None
    first_code: TypedCode | None = None
    last_code: TypedCode | None = None


class PackInput(BaseModel):
    """What a person may say of a carton or pallet that is packed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: UnitKind
    happened_at: Moment
    contents: list[ContentInput] = Field(default_factory=list, max_length=MAX_CONTENTS)
    carton_ids: list[RecordId] = Field(default_factory=list, max_length=MAX_CARTONS)
    place: Line | None = None
    note: Note = ""


class OpenInput(BaseModel):
    """Opens a unit, one level down."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_id: RecordId
    note: Annotated[Note, Field(max_length=1000)] = ""


def pack(
    session: Session, actor: Actor, value: PackInput, *, keys: Keys | None = None, demo: bool = False
) -> LogisticUnit:
    """Packs goods under a new SSCC. `keys` read stamp codes; `demo` numbers come from the prefix kept for examples.

    Raises `RuleBroken`: `access.not_permitted`, `units.empty`, `units.carton_in_carton`, `units.unknown`,
    `units.sent`, `units.opened`, `units.in_pallet`, `units.content_incomplete`, `units.stamps_elsewhere`,
    `units.stamps_twice`, `units.stamps_of_another`, `stamps.part_void`, `stamps.part_suspended`,
    `batches.unknown`, `batches.held`, `.recalled`, `.closed`, `events.in_future`, `successors.source_younger`,
    `batches.not_enough`, `batches.in_units`, `units.no_gln`, `units.numbers_exhausted`, what `stamp_runs.run_of`
    refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    if not value.contents and not value.carton_ids:
        raise RuleBroken("units.empty", "contents")
    if value.carton_ids and value.kind is UnitKind.CARTON:
        raise RuleBroken("units.carton_in_carton", "carton_ids")
    day = successors.must_have_happened(value.happened_at)
    rows = [_content(session, row, number, keys or {}) for number, row in enumerate(value.contents)]
    contents = [row for row, _ in rows]
    fields = {row.batch_id: f"contents-{number}" for number, row in enumerate(contents)}
    lots = {key: batches.choose(session, key, f"{fields[key]}-batch_id") for key in sorted(fields)}
    _must_be_loose(session, actor, [run for _, run in rows], keys or {})
    cartons = [_carton(session, row_id) for row_id in sorted(set(value.carton_ids))]
    producer_id = _one_owner([*lots.values(), *cartons])
    for row_id, batch in lots.items():
        grams = sum(row.grams for row in contents if row.batch_id == row_id)
        asked = {"field": f"{fields[row_id]}-kilograms", "source": f"{fields[row_id]}-batch_id"}
        successors.must_give(session, actor, batch, grams, day, **asked)
        batch.in_units_g += grams
    unit = LogisticUnit(
        producer_id=producer_id,
        holder_id=producer_id,
        sscc=sscc_numbers.take(session, records.find(session, Producer, producer_id), demo=demo),
        kind=value.kind,
        net_g=sum(row.grams for row in contents) + sum(carton.net_g for carton in cartons),
        packed_at=value.happened_at,
        note=value.note,
    )
    session.add(unit)
    session.flush()
    for row in contents:
        row.unit_id, row.producer_id = unit.id, producer_id
    session.add_all(contents)
    for carton in cartons:
        carton.parent_id = unit.id
    session.flush()
    event = _event(actor, unit, EventType.AGGREGATE, value.happened_at, value.place or "", value.note)
    parts = _note(session, event, grams_of(session, unit))
    rules.judge(session, unit, "pack")
    ledger.record(session, "unit.packed", unit, event, *contents, *parts, *cartons, *lots.values())
    return unit


def open_unit(session: Session, actor: Actor, value: OpenInput) -> LogisticUnit:
    """Opens a unit: what lay in it directly is loose again, its cartons stand for themselves.

    Raises `RuleBroken`: `access.not_permitted`, `units.unknown`, `units.opened`, `units.gone`, `units.in_pallet`,
    `units.not_received`, `records.changed`.
    """
    actor.must(Permission.RECORD_EVENTS)
    unit, loose, lots = _opened(session, value.unit_id)
    if unit.state is UnitState.OPENED:
        unit.must_be_whole()
    must_stand_alone(session, unit)
    sent = unit.state is UnitState.SENT
    if sent and (unit.holder_id == unit.producer_id or actor.producer_id not in (None, unit.holder_id)):
        raise RuleBroken("units.gone", None, sscc=unit.sscc)
    moment = now()
    written: list[Record] = [unit]
    event = _event(actor, unit, EventType.OPEN, moment, "", value.note)
    event.producer_id = unit.holder_id or unit.producer_id
    with beyond_scope(session):  # the receiver opens what the sender has packed
        for row_id, batch in lots.items():
            batch.in_units_g -= loose[row_id]
        written += lots.values()
        if sent and not _is_received(session, unit):
            raise RuleBroken("units.not_received", None, sscc=unit.sscc)
        for carton in cartons_of(session, unit.id):
            carton = records.lock(session, LogisticUnit, carton.id)
            carton.parent_id = None
            written.append(carton)
        unit.state, unit.opened_at = UnitState.OPENED, moment
        session.flush()
        parts = _note(session, event, loose if not sent else {})
    ledger.record(session, "unit.opened", *written, event, *parts, tenant=event.producer_id)
    return unit


def _opened(session: Session, unit_id: str) -> tuple[LogisticUnit, dict[str, int], dict[str, Batch]]:
    """A unit, the grams of each lot that lie in it directly, and the lots: locked before it, as `ship` does."""
    try:
        unit = records.find(session, LogisticUnit, unit_id)
    except NotFound:
        raise RuleBroken("units.unknown") from None
    with beyond_scope(session):
        state, loose = unit.state, grams_of(session, unit, directly=True)
        lots = {key: records.lock(session, Batch, key) for key in sorted(loose) if state is UnitState.PACKED}
        unit = records.lock(session, LogisticUnit, unit_id)
        same = unit.state is state and grams_of(session, unit, directly=True) == loose
    if not same and unit.state is not UnitState.OPENED:
        raise RuleBroken("records.changed")
    return unit, loose, lots


# --- Questions -------------------------------------------------------------------------------------------


def contents_of(session: Session, unit_id: str) -> list[UnitContent]:
    """What lies directly in a unit, or lay there until it was opened."""
    statement = select(UnitContent).where(UnitContent.unit_id == unit_id)
    return list(session.exec(statement.order_by(col(UnitContent.created_at), col(UnitContent.id))).all())


def cartons_of(session: Session, unit_id: str) -> list[LogisticUnit]:
    """The cartons that stand on a pallet."""
    statement = select(LogisticUnit).where(LogisticUnit.parent_id == unit_id)
    return list(session.exec(statement.order_by(LogisticUnit.sscc)).all())


def grams_of(session: Session, unit: LogisticUnit, *, directly: bool = False) -> dict[str, int]:
    """By lot: the grams in a unit, those of its cartons included unless only what lies in it directly is asked."""
    ids = [unit.id, *([] if directly else [carton.id for carton in cartons_of(session, unit.id)])]
    found: dict[str, int] = {}
    for row in session.exec(select(UnitContent).where(col(UnitContent.unit_id).in_(ids))).all():
        found[row.batch_id] = found.get(row.batch_id, 0) + row.grams
    return found


# --- inside ----------------------------------------------------------------------------------------------


def _unit(session: Session, unit_id: str, field: str | None = None) -> LogisticUnit:
    try:
        return records.lock(session, LogisticUnit, unit_id)
    except NotFound:
        raise RuleBroken("units.unknown", field) from None


def _carton(session: Session, unit_id: str) -> LogisticUnit:
    carton = _unit(session, unit_id, "carton_ids")
    carton.must_be_whole("carton_ids")
    if carton.kind is not UnitKind.CARTON:
        raise RuleBroken("units.carton_in_carton", "carton_ids")
    must_stand_alone(session, carton, "carton_ids")
    return carton


def must_stand_alone(session: Session, unit: LogisticUnit, field: str | None = None) -> None:
    """Demands that a carton is on no pallet. Raises `RuleBroken` ("units.in_pallet")."""
    if unit.parent_id is not None:
        with beyond_scope(session):
            pallet = records.find(session, LogisticUnit, unit.parent_id)
        raise RuleBroken("units.in_pallet", field, sscc=unit.sscc, pallet=pallet.sscc)


def _one_owner(rows: list[Batch | LogisticUnit]) -> str:
    owners = {row.producer_id for row in rows}
    if len(owners) != 1:
        raise RuleBroken("units.two_owners")
    return owners.pop()


def _content(session: Session, row: ContentInput, number: int, keys: Keys) -> tuple[UnitContent, Run | None]:
    """What one row of the form puts into the unit, and its run of stamps; owner and unit are filled in later."""
    field = f"contents-{number}"
    if row.first_code is None:
        if row.batch_id is None or row.kilograms is None:
            missing = "batch_id" if row.batch_id is None else "kilograms"
            raise RuleBroken("units.content_incomplete", f"{field}-{missing}")
        grams, units = int(row.kilograms), row.units
        return UnitContent(producer_id="", unit_id="", batch_id=row.batch_id, grams=grams, units=units), None
    try:
        run = stamp_runs.run_of(session, keys, row.first_code, row.last_code)
    except RuleBroken as error:
        raise RuleBroken(error.code, f"{field}-{error.field}", **error.facts) from None
    batch = records.find(session, Batch, records.find(session, StampOrder, run.order_id).batch_id)
    if row.batch_id is not None and row.batch_id != batch.id:
        raise RuleBroken("units.stamps_of_another", f"{field}-first_code", lot=batch.lot)
    weight = records.find(session, Product, batch.product_id).net_weight_g
    return UnitContent(
        producer_id="",
        unit_id="",
        batch_id=batch.id,
        grams=int(row.kilograms) if row.kilograms is not None else run.count * weight,
        units=run.count,
        epoch_number=run.epoch,
        first_serial=run.first,
        last_serial=run.last,
    ), run


def _must_be_loose(session: Session, actor: Actor, runs: list[Run | None], keys: Keys) -> None:
    """Demands of the stamps of each row, whose lots are locked, that they are fit and in no other row or unit."""
    orders = sorted({run.order_id for run in runs if run})
    ranges = {key: stamp_ranges.locked(session, records.lock(session, StampOrder, key).id) for key in orders}
    before: list[Run] = []
    for field, run in [(f"contents-{number}-first_code", run) for number, run in enumerate(runs) if run]:
        for part in stamp_runs.parts(keys, run, ranges[run.order_id]):
            if part.state in _UNFIT:
                raise stamp_runs.refuse(_UNFIT[part.state], part, actor, field)
        if any(run.epoch == one.epoch and run.first <= one.last and one.first <= run.last for one in before):
            raise RuleBroken("units.stamps_twice", field)
        before.append(run)
        overlapping = (
            select(LogisticUnit.sscc)
            .join(UnitContent, col(UnitContent.unit_id) == LogisticUnit.id)
            .where(UnitContent.epoch_number == run.epoch, LogisticUnit.state != UnitState.OPENED)
            .where(col(UnitContent.first_serial) <= run.last, col(UnitContent.last_serial) >= run.first)
        )
        for sscc in session.exec(overlapping.limit(1)):
            raise RuleBroken("units.stamps_elsewhere", field, sscc=sscc)


def _event(
    actor: Actor, unit: LogisticUnit, of_type: EventType, moment: datetime, place: str, note: str
) -> Event:
    return Event(
        producer_id=unit.producer_id,
        type=of_type,
        happened_at=moment,
        place=place,
        details={"sscc": unit.sscc, "unit": unit.kind.value},
        note=note,
        **signature(actor),
    )


def _note(session: Session, event: Event, grams: dict[str, int]) -> list[EventBatch]:
    """Writes an event of a unit, which is one of each lot in it."""
    if len(grams) == 1:
        event.batch_id = next(iter(grams))
    session.add(event)
    session.flush()
    parts = [
        EventBatch(
            producer_id=event.producer_id, event_id=event.id, batch_id=row_id, part=Part.CONTENT, grams=weight
        )
        for row_id, weight in sorted(grams.items())
    ]
    session.add_all(parts)
    session.flush()
    return parts


def _is_received(session: Session, unit: LogisticUnit) -> bool:
    waiting = select(Delivery.id).where(Delivery.unit_id == unit.id, col(Delivery.received_at).is_(None))
    waiting = waiting.where(col(Delivery.cancelled_at).is_(None))
    return session.exec(waiting.limit(1)).first() is None
