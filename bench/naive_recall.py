"""A recall as one would write it first: batch by batch, each found, locked, changed, logged and told of by itself.

The base of `recall_open_seconds`. It reaches the same batches and leaves them recalled; it is used by benchmarks only.
"""

from sqlmodel import Session, col, select

from traceability.domain import ledger, notices, records
from traceability.domain.batches import Batch, BatchState
from traceability.domain.deliveries import Delivery
from traceability.domain.lineage import BatchInput


def open_recall(session: Session, batch_id: str) -> int:
    """Recalls a batch and everything made of it; answers how many batches that were."""
    waiting, seen = [batch_id], {batch_id}
    while waiting:
        batch = records.lock(session, Batch, waiting.pop())
        batch.state_before, batch.state = batch.state, BatchState.RECALLED
        batch.page_version += 1
        session.flush()
        ledger.record(session, "recall.opened", batch)
        notices.post(session, "recall_opened", producer_id=batch.producer_id, subject=batch, lot=batch.lot)
        for delivery in session.exec(select(Delivery).where(Delivery.batch_id == batch.id)).all():
            notices.post(session, "recall_opened", producer_id=delivery.to_producer_id, subject=batch)
        uses = select(BatchInput).where(col(BatchInput.source_batch_id) == batch.id)
        for edge in session.exec(uses).all():
            if edge.batch_id not in seen:
                seen.add(edge.batch_id)
                waiting.append(edge.batch_id)
    return len(seen)
