"""The proof of a lot: every leaf that speaks of it, each with its audit path, in one file that verifies offline."""

import base64
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain import log_tree
from traceability.domain.errors import NotFound

FORMAT = "traceability-proof/v1"
#: A lot has some tens of facts; the newest are kept if there are ever more.
MOST_ENTRIES = 400


@dataclass(frozen=True)
class ProvenLeaf:
    """One leaf and the way from it up to the root."""

    position: int
    body: bytes
    path: tuple[bytes, ...]


def leaves_about(session: Session, record_ids: list[str], size: int) -> list[ProvenLeaf]:
    """The leaves among the first `size` that name one of these rows, in the order of the log, with their audit paths.

    Raises `NotFound` if no leaf does.
    """
    tables = SQLModel.metadata.tables
    entries = tables["log_entry"]
    positions = (
        sa.select(entries.c.position)
        .where(entries.c.record_id.in_(record_ids), entries.c.position < size)
        .distinct()
        .order_by(entries.c.position.desc())
        .limit(MOST_ENTRIES)
    )
    connection = session.connection()
    wanted = sorted(int(row[0]) for row in connection.execute(positions))
    if not wanted:
        raise NotFound("LogLeaf")
    return leaves_at(session, wanted, size)


def leaves_at(session: Session, wanted: list[int], size: int) -> list[ProvenLeaf]:
    """The leaves at these positions with their audit paths in the tree of the first `size` leaves."""
    leaves, connection = SQLModel.metadata.tables["log_leaf"], session.connection()
    bodies = sa.select(leaves.c.position, leaves.c.body).where(leaves.c.position.in_(wanted))
    body_of = {int(position): bytes(body) for position, body in connection.execute(bodies)}
    return [
        ProvenLeaf(position, body_of[position], tuple(log_tree.inclusion(connection, position, size)))
        for position in wanted
    ]


def document(
    about: dict[str, str], vkeys: list[str], checkpoint: str, leaves: list[ProvenLeaf]
) -> dict[str, Any]:
    """The proof as JSON: `about` says in words what is proven, all else is for a verifier."""
    return {
        "format": FORMAT,
        "about": about,
        "vkeys": vkeys,
        "checkpoint": checkpoint,
        "entries": [
            {
                "index": leaf.position,
                "leaf": base64.b64encode(leaf.body).decode(),
                "proof": [base64.b64encode(node).decode() for node in leaf.path],
            }
            for leaf in leaves
        ],
    }
