"""The transform (chế biến, phối trộn): inputs become new batches; each input's grams are drawn from where they lie.

Inputs are batches of one's own, deliveries received from other producers, and materials that have no batch (sugar,
water, packaging). Outputs are the main product and, from the same work, further ones and by-products. What comes out
weighs no more than what went in; the rest is the loss.
"""

from collections import Counter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session

from traceability.domain import (
    balance,
    batches,
    ledger,
    own_references,
    records,
    rules,
    stamp_quota,
    successors,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch, Note, Origin
from traceability.domain.clock import local_day, now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import Lot
from traceability.domain.key_data import KeyData
from traceability.domain.lineage import BatchInput as BatchInput
from traceability.domain.moments import Moment, start_of
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Product
from traceability.domain.quantities import Day, Kilograms, kg_text
from traceability.domain.records import RecordId
from traceability.domain.successors import Draw, Output
from traceability.domain.text import Line, ShortLine

MAX_INPUTS = 40
MAX_OUTPUTS = 10


class TransformSource(BaseModel):
    """One input. A form says where it lies in one field: `source` is `batch:<id>` or `delivery:<id>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId | None = None
    delivery_id: RecordId | None = None
    material: Line | None = None
    supplier: Line | None = None
    kilograms: Kilograms

    @model_validator(mode="before")
    @classmethod
    def _split_source(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("source"):
            return (
                {key: item for key, item in data.items() if key != "source"}
                if isinstance(data, dict)
                else data
            )
        kind, _, row_id = str(data["source"]).partition(":")
        if kind not in ("batch", "delivery"):
            raise PydanticCustomError("transforms.source_unknown", "this source is not known")
        return {key: item for key, item in data.items() if key != "source"} | {f"{kind}_id": row_id}

    @model_validator(mode="after")
    def _one_source(self) -> "TransformSource":
        if sum(source is not None for source in (self.batch_id, self.delivery_id, self.material)) != 1:
            raise PydanticCustomError("transforms.one_source", "name one source")
        return self


class FurtherOutput(BaseModel):
    """What came out besides the main thing: another grade or product, or a by-product (peel, seeds, broken rice)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_id: RecordId
    kilograms: Kilograms
    lot: Lot | None = None
    by_product: bool = False


class TransformInput(BaseModel):
    """What a person may say of a transform."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_id: RecordId
    lot: Lot | None = None
    started_on: Day
    happened_at: Moment | None = None
    output_kg: Kilograms
    inputs: list[TransformSource] = Field(min_length=1, max_length=MAX_INPUTS)
    further: list[FurtherOutput] = Field(default_factory=list, max_length=MAX_OUTPUTS)
    step: Annotated[Line | None, Field(max_length=120)] = None
    place: Line | None = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""
    external_ref: ShortLine | None = None


def transform(session: Session, actor: Actor, value: TransformInput) -> Batch:
    """Draws the inputs from where they lie and makes batches of them; what is missing is the loss. Answers the main
    one.

    Raises `RuleBroken`: `access.not_permitted`, `batches.product_unknown`, `products.suspended`, `batches.lot_taken`,
    `transforms.in_future`, `transforms.ended_before_begin`, `transforms.input_unknown`, `transforms.input_younger`,
    `transforms.delivery_not_received`, `transforms.source_withdrawn`, `transforms.output_exceeds_inputs`,
    `batches.not_enough`, `batches.held`, `.recalled`, `.closed`, `successors.too_little_to_divide`,
    `stamps.exceed_rest`.
    """
    actor.must(Permission.REGISTER_BATCHES)
    products = _products(session, value)
    product = products[value.product_id]
    own_references.must_be_new(session, Batch, product.producer_id, value.external_ref)
    moment = value.happened_at or (now() if value.started_on == today() else start_of(value.started_on))
    if value.started_on > today() or moment > now():
        raise RuleBroken("transforms.in_future", "started_on", today=today())
    if local_day(moment) < value.started_on:
        raise RuleBroken("transforms.ended_before_begin", "happened_at", began=value.started_on)
    total_g = sum(int(row.kilograms) for row in value.inputs)
    output_g = int(value.output_kg) + sum(int(row.kilograms) for row in value.further)
    if output_g > total_g:
        total = kg_text(total_g, actor.language)
        raise RuleBroken("transforms.output_exceeds_inputs", "output_kg", total=total)
    sources = _Sources(session, actor, product.producer_id, value)
    event = Event(
        producer_id=product.producer_id,
        type=EventType.TRANSFORM,
        step=value.step or "",
        happened_at=moment,
        place=value.place or "",
        input_g=total_g,
        output_g=output_g,
        loss_g=total_g - output_g,
        details=value.details,
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )
    main = Output(product, int(value.output_kg), Origin.TRANSFORM, lot=value.lot)
    further = [
        Output(
            products[row.product_id],
            int(row.kilograms),
            Origin.TRANSFORM,
            lot=row.lot,
            field=f"further-{number}-lot",
            by_product=row.by_product,
        )
        for number, row in enumerate(value.further)
    ]
    draws = [sources.draw(row, number) for number, row in enumerate(value.inputs)]
    made = successors.make(session, actor, event, draws, [main, *further], day=value.started_on)
    batch = made.batches[0]
    batch.note, batch.external_ref = value.note, value.external_ref
    session.flush()
    sources.must_cover_stamps()
    for one in made.batches:
        rules.judge(session, one, "transform")
    ledger.record(session, "batch.transformed", batch, *made.rows)
    return batch


def _products(session: Session, value: TransformInput) -> dict[str, Product]:
    """The products of all outputs, locked in the order of their ids; all are the producer's own."""
    fields = {row.product_id: f"further-{number}-product_id" for number, row in enumerate(value.further)}
    fields[value.product_id] = "product_id"
    found: dict[str, Product] = {}
    for row_id in sorted(fields):
        try:
            found[row_id] = batches.product_for(session, row_id)
        except RuleBroken as error:
            field = fields[row_id] if error.field == "product_id" else error.field
            raise RuleBroken(error.code, field, **error.facts) from None
    owner = found[value.product_id].producer_id
    for row_id, product in found.items():
        if product.producer_id != owner:
            raise RuleBroken("batches.product_unknown", fields[row_id])
    return found


class _Sources:
    """Where the inputs of one transform lie: locked in the order of their ids, then judged as a whole."""

    def __init__(self, session: Session, actor: Actor, producer_id: str, value: TransformInput) -> None:
        self.session, self.actor, self.value = session, actor, value
        self.producer_id = producer_id
        self.batches: dict[str, Batch] = {}
        self.deliveries: dict[str, Delivery] = {}
        rows = {row.delivery_id: number for number, row in enumerate(value.inputs) if row.delivery_id}
        for row_id, number in rows.items():
            self.deliveries[row_id] = self._find(Delivery, row_id, f"inputs-{number}-source")
        own = {row.batch_id: number for number, row in enumerate(value.inputs) if row.batch_id}
        foreign = {delivery.batch_id: rows[delivery.id] for delivery in self.deliveries.values()}
        for row_id, number in own.items():
            self._find(Batch, row_id, f"inputs-{number}-source")
        with beyond_scope(session):  # a recall of the sender's batch must not slip past while this is written
            for row_id in sorted(own.keys() | foreign.keys()):
                self.batches[row_id] = records.lock(session, Batch, row_id)
        for row_id in sorted(self.deliveries):
            self.deliveries[row_id] = records.lock(session, Delivery, row_id)
        for row_id, number in own.items():
            self._judge_batch(self.batches[row_id], f"inputs-{number}")
        for row_id, number in rows.items():
            self._judge_delivery(self.deliveries[row_id], f"inputs-{number}")

    def _find(self, table: type[Any], row_id: str, field: str) -> Any:
        try:
            row = records.find(self.session, table, row_id)
        except NotFound:
            raise RuleBroken("transforms.input_unknown", field) from None
        owner = row.to_producer_id if table is Delivery else row.producer_id
        if owner != self.producer_id:
            raise RuleBroken("transforms.input_unknown", field)
        return row

    def _judge_batch(self, batch: Batch, row: str) -> None:
        batch.must_move(f"{row}-source")
        if batch.started_on > self.value.started_on:
            raise RuleBroken(
                "transforms.input_younger", f"{row}-source", lot=batch.lot, began=batch.started_on
            )
        asked = self._asked("batch_id")[batch.id]
        left = balance.account(self.session, batch).left_on(self.value.started_on)
        batch.must_hold(asked, left, self.actor, f"{row}-kilograms")

    def _judge_delivery(self, delivery: Delivery, row: str) -> None:
        source = self.batches[delivery.batch_id]
        if not source.may_move and source.state is not batches.BatchState.CLOSED:
            raise RuleBroken("transforms.source_withdrawn", f"{row}-source", lot=source.lot)
        if delivery.received_at is None or delivery.cancelled_at is not None:
            raise RuleBroken("transforms.delivery_not_received", f"{row}-source", lot=source.lot)
        received_on = local_day(delivery.received_at)
        if received_on > self.value.started_on:
            raise RuleBroken("transforms.input_younger", f"{row}-source", lot=source.lot, began=received_on)
        asked = self._asked("delivery_id")[delivery.id]
        source.must_hold(asked, delivery.remaining_g, self.actor, f"{row}-kilograms", delivered=True)

    def _asked(self, column: str) -> Counter[str]:
        """Grams asked for by source: one source may stand in several rows."""
        asked: Counter[str] = Counter()
        for row in self.value.inputs:
            if getattr(row, column):
                asked[getattr(row, column)] += int(row.kilograms)
        return asked

    def draw(self, row: TransformSource, number: int) -> Draw:
        """What one row takes, from where it lies."""
        delivery = self.deliveries[row.delivery_id] if row.delivery_id else None
        lot = self.batches.get(row.batch_id or (delivery.batch_id if delivery else ""))
        return Draw(
            int(row.kilograms),
            name=lot.lot if lot else row.material or "",
            field=f"inputs-{number}-kilograms",
            batch=self.batches[row.batch_id] if row.batch_id else None,
            delivery=delivery,
            material=row.material or "",
            supplier=row.supplier or "",
        )

    def must_cover_stamps(self) -> None:
        """Demands of each own batch that what is left covers its stamps: drawn goods take none along."""
        rows = {row.batch_id: number for number, row in enumerate(self.value.inputs) if row.batch_id}
        for row_id, number in rows.items():
            field = f"inputs-{number}-kilograms"
            stamp_quota.must_cover(self.session, self.batches[row_id], self.actor, field)
