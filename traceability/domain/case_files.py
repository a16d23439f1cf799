"""The overseer's file of a batch, a producer or an area: what its producer sees of it, and what only oversight shows.

Oversight adds its stamps and how often they were opened, what was doubted, inspected, suspended and recalled, and how
far it reaches up and down the chain.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from traceability.domain import (
    area_grants,
    area_overlaps,
    areas,
    certificates,
    descent,
    dossiers,
    doubts,
    laboratory,
    logbook,
    packing_houses,
    producers,
    records,
    suspensions,
)
from traceability.domain.agencies import Agency
from traceability.domain.area_overlaps import Overlap
from traceability.domain.areas import AreaCode, AreaCodeChange, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.certificates import Certificate
from traceability.domain.dossiers import Dossier
from traceability.domain.doubts import Doubt
from traceability.domain.inspections import Finding, Inspection
from traceability.domain.laboratory import LabTest
from traceability.domain.lineage import BatchInput
from traceability.domain.logbook import Person
from traceability.domain.ownership import beyond_scope
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer
from traceability.domain.products import Crop, Product
from traceability.domain.recalls import Recall, RecalledBatch
from traceability.domain.scans import ScanDay, Verdict
from traceability.domain.stamps import StampOrder, StampRange
from traceability.domain.suspensions import Suspension

SOME = 12


@dataclass(frozen=True)
class Oversight:
    """What oversight knows of any subject: inspections with their findings, suspensions, and the names behind ids."""

    inspections: list[tuple[Inspection, list[Finding]]]
    suspensions: list[Suspension]
    people: dict[str, Person]
    agencies: dict[str, str]


@dataclass(frozen=True)
class UseElsewhere:
    """A batch that was made with this one, also where it belongs to a producer outside the scope (`batch_id` None)."""

    grams: int
    lot: str
    goods: str
    producer: str
    batch_id: str | None


@dataclass(frozen=True)
class SourceTest:
    """A laboratory report of a batch that went into this one (`batch_id` None: it lies outside the scope)."""

    test: LabTest
    lot: str
    goods: str
    batch_id: str | None


@dataclass(frozen=True)
class BatchFile:
    """Everything about a batch. `ancestors` and `descendants` count batches over all steps and producers."""

    dossier: Dossier
    producer: Producer
    crop: Crop | None
    certificates: list[Certificate]
    orders: list[tuple[StampOrder, list[StampRange]]]
    scans: dict[Verdict, int]
    scan_days: list[tuple[date, int]]
    doubts: list[Doubt]
    recalls: list[Recall]
    uses: list[UseElsewhere]
    ancestors: int
    descendants: int
    source_tests: list[SourceTest]
    oversight: Oversight


@dataclass(frozen=True)
class ProducerFile:
    """Everything about a producer, but for the data that is shown only after the look was written down."""

    producer: Producer
    categories: list[str]
    areas: list[GrowingArea]
    codes: dict[str, list[AreaCode]]
    products: list[Product]
    packing_houses: list[PackingHouse]
    certificates: list[Certificate]
    batches: list[tuple[Batch, Product]]
    batch_count: int
    stamps: int
    doubts: list[Doubt]
    oversight: Oversight


@dataclass(frozen=True)
class AreaFile:
    """Everything about a growing area."""

    area: GrowingArea
    producer: Producer
    crop: Crop | None
    codes: list[AreaCode]
    history: dict[str, list[AreaCodeChange]]
    elsewhere: dict[str, int]
    overlaps: list[Overlap]
    certificates: list[Certificate]
    batches: list[tuple[Batch, Product]]
    batch_count: int
    harvested_g: int
    neighbours: list[GrowingArea]
    oversight: Oversight


def of_batch(session: Session, batch_id: str) -> BatchFile:
    """The file of a batch within the scope. Raises `NotFound`."""
    dossier = dossiers.of_batch(session, batch_id)
    batch = dossier.batch
    orders = list(
        session.exec(
            select(StampOrder)
            .where(StampOrder.batch_id == batch.id)
            .order_by(col(StampOrder.created_at).desc())
        ).all()
    )
    ranges = _ranges(session, batch.id)
    found = _doubts_first(doubts.of_batch(session, batch.id))
    recalls = recalls_reaching(session, batch.id)
    subjects = [batch.id, *(row.id for row in ranges), *(order.id for order in orders)]
    days = _scan_days(session, batch.id)
    above = descent.ancestors(session, batch.id)
    signed = [event.recorded_by_id for event in dossier.events] + [batch.recorded_by_id]
    signed += [recall.opened_by_id for recall in recalls] + [row.answered_by_id for row in found]
    return BatchFile(
        dossier=dossier,
        producer=records.find(session, Producer, batch.producer_id),
        crop=session.get(Crop, dossier.product.crop_id),
        certificates=certificates.covering(session, batch.producer_id, batch.product_id, batch.area_id),
        orders=[(order, [row for row in ranges if row.order_id == order.id]) for order in orders],
        scans=dict(Counter(dict.fromkeys(Verdict, 0)) + _by_verdict(days)),
        scan_days=_by_day(days),
        doubts=found,
        recalls=recalls,
        uses=_uses(session, batch.id),
        ancestors=len(above),
        descendants=len(descent.descendants(session, batch.id)),
        source_tests=_source_tests(session, above),
        oversight=_oversight(
            session, subjects, signed, [recall.agency_id for recall in recalls if recall.agency_id]
        ),
    )


def of_producer(session: Session, producer_id: str) -> ProducerFile:
    """The file of a producer within the scope. Raises `NotFound`."""
    producer = records.find(session, Producer, producer_id)
    found = areas.all_of(session, producer_id)
    goods = select(Product).where(Product.producer_id == producer_id).order_by(col(Product.sort_key))
    stamps = select(func.sum(StampOrder.quantity)).where(StampOrder.producer_id == producer_id)
    reports = select(Doubt).where(Doubt.producer_id == producer_id).order_by(col(Doubt.created_at).desc())
    return ProducerFile(
        producer=producer,
        categories=producers.categories_of(session, producer_id),
        areas=found,
        codes=areas.codes_of(session, [area.id for area in found]),
        products=list(session.exec(goods).all()),
        packing_houses=packing_houses.packing_houses_of(session, producer_id),
        certificates=certificates.all_of(session, producer_id),
        batches=_batches(session, Batch.producer_id == producer_id),
        batch_count=_count_batches(session, Batch.producer_id == producer_id),
        stamps=int(session.exec(stamps).one() or 0),
        doubts=list(session.exec(reports.limit(SOME)).all()),
        oversight=_oversight(
            session, [producer_id], [], [producer.approved_by_agency_id or ""], of_producer=producer_id
        ),
    )


def of_area(session: Session, area_id: str) -> AreaFile:
    """The file of a growing area within the scope. Raises `NotFound`."""
    area = records.find(session, GrowingArea, area_id)
    codes = areas.codes_of(session, [area.id])[area.id]
    history = area_grants.history_of(session, [code.id for code in codes])
    changes = [change for lines in history.values() for change in lines]
    here = Batch.area_id == area.id
    harvested = session.exec(select(func.sum(Batch.made_g)).where(here)).one()
    return AreaFile(
        area=area,
        producer=records.find(session, Producer, area.producer_id),
        crop=session.get(Crop, area.crop_id),
        codes=codes,
        history=history,
        elsewhere={code.id: area_grants.held_elsewhere(session, code) for code in codes},
        overlaps=area_overlaps.overlaps(session, area),
        certificates=[
            row
            for row in certificates.covering(session, area.producer_id, area_id=area.id)
            if row.covered_id in (area.id, area.producer_id)
        ],
        batches=_batches(session, here),
        batch_count=_count_batches(session, here),
        harvested_g=int(harvested or 0),
        neighbours=_neighbours(session, area),
        oversight=_oversight(
            session,
            [area.id, *(code.id for code in codes)],
            [change.account_id for change in changes],
            [area.approved_by_agency_id or "", *(change.agency_id or "" for change in changes)],
        ),
    )


def recalls_reaching(session: Session, batch_id: str) -> list[Recall]:
    """All recalls that reach or reached a batch, the newest first; one may have begun outside the scope."""
    statement = (
        select(Recall)
        .join(RecalledBatch, col(RecalledBatch.recall_id) == col(Recall.id))
        .where(RecalledBatch.batch_id == batch_id)
        .order_by(col(Recall.opened_at).desc())
    )
    with beyond_scope(session):
        return list(session.exec(statement).all())


def agencies_by_id(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """The names of agencies."""
    wanted = {agency_id for agency_id in ids if agency_id}
    if not wanted:
        return {}
    return dict(session.exec(select(Agency.id, Agency.name).where(col(Agency.id).in_(wanted))).all())


def oversight_of(session: Session, subjects: list[str]) -> Oversight:
    """Inspections and suspensions of some subjects, with the names behind them."""
    return _oversight(session, subjects, [], [])


# --- inside ----------------------------------------------------------------------------------------------------------


def _oversight(
    session: Session,
    subjects: list[str],
    accounts: list[str | None],
    agencies: list[str],
    of_producer: str | None = None,
) -> Oversight:
    about = Inspection.producer_id == of_producer if of_producer else col(Inspection.subject_id).in_(subjects)
    statement = select(Inspection).where(about).order_by(col(Inspection.on_day).desc())
    held = list(session.exec(statement).all())
    findings: dict[str, list[Finding]] = {inspection.id: [] for inspection in held}
    seen = select(Finding).where(col(Finding.inspection_id).in_(findings)).order_by(col(Finding.created_at))
    for finding in session.exec(seen).all():
        findings[finding.inspection_id].append(finding)
    stopped = suspensions.history_of(session, *subjects)
    people = [*accounts, *(row.inspector_id for row in held)]
    people += [person for row in stopped for person in (row.by_id, row.lifted_by_id)]
    offices = [*agencies, *(row.agency_id for row in held), *(row.agency_id or "" for row in stopped)]
    return Oversight(
        inspections=[(inspection, findings[inspection.id]) for inspection in held],
        suspensions=stopped,
        people=logbook.people(session, people),
        agencies=agencies_by_id(session, offices),
    )


def _ranges(session: Session, batch_id: str) -> list[StampRange]:
    statement = select(StampRange).where(StampRange.batch_id == batch_id)
    return list(session.exec(statement.order_by(col(StampRange.first_serial))).all())


def _doubts_first(found: list[Doubt]) -> list[Doubt]:
    return sorted(found, key=lambda doubt: doubt.answered_at is not None)


def _scan_days(session: Session, batch_id: str) -> list[ScanDay]:
    statement = select(ScanDay).where(ScanDay.batch_id == batch_id).order_by(col(ScanDay.day))
    return list(session.exec(statement).all())


def _by_verdict(days: list[ScanDay]) -> Counter[Verdict]:
    counted: Counter[Verdict] = Counter()
    for row in days:
        counted[row.verdict] += row.opened
    return counted


def _by_day(days: list[ScanDay]) -> list[tuple[date, int]]:
    counted: Counter[date] = Counter()
    for row in days:
        counted[row.day] += row.opened
    return sorted(counted.items())


def _uses(session: Session, batch_id: str) -> list[UseElsewhere]:
    statement = (
        select(BatchInput.grams, Batch, Product.name, Producer.name)
        .join(Batch, col(Batch.id) == BatchInput.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == Batch.producer_id)
        .where(BatchInput.source_batch_id == batch_id)
        .order_by(col(Batch.started_on).desc())
    )
    with beyond_scope(session):  # goods go on to producers whom this agency does not oversee
        found = session.exec(statement).all()
    own = select(Batch.id).where(col(Batch.id).in_([batch.id for _grams, batch, _goods, _name in found]))
    known = set(session.exec(own).all()) if found else set()
    return [
        UseElsewhere(grams, batch.lot, goods, name, batch.id if batch.id in known else None)
        for grams, batch, goods, name in found
    ]


def _source_tests(session: Session, above: list[str]) -> list[SourceTest]:
    """The reports of what went in, the ones that were not passed first."""
    statement = (
        select(Batch, Product.name)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(col(Batch.id).in_(above))
    )
    with beyond_scope(session):  # what went in may be another province's
        found = laboratory.of_batches(session, above)
        named = {batch.id: (batch.lot, goods) for batch, goods in session.exec(statement)} if found else {}
    own = select(Batch.id).where(col(Batch.id).in_(named))
    known = set(session.exec(own).all()) if found else set()
    return [
        SourceTest(test, *named[test.batch_id], test.batch_id if test.batch_id in known else None)
        for test in sorted(found, key=lambda test: test.passed)
    ]


def _batches(session: Session, where: object) -> list[tuple[Batch, Product]]:
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(where)  # type: ignore[arg-type]
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc())
        .limit(SOME)
    )
    return [(batch, product) for batch, product in session.exec(statement).all()]


def _count_batches(session: Session, where: object) -> int:
    return session.exec(select(func.count()).select_from(Batch).where(where)).one()  # type: ignore[arg-type]


def _neighbours(session: Session, area: GrowingArea) -> list[GrowingArea]:
    """The areas within the scope that are near enough to be drawn beside this one."""
    wide, high = (area.east - area.west) * 1.5, (area.north - area.south) * 1.5
    near = (
        select(GrowingArea)
        .where(col(GrowingArea.west) <= area.east + wide, col(GrowingArea.east) >= area.west - wide)
        .where(col(GrowingArea.south) <= area.north + high, col(GrowingArea.north) >= area.south - high)
        .where(col(GrowingArea.id) != area.id)
        .limit(40)
    )
    return list(session.exec(near).all())
