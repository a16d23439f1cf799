"""Where a batch comes from, to the last gram: the exact shares of growing areas and materials, over every step.

A batch is made of its inputs in the proportion of their grams; loss and by-products take from all alike. A harvest is
made of its area, but for what was added to it later. So each source's share is a product of fractions along each way,
summed over the ways; as `Fraction`s they add up to one exactly, whatever was split, merged and worked up in between.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain import descent
from traceability.domain.batches import Origin
from traceability.domain.errors import NotFound


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
    return merged(nodes, batch_id, shares_of(nodes, batch_id))


def above(session: Session, batch_id: str) -> dict[str, Node]:
    """A batch and all that went into it, by one recursive query."""
    tables = SQLModel.metadata.tables
    batch, edge = tables["batch"], tables["batch_input"]
    walk = descent.walk_up(batch_id)
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


def shares_of(nodes: dict[str, Node], root: str) -> dict[str, Fraction]:
    """Of each batch above: the share of the root that passed through it. One pass, each batch after all its uses."""
    waiting: dict[str, int] = defaultdict(int)
    for node in nodes.values():
        for source, _grams in node.inputs:
            waiting[source] += 1
    shares: dict[str, Fraction] = defaultdict(Fraction)
    shares[root] = Fraction(1)
    ready, done = [root], 0
    while ready:
        batch_id = ready.pop()
        node, done = nodes[batch_id], done + 1
        drawn: dict[str, int] = defaultdict(int)
        for source, grams in node.inputs:
            drawn[source] += grams
            waiting[source] -= 1
        for source, grams in drawn.items():
            shares[source] += shares[batch_id] * Fraction(grams, node.total_g or 1)
            if not waiting[source]:
                ready.append(source)
    if done != len(nodes):
        raise RuntimeError(f"the graph above {root} runs in a circle")
    return dict(shares)


def merged(nodes: dict[str, Node], root: str, shares: dict[str, Fraction]) -> list[SourceShare]:
    """The shares of batches laid together by what they are of."""
    found: dict[tuple[str | None, str, str], Fraction] = defaultdict(Fraction)
    told: dict[tuple[str | None, str, str], list[str]] = defaultdict(list)
    for batch_id, share in shares.items():
        if not share:  # a draw of nothing: an act that was declared never to have happened
            continue
        for area_id, material, part in _own(nodes[batch_id]):
            key = (area_id, nodes[batch_id].producer_id, material)
            found[key] += share * part
            told[key].append(batch_id)
    keys = sorted(found, key=lambda key: (-found[key], key[0] or "", *key[1:]))
    grams = whole(nodes[root].made_g, [found[key] for key in keys])
    return [
        SourceShare(
            area_id=key[0],
            producer_id=key[1],
            material=key[2],
            grams=weight,
            share=found[key],
            batch_ids=tuple(sorted(set(told[key]))),
        )
        for key, weight in zip(keys, grams, strict=True)
    ]


def _own(node: Node) -> Iterable[tuple[str | None, str, Fraction]]:
    """What of a batch came from no other batch: area, material and share of it."""
    total = node.total_g
    if not total:
        yield None, "", Fraction(1)  # nothing recorded
        return
    if node.harvested_g:
        yield node.area_id, "", Fraction(node.harvested_g, total)
    for material, grams in node.materials:
        if grams:
            yield None, material, Fraction(grams, total)


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
