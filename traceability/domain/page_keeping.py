"""Keeps what a lot's page says, in the transaction of the act that gives it its state: publication, packing."""

from sqlmodel import Session

from traceability.domain import page_snapshots, provenance
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.ownership import beyond_scope
from traceability.domain.page_snapshots import Occasion, PageSnapshot


def keep(session: Session, batch: Batch, occasion: Occasion) -> PageSnapshot:
    """Keeps the page of a batch as it stands in this transaction. The caller names it in the fact it belongs to."""
    session.flush()
    with beyond_scope(session):  # goods of other producers are part of the story
        story = provenance.of_batch(session, batch.id, today())
    return page_snapshots.take(session, batch, occasion, story)
