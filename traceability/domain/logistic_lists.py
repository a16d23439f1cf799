"""Cartons and pallets as pages show them: the list of a producer, and what lies in one."""

from dataclasses import dataclass

from sqlmodel import Session, col, func, or_, select

from traceability.domain import logistic_units, records
from traceability.domain.batches import Batch
from traceability.domain.logistic_units import LogisticUnit, UnitContent, UnitKind, UnitState
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Product

PAGE_SIZE = 30


@dataclass(frozen=True)
class Lot:
    """A lot in a unit, as its packer and its receiver may know it. `units` are packages or stamps that were counted."""

    batch_id: str
    lot: str
    goods: str
    grams: int
    units: int | None = None


@dataclass(frozen=True)
class Inside:
    """What lies in a unit: `lots` in all, `contents` directly in it, its cartons, and the pallet on which it stands."""

    lots: list[Lot]
    contents: list[Lot]
    cartons: list[LogisticUnit]
    pallet: LogisticUnit | None


def listed(session: Session, producer_id: str, page: int) -> tuple[list[LogisticUnit], int]:
    """One page of the units that a producer packed or has, the newest first, and how many pages there are."""
    wanted = or_(LogisticUnit.producer_id == producer_id, LogisticUnit.holder_id == producer_id)
    count = session.exec(select(func.count()).select_from(LogisticUnit).where(wanted)).one()
    pages = max(1, -(-count // PAGE_SIZE))
    statement = (
        select(LogisticUnit)
        .where(wanted)
        .order_by(col(LogisticUnit.packed_at).desc(), col(LogisticUnit.sscc).desc())
        .offset((min(max(page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return list(session.exec(statement).all()), pages


def loose_cartons(session: Session, producer_id: str) -> list[LogisticUnit]:
    """The closed cartons of a producer that stand on no pallet."""
    statement = (
        select(LogisticUnit)
        .where(
            LogisticUnit.producer_id == producer_id,
            LogisticUnit.kind == UnitKind.CARTON,
            LogisticUnit.state == UnitState.PACKED,
            col(LogisticUnit.parent_id).is_(None),
        )
        .order_by(col(LogisticUnit.packed_at).desc())
        .limit(logistic_units.MAX_CARTONS)
    )
    return list(session.exec(statement).all())


def inside(session: Session, unit: LogisticUnit) -> Inside:
    """What lies in a unit that the reader may see; also to its receiver, who may know what it was sent."""
    with beyond_scope(session):
        contents = logistic_units.contents_of(session, unit.id)
        cartons = logistic_units.cartons_of(session, unit.id)
        pallet = records.find(session, LogisticUnit, unit.parent_id) if unit.parent_id else None
        in_all = logistic_units.grams_of(session, unit)
        names = _names(session, [*in_all, *(row.batch_id for row in contents)])
    return Inside(
        lots=[Lot(row_id, *names[row_id], grams) for row_id, grams in sorted(in_all.items())],
        contents=[_lot(row, names) for row in contents],
        cartons=cartons,
        pallet=pallet,
    )


def _lot(row: UnitContent, names: dict[str, tuple[str, str]]) -> Lot:
    return Lot(row.batch_id, *names[row.batch_id], row.grams, row.units)


def _names(session: Session, batch_ids: list[str]) -> dict[str, tuple[str, str]]:
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(col(Batch.id).in_(batch_ids))
    )
    return {batch.id: (batch.lot, product.name) for batch, product in session.exec(statement).all()}
