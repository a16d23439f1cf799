"""Repacking and reworking (đóng gói lại, xử lý lại): the same goods in other packs, or put right once more.

In the same lot it is a step of work that may weigh less afterwards. Into new lots it draws on the batch and makes one
or several: of other pack sizes, which are products of their own over the same crop. Nothing is added, so that no more
can come out than went in; what is missing is the loss.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, select

from traceability.domain import balance, batches, ledger, own_references, packings, records, rules, successors
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note, Origin
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import Lot
from traceability.domain.key_data import KeyData
from traceability.domain.moments import Moment
from traceability.domain.packings import PackageCount
from traceability.domain.products import Product, ProductState
from traceability.domain.quantities import Kilograms, KilogramsOrZero, kg_text
from traceability.domain.records import RecordId
from traceability.domain.successors import Draw, Output
from traceability.domain.text import Line, ShortLine

MAX_PARTS = 40


class Rework(StrEnum):
    """What is done with goods that stay what they are."""

    REPACK = "repack"
    REWORK = "rework"


_EVENTS = {
    Rework.REPACK: (EventType.REPACK, Origin.REPACK),
    Rework.REWORK: (EventType.REWORK, Origin.REWORK),
}


class RepackPart(BaseModel):
    """One lot that comes out; of the same product unless another pack size is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kilograms: Kilograms
    product_id: RecordId | None = None
    lot: Lot | None = None
    units: PackageCount | None = None


class RepackInput(BaseModel):
    """What a person may say of repacking or reworking.

    Without `parts` it stays one lot: `output_kg` is what all of it weighs afterwards, `units` its packages. With
    `parts`, `kilograms` of it were taken and became those lots.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    what: Rework
    happened_at: Moment
    output_kg: KilogramsOrZero | None = None
    units: PackageCount | None = None
    kilograms: Kilograms | None = None
    parts: list[RepackPart] = Field(default_factory=list, max_length=MAX_PARTS)
    step: Annotated[Line | None, Field(max_length=120)] = None
    place: Line | None = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""
    external_ref: ShortLine | None = None


def rework(session: Session, actor: Actor, value: RepackInput) -> list[Batch]:
    """Repacks or reworks. Answers the new lots, or the batch itself where it stays one lot.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.held`, `.recalled`, `.closed`,
    `batches.product_unknown`, `products.suspended`, `batches.producer_suspended`, `repacks.other_goods`,
    `repacks.weight_missing`, `repacks.output_exceeds`, `repacks.same_or_new`, `events.in_future`,
    `successors.source_younger`, `successors.past_best_before`, `batches.not_enough`, `batches.in_units`,
    `batches.lot_taken`, `stamps.exceed_rest`.
    """
    actor.must(Permission.REGISTER_BATCHES if value.parts else Permission.RECORD_EVENTS)
    if not value.parts:
        return [_in_place(session, actor, value)]
    if value.output_kg is not None or value.units is not None:
        raise RuleBroken("repacks.same_or_new", "output_kg" if value.output_kg is not None else "units")
    if value.kilograms is None:
        raise RuleBroken("repacks.weight_missing", "kilograms")
    own = successors.product_of(session, value.batch_id)
    products = successors.products_for(session, {own, *(part.product_id or own for part in value.parts)})
    for number, part in enumerate(value.parts):
        if products[part.product_id or own].crop_id != products[own].crop_id:
            raise RuleBroken("repacks.other_goods", f"parts-{number}-product_id", product=products[own].name)
    source = batches.choose(session, value.batch_id)
    day = successors.must_have_happened(value.happened_at)
    drawn_g, made_g = int(value.kilograms), sum(int(part.kilograms) for part in value.parts)
    successors.must_give(session, actor, source, drawn_g, day)
    successors.must_be_fresh([source], day)
    if made_g > drawn_g:
        total = kg_text(drawn_g, actor.language)
        raise RuleBroken("repacks.output_exceeds", f"parts-{len(value.parts) - 1}-kilograms", total=total)
    event_type, origin = _EVENTS[value.what]
    event = _event(actor, source, value, event_type)
    event.input_g, event.output_g, event.loss_g = drawn_g, made_g, drawn_g - made_g
    outputs = [
        Output(
            products[part.product_id or own],
            int(part.kilograms),
            origin,
            lot=part.lot,
            of=source.lot,
            field=f"parts-{number}-lot",
            unit_count=part.units,
            packed_on=day if value.what is Rework.REPACK else source.packed_on,
            out_of=[source],
        )
        for number, part in enumerate(value.parts)
    ]
    made = successors.make(session, actor, event, [Draw(drawn_g, source)], outputs)
    successors.must_cover_stamps(session, actor, [source])
    for batch in made.batches:
        rules.judge(session, batch, value.what.value)
    ledger.record(session, f"batch.{value.what.value}ed", source, *made.rows)
    return made.batches


def _in_place(session: Session, actor: Actor, value: RepackInput) -> Batch:
    """A step of work on the whole lot."""
    if value.kilograms is not None:
        raise RuleBroken("repacks.same_or_new", "kilograms")
    batch = batches.choose(session, value.batch_id)
    own_references.must_be_new(session, Event, batch.producer_id, value.external_ref)
    batch.must_move()
    day = successors.must_have_happened(value.happened_at)
    if day < batch.started_on:
        raise RuleBroken("events.before_batch", "happened_at", began=batch.started_on)
    event = _event(actor, batch, value, _EVENTS[value.what][0])
    if value.units is not None:
        event.details = event.details | {"units": str(value.units)}
    if value.output_kg is not None:
        account = balance.account(session, batch)
        held = account.on_hand_on(day)
        loss = held - int(value.output_kg)
        if loss < 0:
            total = kg_text(held, actor.language)
            raise RuleBroken("repacks.output_exceeds", "output_kg", total=total)
        batch.must_hold(loss, account.left_on(day), actor, "output_kg")
        event.input_g, event.output_g, event.loss_g = held, held - loss, loss
        batch.on_hand_g -= loss
        batch.lost_g += loss
    session.add(event)
    session.flush()
    packings.settle(session, batch)
    batch.page_version += 1
    session.flush()
    rules.judge(session, event, "record")
    ledger.record(session, f"batch.{value.what.value}ed", event, batch)
    return batch


def _event(actor: Actor, batch: Batch, value: RepackInput, event_type: EventType) -> Event:
    return Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        type=event_type,
        step=value.step or "",
        happened_at=value.happened_at,
        place=value.place or "",
        details=value.details,
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )


def pack_sizes(session: Session, batch_id: str) -> list[Product]:
    """The products that the goods of a batch can be repacked into: its own first, then others over the same crop."""
    own = records.find(session, Product, records.find(session, Batch, batch_id).product_id)
    statement = select(Product).where(
        Product.producer_id == own.producer_id,
        Product.crop_id == own.crop_id,
        Product.id != own.id,
        Product.state != ProductState.SUSPENDED,
    )
    return [own, *session.exec(statement.order_by(Product.sort_key)).all()]
