"""The way of the goods, as the public may see it: what a batch was made of, and what happened to it step by step.

A batch made of others carries their steps too. Where nothing was recorded for long, the timeline says so: a gap is
shown as a gap. Weights enter only as shares; customers, suppliers and the notes of events do not enter at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import is_whole_day
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.products import Product

#: Days without any record between two steps from which on the timeline shows a gap.
GAP_DAYS = 14
#: A page walks up this many batches at most; a recall walks all.
MOST_BATCHES = 60
_BEGINNINGS = frozenset({EventType.HARVEST, EventType.TRANSFORM, EventType.TREAT})
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
    """The steps of one batch, in the order in which they happened, with the gaps between them."""

    goods: str
    lot: str
    producer: str
    own: bool
    steps: tuple[Step | Gap, ...]


@dataclass(frozen=True)
class Source:
    """Where a share of a batch comes from: a harvest with its area, or something whose way was not recorded."""

    per_mille: int
    goods: str
    lot: str = ""
    producer: str = ""
    place: str = ""
    #: the area's name (empty for a household's), and the code that was claimed for the lot, with its market
    area: str = ""
    code: str = ""
    market: str = ""
    area_id: str | None = None
    harvested_on: date | None = None
    traced: bool = True

    @property
    def percent(self) -> float:
        return self.per_mille / 10


@dataclass(frozen=True)
class Parent:
    """A batch on the way up, with what names it and its share of the batch that was asked about."""

    batch: Batch
    product: Product
    producer: Producer
    share: float
    #: what went into it: grams of other batches and of materials
    added_g: int = 0

    @property
    def total_g(self) -> int:
        """What its inputs are shares of: a harvest is the larger part of itself, a transform is all inputs."""
        return self.batch.made_g if self.batch.origin is Origin.HARVEST else self.added_g

    @property
    def harvested_share(self) -> float:
        """The share of the batch that was asked about which was harvested as this batch."""
        return (
            self.share * (1 - self.added_g / self.batch.made_g)
            if self.batch.origin is Origin.HARVEST
            else 0.0
        )


@dataclass(frozen=True)
class Journey:
    """The whole way of a batch: its own chapter is the last. `area_ids` are its areas, the largest share first.

    `parents` are the batches themselves in that order, the own one first; they are rows, and nothing to be shown.
    """

    chapters: tuple[Chapter, ...]
    sources: tuple[Source, ...]
    area_ids: tuple[str, ...]
    complete: bool
    parents: tuple[Parent, ...]


def public_name(producer: Producer) -> str:
    """The name the public reads; empty for a household, which is a person."""
    return "" if producer.legal_form is LegalForm.HOUSEHOLD else producer.name


def of_batch(session: Session, batch: Batch, product: Product, producer: Producer) -> Journey:
    """The way of a batch up to its harvests."""
    parents, inputs, complete = _walk_up(session, Parent(batch, product, producer, 1.0))
    areas = _areas(session, [parent.batch.area_id for parent in parents])
    ordered = sorted(parents, key=lambda parent: -parent.share)
    return Journey(
        chapters=_chapters(session, parents, {row.delivery_id for row in inputs if row.delivery_id}, areas),
        sources=_sources(parents, inputs, areas) if inputs else (),
        area_ids=tuple(dict.fromkeys(parent.batch.area_id for parent in ordered if parent.batch.area_id)),
        complete=complete,
        parents=tuple(ordered),
    )


def producers_behind(session: Session, batch_id: str) -> frozenset[str] | None:
    """The ids of all producers whose records the story of a batch is told from; None where the walk is not complete."""
    statement = (
        select(Batch, Product, Producer)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Batch.producer_id))
        .where(Batch.id == batch_id)
    )
    parents, _inputs, complete = _walk_up(session, Parent(*session.exec(statement).one(), 1.0))
    return frozenset(parent.producer.id for parent in parents) if complete else None


def _walk_up(session: Session, start: Parent) -> tuple[list[Parent], list[BatchInput], bool]:
    """All batches above, level by level; all inputs on the way; whether that was all."""
    parents = {start.batch.id: start}
    seen: dict[str, BatchInput] = {}
    level = {start.batch.id: 1.0}
    complete = True
    while level:
        inputs = session.exec(select(BatchInput).where(col(BatchInput.batch_id).in_(level))).all()
        for batch_id in level:
            added = sum(row.grams for row in inputs if row.batch_id == batch_id)
            parents[batch_id] = replace(parents[batch_id], added_g=added)
        above: dict[str, float] = {}
        for row in inputs:
            share = level[row.batch_id] * row.grams / parents[row.batch_id].total_g
            seen[row.id] = row
            if row.source_batch_id is not None:
                above[row.source_batch_id] = above.get(row.source_batch_id, 0.0) + share
        for batch_id in above.keys() & parents.keys():  # reached by two ways of different length
            parents[batch_id] = replace(parents[batch_id], share=parents[batch_id].share + above[batch_id])
        room = MOST_BATCHES - len(parents)
        fresh = sorted(above.keys() - parents.keys(), key=lambda batch_id: -above[batch_id])
        complete = complete and len(fresh) <= room
        for parent in _named(session, fresh[: max(room, 0)], above):
            parents[parent.batch.id] = parent
        level = {batch_id: share for batch_id, share in above.items() if batch_id in parents}
    return list(parents.values()), list(seen.values()), complete


def _named(session: Session, batch_ids: Sequence[str], shares: dict[str, float]) -> list[Parent]:
    statement = (
        select(Batch, Product, Producer)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Batch.producer_id))
        .where(col(Batch.id).in_(batch_ids))
    )
    return [Parent(*row, shares[row[0].id]) for row in session.exec(statement)] if batch_ids else []


def _areas(session: Session, area_ids: Iterable[str | None]) -> dict[str, GrowingArea]:
    wanted = {area_id for area_id in area_ids if area_id}
    found = session.exec(select(GrowingArea).where(col(GrowingArea.id).in_(wanted))) if wanted else ()
    return {area.id: area for area in found}


def _sources(
    parents: list[Parent], inputs: list[BatchInput], areas: dict[str, GrowingArea]
) -> tuple[Source, ...]:
    """The harvests, and what joined without a batch, with their shares."""
    found = [
        Source(
            per_mille=round(parent.harvested_share * 1000),
            goods=parent.product.name,
            lot=parent.batch.lot,
            producer=public_name(parent.producer),
            place=_place(areas.get(parent.batch.area_id or ""), parent.producer),
            area=_area_name(areas.get(parent.batch.area_id or ""), parent.producer),
            code=parent.batch.area_code or "",
            area_id=parent.batch.area_id,
            harvested_on=parent.batch.harvested_on,
        )
        for parent in parents
        if parent.batch.origin is Origin.HARVEST
    ]
    named = {parent.batch.id: parent for parent in parents}
    materials: dict[str, float] = {}
    for row in inputs:
        if row.source_batch_id is None:
            share = named[row.batch_id].share * row.grams / named[row.batch_id].total_g
            materials[row.material] = materials.get(row.material, 0.0) + share
    found += [
        Source(round(share * 1000), material, traced=False) for material, share in sorted(materials.items())
    ]
    return tuple(sorted(found, key=lambda source: -source.per_mille))


def _chapters(
    session: Session, parents: list[Parent], ways: set[str], areas: dict[str, GrowingArea]
) -> tuple[Chapter, ...]:
    """A chapter for each batch with records. Of what left a batch above only the ways that led here are told."""
    named = {parent.batch.id: parent for parent in parents}
    own = parents[0]
    events: dict[str, list[Event]] = {}
    for event in session.exec(select(Event).where(col(Event.batch_id).in_(named))):
        events.setdefault(event.batch_id or "", []).append(event)
    sent = select(Delivery.id, Delivery.market).where(col(Delivery.batch_id).in_(named))
    markets: dict[str, str] = dict(session.exec(sent).all())
    told: dict[str, list[Step]] = {
        parent.batch.id: [
            _step(event, parent, areas, markets)
            for event in _in_order(events.get(parent.batch.id, ()))
            if parent is own or event.type not in _SHIPPED or event.delivery_id in ways
        ]
        for parent in parents
    }
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
        )
        for parent in (*above, own)
    )


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
