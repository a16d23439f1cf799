"""The way of the goods, as the public may see it: what a batch was made of, and what happened to it step by step.

A batch made of others carries their steps too. Where nothing was recorded for long, the timeline says so: a gap is
shown as a gap. Weights enter only as shares; customers, suppliers and the notes of events do not enter at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlmodel import Session, col, select

from traceability.domain import shares
from traceability.domain.agencies import Agency
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.history import MAKING, Event, EventType, histories, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import is_whole_day
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.products import Product
from traceability.domain.shares import Node

#: Days without any record between two steps from which on the timeline shows a gap.
GAP_DAYS = 14
#: A page tells the steps of this many batches, those with the largest shares; the shares themselves are of all.
MOST_BATCHES = 60
#: So many sources are named one by one; of the others a page gives the number and their share together.
MOST_SOURCES = 12
_BEGINNINGS = MAKING | {EventType.HARVEST, EventType.TREAT}
#: Steps that take some of the goods another way.
_ELSEWHERE = frozenset({EventType.SPLIT, EventType.RETURN, EventType.AGGREGATE, EventType.OPEN})
_SHIPPED = frozenset({EventType.SHIP, EventType.SELL})


@dataclass(frozen=True)
class Step:
    """One recorded step. `market` is where a shipment went."""

    type: EventType
    word: str
    at: datetime
    whole_day: bool
    place: str
    corrected: bool = False
    market: str = ""

    @property
    def is_gap(self) -> bool:
        return False


@dataclass(frozen=True)
class Gap:
    """Days of which nothing was recorded."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days

    @property
    def is_gap(self) -> bool:
        return True


@dataclass(frozen=True)
class Chapter:
    """The steps of one batch, in the order in which they happened, with the gaps between them.

    They are the producer's word, written down from `entered_from` to `entered_to`; `entered_by` are the agencies that
    wrote some of them down in its name.
    """

    goods: str
    lot: str
    producer: str
    own: bool
    steps: tuple[Step | Gap, ...]
    entered_from: date | None = None
    entered_to: date | None = None
    entered_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a share of a batch comes from: a harvest with its area, or something whose way was not recorded."""

    per_mille: int
    goods: str
    lot: str = ""
    producer: str = ""
    place: str = ""
    #: the area's name (empty for a household's), and the code that was claimed for the lot, with its market and, where
    #: it was lent, its holder
    area: str = ""
    code: str = ""
    market: str = ""
    code_holder: str = ""
    area_id: str | None = None
    harvested_on: date | None = None
    traced: bool = True

    @property
    def percent(self) -> float:
        return self.per_mille / 10


@dataclass(frozen=True)
class Parent:
    """A batch on the way up, with what names it, its share of the batch that was asked about, and what of that share
    was harvested as this batch."""

    batch: Batch
    product: Product
    producer: Producer
    share: float
    harvested_share: float


@dataclass(frozen=True)
class Journey:
    """The whole way of a batch: its own chapter is the last. `area_ids` are its areas, the largest share first.

    `more_sources` are not named one by one, and make up `more_per_mille` together. `complete`: every batch above has
    its chapter. `parents` are the batches themselves, the own one first; they are rows, and nothing to be shown.
    """

    chapters: tuple[Chapter, ...]
    sources: tuple[Source, ...]
    more_sources: int
    more_per_mille: int
    area_ids: tuple[str, ...]
    complete: bool
    parents: tuple[Parent, ...]


def public_name(producer: Producer) -> str:
    """The name the public reads; empty for a household, which is a person."""
    return "" if producer.legal_form is LegalForm.HOUSEHOLD else producer.name


def of_batch(session: Session, batch: Batch, product: Product, producer: Producer) -> Journey:
    """The way of a batch up to its harvests."""
    nodes = shares.above(session, batch.id)
    passed = _passed(nodes, batch.id)
    parts = _parts(nodes, passed)
    told = sorted(passed, key=lambda batch_id: (batch_id != batch.id, -passed[batch_id], batch_id))[
        :MOST_BATCHES
    ]
    named = [part.batch_id for part in parts[:MOST_SOURCES] if part.batch_id]
    rows = {batch.id: (batch, product, producer)} | _rows(session, {*told, *named} - {batch.id})
    parents = {
        batch_id: Parent(*row, passed[batch_id], passed[batch_id] * _harvested(nodes[batch_id]))
        for batch_id, row in rows.items()
    }
    shown = [parents[batch_id] for batch_id in told]
    areas = _areas(session, [parent.batch.area_id for parent in parents.values()])
    ways = set(session.exec(select(BatchInput.delivery_id).where(col(BatchInput.batch_id).in_(told))))
    sources, more_per_mille = _sources(parts, parents, areas) if len(nodes) > 1 or parts[1:] else ((), 0)
    from_areas = sorted(shown, key=lambda parent: -parent.harvested_share)
    return Journey(
        chapters=_chapters(session, shown, ways, areas),
        sources=sources,
        more_sources=max(0, len(parts) - MOST_SOURCES) if sources else 0,
        more_per_mille=more_per_mille,
        area_ids=tuple(dict.fromkeys(parent.batch.area_id for parent in from_areas if parent.batch.area_id)),
        complete=len(told) == len(passed),
        parents=tuple(shown),
    )


def producers_behind(session: Session, batch_id: str) -> frozenset[str]:
    """The ids of all producers whose records the story of a batch is told from."""
    return frozenset(node.producer_id for node in shares.above(session, batch_id).values())


@dataclass(frozen=True)
class _Part:
    """A share of the batch that came from nowhere else: a harvest (`batch_id`), or a material."""

    share: float
    batch_id: str = ""
    material: str = ""


def _passed(nodes: dict[str, Node], root: str) -> dict[str, float]:
    """By batch: the share of the root that passed through it. Each is counted after all its uses; a draw of nothing (an
    act that was declared never to have happened) leads nowhere. `shares.spread` says exactly what comes out above."""
    uses: dict[str, int] = {}
    for node in nodes.values():
        for source, _grams in node.inputs:
            uses[source] = uses.get(source, 0) + 1
    found, ready = {root: 1.0}, [root]
    while ready:
        batch_id = ready.pop()
        node = nodes[batch_id]
        for source, grams in node.inputs:
            drawn = found.get(batch_id, 0.0) * grams / (node.total_g or 1)
            found[source] = found.get(source, 0.0) + drawn
            uses[source] -= 1
            if not uses[source]:
                ready.append(source)
    return {batch_id: share for batch_id, share in found.items() if share}


def _harvested(node: Node) -> float:
    return node.harvested_g / node.total_g if node.harvested_g else 0.0


def _parts(nodes: dict[str, Node], passed: dict[str, float]) -> list[_Part]:
    """What a batch is made of, the largest first; the shares add up to one."""
    found, materials = [], dict[str, float]()
    for batch_id, share in passed.items():
        node = nodes[batch_id]
        if not node.total_g:
            found.append(_Part(share, batch_id))  # nothing was recorded of what it is made of
            continue
        found.append(_Part(share * _harvested(node), batch_id))
        for material, grams in node.materials:
            materials[material] = materials.get(material, 0.0) + share * grams / node.total_g
    found += [_Part(share, material=material) for material, share in materials.items()]
    return sorted(
        (part for part in found if part.share), key=lambda part: (-part.share, part.batch_id, part.material)
    )


def _rows(session: Session, batch_ids: Iterable[str]) -> dict[str, tuple[Batch, Product, Producer]]:
    wanted = set(batch_ids)
    statement = (
        select(Batch, Product, Producer)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Batch.producer_id))
        .where(col(Batch.id).in_(wanted))
    )
    return {row[0].id: (row[0], row[1], row[2]) for row in session.exec(statement)} if wanted else {}


def _areas(session: Session, area_ids: Iterable[str | None]) -> dict[str, GrowingArea]:
    wanted = {area_id for area_id in area_ids if area_id}
    found = session.exec(select(GrowingArea).where(col(GrowingArea.id).in_(wanted))) if wanted else ()
    return {area.id: area for area in found}


def _sources(
    parts: list[_Part], parents: dict[str, Parent], areas: dict[str, GrowingArea]
) -> tuple[tuple[Source, ...], int]:
    """The harvests, and what joined without a batch, with their shares; and the share of those left out. In per mille
    that add up to a thousand."""
    weights = shares.whole(1000, [Fraction(part.share) for part in parts])
    found = [
        _source(parents[part.batch_id], areas, weight)
        if part.batch_id
        else Source(weight, part.material, traced=False)
        for part, weight in zip(parts[:MOST_SOURCES], weights, strict=False)
    ]
    return tuple(found), sum(weights[MOST_SOURCES:])


def _source(parent: Parent, areas: dict[str, GrowingArea], per_mille: int) -> Source:
    area = areas.get(parent.batch.area_id or "")
    return Source(
        per_mille=per_mille,
        goods=parent.product.name,
        lot=parent.batch.lot,
        producer=public_name(parent.producer),
        place=_place(area, parent.producer),
        area=_area_name(area, parent.producer),
        code=parent.batch.area_code or "",
        area_id=parent.batch.area_id,
        harvested_on=parent.batch.harvested_on,
        traced=parent.batch.origin is Origin.HARVEST,
    )


def _chapters(
    session: Session, parents: list[Parent], ways: set[str | None], areas: dict[str, GrowingArea]
) -> tuple[Chapter, ...]:
    """A chapter for each batch with records. Of what left a batch above only the ways that led here are told."""
    named = {parent.batch.id: parent for parent in parents}
    own = parents[0]
    events = histories(session, named)
    begun_elsewhere = {event.id for key, found in events.items() for event in found if event.batch_id != key}
    sent = select(Delivery.id, Delivery.market).where(col(Delivery.batch_id).in_(named))
    markets: dict[str, str] = dict(session.exec(sent).all())
    kept = {
        parent.batch.id: [
            event
            for event in _in_order(events.get(parent.batch.id, ()))
            if parent is own or _led_here(event, parent, ways, begun_elsewhere)
        ]
        for parent in parents
    }
    told: dict[str, list[Step]] = {
        parent.batch.id: [_step(event, parent, areas, markets) for event in kept[parent.batch.id]]
        for parent in parents
    }
    behalf = {event.on_behalf_agency_id for events_of in kept.values() for event in events_of}
    agencies = _agencies(session, behalf)
    above = sorted(
        (parent for parent in parents[1:] if told[parent.batch.id]), key=lambda one: told[one.batch.id][0].at
    )
    last = max((told[parent.batch.id][-1].at for parent in above), default=None)
    return tuple(
        Chapter(
            goods=parent.product.name,
            lot=parent.batch.lot,
            producer=public_name(parent.producer),
            own=parent is own,
            steps=_with_gaps(told[parent.batch.id], parent.batch.started_on, last if parent is own else None),
            entered_from=min((local_day(event.created_at) for event in kept[parent.batch.id]), default=None),
            entered_to=max((local_day(event.created_at) for event in kept[parent.batch.id]), default=None),
            entered_by=tuple(
                dict.fromkeys(
                    agencies[event.on_behalf_agency_id]
                    for event in kept[parent.batch.id]
                    if event.on_behalf_agency_id in agencies
                )
            ),
        )
        for parent in (*above, own)
    )


def _agencies(session: Session, ids: Iterable[str | None]) -> dict[str | None, str]:
    """The names of agencies by id."""
    wanted = {agency_id for agency_id in ids if agency_id}
    found = session.exec(select(Agency).where(col(Agency.id).in_(wanted))) if wanted else ()
    return {agency.id: agency.name for agency in found}


def _led_here(event: Event, parent: Parent, ways: set[str | None], begun_elsewhere: set[str]) -> bool:
    """Whether a step of a batch above was on the way here. What another chapter begins with is told there."""
    if event.type in _SHIPPED:
        return event.delivery_id in ways
    if event.batch_id != parent.batch.id:
        return True
    return event.type not in _ELSEWHERE and event.id not in begun_elsewhere


def _in_order(events: Sequence[Event]) -> list[Event]:
    """The events that hold, by moments; those of one minute as they were recorded, a corrected one where the first
    entry stood. Where only the day is known, beginnings stand before the other steps of the day, the rest after."""
    known = {event.id: event for event in events}

    def place(event: Event) -> tuple[date, bool, datetime, datetime]:
        late = is_whole_day(event.happened_at) and event.type not in _BEGINNINGS
        first = event
        while first.corrects_id in known:
            first = known[first.corrects_id or ""]
        minute = event.happened_at.replace(second=0, microsecond=0)
        return local_day(event.happened_at), late, minute, first.created_at

    return sorted(standing(events), key=place)


def _step(event: Event, parent: Parent, areas: dict[str, GrowingArea], markets: dict[str, str]) -> Step:
    return Step(
        type=event.type,
        word=event.step,
        at=event.happened_at,
        whole_day=is_whole_day(event.happened_at),
        place=_place(areas.get(event.area_id or ""), parent.producer),
        corrected=event.corrects_id is not None,
        market=markets.get(event.delivery_id or "", ""),
    )


def _place(area: GrowingArea | None, producer: Producer) -> str:
    where = area or producer
    return ", ".join(part for part in (where.commune_name, where.province_name) if part)


def _area_name(area: GrowingArea | None, producer: Producer) -> str:
    """The name of an area; that of a household's often is its own."""
    return "" if area is None or producer.legal_form is LegalForm.HOUSEHOLD else area.name


def _with_gaps(steps: list[Step], began_on: date, after: datetime | None) -> tuple[Step | Gap, ...]:
    """The steps with the gaps between them. What the field was given before the harvest leaves no gap, and after the
    goods have left silence is none. `after` is when the last step of what the batch was made of happened."""
    shown: list[Step | Gap] = []
    before, left = (local_day(after) if after else None), False
    for step in steps:
        day = local_day(step.at)
        if before is not None and not left and (day - before).days > GAP_DAYS:
            shown.append(Gap(before, day))
        shown.append(step)
        before = day if day >= began_on else None
        left = step.type in _SHIPPED
    return tuple(shown)
