"""What the rules may ask of a batch, each fact read once and only if some rule asks for it.

However long the history of a batch is, each fact is one question to the database; a ceiling of a whole season is one
sum. Everything a check gets from here is a plain value.
"""

from datetime import date
from functools import cached_property

from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from traceability.domain import (
    applications,
    area_codes,
    code_authorisations,
    lineage,
    records,
    rule_processes,
    shares,
)
from traceability.domain import rule_area_codes as codes
from traceability.domain import rule_papers as papers
from traceability.domain.applications import Application
from traceability.domain.areas import AreaCode, AreaCodeChange, GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.certificate_claims import CertificateClaim
from traceability.domain.certificates import Certificate
from traceability.domain.clock import VIETNAM, local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.history import CorrectionReason, Event, EventType, history, standing
from traceability.domain.laboratory import LabTest
from traceability.domain.moments import start_of
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Crop, Product
from traceability.domain.suspensions import SuspendedKind, Suspension


class BatchFacts:
    """The facts of one batch."""

    #: where the goods go, when a delivery is judged
    market: str | None = None

    def __init__(self, session: Session, batch: Batch) -> None:
        self.session, self.batch = session, batch

    @cached_property
    def product(self) -> Product:
        held = self.session.get(Product, self.batch.product_id)
        return held or records.find(self.session, Product, self.batch.product_id)

    @cached_property
    def crop(self) -> Crop:
        held = self.session.get(Crop, self.product.crop_id)
        return held or records.find(self.session, Crop, self.product.crop_id)

    @property
    def day(self) -> date:
        """The day that is judged: of the harvest, or on which the batch began."""
        return self.batch.harvested_on or self.batch.started_on

    @cached_property
    def area(self) -> GrowingArea | None:
        """The area it was harvested in; None for what was made of other batches."""
        if self.batch.area_id is None or self.batch.origin is not Origin.HARVEST:
            return None
        return self.session.exec(
            select(GrowingArea).where(GrowingArea.id == self.batch.area_id)
        ).one_or_none()

    @property
    def area_m2(self) -> int:
        """The area that counts: what is declared beyond the drawn boundary yields nothing."""
        return min(self.area.declared_m2, self.area.computed_m2) if self.area else 0

    @cached_property
    def events(self) -> list[Event]:
        """The events that stand."""
        return standing(history(self.session, self.batch.id))

    @cached_property
    def harvested_g(self) -> int:
        """What the harvest weighed, materials that joined later left out."""
        return sum(event.output_g or 0 for event in self.events if event.type is EventType.HARVEST)

    def harvested_elsewhere_g(self, first: date, last: date) -> int:
        """What all other batches of the area weighed at harvest between two days: one sum over events that stand."""
        correction = aliased(Event)
        begin, end = start_of(first), start_of(last).replace(hour=23, minute=59, second=59)
        statement = select(func.coalesce(func.sum(Event.output_g), 0)).where(
            Event.area_id == self.batch.area_id,
            col(Event.type) == EventType.HARVEST,
            col(Event.batch_id) != self.batch.id,
            col(Event.happened_at).between(begin.astimezone(VIETNAM), end.astimezone(VIETNAM)),
            col(Event.correction_reason).is_distinct_from(CorrectionReason.DID_NOT_OCCUR),
            ~select(correction.id).where(correction.corrects_id == col(Event.id)).exists(),
        )
        return int(self.session.exec(statement).one() or 0)

    @cached_property
    def applications(self) -> list[Application]:
        return applications.bearing_on(self.session, self.batch)

    # --- codes -----------------------------------------------------------------------------------------------

    @cached_property
    def own_codes(self) -> list[codes.Code]:
        """All codes of the area."""
        return self._codes_of([self.batch.area_id] if self.batch.area_id else []).get(
            self.batch.area_id or "", []
        )

    @cached_property
    def claimed(self) -> list[codes.Code]:
        """Those codes of the area that are written as the claimed one is (one may stand for several markets)."""
        key = area_codes.lookup_key(self.batch.area_code)
        return [code for code in self.own_codes if area_codes.lookup_key(code.code) == key] if key else []

    @cached_property
    def authorised(self) -> list[codes.Code]:
        """Codes of other areas that are written as the claimed one is and that the producer may use on the day: its
        own never, another's with its holder's signature."""
        lent = [row for row in self._strangers if self._authorised_for(row, None)]
        with beyond_scope(self.session):
            found = self._codes_of([row.area_id for row in lent])
        names = {row.code for row in lent}
        return [code for held in found.values() for code in held if code.code in names]

    def authorised_for(self, market: str) -> bool:
        """Whether the claimed code is somebody else's and its use is signed for this market."""
        return any(self._authorised_for(row, market) and row.market == market for row in self._strangers)

    def _authorised_for(self, row: AreaCode, market: str | None) -> bool:
        if row.producer_id == self.batch.producer_id:
            return False
        found = code_authorisations.covering(self.session, row, self.batch.producer_id, self.day, market)
        return found is not None

    @cached_property
    def _strangers(self) -> list[AreaCode]:
        key = area_codes.lookup_key(self.batch.area_code)[:80]
        if not key or self.claimed:
            return []
        with beyond_scope(self.session):  # whose code it is, is asked on the side of whoever claims it
            statement = select(AreaCode).where(AreaCode.search == key, AreaCode.area_id != self.batch.area_id)
            return list(self.session.exec(statement).all())

    @cached_property
    def stops(self) -> list[codes.Stop]:
        """The suspensions of the area."""
        statement = select(Suspension).where(
            Suspension.subject_kind == SuspendedKind.AREA, Suspension.subject_id == (self.batch.area_id or "")
        )
        return [
            codes.Stop(
                row.from_on or local_day(row.at),
                local_day(row.lifted_at) if row.lifted_at is not None else None,
            )
            for row in self.session.exec(statement).all()
        ]

    @cached_property
    def origins(self) -> list[tuple[str, list[codes.Code]]]:
        """The areas that the goods come from by name, each with its codes."""
        if self.batch.area_id is not None:
            area_ids = [self.batch.area_id]
        elif self.batch.origin is Origin.TRANSFORM:
            return []
        else:
            area_ids = [row.area_id for row in shares.sources(self.session, self.batch.id) if row.area_id]
        with beyond_scope(self.session):  # goods of one lot may come from several producers
            found = self._codes_of(area_ids)
            statement = select(GrowingArea.id, GrowingArea.name).where(col(GrowingArea.id).in_(area_ids))
            return [(name, found[area_id]) for area_id, name in self.session.exec(statement).all()]

    def _codes_of(self, area_ids: list[str]) -> dict[str, list[codes.Code]]:
        """Codes with their histories by area: two questions, however many they are."""
        rows = (
            self.session.exec(select(AreaCode).where(col(AreaCode.area_id).in_(area_ids))).all()
            if area_ids
            else []
        )
        statement = select(AreaCodeChange).where(
            col(AreaCodeChange.area_code_id).in_([row.id for row in rows])
        )
        changes = self.session.exec(
            statement.order_by(col(AreaCodeChange.from_on), col(AreaCodeChange.at))
        ).all()
        by_code: dict[str, list[codes.Change]] = {row.id: [] for row in rows}
        for change in changes:
            by_code[change.area_code_id].append(codes.Change(change.from_on, change.state.value))
        found: dict[str, list[codes.Code]] = {area_id: [] for area_id in area_ids}
        for row in rows:
            found[row.area_id].append(
                codes.Code(
                    row.code,
                    row.market,
                    row.state.value,
                    row.valid_from,
                    row.valid_to,
                    tuple(by_code[row.id]),
                )
            )
        return found

    # --- process ---------------------------------------------------------------------------------------------

    @cached_property
    def process(self) -> rule_processes.Process:
        """Its weighed steps, and what was left of a kilogram when it began."""
        return rule_processes.of_batch(self.session, self.batch, self.events)

    @property
    def is_done(self) -> bool:
        """Whether the process has come to its end: the goods are packed, published, or have left."""
        return (
            self.batch.packed_on is not None or self.batch.released_at is not None or self.batch.shipped_g > 0
        )

    # --- papers ----------------------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> list[papers.Claim]:
        statement = (
            select(Certificate)
            .join(CertificateClaim, col(CertificateClaim.certificate_id) == Certificate.id)
            .where(CertificateClaim.batch_id == self.batch.id, col(CertificateClaim.withdrawn_at).is_(None))
        )
        return [
            papers.Claim(row.scheme, row.number, row.expires_on, row.withdrawn_on)
            for row in self.session.exec(statement).all()
        ]

    @cached_property
    def reports(self) -> list[papers.Report]:
        """The reports of the goods, also from before they were split off, merged or repacked."""
        lots = lineage.same_goods(self.session, self.batch)
        before = and_(col(LabTest.batch_id).in_(lots), col(LabTest.sampled_on) <= self.batch.started_on)
        statement = select(LabTest).where(
            or_(LabTest.batch_id == self.batch.id, before), col(LabTest.withdrawn_at).is_(None)
        )
        return [
            papers.Report(row.report_no, row.sampled_on, row.reported_on, row.passed)
            for row in self.session.exec(statement).all()
        ]

    @cached_property
    def shipments(self) -> list[papers.Shipment]:
        return [
            papers.Shipment(row.sent_on, row.sent_g, row.to_producer_id is not None)
            for row in self.deliveries
        ]

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """What left and was not declared never to have left."""
        statement = select(Delivery).where(
            Delivery.batch_id == self.batch.id, col(Delivery.cancelled_at).is_(None)
        )
        return list(
            self.session.exec(statement.order_by(col(Delivery.sent_on), col(Delivery.created_at))).all()
        )
