"""What left for which market, followed back to the areas it was harvested in.

Goods are counted where they leave the platform's producers for a customer: what one producer sends another is on its
way still, and is counted when that one ships. Each batch hands the grams that left of it to what went into it, in whole
grams that add up.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from traceability.domain import descent
from traceability.domain.batches import Batch, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions
from traceability.domain.shares import Node, above_all, uses_first, whole

#: By area: grams by day of harvest and market.
ByArea = dict[str, dict[tuple[date, str], int]]


def by_area(session: Session, first: date, last: date, area_ids: Iterable[str]) -> ByArea:
    """Grams of goods that left in which harvests of some areas and of these days lie, whoever shipped them.

    They weigh what the goods weigh: a kilogram of dry tea counts as one, however many of leaf went into it. Followed is
    what was made of these harvests, and what else went into that: how much the others shipped costs nothing.
    """
    pending: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    found: ByArea = defaultdict(lambda: defaultdict(int))
    with beyond_scope(session):  # goods of an area go through many hands
        picked = select(Batch.id, col(Batch.area_id), col(Batch.harvested_on)).where(
            Batch.origin == Origin.HARVEST,
            col(Batch.harvested_on).between(first, last),
            col(Batch.area_id).in_(sorted(set(area_ids))),
        )
        harvests = {batch_id: (area_id, on) for batch_id, area_id, on in session.exec(picked).all()}
        for some in portions(descent.fed_by_any(session, harvests)):
            for batch_id, market, grams in _left(session, some, first):
                pending[batch_id][market] += grams
        nodes = _behind(session, pending)
    for batch_id in uses_first(nodes):
        node = nodes[batch_id]
        if not node.total_g:
            continue
        parts = [weight for _source, weight in node.inputs]
        parts += [node.harvested_g, node.total_g - sum(parts) - node.harvested_g]
        shares = [Fraction(weight, node.total_g) for weight in parts]
        for market, grams in pending.pop(batch_id, {}).items():
            handed = whole(grams, shares)
            for (source, _weight), part in zip(node.inputs, handed, strict=False):
                pending[source][market] += part
            area_id, on = harvests.get(batch_id, (None, None))
            if area_id and on and handed[-2]:
                found[area_id][on, market] += handed[-2]
    return found


def _left(session: Session, batch_ids: list[str], first: date) -> list[tuple[str, str, int]]:
    """What left of some lots since a day: the lot, the market, grams."""
    statement = (
        sa.select(
            col(Delivery.batch_id), col(Delivery.market), sa.func.sum(Delivery.sent_g - Delivery.returned_g)
        )
        .where(
            col(Delivery.batch_id).in_(batch_ids),
            col(Delivery.cancelled_at).is_(None),
            col(Delivery.to_producer_id).is_(None),
            col(Delivery.sent_on) >= first,
        )
        .group_by(col(Delivery.batch_id), col(Delivery.market))
    )
    return [(one, market, int(grams)) for one, market, grams in session.connection().execute(statement)]


def _behind(session: Session, batch_ids: Iterable[str]) -> dict[str, Node]:
    """Some lots and all that went into them."""
    batch = SQLModel.metadata.tables["batch"]
    nodes: dict[str, Node] = {}
    for some in portions(sorted(batch_ids)):
        nodes |= above_all(session, sa.select(batch.c.id).where(batch.c.id.in_(some)))
    return nodes
