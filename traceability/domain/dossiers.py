"""The file of a batch: everything that its producer, or an agency that oversees it, may see of it, in one reading."""

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from traceability.domain import (
    certificates,
    deliveries,
    evidence_photos,
    laboratory,
    lineage,
    partners,
    records,
    releases,
    returns,
    rule_views,
    stamp_quota,
    suspensions,
)
from traceability.domain.accounts import Account
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.certificates import Certificate
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.evidence_photos import EvidencePhoto
from traceability.domain.history import Event, history, standing
from traceability.domain.laboratory import LabTest
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.partners import Partner
from traceability.domain.products import Product
from traceability.domain.recalls import STANDING, Recall, RecalledBatch
from traceability.domain.rule_views import RuleStanding
from traceability.domain.stamp_quota import Quota
from traceability.domain.stamps import RangeState, StampRange
from traceability.domain.suspensions import Suspension


@dataclass(frozen=True)
class Source:
    """One input of a batch: what it was, in words, and its batch where the reader may open it."""

    grams: int
    goods: str
    lot: str = ""
    producer: str = ""
    batch_id: str | None = None


@dataclass(frozen=True)
class Use:
    """A batch that was made with this one."""

    grams: int
    batch: Batch
    product: Product


@dataclass(frozen=True)
class Dossier:
    """A batch with its history and all that hangs on it. `missing` are keys of the gate before release."""

    batch: Batch
    product: Product
    area: GrowingArea | None
    events: list[Event]
    standing: frozenset[str]
    authors: dict[str, str]
    sources: list[Source]
    uses: list[Use]
    deliveries: list[tuple[Delivery, Partner | None]]
    tests: list[LabTest]
    certificates: list[Certificate]
    stamps: dict[RangeState, int]
    quota: Quota
    missing: list[str]
    suspensions: list[Suspension]
    recalls: list[Recall]
    rules: RuleStanding
    photos: dict[str, list[EvidencePhoto]]

    def may_return(self, delivery: Delivery) -> bool:
        """Whether goods of a delivery can still come back."""
        return returns.left_to_return(delivery) > 0

    def is_corrected(self, event: Event) -> bool:
        """Whether an event holds no longer, or only declares that another never happened."""
        return event.id not in self.standing


def of_batch(session: Session, batch_id: str) -> Dossier:
    """The file of a batch within the scope. Raises `NotFound`."""
    batch = records.find(session, Batch, batch_id)
    events = history(session, batch.id)
    product = records.find(session, Product, batch.product_id)
    area = session.exec(select(GrowingArea).where(GrowingArea.id == (batch.area_id or ""))).one_or_none()
    subjects = [batch.id, batch.product_id, batch.producer_id, batch.area_id or ""]
    return Dossier(
        batch=batch,
        product=product,
        area=area,
        events=events,
        standing=frozenset(event.id for event in standing(events)),
        authors=_authors(session, events),
        sources=[_source(session, row) for row in lineage.inputs_of(session, batch.id)],
        uses=_uses(session, batch.id),
        deliveries=[
            (sent, partners.of(session, sent.to_producer_id) if sent.to_producer_id else None)
            for sent in deliveries.of_batch(session, batch.id)
        ],
        tests=laboratory.of_batch(session, batch.id),
        certificates=certificates.valid_on(session, batch, today()),
        stamps=_stamps(session, batch.id),
        quota=stamp_quota.quota_of(session, batch, product),
        photos=evidence_photos.of_subjects(session, events),
        missing=releases.missing(session, batch) if batch.state is BatchState.OPEN else [],
        suspensions=[row for row in suspensions.history_of(session, *subjects) if row.lifted_at is None],
        recalls=_recalls(session, batch.id),
        rules=rule_views.of_batch(session, batch),
    )


def _authors(session: Session, events: list[Event]) -> dict[str, str]:
    """Names of those who recorded, as far as the reader may know them."""
    ids = {event.recorded_by_id for event in events if event.recorded_by_id}
    statement = select(Account.id, Account.display_name).where(col(Account.id).in_(ids))
    return dict(session.exec(statement).all())


def _source(session: Session, row: BatchInput) -> Source:
    if row.source_batch_id is None:
        return Source(row.grams, row.material, producer=row.supplier)
    with beyond_scope(session):  # a delivery came from another producer: its lot, product and name
        batch = records.find(session, Batch, row.source_batch_id)
        product = records.find(session, Product, batch.product_id)
    if row.delivery_id is None:
        return Source(row.grams, product.name, batch.lot, batch_id=batch.id)
    return Source(row.grams, product.name, batch.lot, partners.of(session, batch.producer_id).name)


def _uses(session: Session, batch_id: str) -> list[Use]:
    statement = (
        select(BatchInput, Batch, Product)
        .join(Batch, col(Batch.id) == BatchInput.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(BatchInput.source_batch_id == batch_id)
        .order_by(col(Batch.started_on).desc())
    )
    return [Use(row.grams, batch, product) for row, batch, product in session.exec(statement).all()]


def _stamps(session: Session, batch_id: str) -> dict[RangeState, int]:
    count = func.sum(StampRange.last_serial - StampRange.first_serial + 1)
    statement = (
        select(StampRange.state, count).where(StampRange.batch_id == batch_id).group_by(StampRange.state)
    )
    return {RangeState(state): int(number) for state, number in session.exec(statement).all()}


def _recalls(session: Session, batch_id: str) -> list[Recall]:
    """Open recalls that reach the batch; one may have begun at another producer's."""
    statement = (
        select(Recall)
        .join(RecalledBatch, col(RecalledBatch.recall_id) == Recall.id)
        .where(RecalledBatch.batch_id == batch_id, col(Recall.state).in_(STANDING))
    )
    with beyond_scope(session):
        return list(session.exec(statement).all())
