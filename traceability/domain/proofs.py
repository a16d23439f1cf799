"""The proof of a lot: every leaf that speaks of it and of what its page rests on, each with its audit path, in one
file that verifies offline.
"""

import base64
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from traceability.domain import descent, log_tree
from traceability.domain.batches import Batch
from traceability.domain.errors import NotFound
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions

FORMAT = "traceability-proof/v1"
#: A lot has some tens of facts; the newest are kept if there are ever more, and the file says how many are missing.
MOST_ENTRIES = 400
#: So many of the lots that went into it. The log holds the others.
MOST_LOTS = 200

#: The rows that a proof is about: the ids by table.
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class ProvenLeaf:
    """One leaf and the way from it up to the root."""

    position: int
    body: bytes
    path: tuple[bytes, ...]


#: Tables that many leaves name: a lot may have hundreds of orders and activations.
_OFTEN = frozenset({"stamp_order"})


def rows_behind(session: Session, batch: Batch) -> Rows:
    """What the page of a lot rests on: the lot and those that went into it, their areas and codes, products and
    producers, certificates and reports, stamps, and what agencies decided about any of them."""
    lots = [batch.id, *descent.ancestors(session, batch.id)[:MOST_LOTS]]
    with beyond_scope(session):  # whoever harvested: all of it stands in the public log
        found: Rows = {"batch": lots}
        held = session.exec(select(Batch).where(col(Batch.id).in_(lots))).all()
        found["growing_area"] = sorted({one.area_id for one in held if one.area_id})
        found["product"] = sorted({one.product_id for one in held})
        found["producer"] = sorted({one.producer_id for one in held})
        for table, column, of in (
            ("area_code", "area_id", "growing_area"),
            ("lab_test", "batch_id", "batch"),
            ("certificate_claim", "batch_id", "batch"),
            ("stamp_order", "batch_id", "batch"),
        ):
            found[table] = _ids(session, table, "id", column, found[of])
        found["certificate"] = _ids(session, "certificate_claim", "certificate_id", "batch_id", lots)
        found["recall"] = _ids(session, "recalled_batch", "recall_id", "batch_id", lots)
        subjects = [one for ids in found.values() for one in ids]
        found["suspension"] = _ids(session, "suspension", "id", "subject_id", subjects)
        found["rule_override"] = _ids(session, "rule_override", "id", "subject_id", subjects)
    return found


def _ids(session: Session, table: str, wanted: str, column: str, values: list[str]) -> list[str]:
    rows = SQLModel.metadata.tables[table]
    found: set[str] = set()
    for portion in portions(values):
        statement = sa.select(rows.c[wanted]).where(rows.c[column].in_(portion)).distinct()
        found |= {str(row[0]) for row in session.connection().execute(statement)}
    return sorted(found)


def leaves_about(session: Session, rows: Rows, size: int) -> tuple[list[ProvenLeaf], int]:
    """The leaves among the first `size` that name one of these rows, in the order of the log, with their audit paths;
    and how many were left out: of those about stamp orders the oldest first, then of the others.

    Raises `NotFound` if no leaf does.
    """
    entries = SQLModel.metadata.tables["log_entry"]
    wanted: dict[int, int] = {}  # position -> rank: what says who and where comes before what happens often
    for table, ids in rows.items():
        for portion in portions(ids):
            statement = sa.select(entries.c.position).where(
                entries.c.table_name == table, entries.c.record_id.in_(portion), entries.c.position < size
            )
            rank = table in _OFTEN
            for row in session.connection().execute(statement):
                wanted[int(row[0])] = min(rank, wanted.get(int(row[0]), rank))
    if not wanted:
        raise NotFound("LogLeaf")
    kept = sorted(sorted(wanted, key=lambda position: (wanted[position], -position))[:MOST_ENTRIES])
    return leaves_at(session, kept, size), len(wanted) - len(kept)


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
    about: dict[str, str], vkeys: list[str], checkpoint: str, leaves: list[ProvenLeaf], left_out: int = 0
) -> dict[str, Any]:
    """The proof as JSON: `about` says in words what is proven, all else is for a verifier.

    `left_out`: how many older leaves about the same rows the file does not hold.
    """
    return {
        "format": FORMAT,
        "about": about,
        **({"left_out": left_out} if left_out else {}),
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
