"""The merger (gộp lô): several lots of one product become one new lot, which keeps the share of each.

Only goods that may move are merged: one lot that is held or recalled would otherwise be hidden among good ones.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import balance, batches, ledger, records, rules, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, BatchState, Note, Origin
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import Lot
from traceability.domain.moments import Moment
from traceability.domain.packings import PackageCount
from traceability.domain.quantities import Kilograms
from traceability.domain.records import RecordId
from traceability.domain.successors import Draw, Output
from traceability.domain.text import Line, ShortLine

MAX_SOURCES = 40


class MergeSource(BaseModel):
    """One lot to merge: so many kilograms of it, or the `whole` of what is left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    kilograms: Kilograms | None = None
    whole: bool = False


def _only_named(rows: Any) -> Any:
    """A form offers every lot of the product: those neither ticked nor weighed are not meant."""
    if not isinstance(rows, list):
        return rows
    return [row for row in rows if not isinstance(row, dict) or row.get("kilograms") or row.get("whole")]


class MergeInput(BaseModel):
    """What a person may say of a merger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: Annotated[list[MergeSource], BeforeValidator(_only_named), Field(max_length=MAX_SOURCES)]
    happened_at: Moment
    lot: Lot | None = None
    units: PackageCount | None = None
    step: Annotated[Line | None, Field(max_length=120)] = None
    place: Line | None = None
    note: Note = ""
    external_ref: ShortLine | None = None


def merge(session: Session, actor: Actor, value: MergeInput) -> Batch:
    """Makes one lot of several, all of it or nothing.

    Raises `RuleBroken`: `access.not_permitted`, `mergers.two_needed`, `mergers.twice`, `mergers.other_product`,
    `mergers.nothing_left`, `batches.unknown`, `batches.held`, `.recalled`, `.closed`, `products.suspended`,
    `batches.producer_suspended`, `events.in_future`, `successors.source_younger`, `successors.past_best_before`,
    `batches.not_enough`, `batches.in_units`, `batches.lot_taken`, `stamps.exceed_rest`.
    """
    actor.must(Permission.REGISTER_BATCHES)
    ids = [row.batch_id for row in value.sources]
    if len(ids) < 2:
        raise RuleBroken("mergers.two_needed", "sources")
    fields = dict.fromkeys(ids, "sources")
    product_id = successors.product_of(session, ids[0], "sources")
    product = batches.product_for(session, product_id)
    found = successors.locked(session, ids, fields)
    if len(found) < len(ids):
        twice = next(row_id for row_id in ids if ids.count(row_id) > 1)
        raise RuleBroken("mergers.twice", "sources", lot=found[twice].lot)
    for batch in found.values():
        if batch.product_id != product.id:
            raise RuleBroken("mergers.other_product", "sources", lot=batch.lot, product=product.name)
    day = successors.must_have_happened(value.happened_at)
    draws = []
    for row in value.sources:
        batch = found[row.batch_id]
        grams = _asked(session, row, batch)
        successors.must_give(session, actor, batch, grams, day, field="sources", source="sources")
        draws.append(Draw(grams, batch))
    sources = [found[row_id] for row_id in ids]
    successors.must_be_fresh(sources, day, "sources")
    total_g = sum(draw.grams for draw in draws)
    packed = [batch.packed_on for batch in sources if batch.packed_on and batch.packed_on <= day]
    event = Event(
        producer_id=product.producer_id,
        type=EventType.MERGE,
        step=value.step or "",
        happened_at=value.happened_at,
        place=value.place or "",
        input_g=total_g,
        output_g=total_g,
        loss_g=0,
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )
    output = Output(
        product,
        total_g,
        Origin.MERGE,
        lot=value.lot,
        unit_count=value.units,
        packed_on=min(packed) if len(packed) == len(sources) else None,
        out_of=sources,
    )
    made = successors.make(session, actor, event, draws, [output])
    successors.must_cover_stamps(session, actor, sources, fields)
    rules.judge(session, made.batches[0], "merge")
    ledger.record(session, "batch.merged", *made.rows)
    return made.batches[0]


def _asked(session: Session, row: MergeSource, batch: Batch) -> int:
    """The grams of a row. What is left now is the whole; a later day than that of the merger may need it."""
    if row.kilograms is not None:
        return int(row.kilograms)
    batch.must_move("sources")
    left = min(batch.on_hand_g - batch.in_units_g, balance.account(session, batch).on_hand_g)
    if left <= 0:
        raise RuleBroken("mergers.nothing_left", "sources", lot=batch.lot)
    return left


def candidates(session: Session, batch_id: str) -> list[Batch]:
    """The lots that can be merged with a batch: of the same product, in stock and free to move; itself first."""
    batch = records.find(session, Batch, batch_id)
    statement = (
        select(Batch)
        .where(
            Batch.product_id == batch.product_id,
            Batch.on_hand_g > Batch.in_units_g,
            col(Batch.state).in_([BatchState.OPEN, BatchState.RELEASED]),
        )
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc())
        .limit(MAX_SOURCES)
    )
    found = [row for row in session.exec(statement).all() if row.id != batch.id]
    return ([batch] if batch.may_move and batch.on_hand_g else []) + found[: MAX_SOURCES - 1]
