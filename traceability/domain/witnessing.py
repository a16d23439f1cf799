"""Being the witness of another log: its checkpoints are cosigned only if they continue what was cosigned before.

C2SP tlog-witness: the new size is written down before the cosignature is given, so that two sizes of a forked log can
never both be signed.
"""

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from traceability.domain import merkle
from traceability.domain.checkpoints import Checkpoint


class WitnessedLog(SQLModel, table=True):
    """The newest checkpoint of another log that was cosigned here."""

    __tablename__ = "witnessed_log"

    origin: str = Field(primary_key=True, max_length=200)
    size: int = Field(sa_type=sa.BigInteger)
    root: bytes


class OtherSize(Exception):
    """The log asked from a size that is not the one last cosigned; `size` is that one (409)."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class NoContinuation(Exception):
    """The proof does not show that the new checkpoint continues the old one (422)."""


def advance(session: Session, old_size: int, checkpoint: Checkpoint, proof: list[bytes]) -> None:
    """Moves on to a verified checkpoint of another log. Raises `OtherSize`, `NoContinuation`."""
    statement = sa.select(WitnessedLog).where(WitnessedLog.origin == checkpoint.origin).with_for_update()  # type: ignore[arg-type]
    known = session.execute(statement).scalar_one_or_none()
    size, root = (known.size, known.root) if known else (0, merkle.EMPTY_ROOT)
    if old_size != size:
        raise OtherSize(size)
    if checkpoint.size < size:
        raise NoContinuation
    if size == 0:
        holds = not proof and (checkpoint.size > 0 or checkpoint.root == merkle.EMPTY_ROOT)
    else:
        holds = merkle.extends(size, checkpoint.size, root, checkpoint.root, proof)
    if not holds:
        raise NoContinuation
    if known is None:
        session.add(WitnessedLog(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root))
    else:
        known.size, known.root = checkpoint.size, checkpoint.root
    session.flush()
