"""What the pages of a recall show, for producers and overseers alike: each sees the parts that are its own."""

from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import (
    logbook,
    recall_balance,
    recall_clock,
    recall_receivers,
    recall_reports,
    records,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound
from traceability.domain.ownership import EVERYTHING, beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.recall_clock import TermState
from traceability.domain.recall_reach import Reach, ReachedBatch
from traceability.domain.recall_records import Recall, RecallReceiver, RecallState
from traceability.domain.records import portions

#: So many rows of one kind a page shows; sheets hold all.
MOST = 500


def overview(session: Session, actor: Actor, recall: Recall) -> dict[str, Any]:
    """The terms, the weights, the receivers in figures, and the report: what every page about a recall begins with.

    A producer whose goods another one's recall reaches sees its own part of it alone.
    """
    whole = actor.producer_id is None or recall.producer_id == actor.producer_id
    with beyond_scope(session):  # how far it has come is one thing for all who answer for it
        everybody = recall_receivers.of_recall(session, recall.id, limit=100_000)
        report = recall_reports.of_recall(session, recall.id) if whole else None
    receivers = everybody if whole else [row for row in everybody if _is_sender(row, actor)]
    reach = recall_balance.account(session, recall)
    own = within(session, [batch.id for batch in reach.batches])
    lines = [batch for batch in reach.batches if batch.id in own]
    return {
        "terms": recall_clock.terms(recall, receivers, report, now()),
        "lines": lines[:MOST],
        "totals": totals(lines),
        "others": len(reach.batches) - len(lines) if whole else 0,
        "reach": reach,
        "receivers": receivers_in_short(receivers, lines, actor),
        "report": report,
        "people": logbook.people(session, [report.filed_by_id, report.decided_by_id] if report else []),
        "ways": recall_balance.ways(session, recall.id),
    }


def overdue(session: Session, recalls: list[Recall]) -> dict[str, int]:
    """How many terms of each open recall have passed, by its id; those in time are left out."""
    found: dict[str, int] = {}
    with beyond_scope(session):
        for recall in recalls:
            if recall.state is not RecallState.OPEN:
                continue
            receivers = recall_receivers.of_recall(session, recall.id, limit=100_000)
            report = recall_reports.of_recall(session, recall.id)
            terms = recall_clock.terms(recall, receivers, report, now())
            passed = sum(term.state is TermState.OVERDUE for term in terms)
            if passed:
                found[recall.id] = passed
    return found


def totals(lines: list[ReachedBatch]) -> dict[str, int]:
    """The weights of some batches, no gram twice."""
    names = (
        "made_g",
        "passed_on_g",
        "own_g",
        "on_hand_g",
        "located_g",
        "outside_g",
        "recovered_g",
        "missing_g",
    )
    return {name: sum(getattr(line, name) for line in lines) for name in names}


def receivers_in_short(rows: list[RecallReceiver], lines: list[ReachedBatch], actor: Actor) -> dict[str, int]:
    """How many receivers there are, were told, answered; of one's own customers where a producer asks."""
    own = {line.producer_id for line in lines}
    mine = [row for row in rows if row.producer_id in own and _is_sender(row, actor)]
    return {
        "all": len(mine),
        "told": sum(row.notified_at is not None for row in mine),
        "answered": sum(row.acknowledged_at is not None for row in mine),
        "held_g": sum(row.held_g or 0 for row in mine),
        "silent": sum(not row.can_be_reached for row in mine),
    }


def _is_sender(row: RecallReceiver, actor: Actor) -> bool:
    return actor.producer_id is None or row.producer_id == actor.producer_id


def within(session: Session, batch_ids: list[str]) -> set[str]:
    """Those of some batches that lie within the scope of the session."""
    found: set[str] = set()
    for portion in portions(batch_ids):
        found |= set(session.exec(select(Batch.id).where(col(Batch.id).in_(portion))).all())
    return found


def begun_with(session: Session, recall: Recall) -> tuple[Batch, Product]:
    """The batch with which a recall began, and its product, whoever's."""
    with beyond_scope(session):
        batch = records.find(session, Batch, recall.batch_id)
        return batch, records.find(session, Product, batch.product_id)


def own_receivers(session: Session, actor: Actor, recall: Recall) -> list[RecallReceiver]:
    """The receivers whom the actor has to tell: a producer's own customers, or those within an agency's scope."""
    rows = recall_receivers.of_recall(session, recall.id)
    return [row for row in rows if _is_sender(row, actor)]


def own_receiver(session: Session, actor: Actor, recall: Recall, receiver_id: str) -> RecallReceiver:
    """One of `own_receivers`. Raises `NotFound`."""
    row = records.find(session, RecallReceiver, receiver_id)
    if row.recall_id != recall.id or not _is_sender(row, actor):
        raise NotFound("RecallReceiver", receiver_id)
    return row


def may_renew(session: Session, recall: Recall) -> bool:
    """Whether some receivers are not on the list yet."""
    with beyond_scope(session):
        return bool(recall_receivers.unlisted(session, recall))


def parts_of_preview(session: Session, actor: Actor, reach: Reach) -> dict[str, Any]:
    """What a preview shows: the whole in figures; batches and receivers by name only where they are one's own."""
    own = within(session, [batch.id for batch in reach.batches])
    if session.info.get("scope") == EVERYTHING:
        own = {batch.id for batch in reach.batches}
    lines = [batch for batch in reach.batches if batch.id in own]
    senders = {line.producer_id for line in lines}
    receivers = [
        one
        for one in reach.receivers
        if one.producer_id in senders and (actor.producer_id is None or one.producer_id == actor.producer_id)
    ]
    return {
        "reach": reach,
        "lines": lines[:MOST],
        "others": len(reach.batches) - len(lines),
        "reached_receivers": receivers[:MOST],
        "sender_names": {line.producer_id: line.producer for line in lines},
    }


def known_producers(session: Session, ids: set[str]) -> set[str]:
    """Those of some producers that lie within the scope of the session."""
    return set(session.exec(select(Producer.id).where(col(Producer.id).in_(sorted(ids)))).all())


def may_record(actor: Actor) -> bool:
    """Whether the actor may write down what was said, came back and was done."""
    return actor.may(Permission.RECORD_EVENTS, Permission.REQUEST_RECALL)
