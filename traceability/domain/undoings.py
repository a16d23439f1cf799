"""Declaring that a split, a merger, a repacking or a transform never happened: its goods lie again where they lay.

The batches that it made stay in the records with nothing in them, closed, and so do their edges. That is only possible
while nothing has happened to any of them: whoever has shipped, stamped, published or tested one has said that it is
there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain import balance, records, rules
from traceability.domain.batches import Batch, BatchState
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.history import MAKING, Event, EventBatch, Part, history, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.records import Record
from traceability.domain.stamps import RangeState, StampRange


@dataclass(frozen=True)
class Act:
    """An event that made batches: which, out of which batches of one's own and which deliveries."""

    event_id: str
    outputs: list[str]
    parts: list[EventBatch]
    edges: list[BatchInput]

    @property
    def sources(self) -> set[str]:
        """The ids of the batches of one's own that it drew on."""
        return {row.source_batch_id for row in self.edges if row.source_batch_id and not row.delivery_id}

    @property
    def deliveries(self) -> set[str]:
        """The ids of the deliveries that it drew on."""
        return {row.delivery_id for row in self.edges if row.delivery_id}


def act_of(session: Session, event: Event) -> Act | None:
    """What an event made; None where it made nothing. `event` may be a correction of it."""
    if event.type not in MAKING:
        return None
    root = event
    while root.corrects_id is not None:
        root = records.find(session, Event, root.corrects_id)
    edges = session.exec(select(BatchInput).where(BatchInput.event_id == root.id)).all()
    parts = session.exec(
        select(EventBatch).where(
            EventBatch.event_id == root.id, col(EventBatch.part).in_([Part.OUTPUT, Part.BY_PRODUCT])
        )
    ).all()
    outputs = {row.batch_id for row in parts}
    if not outputs:  # a transform of the first release, or a material that joined in a step of work
        outputs = {row.batch_id for row in edges if row.source_batch_id or row.delivery_id}
    return Act(root.id, sorted(outputs), list(parts), list(edges)) if outputs else None


def undo(session: Session, act: Act, own: Batch, found: dict[str, Batch]) -> list[Record]:
    """Empties what an act made and gives back what it drew. `found` holds all its batches, locked. The declaration is
    written already. Answers the rows that changed, besides `own`, the batch of the event.

    Raises `RuleBroken`: `undoings.touched`, `.published`, `.stamped`, `batches.held`, `.recalled`, `.closed`,
    `events.correction_impossible`.
    """
    for batch_id in act.outputs:
        _must_be_untouched(session, act, found[batch_id])
    drawn: dict[str, int] = {}
    for edge in act.edges:
        if edge.delivery_id:
            drawn[edge.delivery_id] = drawn.get(edge.delivery_id, 0) + edge.grams
        edge.grams = 0
    for part in act.parts:
        part.grams = 0
    for batch_id in act.outputs:
        batch = found[batch_id]
        batch.made_g = batch.on_hand_g = 0
        batch.state = BatchState.CLOSED
        batch.page_version += 1
    deliveries = [records.lock(session, Delivery, row_id) for row_id in sorted(act.deliveries)]
    for delivery in deliveries:
        delivery.remaining_g += drawn[delivery.id]
    session.flush()
    for batch_id in act.outputs:
        rules.judge(session, found[batch_id], "undo")
    sources = [found[row_id] for row_id in sorted(act.sources)]
    for batch in sources:
        if not balance.settle(session, batch):
            raise RuleBroken("events.correction_impossible", None, lot=batch.lot)
        batch.page_version += 1
        session.flush()
        rules.judge(session, batch, "undo")
    touched: Iterable[Record] = (*act.edges, *act.parts, *deliveries, *sources)
    return [*touched, *(found[row_id] for row_id in act.outputs if row_id != own.id)]


def _must_be_untouched(session: Session, act: Act, batch: Batch) -> None:
    batch.must_move()
    if batch.released_at is not None:
        raise RuleBroken("undoings.published", None, lot=batch.lot)
    stamps = select(StampRange.id).where(StampRange.batch_id == batch.id, StampRange.state != RangeState.VOID)
    if session.exec(stamps.limit(1)).first():
        raise RuleBroken("undoings.stamped", None, lot=batch.lot)
    chain = {act.event_id}
    events = history(session, batch.id)
    while more := {event.id for event in events if event.corrects_id in chain} - chain:
        chain |= more
    still = [event for event in standing(events) if event.id not in chain]
    if batch.on_hand_g != batch.made_g or batch.in_units_g or still:
        raise RuleBroken("undoings.touched", None, lot=batch.lot)
