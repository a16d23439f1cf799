"""The second person: an order of very many stamps is prepared only when somebody else has approved it."""

from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import ledger, notices, oversight, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.stamps import APPROVED_ABOVE, RangeState, StampOrder, StampRange

#: Another user of the producer, or an agency that issues stamps.
APPROVERS = (Permission.ORDER_STAMPS, Permission.ISSUE_STAMPS)


def ask(session: Session, order: StampOrder) -> None:
    """Tells those who may approve an order that it waits."""
    said: dict[str, Any] = {"subject": order, "number": order.number, "count": order.quantity}
    notices.post(session, "stamps_wait", producer_id=order.producer_id, **said)
    for agency in oversight.agencies_over(session, order.producer_id, Permission.ISSUE_STAMPS):
        notices.post(session, "stamps_wait", agency_id=agency.id, **said)


def approve(session: Session, actor: Actor, order_id: str) -> StampOrder:
    """Approves a large order of somebody else; it can be prepared then.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `stamps.nothing_to_approve`, `stamps.second_person`,
    `stamps.order_void`.
    """
    actor.must(*APPROVERS)
    order = records.lock(session, StampOrder, order_id)
    if not order.waits_for_approval:
        raise RuleBroken("stamps.nothing_to_approve", None, number=order.number)
    if actor.user_id is None or actor.user_id == order.ordered_by_id:
        raise RuleBroken("stamps.second_person", None, number=order.number)
    live = select(StampRange.id).where(
        StampRange.order_id == order.id, StampRange.state == RangeState.ORDERED
    )
    if session.exec(live).first() is None:
        raise RuleBroken("stamps.order_void", None, number=order.number)
    order.approved_by_id, order.approved_at = actor.user_id, now()
    ledger.record(session, "stamps.approved", order)
    return order


def waiting(session: Session, limit: int = 100) -> list[StampOrder]:
    """The orders within the scope that wait for a second person, the oldest first."""
    statement = (
        select(StampOrder)
        .where(StampOrder.quantity > APPROVED_ABOVE, col(StampOrder.ordered_by_id).is_not(None))
        .where(col(StampOrder.approved_at).is_(None), col(StampOrder.closed_at).is_(None))
        .order_by(col(StampOrder.created_at))
        .limit(limit)
    )
    return list(session.exec(statement).all())
