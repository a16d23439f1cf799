"""Batches that come out of others: what splits, mergers, repacks, returns and transforms have in common.

One event draws grams from where they lie and makes batches of them. Each source gives to each output in the proportion
of what the outputs weigh, in whole grams whose sum is what was drawn: tracing needs to read nothing but these edges. A
new batch can only be made of batches that are there already, so that the graph cannot run in a circle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from traceability.domain import balance, batches, own_references, records, stamp_quota
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day, now
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventBatch, Part, signature
from traceability.domain.lineage import BatchInput
from traceability.domain.products import Product
from traceability.domain.quantities import kg_text
from traceability.domain.records import Record
from traceability.domain.text import fold


@dataclass(frozen=True)
class Draw:
    """Grams taken from a batch of one's own, from a received delivery, or of a material that has no batch."""

    grams: int
    batch: Batch | None = None
    delivery: Delivery | None = None
    material: str = ""
    supplier: str = ""
    #: what a refusal calls the source, and where a form asks for the weight
    name: str = ""
    field: str = "kilograms"


@dataclass(frozen=True)
class Output:
    """A batch to be made. Goods that stay what they were keep the days of the lots they come `out_of`.

    `of` is the lot after which its own is named; `field` is where a form asks for the lot.
    """

    product: Product
    grams: int
    origin: Origin
    lot: str | None = None
    of: str = ""
    field: str = "lot"
    by_product: bool = False
    unit_count: int | None = None
    packed_on: date | None = None
    out_of: Sequence[Batch] = ()


@dataclass
class Made:
    """What an act has made. `rows` are all rows that the fact has to name."""

    event: Event
    batches: list[Batch] = field(default_factory=list)
    rows: list[Record] = field(default_factory=list)


def must_have_happened(moment: datetime, field: str = "happened_at") -> date:
    """The day of a moment that does not lie in the future. Raises `RuleBroken` ("events.in_future")."""
    if moment > now():
        raise RuleBroken("events.in_future", field)
    return local_day(moment)


def locked(session: Session, batch_ids: Iterable[str], fields: dict[str, str]) -> dict[str, Batch]:
    """Batches of one's own, locked in the order of their ids. `fields` says where a form names each.

    Raises `RuleBroken` ("batches.unknown") for a foreign one as for a missing.
    """
    return {row_id: batches.choose(session, row_id, fields[row_id]) for row_id in sorted(set(batch_ids))}


def products_for(session: Session, product_ids: Iterable[str]) -> dict[str, Product]:
    """The products of batches that are about to begin, locked in the order of their ids, before any batch.

    Raises `RuleBroken` as `batches.product_for`.
    """
    return {row_id: batches.product_for(session, row_id) for row_id in sorted(set(product_ids))}


def product_of(session: Session, batch_id: str, field: str = "batch_id") -> str:
    """The id of the product of a batch that will be locked later. Raises `RuleBroken` ("batches.unknown")."""
    try:
        return records.find(session, Batch, batch_id).product_id
    except NotFound:
        raise RuleBroken("batches.unknown", field) from None


def must_give(
    session: Session,
    actor: Actor,
    batch: Batch,
    grams: int,
    day: date,
    *,
    field: str = "kilograms",
    source: str | None = None,
) -> None:
    """Demands of a locked batch that so much of it may be taken on a day. `field` asks for the weight, `source` for it.

    Raises `RuleBroken`: `batches.held`, `.recalled`, `.closed`, `successors.source_younger`, `batches.not_enough`,
    `batches.in_units`.
    """
    batch.must_move(source)
    if day < batch.started_on:
        raise RuleBroken(
            "successors.source_younger", source or "happened_at", lot=batch.lot, began=batch.started_on
        )
    batch.must_hold(grams, balance.account(session, batch).left_on(day), actor, field)


def must_be_fresh(sources: Iterable[Batch], day: date, field: str | None = None) -> None:
    """Demands that goods that get a new lot are not past their best-before day, which a new lot would hide.

    Raises `RuleBroken` ("successors.past_best_before").
    """
    for batch in sources:
        if batch.best_before_on is not None and batch.best_before_on < day:
            raise RuleBroken("successors.past_best_before", field, lot=batch.lot, day=batch.best_before_on)


def make(
    session: Session,
    actor: Actor,
    event: Event,
    draws: Sequence[Draw],
    outputs: Sequence[Output],
    *,
    day: date | None = None,
) -> Made:
    """Draws on locked and judged sources and makes the outputs. `day`: when they begin; else that of the event.

    An event without a batch becomes that of the first output. Raises `RuleBroken`: `batches.lot_taken`,
    `successors.too_little_to_divide`, `events.reference_taken`.
    """
    own_references.must_be_new(session, Event, event.producer_id, event.external_ref)
    for draw in draws:
        _must_reach_all(draw, len(outputs), actor)
    day = day or local_day(event.happened_at)
    made = Made(event)
    for output in outputs:
        batch = _batch(session, actor, event, output, day)
        session.add(batch)
        session.flush()
        made.batches.append(batch)
    event.batch_id = event.batch_id or made.batches[0].id
    session.add(event)
    session.flush()
    parts = [
        EventBatch(
            producer_id=batch.producer_id,
            event_id=event.id,
            batch_id=batch.id,
            part=Part.BY_PRODUCT if output.by_product else Part.OUTPUT,
            grams=output.grams,
        )
        for batch, output in zip(made.batches, outputs, strict=True)
    ]
    weights = [output.grams for output in outputs]
    edges = [
        edge
        for draw in draws
        for batch, grams in zip(made.batches, divided(draw.grams, weights), strict=True)
        for edge in [_edge(event, draw, batch, grams)]
    ]
    for draw in draws:
        _take(draw)
    session.add_all([*parts, *edges])
    session.flush()
    changed = [row for draw in draws for row in (draw.batch, draw.delivery) if row is not None]
    made.rows = [*made.batches, event, *parts, *edges, *changed]
    return made


def divided(grams: int, weights: Sequence[int]) -> list[int]:
    """At least as many whole grams as there are weights, in the proportion of these, which are above zero: the largest
    remainders get what is left over, and each part gets one at least, so that every source is seen in every output."""
    total = sum(weights)
    parts = [grams * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(grams * weights[place] % total), place))
    for place in order[: grams - sum(parts)]:
        parts[place] += 1
    for place, part in enumerate(parts):
        if part == 0:
            parts[parts.index(max(parts))] -= 1
            parts[place] = 1
    return parts


def must_cover_stamps(
    session: Session, actor: Actor, sources: Iterable[Batch], fields: dict[str, str] | None = None
) -> None:
    """Demands of each source that what is left of it covers its stamps: goods that go on take none along.

    Raises `RuleBroken` ("stamps.exceed_rest").
    """
    for batch in sources:
        stamp_quota.must_cover(session, batch, actor, (fields or {}).get(batch.id, "kilograms"))


def _batch(session: Session, actor: Actor, event: Event, output: Output, day: date) -> Batch:
    product, sources = output.product, output.out_of
    harvests = {batch.harvested_on for batch in sources}
    limits = [batch.best_before_on for batch in sources if batch.best_before_on is not None]
    batch = Batch(
        producer_id=product.producer_id,
        product_id=product.id,
        lot=batches.free_lot(session, product, output.lot, day, of=output.of, field=output.field),
        origin=output.origin,
        started_on=day,
        harvested_on=harvests.pop() if len(harvests) == 1 else None,
        packed_on=output.packed_on,
        best_before_limit_on=min(limits, default=None),
        made_g=output.grams,
        on_hand_g=output.grams,
        unit_count=output.unit_count,
        **signature(actor),
    )
    batch.search = fold(" ".join([batch.lot, product.name, product.code]))[:900]
    batch.begin_shelf_life(product)
    return batch


def _must_reach_all(draw: Draw, count: int, actor: Actor) -> None:
    """Demands of a draw a gram for each of `count` outputs: an edge of nothing would hide a source from a recall."""
    if draw.grams < count:
        facts = {"source": draw.name, "weight": kg_text(draw.grams, actor.language), "count": count}
        raise RuleBroken("successors.too_little_to_divide", draw.field, **facts)


def _edge(event: Event, draw: Draw, batch: Batch, grams: int) -> BatchInput:
    return BatchInput(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        event_id=event.id,
        grams=grams,
        source_batch_id=draw.batch.id if draw.batch else draw.delivery.batch_id if draw.delivery else None,
        delivery_id=draw.delivery.id if draw.delivery else None,
        material=draw.material,
        supplier=draw.supplier,
    )


def _take(draw: Draw) -> None:
    """Books what was drawn where it lay."""
    if draw.batch is not None:
        draw.batch.on_hand_g -= draw.grams
        draw.batch.used_g += draw.grams
        draw.batch.page_version += 1
    elif draw.delivery is not None:
        draw.delivery.remaining_g -= draw.grams
