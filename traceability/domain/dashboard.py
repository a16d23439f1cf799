"""The dashboard (bảng điều hành): what an overseer sees first, within the scope, by a fixed number of queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from traceability.domain import area_grants, areas, packing_houses, producers, products
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.certificates import EXPIRING_DAYS, Certificate
from traceability.domain.doubts import Doubt, DoubtState
from traceability.domain.inspections import Finding, FindingState, Inspection
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Crop, Product
from traceability.domain.recalls import Recall, RecallState
from traceability.domain.scans import ScanDay, Verdict
from traceability.domain.stamps import RangeState, StampRange
from traceability.domain.suspensions import Suspension

MONTHS = 12
DAYS = 14


@dataclass(frozen=True)
class Waiting:
    """What waits for an agency's word."""

    producers: list[Producer]
    areas: list[GrowingArea]
    products: list[Product]
    codes: list[AreaCode]
    packing_houses: list[PackingHouse]

    @property
    def count(self) -> int:
        """How many things wait."""
        return (
            len(self.producers)
            + len(self.areas)
            + len(self.products)
            + len(self.codes)
            + len(self.packing_houses)
        )


@dataclass(frozen=True)
class MapArea:
    """A growing area as the map shows it."""

    id: str
    name: str
    state: AreaState
    crop: str
    square_metres: int
    box: tuple[float, float, float, float]
    province_code: str
    commune: str


@dataclass(frozen=True)
class Dashboard:
    """The figures and lists of the first page."""

    producers: int
    suspended_producers: int
    areas: int
    square_metres: int
    batches: Counter[BatchState]
    harvested_g: list[tuple[date, int]]
    stamps: Counter[RangeState]
    #: stamps in use on lots that are recalled
    recalled_stamps: int
    scans: dict[date, Counter[Verdict]]
    waiting: int
    expiring: list[tuple[Certificate, Producer]]
    expiring_count: int
    findings: list[tuple[Finding, Inspection, Producer]]
    findings_count: int
    overdue: int
    doubts: list[Doubt]
    doubts_count: int
    suspensions: list[tuple[Suspension, Producer]]
    recalls: list[tuple[Recall, Batch]]
    map_areas: list[MapArea]

    @property
    def stamps_count(self) -> int:
        """All stamps ever ordered."""
        return sum(self.stamps.values())

    @property
    def opened_lately(self) -> int:
        """Stamps opened in the last days, all verdicts together."""
        return sum(sum(verdicts.values()) for verdicts in self.scans.values())

    @property
    def stopped_lately(self) -> int:
        """Of these, those that were told to stop: recalled, void or suspended."""
        grave = (Verdict.RECALLED, Verdict.VOID, Verdict.SUSPENDED)
        return sum(verdicts[verdict] for verdicts in self.scans.values() for verdict in grave)


def of_scope(session: Session, today: date, *, most: int = 6) -> Dashboard:
    """The dashboard of a day; lists hold at most `most` rows, their counts all."""
    producers_by = _grouped(session, Producer.state)
    area_count, square_metres = session.exec(
        select(func.count(), func.sum(GrowingArea.computed_m2))
        .select_from(GrowingArea)
        .where(GrowingArea.state != AreaState.WITHDRAWN)
    ).one()
    findings, findings_count, overdue = _findings(session, today, most)
    expiring, expiring_count = _expiring(session, today, most)
    doubts = select(Doubt).where(Doubt.state != DoubtState.ANSWERED)
    return Dashboard(
        producers=sum(producers_by.values()),
        suspended_producers=producers_by[ProducerState.SUSPENDED],
        areas=area_count,
        square_metres=int(square_metres or 0),
        batches=Counter({BatchState(state): n for state, n in _grouped(session, Batch.state).items()}),
        harvested_g=harvested_by_month(session, today),
        stamps=stamps_by_state(session),
        recalled_stamps=_recalled_stamps(session),
        scans=scans_by_day(session, today),
        waiting=count_waiting(session),
        expiring=expiring,
        expiring_count=expiring_count,
        findings=findings,
        findings_count=findings_count,
        overdue=overdue,
        doubts=list(session.exec(doubts.order_by(col(Doubt.created_at)).limit(most)).all()),
        doubts_count=_count(session, Doubt, Doubt.state != DoubtState.ANSWERED),
        suspensions=_suspensions(session, most),
        recalls=_recalls(session, most),
        map_areas=_map_areas(session),
    )


def waiting(session: Session) -> Waiting:
    """What waits for approval or a grant within the scope, the oldest first."""
    return Waiting(
        producers.waiting_for_approval(session),
        areas.waiting_for_approval(session),
        products.waiting_for_approval(session),
        area_grants.codes_waiting(session),
        packing_houses.packing_houses_waiting(session),
    )


def count_waiting(session: Session) -> int:
    """How many things wait."""
    applied = CodeState.APPLIED
    return (
        _count(session, Producer, Producer.state == ProducerState.DRAFT)
        + _count(session, GrowingArea, GrowingArea.state == AreaState.DRAFT)
        + _count(session, Product, Product.state == products.ProductState.DRAFT)
        + _count(session, AreaCode, AreaCode.state == applied)
        + _count(session, PackingHouse, PackingHouse.state == applied)
    )


def harvested_by_month(session: Session, today: date, months: int = MONTHS) -> list[tuple[date, int]]:
    """Grams harvested in each of the last months, the running one last; each month by its first day."""
    firsts = [_month(today, back) for back in reversed(range(months))]
    statement = (
        select(col(Batch.harvested_on), func.sum(Batch.made_g))
        .where(Batch.origin == Origin.HARVEST, col(Batch.harvested_on) >= firsts[0])
        .group_by(col(Batch.harvested_on))
    )
    grams: Counter[date] = Counter()
    for day, total in session.exec(statement).all():
        if day is not None:
            grams[day.replace(day=1)] += int(total)
    return [(first, grams[first]) for first in firsts]


def stamps_by_state(session: Session, *where: Any) -> Counter[RangeState]:
    """How many stamps are in which state."""
    number = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)
    statement = select(StampRange.state, number).where(*where).group_by(col(StampRange.state))
    return Counter({RangeState(state): int(total) for state, total in session.exec(statement).all()})


def _recalled_stamps(session: Session) -> int:
    recalled = select(Batch.id).where(Batch.state == BatchState.RECALLED)
    on_them = stamps_by_state(session, col(StampRange.batch_id).in_(recalled))
    return on_them[RangeState.ACTIVE] + on_them[RangeState.CLOSED]


def scans_by_day(
    session: Session, today: date, days: int = DAYS, *where: Any
) -> dict[date, Counter[Verdict]]:
    """Opened stamps on each of the last days by verdict."""
    first = today - timedelta(days=days - 1)
    statement = (
        select(col(ScanDay.day), col(ScanDay.verdict), func.sum(ScanDay.opened))
        .join(Batch, col(Batch.id) == ScanDay.batch_id)  # a scan belongs to whom its batch belongs
        .where(col(ScanDay.day) >= first, *where)
        .group_by(col(ScanDay.day), col(ScanDay.verdict))
    )
    found = {first + timedelta(days=number): Counter[Verdict]() for number in range(days)}
    for day, verdict, opened in session.exec(statement).all():
        if day in found:
            found[day][Verdict(verdict)] += int(opened)
    return found


# --- inside ----------------------------------------------------------------------------------------------------------


def _month(day: date, back: int) -> date:
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def _count(session: Session, table: Any, *where: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*where)).one()


def _grouped(session: Session, state: Any) -> Counter[Any]:
    return Counter(
        {member: int(n) for member, n in session.exec(select(state, func.count()).group_by(state)).all()}
    )


def _findings(
    session: Session, today: date, most: int
) -> tuple[list[tuple[Finding, Inspection, Producer]], int, int]:
    unsettled = Finding.state != FindingState.CORRECTED
    statement = (
        select(Finding, Inspection, Producer)
        .join(Inspection, col(Inspection.id) == Finding.inspection_id)
        .join(Producer, col(Producer.id) == Finding.producer_id)
        .where(unsettled)
        .order_by(sa.func.coalesce(Finding.due_on, date(2100, 1, 1)), col(Finding.created_at))
        .limit(most)
    )
    overdue = (Finding.state == FindingState.OPEN, col(Finding.due_on) < today)
    rows = [
        (finding, inspection, producer) for finding, inspection, producer in session.exec(statement).all()
    ]
    return rows, _count(session, Finding, unsettled), _count(session, Finding, *overdue)


def _expiring(session: Session, today: date, most: int) -> tuple[list[tuple[Certificate, Producer]], int]:
    soon = (
        col(Certificate.expires_on) >= today,
        col(Certificate.expires_on) < today + timedelta(days=EXPIRING_DAYS),
        col(Certificate.withdrawn_on).is_(None),
    )
    statement = (
        select(Certificate, Producer)
        .join(Producer, col(Producer.id) == Certificate.producer_id)
        .where(*soon)
        .order_by(col(Certificate.expires_on), col(Certificate.search))
        .limit(most)
    )
    rows = [(certificate, producer) for certificate, producer in session.exec(statement).all()]
    return rows, _count(session, Certificate, *soon)


def _suspensions(session: Session, most: int) -> list[tuple[Suspension, Producer]]:
    statement = (
        select(Suspension, Producer)
        .join(Producer, col(Producer.id) == Suspension.producer_id)
        .where(col(Suspension.lifted_at).is_(None))
        .order_by(col(Suspension.at).desc())
        .limit(most)
    )
    return [(suspension, producer) for suspension, producer in session.exec(statement).all()]


def _recalls(session: Session, most: int) -> list[tuple[Recall, Batch]]:
    statement = (
        select(Recall, Batch)
        .join(Batch, col(Batch.id) == Recall.batch_id)
        .where(Recall.state == RecallState.OPEN)
        .order_by(col(Recall.opened_at).desc())
        .limit(most)
    )
    return [(recall, batch) for recall, batch in session.exec(statement).all()]


def _map_areas(session: Session) -> list[MapArea]:
    statement = (
        select(
            GrowingArea.id,
            GrowingArea.name,
            GrowingArea.state,
            Crop.name,
            GrowingArea.computed_m2,
            GrowingArea.west,
            GrowingArea.south,
            GrowingArea.east,
            GrowingArea.north,
            GrowingArea.province_code,
            GrowingArea.commune_name,
        )  # type: ignore[call-overload]
        .join(Crop, col(Crop.id) == GrowingArea.crop_id)
        .where(GrowingArea.state != AreaState.WITHDRAWN)
        .order_by(col(GrowingArea.computed_m2).desc())
    )
    return [
        MapArea(area_id, name, AreaState(state), crop, m2, (west, south, east, north), province, commune)
        for area_id, name, state, crop, m2, west, south, east, north, province, commune in session.exec(
            statement
        )
    ]


def by_province(found: Iterable[MapArea]) -> dict[str, list[MapArea]]:
    """The areas of each province, the province with the most areas first: each gets a map of its own."""
    grouped: dict[str, list[MapArea]] = {}
    for area in found:
        grouped.setdefault(area.province_code, []).append(area)
    return dict(sorted(grouped.items(), key=lambda item: -len(item[1])))
