"""What left for which market, followed back to the areas it was harvested in.

Goods are counted where they leave the platform's producers for a customer: what one producer sends another is on its
way still, and is counted when that one ships. Each batch hands the grams that left of it to what went into it, in whole
grams that add up.
"""

from collections import defaultdict
from datetime import date
from fractions import Fraction

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability.domain.batches import Batch, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.ownership import beyond_scope
from traceability.domain.shares import above_all, uses_first, whole

#: By area: grams by day of harvest and market.
ByArea = dict[str, dict[tuple[date, str], int]]


def by_area(session: Session, first: date, last: date) -> ByArea:
    """Grams of goods that left in which harvests of these days lie, whoever shipped them.

    They weigh what the goods weigh: a kilogram of dry tea counts as one, however many of leaf went into it.
    """
    left = (
        sa.select(
            col(Delivery.batch_id), col(Delivery.market), sa.func.sum(Delivery.sent_g - Delivery.returned_g)
        )
        .where(
            col(Delivery.cancelled_at).is_(None),
            col(Delivery.to_producer_id).is_(None),
            col(Delivery.sent_on) >= first,
        )
        .group_by(col(Delivery.batch_id), col(Delivery.market))
    )
    pending: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    found: ByArea = defaultdict(lambda: defaultdict(int))
    with beyond_scope(session):  # goods of an area go through many hands
        for batch_id, market, grams in session.connection().execute(left):
            pending[batch_id][market] += int(grams)
        nodes = above_all(session, sa.select(left.subquery().c.batch_id.label("id")).distinct())
        picked = select(Batch.id, col(Batch.area_id), col(Batch.harvested_on)).where(
            Batch.origin == Origin.HARVEST, col(Batch.harvested_on).between(first, last)
        )
        harvests = {batch_id: (area_id, on) for batch_id, area_id, on in session.exec(picked).all()}
    for batch_id in uses_first(nodes):
        node = nodes[batch_id]
        if not node.total_g:
            continue
        parts = [weight for _source, weight in node.inputs]
        parts += [node.harvested_g, node.total_g - sum(parts) - node.harvested_g]
        shares = [Fraction(weight, node.total_g) for weight in parts]
        for market, grams in pending.pop(batch_id, {}).items():
            portions = whole(grams, shares)
            for (source, _weight), portion in zip(node.inputs, portions, strict=False):
                pending[source][market] += portion
            area_id, on = harvests.get(batch_id, (None, None))
            if area_id and on and portions[-2]:
                found[area_id][on, market] += portions[-2]
    return found
