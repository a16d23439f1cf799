"""The process behind a batch, as the conversion rule sees it: its weighed steps, and what was left when it began.

Goods that were split, merged or repacked on their way take along what their lots had gone through: dividing a lot
before it is dried hides nothing. However many lots there are, each level above is one question to the database.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlmodel import Session, col, select

from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.history import Event, EventBatch, EventType, Part, histories, standing
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Product
from traceability.domain.rule_conversions import Step, ratio_of

#: Steps of a process; what was lost, shipped, divided or tested is none.
_PROCESS = frozenset({EventType.RECEIVE, EventType.TRANSFORM, EventType.PACK, EventType.STORE})
#: So many times goods may have been divided or merged before they can be judged no longer.
_DEEPEST = 12


@dataclass(frozen=True)
class Process:
    """`begun`: what was left of a kilogram when the batch began; None where no band applies or nobody can tell."""

    begun: Fraction | None
    steps: list[Step]


def of_batch(session: Session, batch: Batch, events: list[Event]) -> Process:
    """The process behind a batch within the scope, of which these events stand."""
    if batch.origin is Origin.HARVEST:
        return Process(Fraction(1), _steps(batch, events, {}, None))
    with beyond_scope(session):  # what a delivery brought is another producer's batch
        return _of_batch(session, batch)


def _of_batch(session: Session, batch: Batch) -> Process:
    nodes, edges = _above(session, batch)
    events = histories(session, nodes)
    own = _own_outputs(session, nodes)
    forms = _forms(session, nodes.values())
    known: dict[str, Fraction | None] = {}

    def begun(node: Batch) -> Fraction | None:
        if node.id not in known:
            known[node.id] = None  # a circle, which the schema excludes, would end here
            known[node.id] = _begun(node)
        return known[node.id]

    def _begun(node: Batch) -> Fraction | None:
        if node.origin is Origin.HARVEST:
            return Fraction(1)
        if node.origin is Origin.TRANSFORM:
            return Fraction(1) if forms[node.id][0] not in forms[node.id][1] else None
        drawn = [(grams, nodes.get(source)) for source, grams in edges[node.id] if grams]
        total, left = sum(grams for grams, _source in drawn), Fraction(0)
        for grams, source in drawn:
            before = begun(source) if source is not None else None
            if source is None or before is None:
                return None
            left += grams * ratio_of(_steps(source, events[source.id], own, node.started_on), before)
        return left / total if total else None

    return Process(begun(batch), _steps(batch, events[batch.id], own, None))


def _above(session: Session, batch: Batch) -> tuple[dict[str, Batch], dict[str, list[tuple[str, int]]]]:
    """The lots that a batch was divided or merged from, up to those that were harvested or made; with the grams."""
    nodes, edges = {batch.id: batch}, defaultdict(list)
    level = [batch.id] if batch.origin not in (Origin.HARVEST, Origin.TRANSFORM) else []
    for _depth in range(_DEEPEST):
        if not level:
            break
        statement = (
            select(BatchInput, Batch)
            .join(Batch, col(Batch.id) == BatchInput.source_batch_id)
            .where(col(BatchInput.batch_id).in_(level))
        )
        level = []
        for row, source in session.exec(statement).all():
            edges[row.batch_id].append((source.id, row.grams))
            if source.id not in nodes:
                nodes[source.id] = source
                if source.origin not in (Origin.HARVEST, Origin.TRANSFORM):
                    level.append(source.id)
    return nodes, edges


def _own_outputs(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """What each lot weighed when an act made several at once."""
    statement = select(EventBatch.batch_id, EventBatch.grams).where(
        col(EventBatch.batch_id).in_(list(ids)), col(EventBatch.part).in_([Part.OUTPUT, Part.BY_PRODUCT])
    )
    return dict(session.exec(statement).all())


def _forms(session: Session, nodes: Iterable[Batch]) -> dict[str, tuple[str, set[str]]]:
    """Of each lot that was made by processing: its form, and the forms of what it was made of."""
    made = [node.id for node in nodes if node.origin is Origin.TRANSFORM]
    found: dict[str, tuple[str, set[str]]] = {}
    if not made:
        return found
    own = select(Batch.id, Product.form).join(Product, col(Product.id) == Batch.product_id)
    for batch_id, form in session.exec(own.where(col(Batch.id).in_(made))).all():
        found[batch_id] = (form, set())
    sources = (
        select(BatchInput.batch_id, Product.form)
        .join(Batch, col(Batch.id) == BatchInput.source_batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(col(BatchInput.batch_id).in_(made))
    )
    for batch_id, form in session.exec(sources).all():
        found[batch_id][1].add(form)
    return found


def _steps(batch: Batch, events: list[Event], own: dict[str, int], until: date | None) -> list[Step]:
    """The weighed steps of a lot in order, up to a day."""
    found: list[Step] = []
    for event in standing(events):
        if event.type not in _PROCESS or event.input_g is None or event.output_g is None:
            continue
        if until is not None and local_day(event.happened_at) > until:
            continue
        makes = event.type is EventType.TRANSFORM and batch.origin is Origin.TRANSFORM and batch.id in own
        first = makes and local_day(event.happened_at) >= batch.started_on and not found
        after_g = own[batch.id] if first else event.output_g
        found.append(Step(event.input_g, after_g, makes=event.type is EventType.TRANSFORM))
    return found
