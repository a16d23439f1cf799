"""The second person: an order of very many stamps is prepared only when somebody else has approved it."""

from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import ledger, notices, oversight, records
from traceability.domain.actors import Actor, Permission, Role
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ledger import LogEntry, LogLeaf
from traceability.domain.stamps import APPROVED_ABOVE, RangeState, StampOrder, StampRange

#: Another manager of the producer, or an agency that issues stamps.
APPROVERS = (Permission.ORDER_STAMPS, Permission.ISSUE_STAMPS)


def ask(session: Session, order: StampOrder) -> None:
    """Tells those who may approve an order that it waits."""
    said: dict[str, Any] = {"subject": order, "number": order.number, "count": order.quantity}
    notices.post(session, "stamps_wait", producer_id=order.producer_id, **said)
    for agency in oversight.agencies_over(session, order.producer_id, Permission.ISSUE_STAMPS):
        notices.post(session, "stamps_wait", agency_id=agency.id, **said)


def approve(session: Session, actor: Actor, order_id: str) -> StampOrder:
    """Approves a large order of somebody else; it can be prepared then.

    The second person is a manager of the producer, or an agency that issues stamps. An account that the first person
    opened or gave a link to is the first person's. Raises `NotFound`, and `RuleBroken`: `access.not_permitted`,
    `stamps.nothing_to_approve`, `stamps.second_person`, `stamps.second_manager`, `stamps.second_given`,
    `stamps.order_void`.
    """
    actor.must(*APPROVERS)
    order = records.lock(session, StampOrder, order_id)
    if not order.waits_for_approval:
        raise RuleBroken("stamps.nothing_to_approve", None, number=order.number)
    if actor.user_id is None or actor.user_id == order.ordered_by_id:
        raise RuleBroken("stamps.second_person", None, number=order.number)
    if not actor.may(Permission.ISSUE_STAMPS) and (actor.role is not Role.MANAGER or actor.on_behalf):
        raise RuleBroken("stamps.second_manager", None, number=order.number)
    if _given_by(session, actor.user_id, order.ordered_by_id):
        raise RuleBroken("stamps.second_given", None, number=order.number)
    live = select(StampRange.id).where(
        StampRange.order_id == order.id, StampRange.state == RangeState.ORDERED
    )
    if session.exec(live).first() is None:
        raise RuleBroken("stamps.order_void", None, number=order.number)
    order.approved_by_id, order.approved_at = actor.user_id, now()
    ledger.record(session, "stamps.approved", order)
    return order


def _given_by(session: Session, account_id: str, giver_id: str | None) -> bool:
    """Whether somebody opened an account or made a link to it: the log knows, links are forgotten."""
    statement = (
        select(LogLeaf.position)
        .join(LogEntry, col(LogEntry.position) == LogLeaf.position)
        .where(LogEntry.table_name == "account", LogEntry.record_id == account_id)
        .where(LogLeaf.actor == giver_id, col(LogLeaf.kind).in_(("account.opened", "account.link_made")))
    )
    return session.exec(statement.limit(1)).first() is not None


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
