"""Recalls for tests: opened and lifted by the people who may, over batches made of one another."""

from typing import Any

from tests import factories
from traceability.db import Database
from traceability.domain import recalls, records, transforms
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.domain.recalls import Recall, RecallInput, RecallKind
from traceability.domain.transforms import TransformInput, TransformSource


def source_of(source: str, kilograms: int) -> TransformSource:
    """One input as a form sends it."""
    return TransformSource.model_validate({"source": source, "kilograms": kilograms})


def made_of(database: Database, owner: Producer, kilograms: int, *sources: str) -> Batch:
    """A batch made of so many kilograms of each source (`batch:<id>` or `delivery:<id>`)."""
    actor = factories.manager_of(owner)
    value = TransformInput(
        product_id=factories.product(database, owner).id,
        started_on=today(),
        output_kg=kilograms * len(sources),
        inputs=[source_of(source, kilograms) for source in sources],
    )
    with database.transaction(actor) as session:
        return transforms.transform(session, actor, value)


def person(database: Database, of: Any) -> Actor:
    """Somebody with an account of a producer or an agency."""
    return factories.actor_of(database, factories.account(database, of))


def state(database: Database, batch: Batch) -> BatchState:
    """The state of a batch now."""
    with database.reading(SYSTEM.scope) as session:
        return records.find(session, Batch, batch.id).state


def compulsory(database: Database, actor: Actor, batch: Batch, **changes: Any) -> Recall:
    """A recall that an agency decided."""
    values: dict[str, Any] = {
        "batch_id": batch.id,
        "kind": RecallKind.COMPULSORY,
        "reason": "Dư lượng vượt ngưỡng",
        "public_text": "Không dùng, mang trả nơi mua.",
        "decision_no": "12/QĐ-CCQLCL",
        "decided_on": today(),
    }
    with database.transaction(actor) as session:
        return recalls.open_recall(session, actor, RecallInput(**values | changes))


def voluntary(database: Database, actor: Actor, batch: Batch) -> Recall:
    """A recall that a producer opened itself."""
    value = RecallInput(batch_id=batch.id, kind=RecallKind.VOLUNTARY, reason="Nhầm nhãn trên túi")
    with database.transaction(actor) as session:
        return recalls.open_recall(session, actor, value)


def lifted(database: Database, first: Actor, second: Actor, recall: Recall) -> Recall:
    """A recall that two persons lifted."""
    with database.transaction(first) as session:
        recalls.ask_lift(
            session, first, recalls.LiftInput(recall_id=recall.id, reason="Kết quả kiểm nghiệm lại đạt")
        )
    with database.transaction(second) as session:
        return recalls.lift(session, second, recalls.ConfirmInput(recall_id=recall.id))
