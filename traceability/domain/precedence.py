"""Why the graph of batches has no circles: an input always leads from a batch that stood before to one that is new.

Inputs with a source are written only in the transaction that makes their batch, and are never turned to other batches
afterwards. So whatever a batch was made of was there before it, and nothing that was made of a batch can ever become
its source. Held for every write of every use case, also of those to come; no clock has a part in it.
"""

import sqlalchemy as sa
from sqlmodel import Session

from traceability.domain.batches import Batch
from traceability.domain.lineage import BatchInput


class OutOfOrder(RuntimeError):
    """A programming error: an input that would lead to a batch which stood already, or from a later one."""


def check_inputs(session: Session) -> None:
    """Session listener (`before_flush`): refuses inputs that do not lead forward. Raises `OutOfOrder`."""
    made: dict[str, int] = session.info.setdefault("made_batches", {})
    for row in session.new:
        if isinstance(row, Batch):
            made.setdefault(row.id, len(made))
    for row in session.new:
        if isinstance(row, BatchInput) and row.source_batch_id is not None:
            if row.batch_id not in made:
                raise OutOfOrder(f"batch {row.batch_id} stood already: nothing goes into it any more")
            if made.get(row.source_batch_id, -1) >= made[row.batch_id]:
                raise OutOfOrder(f"batch {row.source_batch_id} came after {row.batch_id}")
    for row in session.dirty:
        if isinstance(row, BatchInput) and _turned(row):
            raise OutOfOrder("an input is never turned to another batch")


def _turned(row: BatchInput) -> bool:
    state = sa.inspect(row)
    return any(state.attrs[name].history.has_changes() for name in ("batch_id", "source_batch_id"))
