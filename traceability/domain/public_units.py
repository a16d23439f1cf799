"""What anybody may know of a carton or pallet by its SSCC: who packed it, and which published lots lie in it.

Numbers of units follow each other, so a page can be found by counting. It therefore tells nothing that counting would
make worth knowing: no weight, no customer, no day of shipment, and of lots that are not published only that there are
some. A unit with no published lot in it has no page; whoever scans it is told that it is known, and nothing else.
"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain import partners, provenance
from traceability.domain.batches import Batch, BatchState
from traceability.domain.errors import NotFound
from traceability.domain.logistic_units import LogisticUnit, UnitContent, UnitKind, UnitState
from traceability.domain.products import Product


@dataclass(frozen=True)
class PublicLot:
    """A published lot in a unit: the code and the name of its product, and where it stands."""

    code: str
    name: str
    name_en: str
    lot: str
    state: BatchState


@dataclass(frozen=True)
class PublicUnit:
    """One unit. `opened`: its goods lie loose by now. `unpublished`: lots in it that have no page."""

    sscc: str
    kind: UnitKind
    packer: str
    opened: bool
    lots: tuple[PublicLot, ...]
    unpublished: int
    cartons: tuple[str, ...] = ()

    @property
    def recalled(self) -> bool:
        """Whether goods in it are under recall."""
        return any(one.state is BatchState.RECALLED for one in self.lots)

    @property
    def held(self) -> bool:
        """Whether goods in it are suspended."""
        return any(one.state is BatchState.HELD for one in self.lots)


def is_known(session: Session, sscc: str) -> bool:
    """Whether somebody here packed a unit under this number, published or not."""
    return session.exec(select(LogisticUnit.id).where(LogisticUnit.sscc == sscc)).first() is not None


def of_sscc(session: Session, sscc: str) -> PublicUnit:
    """A unit as the public knows it. Raises `NotFound` for one that nobody here packed, or without a published lot."""
    unit = session.exec(select(LogisticUnit).where(LogisticUnit.sscc == sscc)).one_or_none()
    if unit is None:
        raise NotFound("LogisticUnit", sscc)
    cartons = session.exec(select(LogisticUnit).where(LogisticUnit.parent_id == unit.id)).all()
    inside = [unit.id, *(one.id for one in cartons)]
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(col(Batch.id).in_(select(UnitContent.batch_id).where(col(UnitContent.unit_id).in_(inside))))
        .order_by(col(Product.sort_key), col(Batch.lot))
    )
    rows = session.exec(statement).all()
    lots = tuple(
        PublicLot(product.code, product.name, product.name_en or "", batch.lot, batch.state)
        for batch, product in rows
        if provenance.is_published(batch)
    )
    if not lots:
        raise NotFound("LogisticUnit", sscc)
    return PublicUnit(
        sscc,
        unit.kind,
        partners.known_as(session, unit.producer_id),
        unit.state is UnitState.OPENED,
        lots,
        len(rows) - len(lots),
        tuple(sorted(one.sscc for one in cartons)),
    )
