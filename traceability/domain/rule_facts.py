"""What the rules may ask of a batch, each fact read once and only if some rule asks for it.

However long the history of a batch is, each fact is one question to the database; a ceiling of a whole season is one
sum. Everything a check gets from here is a plain value.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlmodel import Session, and_, col, or_, select

from traceability.domain import (
    applications,
    area_codes,
    code_authorisations,
    lineage,
    partners,
    records,
    rule_descent,
    rule_grounds,
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
from traceability.domain.clock import local_day
from traceability.domain.code_authorisations import CodeAuthorisation
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType, history, standing
from traceability.domain.laboratory import LabTest
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Crop, Product
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.rule_grounds import Ground
from traceability.domain.suspensions import SuspendedKind, Suspension


@dataclass(frozen=True)
class Place:
    """Where and when goods were harvested: an area as it may be called, all its codes, the harvests of one day."""

    area_id: str
    producer_id: str
    name: str
    day: date
    codes: list[codes.Code]
    harvests: list[Batch]


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

    @property
    def recorded_on(self) -> date:
        """The day on which it was written down."""
        return local_day(self.batch.created_at)

    @cached_property
    def area(self) -> GrowingArea | None:
        """The area it was harvested in; None for what was made of other batches."""
        if self.batch.area_id is None or self.batch.origin is not Origin.HARVEST:
            return None
        return self.session.exec(
            select(GrowingArea).where(GrowingArea.id == self.batch.area_id)
        ).one_or_none()

    @cached_property
    def grounds(self) -> list[Ground]:
        """What the harvest is counted against: its own area first, then the areas whose codes it claims."""
        if self.area is None:
            return []
        return [
            rule_grounds.own(self.session, self.area, self.crop),
            *rule_grounds.lent(self.session, self.batch),
        ]

    @cached_property
    def events(self) -> list[Event]:
        """The events that stand."""
        return standing(history(self.session, self.batch.id))

    @cached_property
    def harvested_g(self) -> int:
        """What the harvest weighed, materials that joined later left out."""
        return sum(event.output_g or 0 for event in self.events if event.type is EventType.HARVEST)

    @cached_property
    def applications(self) -> list[Application]:
        return applications.bearing_on(self.session, self.batch)

    @cached_property
    def above(self) -> dict[RuleCode, RuleFlag]:
        """By rule: the flag on a harvest that went into this batch; nothing for a harvest."""
        return rule_descent.sources(self.session, self.batch)

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
    def origins(self) -> list["Place"]:
        """The areas that the goods come from and the days on which they were harvested there, the largest share first:
        over every split, merger, repacking and transform, whoever's they are."""
        told = shares.sources(self.session, self.batch.id)
        ids = [key for source in told if source.area_id for key in source.batch_ids]
        area_ids = [source.area_id for source in told if source.area_id]
        with beyond_scope(self.session):  # goods of one lot may come from several producers
            found = self._codes_of(area_ids)
            harvests = {
                row.id: row for row in self.session.exec(select(Batch).where(col(Batch.id).in_(ids))).all()
            }
            names = dict(
                self.session.exec(
                    select(GrowingArea.id, GrowingArea.name).where(col(GrowingArea.id).in_(area_ids))
                ).all()
            )
        places: list[Place] = []
        for source in told:
            held = found.get(source.area_id or "", [])
            if source.producer_id == self.batch.producer_id:
                name = names.get(source.area_id or "", "")
            else:  # the name of somebody else's area may be a family's
                name = held[0].code if held else partners.known_as(self.session, source.producer_id)
            by_day: dict[date, list[Batch]] = {}
            for key in source.batch_ids if source.area_id else ():
                by_day.setdefault(harvests[key].harvested_on or harvests[key].started_on, []).append(
                    harvests[key]
                )
            where = source.area_id or "", source.producer_id
            places += [Place(*where, name, day, held, rows) for day, rows in sorted(by_day.items())]
        return places

    def is_signed_over(self, place: "Place", market: str, day: date) -> bool:
        """Whether the producer may send goods of a place to a market under the code there: its own, or one whose
        holder signed for it, whatever is left of the kilograms."""
        if place.producer_id == self.batch.producer_id:
            return True
        statement = (
            select(CodeAuthorisation)
            .join(AreaCode, col(AreaCode.id) == CodeAuthorisation.area_code_id)
            .where(AreaCode.area_id == place.area_id, AreaCode.market == market)
            .where(CodeAuthorisation.to_producer_id == self.batch.producer_id)
        )
        with beyond_scope(self.session):  # the code is its holder's
            return any(row.covers(day, market) for row in self.session.exec(statement).all())

    def all_signed_for(self, harvests: list[Batch], market: str) -> bool:
        """Whether each of some harvests claimed a code of somebody else that is signed for this market."""
        with beyond_scope(self.session):  # the harvests may be of several producers
            return all(
                bool(row.area_code) and BatchFacts(self.session, row).authorised_for(market)
                for row in harvests
            )

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
