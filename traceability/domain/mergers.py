"""The merger (gộp lô): several lots of one product become one new lot, which keeps the share of each.

Only goods that may move are merged: one lot that is held or recalled would otherwise be hidden among good ones.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, and_, col, or_, select

from traceability.domain import batches, ledger, records, rules, successors
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
    """One lot to merge: so many kilograms of it, or the `whole` of what is left.

    A form offers every lot of the product: one that is neither weighed nor ticked is not meant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    kilograms: Kilograms | None = None
    whole: bool = False

    @property
    def meant(self) -> bool:
        """Whether something of it is to be merged."""
        return self.whole or self.kilograms is not None


class MergeInput(BaseModel):
    """What a person may say of a merger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[MergeSource] = Field(max_length=MAX_SOURCES)
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
    meant = {number: row for number, row in enumerate(value.sources) if row.meant}
    if len(meant) < 2:
        raise RuleBroken("mergers.two_needed", "sources")
    ids = [row.batch_id for row in meant.values()]
    fields = {row.batch_id: f"sources-{number}-kilograms" for number, row in meant.items()}
    product = batches.product_for(session, successors.product_of(session, ids[0], fields[ids[0]]))
    found = successors.locked(session, ids, fields)
    if len(found) < len(ids):
        twice = next(row_id for row_id in ids if ids.count(row_id) > 1)
        raise RuleBroken("mergers.twice", fields[twice], lot=found[twice].lot)
    for row_id, batch in found.items():
        if batch.product_id != product.id:
            raise RuleBroken("mergers.other_product", fields[row_id], lot=batch.lot, product=product.name)
    day = successors.must_have_happened(value.happened_at)
    draws = []
    for row in meant.values():
        batch, field = found[row.batch_id], fields[row.batch_id]
        grams = _asked(row, batch, field)
        successors.must_give(session, actor, batch, grams, day, field=field, source=field)
        draws.append(Draw(grams, batch))
    sources = [found[row_id] for row_id in ids]
    for batch in sources:
        successors.must_be_fresh([batch], day, fields[batch.id])
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


def _asked(row: MergeSource, batch: Batch, field: str) -> int:
    """The grams of a row; the whole is what lies loose now."""
    if row.kilograms is not None:
        return int(row.kilograms)
    batch.must_move(field)
    if batch.loose_g <= 0:
        raise RuleBroken("mergers.nothing_left", field, lot=batch.lot)
    return batch.loose_g


def candidates(session: Session, batch_id: str, named: Sequence[str] = ()) -> list[Batch]:
    """The lots that can be merged with a batch: itself first, then those of its product in stock that may move.

    Those that a form names already come before all others, in its order, whatever became of them meanwhile.
    """
    batch = records.find(session, Batch, batch_id)
    may_move = col(Batch.state).in_([BatchState.OPEN, BatchState.RELEASED])
    statement = (
        select(Batch)
        .where(
            Batch.product_id == batch.product_id,
            or_(and_(Batch.on_hand_g > Batch.in_units_g, may_move), col(Batch.id).in_(named)),
        )
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc())
        .limit(MAX_SOURCES + len(named))
    )
    places = {row_id: place for place, row_id in enumerate((*named, *([] if named else [batch_id])))}
    found = session.exec(statement).all()
    return sorted(found, key=lambda row: places.get(row.id, len(places)))[: max(MAX_SOURCES, len(named))]
