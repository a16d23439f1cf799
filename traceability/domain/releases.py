"""The release (công bố) of a batch, and its closing.

A batch is published when everything that its public page owes a reader is there.

The gate is the superset of what Circular 02/2024 and Decree 37/2026 ask to store and show of a product. "A shelf life
or none" is demanded of the product itself, when it is written down.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from traceability.domain import ledger, page_keeping, records, rules, stamp_quota
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, history, standing
from traceability.domain.page_snapshots import Occasion
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.quantities import kg_text
from traceability.domain.records import RecordId


class ReleaseInput(BaseModel):
    """Publishes a batch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId


class CloseInput(BaseModel):
    """Closes a batch of which nothing is left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId


@dataclass(frozen=True)
class _Dossier:
    batch: Batch
    product: Product
    producer: Producer
    area: GrowingArea | None
    events: list[Event]


def _origin(dossier: _Dossier) -> bool:
    """Where it comes from: the growing area, or the place of origin of the product or its producer."""
    return bool(dossier.area or dossier.product.place_text() or dossier.producer.place_text())


#: What must be there, in the order in which it is usually filled in.
GATE: dict[str, Callable[[_Dossier], bool]] = {
    "producer_approved": lambda dossier: dossier.producer.state is ProducerState.APPROVED,
    "producer_address": lambda dossier: bool(
        dossier.producer.name and dossier.producer.commune_name and dossier.producer.province_name
    ),
    "product_approved": lambda dossier: dossier.product.state is ProductState.APPROVED,
    "product_name": lambda dossier: bool(dossier.product.name),
    "product_picture": lambda dossier: dossier.product.picture_id is not None,
    "product_standard": lambda dossier: bool(dossier.product.standards),
    "origin": _origin,
    "date": lambda dossier: (dossier.batch.harvested_on or dossier.batch.started_on) is not None,
    "lot": lambda dossier: bool(dossier.batch.lot),
    "event": lambda dossier: bool(dossier.events),
}


def missing(session: Session, batch: Batch) -> list[str]:
    """What stands between a batch and its release, as keys of `GATE`; empty when it may be published."""
    product = records.find(session, Product, batch.product_id)
    producer = records.find(session, Producer, batch.producer_id)
    area = session.exec(select(GrowingArea).where(GrowingArea.id == (batch.area_id or ""))).one_or_none()
    dossier = _Dossier(batch, product, producer, area, standing(history(session, batch.id)))
    return [name for name, holds in GATE.items() if not holds(dossier)]


def release(session: Session, actor: Actor, value: ReleaseInput) -> Batch:
    """Publishes a batch: its public page speaks from now on, and stamps may be ordered and activated for it.

    Raises `RuleBroken`: `access.not_permitted`, `batches.held`, `.recalled`, `.closed`, `releases.released_already`, or
    the first missing thing (`releases.product_picture` ...).
    """
    actor.must(Permission.REGISTER_BATCHES)
    batch = records.lock(session, Batch, value.batch_id)
    batch.must_move()
    if batch.state is BatchState.RELEASED:
        raise RuleBroken("releases.released_already", None, lot=batch.lot)
    for name in missing(session, batch):
        raise RuleBroken(f"releases.{name}")
    batch.begin_shelf_life(records.find(session, Product, batch.product_id))
    batch.state = BatchState.RELEASED
    batch.released_at = now()
    batch.page_version += 1
    session.flush()
    rules.judge(session, batch, "release")
    ledger.record(session, "batch.released", batch, page_keeping.keep(session, batch, Occasion.RELEASED))
    return batch


def close(session: Session, actor: Actor, value: CloseInput) -> Batch:
    """Closes a batch of which nothing is left, and no stamp that could still be used for something else.

    Raises `RuleBroken`: `access.not_permitted`, `batches.held`, `.recalled`, `.closed`, `batches.still_on_hand`,
    `stamps.excess`.
    """
    actor.must(Permission.REGISTER_BATCHES)
    batch = records.lock(session, Batch, value.batch_id)
    batch.must_move()
    if batch.on_hand_g:
        raise RuleBroken("batches.still_on_hand", left=kg_text(batch.on_hand_g, actor.language))
    stamp_quota.must_be_settled(session, batch, actor)
    batch.state = BatchState.CLOSED
    batch.page_version += 1
    ledger.record(session, "batch.closed", batch)
    return batch
