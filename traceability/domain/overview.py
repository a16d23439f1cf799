"""What waits for a producer today: the first page after signing in. Counts and short lists, nothing is changed."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func
from sqlmodel import Session, SQLModel, col, select

from traceability.domain import certificates
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.certificates import Certificate, Standing
from traceability.domain.deliveries import Delivery
from traceability.domain.inspections import Finding, FindingState
from traceability.domain.producers import Producer
from traceability.domain.products import Crop, Product, ProductState
from traceability.domain.stamps import RangeState, StampRange

_WAITING_STAMPS: Final = (RangeState.READY, RangeState.DOWNLOADED, RangeState.PRINTED)


@dataclass(frozen=True)
class Overview:
    """Numbers of things that need doing (first part) and of things that are there (second part)."""

    producer: Producer
    areas_waiting: int
    products_waiting: int
    products_without_picture: int
    batches_open: int
    batches_stopped: int
    deliveries_to_receive: int
    stamps_not_active: int
    findings: list[Finding]
    certificates_expiring: list[Certificate]
    certificates_expired: int

    areas: int
    products: int
    batches: int
    stamps_active: int

    @property
    def nothing_yet(self) -> bool:
        """Whether the producer has only begun: then its first page shows the way."""
        return not (self.areas and self.products and self.batches)


def crop_kinds(session: Session, producer_id: str) -> set[str]:
    """The kinds of crops (`Crop.kind`) of a producer's areas; before it has any, of its products."""
    for table in (GrowingArea, Product):
        of_table = select(Crop.kind).join(table, col(table.crop_id) == col(Crop.id)).distinct()
        if found := set(session.exec(of_table.where(table.producer_id == producer_id))):
            return found
    return set()


def of_producer(session: Session, producer_id: str, today: date) -> Overview:
    """The overview of one producer. Raises `NotFound` through the scope for a foreign one."""
    producer = session.exec(select(Producer).where(Producer.id == producer_id)).one()
    products = _by_state(session, Product, producer_id)
    areas = _by_state(session, GrowingArea, producer_id)
    batches = _by_state(session, Batch, producer_id)
    stamps = _stamps(session, producer_id)
    unpictured = (
        select(func.count())
        .select_from(Product)
        .where(Product.producer_id == producer_id, col(Product.picture_id).is_(None))
    )
    coming = (
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.to_producer_id == producer_id, col(Delivery.received_at).is_(None))
    )
    findings = (
        select(Finding)
        .where(Finding.producer_id == producer_id, Finding.state == FindingState.OPEN)
        .order_by(col(Finding.due_on))
        .limit(20)
    )
    held = certificates.all_of(session, producer_id)
    return Overview(
        producer=producer,
        areas_waiting=areas.get(AreaState.DRAFT, 0),
        products_waiting=products.get(ProductState.DRAFT, 0),
        products_without_picture=session.exec(unpictured).one(),
        batches_open=batches.get(BatchState.OPEN, 0),
        batches_stopped=batches.get(BatchState.HELD, 0) + batches.get(BatchState.RECALLED, 0),
        deliveries_to_receive=session.exec(coming).one(),
        stamps_not_active=sum(stamps.get(state, 0) for state in _WAITING_STAMPS),
        findings=list(session.exec(findings).all()),
        certificates_expiring=certificates.expiring(session, producer_id, today),
        certificates_expired=sum(row.standing_on(today) is Standing.EXPIRED for row in held),
        areas=sum(areas.values()) - areas.get(AreaState.WITHDRAWN, 0),
        products=sum(products.values()),
        batches=sum(batches.values()),
        stamps_active=stamps.get(RangeState.ACTIVE, 0),
    )


def _by_state(session: Session, table: type[SQLModel], producer_id: str) -> dict[Any, int]:
    mapped: Any = table
    statement = select(mapped.state, func.count()).where(mapped.producer_id == producer_id)
    return dict(session.exec(statement.group_by(mapped.state)).all())


def _stamps(session: Session, producer_id: str) -> dict[RangeState, int]:
    count = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)
    statement = select(StampRange.state, count).where(StampRange.producer_id == producer_id)
    rows: list[Any] = list(session.exec(statement.group_by(StampRange.state)).all())
    return {state: int(number) for state, number in rows}
