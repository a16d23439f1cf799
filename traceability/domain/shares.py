"""Where a batch comes from, to the last gram: the exact shares of growing areas and materials, over every step.

A batch is made of its inputs in the proportion of their grams; loss and by-products take from all alike. A harvest is
made of its area, but for what was added to it later. So each source's share is a product of fractions along each way,
summed over the ways; as `Fraction`s they add up to one exactly, whatever was split, merged and worked up in between.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain import descent
from traceability.domain.batches import Origin
from traceability.domain.errors import NotFound

#: Area, producer and material of a source.
Key = tuple[str | None, str, str]


@dataclass(frozen=True)
class SourceShare:
    """One source of a batch: a growing area, a material that has no batch, or (neither) a way that nobody recorded.

    `grams` are whole grams of what was made; those of all sources add up to it. `batch_ids` are the harvests of the
    area, the batches that took the material, or those of which nothing is recorded. `producer_id` is theirs.
    """

    area_id: str | None
    producer_id: str
    material: str
    grams: int
    share: Fraction
    batch_ids: tuple[str, ...] = ()

    @property
    def percent(self) -> float:
        """The share as a number for a page."""
        return float(self.share * 100)


@dataclass
class Node:
    """What went into one batch: `inputs` are pairs of source batch and grams, `materials` of name and grams."""

    producer_id: str
    area_id: str | None
    made_g: int
    is_harvest: bool
    inputs: list[tuple[str, int]] = field(default_factory=list)
    materials: list[tuple[str, int]] = field(default_factory=list)

    @property
    def harvested_g(self) -> int:
        """What of it came from its own area."""
        added = sum(grams for _name, grams in (*self.inputs, *self.materials))
        return max(0, self.made_g - added) if self.is_harvest else 0

    @property
    def total_g(self) -> int:
        """What its inputs are shares of."""
        return self.harvested_g + sum(grams for _name, grams in (*self.inputs, *self.materials))


def sources(session: Session, batch_id: str) -> list[SourceShare]:
    """The sources of a batch, the largest first, whoever's they are: whether the reader may see the batch is for the
    caller to know. Raises `NotFound`.
    """
    nodes = above(session, batch_id)
    if batch_id not in nodes:
        raise NotFound("Batch", batch_id)
    return spread(nodes, batch_id)


def above(session: Session, batch_id: str) -> dict[str, Node]:
    """A batch and all that went into it, by one recursive query."""
    return _nodes(session, descent.walk_up(batch_id))


def above_all(session: Session, roots: Any) -> dict[str, Node]:
    """Some batches (a select of ids) and all that went into them, by one recursive query."""
    return _nodes(session, descent.walk_up_from(roots))


def _nodes(session: Session, walk: sa.CTE) -> dict[str, Node]:
    tables = SQLModel.metadata.tables
    batch, edge = tables["batch"], tables["batch_input"]
    statement = (
        sa.select(
            batch.c.id, batch.c.producer_id, batch.c.area_id, batch.c.made_g, batch.c.origin,
            edge.c.source_batch_id, edge.c.material, edge.c.grams,
        )
        .select_from(walk.join(batch, batch.c.id == walk.c.id).outerjoin(edge, edge.c.batch_id == batch.c.id))
        .order_by(edge.c.id)
    )  # fmt: skip
    nodes: dict[str, Node] = {}
    for row in session.connection().execute(statement):
        node = nodes.get(row.id)
        if node is None:
            harvest = Origin(row.origin) is Origin.HARVEST
            node = nodes[row.id] = Node(row.producer_id, row.area_id, row.made_g, harvest)
        if row.source_batch_id is not None:
            node.inputs.append((row.source_batch_id, row.grams))
        elif row.grams is not None:
            node.materials.append((row.material, row.grams))
    return nodes


def spread(nodes: dict[str, Node], root: str) -> list[SourceShare]:
    """The sources of the root: one pass over the graph, each batch after all its uses.

    All shares are kept as whole numbers over one denominator that grows as batches divide them. `Fraction`s on the way
    would say the same, but reducing each of them costs seconds in a graph of some hundred levels.
    """
    pending, common = {root: 1}, 1
    found: dict[Key, int] = defaultdict(int)
    told: dict[Key, list[str]] = defaultdict(list)
    for batch_id in uses_first(nodes):
        node, share = nodes[batch_id], pending.pop(batch_id, 0)
        if not share:  # a draw of nothing: an act that was declared never to have happened
            continue
        own = _own(node)
        grams = [weight for _source, weight in (*node.inputs, *own)]
        unit = math.gcd(*grams) or 1
        total = sum(grams) // unit
        factor = total // math.gcd(total, share)
        if factor > 1:
            common *= factor
            pending = {one: value * factor for one, value in pending.items()}
            found = defaultdict(int, {key: value * factor for key, value in found.items()})
        portion = share * factor // total
        for source, weight in node.inputs:
            pending[source] = pending.get(source, 0) + portion * (weight // unit)
        for key, weight in own:
            if weight:
                found[key] += portion * (weight // unit)
                told[key].append(batch_id)
    keys = sorted(found, key=lambda key: (-found[key], key[0] or "", *key[1:]))
    shares = [Fraction(found[key], common) for key in keys]
    return [
        SourceShare(key[0], key[1], key[2], weight, share, tuple(sorted(set(told[key]))))
        for key, weight, share in zip(keys, whole(nodes[root].made_g, shares), shares, strict=True)
    ]


def uses_first(nodes: dict[str, Node]) -> Iterator[str]:
    """The batches of a graph, each after all that were made of it. Raises `RuntimeError` for a circle."""
    waiting: dict[str, int] = defaultdict(int)
    for node in nodes.values():
        for source, _grams in node.inputs:
            waiting[source] += 1
    ready, done = [batch_id for batch_id in nodes if not waiting[batch_id]], 0
    while ready:
        batch_id = ready.pop()
        yield batch_id
        done += 1
        for source, _grams in nodes[batch_id].inputs:
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    if done != len(nodes):
        raise RuntimeError("the graph of batches runs in a circle")


def _own(node: Node) -> list[tuple[Key, int]]:
    """What of a batch came from no other batch, in grams. Where nothing is recorded at all, that is one unknown."""
    own: list[tuple[Key, int]] = [((None, node.producer_id, name), grams) for name, grams in node.materials]
    if node.harvested_g:
        own.append(((node.area_id, node.producer_id, ""), node.harvested_g))
    if not node.total_g:
        own.append(((None, node.producer_id, ""), 1))
    return own


def whole(total: int, parts: list[Fraction]) -> list[int]:
    """Whole grams in the proportion of fractions that add up to one, such that they add up to the total: each gets
    its floor, and the grams that are left go to the largest remainders."""
    exact: list[Any] = [part * total for part in parts]
    floors = [int(value) for value in exact]
    rest = total - sum(floors)
    order = sorted(range(len(parts)), key=lambda place: (floors[place] - exact[place], place))
    for place in order[:rest]:
        floors[place] += 1
    return floors
