"""The trace as one would write it first: mapped classes, and for each batch its own questions."""

from sqlmodel import Session, select

from traceability.domain.batches import Batch
from traceability.domain.lineage import BatchInput
from traceability.domain.producers import Producer
from traceability.domain.products import Product


def trace(
    session: Session, batch_id: str
) -> tuple[dict[str, tuple[Batch, Product, Producer]], list[BatchInput]]:
    """All batches above and below with their products and producers, and all inputs on the way."""
    found: dict[str, tuple[Batch, Product, Producer]] = {}
    inputs: dict[str, BatchInput] = {}
    for from_column, to_column in (("batch_id", "source_batch_id"), ("source_batch_id", "batch_id")):
        waiting, seen = [batch_id], {batch_id}
        while waiting:
            here = waiting.pop()
            batch = session.exec(select(Batch).where(Batch.id == here)).one()
            product = session.exec(select(Product).where(Product.id == batch.product_id)).one()
            producer = session.exec(select(Producer).where(Producer.id == batch.producer_id)).one()
            found[here] = (batch, product, producer)
            for row in session.exec(select(BatchInput).where(getattr(BatchInput, from_column) == here)).all():
                inputs[row.id] = row
                there = getattr(row, to_column)
                if there is not None and there not in seen:
                    seen.add(there)
                    waiting.append(there)
    return found, list(inputs.values())
