"""The split (chia lô): one batch becomes several lots of the same product; what is not given a lot stays what it was.

Stamps stay with the batch they were ordered for. A batch can therefore be split only as far as its grams carry no
stamps: those that were not used are made void first.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session

from traceability.domain import batches, ledger, rules, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note, Origin
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import Lot
from traceability.domain.moments import Moment
from traceability.domain.packings import PackageCount
from traceability.domain.quantities import Kilograms
from traceability.domain.records import RecordId
from traceability.domain.successors import Draw, Output
from traceability.domain.text import Line, ShortLine

MAX_PARTS = 40


class SplitPart(BaseModel):
    """One new lot. Without a number it is named after the batch it comes from: `L26112401-1`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kilograms: Kilograms
    lot: Lot | None = None
    units: PackageCount | None = None


class SplitInput(BaseModel):
    """What a person may say of a split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    happened_at: Moment
    parts: list[SplitPart] = Field(min_length=1, max_length=MAX_PARTS)
    step: Annotated[Line | None, Field(max_length=120)] = None
    place: Line | None = None
    note: Note = ""
    external_ref: ShortLine | None = None


def split(session: Session, actor: Actor, value: SplitInput) -> list[Batch]:
    """Takes lots out of a batch, all of them or none. Answers them in the order in which they were named.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.held`, `.recalled`, `.closed`,
    `products.suspended`, `batches.producer_suspended`, `events.in_future`, `successors.source_younger`,
    `successors.past_best_before`, `batches.not_enough`, `batches.in_units`, `batches.lot_taken`,
    `stamps.exceed_rest`.
    """
    actor.must(Permission.REGISTER_BATCHES)
    product = batches.product_for(session, successors.product_of(session, value.batch_id))
    source = batches.choose(session, value.batch_id)
    day = successors.must_have_happened(value.happened_at)
    total_g = sum(int(part.kilograms) for part in value.parts)
    last = f"parts-{len(value.parts) - 1}-kilograms"
    successors.must_give(session, actor, source, total_g, day, field=last)
    successors.must_be_fresh([source], day)
    event = Event(
        producer_id=source.producer_id,
        batch_id=source.id,
        type=EventType.SPLIT,
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
    outputs = [
        Output(
            product,
            int(part.kilograms),
            Origin.SPLIT,
            lot=part.lot,
            of=source.lot,
            field=f"parts-{number}-lot",
            unit_count=part.units,
            packed_on=source.packed_on if source.packed_on and source.packed_on <= day else None,
            out_of=[source],
        )
        for number, part in enumerate(value.parts)
    ]
    made = successors.make(session, actor, event, [Draw(total_g, source)], outputs)
    successors.must_cover_stamps(session, actor, [source], {source.id: last})
    for batch in made.batches:
        rules.judge(session, batch, "split")
    ledger.record(session, "batch.split", source, *made.rows)
    return made.batches
