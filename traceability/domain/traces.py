"""The trace (truy xuất): everything a batch was made of and everything that was made of it, to any depth.

One recursive query finds the batches of a direction, one more their inputs; steps and levels come from one pass in
memory. The graph crosses producers. Of a batch outside the scope the reader learns what is public and nothing more:
its lot, product and producer, and whether it is held or recalled; never a weight, and of a batch that was made of the
reader's goods but is not published, only that there is one.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain import descent, records
from traceability.domain.batches import Batch, BatchState
from traceability.domain.ownership import Reach, covers
from traceability.domain.producers import LegalForm


class Direction(StrEnum):
    """Where a trace looks."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class TracedBatch:
    """One batch of a trace. `steps` are the fewest steps from the batch that was asked about, negative above it;
    `level` is the longest way, so that every input lies on a lower level than what was made of it.

    `within` says whether the reader may open it. What the reader may not know is empty or None. `others` counts
    inputs that the trace does not show (of a batch below: what else went into it).
    """

    id: str
    steps: int
    level: int
    lot: str
    goods: str
    producer: str
    area: str
    state: BatchState | None
    started_on: date | None
    made_g: int | None
    on_hand_g: int | None
    within: bool
    others: int = 0

    @property
    def is_stopped(self) -> bool:
        """Whether it is held or recalled."""
        return self.state in (BatchState.HELD, BatchState.RECALLED)

    @property
    def is_hidden(self) -> bool:
        """Whether the reader may only know that there is one."""
        return not self.lot


@dataclass(frozen=True, slots=True)
class TracedInput:
    """One input of a batch: grams of a batch, or of a material without one (`source_id` None).

    `grams` is None where the batch that took it is not the reader's. `delivered` says that it came from another
    producer.
    """

    batch_id: str
    source_id: str | None
    grams: int | None
    delivered: bool
    material: str = ""
    supplier: str = ""


@dataclass(frozen=True)
class Trace:
    """The graph around one batch, its batches by id: those above from the nearest on, then itself, then those below."""

    root_id: str
    direction: Direction
    batches: dict[str, TracedBatch]
    inputs: list[TracedInput]

    @property
    def root(self) -> TracedBatch:
        """The batch that was asked about."""
        return self.batches[self.root_id]

    def by_batch(self) -> dict[str, list[TracedInput]]:
        """The inputs of each batch, the heaviest first."""
        found: dict[str, list[TracedInput]] = defaultdict(list)
        for one in self.inputs:
            found[one.batch_id].append(one)
        for rows in found.values():
            rows.sort(key=lambda one: -(one.grams or 0))
        return found

    def count(self, sign: int) -> int:
        """How many batches lie above (-1) or below (1)."""
        return sum(1 for one in self.batches.values() if one.steps * sign > 0)


@dataclass
class _Graph:
    """What the queries found: batches as rows, inputs as tuples (batch, source, grams, delivered, material,
    supplier, owner)."""

    rows: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def trace(session: Session, batch_id: str, direction: Direction = Direction.BOTH) -> Trace:
    """The trace of a batch of the scope. Raises `NotFound`."""
    records.find(session, Batch, batch_id)
    graph = _Graph()
    if direction is not Direction.DOWN:
        _load(session, graph, descent.walk_up(batch_id))
    if direction is not Direction.UP:
        _load(session, graph, descent.walk_down(batch_id))
    edges = [
        (row[1], row[0]) for row in graph.inputs.values() if row[1] in graph.rows and row[0] in graph.rows
    ]
    sources, uses = neighbours(edges)
    steps = {
        batch_id: 0,
        **distances(batch_id, sources, -1),
        **distances(batch_id, uses, 1),
    }
    levels = {**heights(batch_id, sources, uses, -1), **heights(batch_id, uses, sources, 1), batch_id: 0}
    scope = session.info["scope"]
    office = scope.reach is not Reach.PUBLIC
    seen = {owner: office and covers(session, scope, owner) for owner in _owners(graph)}
    kept = [row for row in graph.inputs.values() if _is_shown(row, graph.rows, steps)]
    others = _others(graph, kept)
    order = sorted(graph.rows, key=lambda one: (steps[one], graph.rows[one].started_on, one))
    return Trace(
        root_id=batch_id,
        direction=direction,
        batches={
            one: _told(graph.rows[one], steps[one], levels[one], seen, others.get(one, 0)) for one in order
        },
        inputs=[_input(row, seen) for row in kept],
    )


def _load(session: Session, graph: _Graph, walk: sa.CTE) -> None:
    """Adds the batches of a walk, and all inputs of each."""
    tables = SQLModel.metadata.tables
    batch, edge, product, producer, area = (
        tables[name] for name in ("batch", "batch_input", "product", "producer", "growing_area")
    )
    found = sa.select(
        batch.c.id, batch.c.lot, batch.c.state, batch.c.started_on, batch.c.made_g, batch.c.on_hand_g,
        batch.c.released_at.is_not(None).label("published"), batch.c.producer_id, product.c.name.label("goods"),
        producer.c.name.label("producer"), producer.c.code, producer.c.legal_form, area.c.name.label("area"),
    ).select_from(
        walk.join(batch, batch.c.id == walk.c.id)
        .join(product, product.c.id == batch.c.product_id)
        .join(producer, producer.c.id == batch.c.producer_id)
        .outerjoin(area, area.c.id == batch.c.area_id)
    )  # fmt: skip
    connection = session.connection()
    for row in connection.execute(found):
        graph.rows[row.id] = row
    drawn = sa.select(
        edge.c.id, edge.c.batch_id, edge.c.source_batch_id, edge.c.grams, edge.c.delivery_id.is_not(None),
        edge.c.material, edge.c.supplier, edge.c.producer_id,
    ).select_from(walk.join(edge, edge.c.batch_id == walk.c.id))  # fmt: skip
    for row in connection.execute(drawn):
        graph.inputs[row[0]] = tuple(row[1:])


def _owners(graph: _Graph) -> set[str]:
    return {row.producer_id for row in graph.rows.values()} | {row[6] for row in graph.inputs.values()}


def _is_shown(row: tuple[Any, ...], rows: Mapping[str, Any], steps: Mapping[str, int]) -> bool:
    """Of the batches above, and of the batch itself, every input is shown; of those below the ways that lead here."""
    return (row[1] in rows) if steps[row[0]] > 0 or row[1] is not None else True


def _others(graph: _Graph, kept: list[tuple[Any, ...]]) -> dict[str, int]:
    """How many inputs of a batch are left out of the trace."""
    counts: dict[str, int] = defaultdict(int)
    for row in graph.inputs.values():
        counts[row[0]] += 1
    for row in kept:
        counts[row[0]] -= 1
    return counts


def _told(row: Any, steps: int, level: int, seen: Mapping[str, bool], others: int) -> TracedBatch:
    """What the reader may know of a batch."""
    within = seen[row.producer_id]
    household = LegalForm(row.legal_form) is LegalForm.HOUSEHOLD
    if not within and steps > 0 and not row.published:
        return TracedBatch(row.id, steps, level, "", "", "", "", None, None, None, None, False)
    state = BatchState(row.state)
    public = state if state in (BatchState.HELD, BatchState.RECALLED) else None
    return TracedBatch(
        id=row.id,
        steps=steps,
        level=level,
        lot=row.lot,
        goods=row.goods,
        producer=row.producer if within or not household else row.code,
        area=(row.area or "") if within or not household else "",
        state=state if within else public,
        started_on=row.started_on,
        made_g=row.made_g if within else None,
        on_hand_g=row.on_hand_g if within else None,
        within=within,
        others=others if within else 0,
    )


def _input(row: tuple[Any, ...], seen: Mapping[str, bool]) -> TracedInput:
    batch_id, source_id, grams, delivered, material, supplier, owner = row
    within = seen[owner]
    return TracedInput(
        batch_id=batch_id,
        source_id=source_id,
        grams=grams if within else None,
        delivered=bool(delivered),
        material=material,
        supplier=supplier if within else "",
    )


# --- The shape of a graph --------------------------------------------------------------------------------

Neighbours = dict[str, list[str]]


def neighbours(edges: Iterable[tuple[str, str]]) -> tuple[Neighbours, Neighbours]:
    """The sources of each batch and the uses of each, from pairs (source, batch)."""
    sources, uses = defaultdict(list), defaultdict(list)
    for source, made in edges:
        sources[made].append(source)
        uses[source].append(made)
    return sources, uses


def distances(root: str, onward: Neighbours, sign: int) -> dict[str, int]:
    """The fewest steps from the root to each batch in one direction, with a sign."""
    found, waiting = {root: 0}, deque([root])
    while waiting:
        here = waiting.popleft()
        for there in onward.get(here, ()):
            if there not in found:
                found[there] = found[here] + sign
                waiting.append(there)
    del found[root]
    return found


def heights(root: str, onward: Neighbours, back: Neighbours, sign: int) -> dict[str, int]:
    """The most steps from the root to each batch in one direction, with a sign: each is settled after all those
    through which it is reached. Raises `RuntimeError` for a circle, which the schema rules out."""
    within = {root, *distances(root, onward, sign)}
    waiting = {here: sum(1 for one in back.get(here, ()) if one in within) for here in within}
    found, ready = {root: 0}, [] if waiting[root] else [root]
    while ready:
        here = ready.pop()
        for there in onward.get(here, ()):
            found[there] = max(found.get(there, 0), abs(found[here]) + 1)
            waiting[there] -= 1
            if not waiting[there]:
                ready.append(there)
    if any(waiting.values()):
        raise RuntimeError(f"the graph around {root} runs in a circle")
    return {here: level * sign for here, level in found.items()}
