"""Acts on goods for tests, each in a transaction of its own and by the manager of the goods' producer."""

from typing import Any

from tests import factories
from traceability.db import Database
from traceability.domain import (
    corrections,
    divisions,
    ledger,
    mergers,
    records,
    repacks,
    returns,
    wastes,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now
from traceability.domain.corrections import CorrectionInput
from traceability.domain.divisions import SplitInput
from traceability.domain.history import Event, history
from traceability.domain.mergers import MergeInput
from traceability.domain.producers import Producer
from traceability.domain.repacks import RepackInput
from traceability.domain.returns import ReturnInput
from traceability.domain.wastes import WasteInput


def manager(batch: Any) -> Any:
    """The manager of the producer whose row this is."""
    return factories.manager_of(Producer(id=batch.producer_id))  # type: ignore[call-arg]


def split(database: Database, batch: Batch, *weights: Any, **changes: Any) -> list[Batch]:
    """Lots of these weights out of a batch; a weight may be a whole part of the form."""
    parts = [weight if isinstance(weight, dict) else {"kilograms": weight} for weight in weights]
    value = SplitInput(**{"batch_id": batch.id, "happened_at": now(), "parts": parts} | changes)
    with database.transaction(manager(batch)) as session:
        return divisions.split(session, manager(batch), value)


def merge(database: Database, *sources: tuple[Batch, Any], **changes: Any) -> Batch:
    """One lot out of several: pairs of a batch and a weight, or None for all that is left of it."""
    rows = [
        {"batch_id": batch.id} | ({"whole": True} if weight is None else {"kilograms": weight})
        for batch, weight in sources
    ]
    value = MergeInput(**{"sources": rows, "happened_at": now()} | changes)
    actor = manager(sources[0][0])
    with database.transaction(actor) as session:
        return mergers.merge(session, actor, value)


def rework(database: Database, batch: Batch, what: str = "repack", **changes: Any) -> list[Batch]:
    """A batch repacked or worked up once more."""
    value = RepackInput(**{"batch_id": batch.id, "what": what, "happened_at": now()} | changes)
    with database.transaction(manager(batch)) as session:
        return repacks.rework(session, manager(batch), value)


def take_back(database: Database, delivery: Any, kilograms: Any, **changes: Any) -> Batch:
    """Goods that come back from a customer."""
    values = {"delivery_id": delivery.id, "kilograms": kilograms, "happened_at": now(), "reason": "unsold"}
    with database.transaction(manager(delivery)) as session:
        return returns.take_back(session, manager(delivery), ReturnInput(**values | changes))


def throw_away(database: Database, batch: Batch, kilograms: Any, **changes: Any) -> Event:
    """Goods that are thrown away."""
    values = {"batch_id": batch.id, "kilograms": kilograms, "happened_at": now()}
    values |= {"reason": "spoiled", "handling": "composted"}
    with database.transaction(manager(batch)) as session:
        return wastes.throw_away(session, manager(batch), WasteInput(**values | changes))


def never_happened(database: Database, event: Event) -> Event:
    """The declaration that an event never happened."""
    value = CorrectionInput(event_id=event.id, reason="did_not_occur", explanation="Ghi nhầm")  # type: ignore[arg-type]
    with database.transaction(manager(event)) as session:
        return corrections.correct(session, manager(event), value)


def again(database: Database, row: Any) -> Any:
    """A row as it stands now."""
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, type(row), row.id)


def told(database: Database, batch: Batch) -> list[Event]:
    """The history of a batch."""
    with database.reading(SYSTEM.scope) as session:
        return history(session, batch.id)


def put(database: Database, batch: Batch, state: BatchState) -> None:
    """Puts a batch into a state, past the rules."""
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.state = state
        ledger.record(session, "batch.put", row)
