"""The end of a recall: the report of its outcome, filed by one person and accepted by an agency.

It adds up: made = located + recovered + missing, and says why what is missing will not come back. Accepted, the recall
is closed: its goods never come back, and their stamps go on saying that they were recalled.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, notices, oversight, recall_balance, recall_receivers, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import beyond_scope
from traceability.domain.quantities import kg_text
from traceability.domain.recall_records import (
    Recall,
    RecallKind,
    RecallReceiver,
    RecallReport,
    RecallState,
    ReportState,
)
from traceability.domain.records import RecordId
from traceability.domain.suspensions import Reason
from traceability.domain.text import Block

#: Letters, of the reason why a recall is closed although goods are missing.
SHORTEST_REASON: Final = 10


class ReportInput(BaseModel):
    """The outcome in words; the figures come from the records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    missing_reason: Annotated[Block, Field(max_length=1000)] = ""
    #: whoever files has read how much has not come back, and says so by a tick
    missing_confirmed: bool = False
    cause: Reason
    prevention: Reason


class AcceptInput(BaseModel):
    """An agency takes the report as the outcome. Where goods are missing it says why that is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    missing_confirmed: bool = False
    closing_reason: Annotated[Block, Field(max_length=1000)] = ""


class SendBackInput(BaseModel):
    """An agency wants more, and says what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_id: RecordId
    reason: Reason


def file(session: Session, actor: Actor, value: ReportInput) -> RecallReport:
    """Reports the outcome of a recall; one that was sent back is filed anew. The agencies are told.

    By a manager of the producer where it began, or by an agency. Raises `NotFound`, and `RuleBroken`:
    `access.not_permitted`, `recalls.not_open`, `recalls.report_filed_already`, `recalls.goods_waiting`,
    `recalls.missing_unexplained`, `recalls.missing_unconfirmed`.
    """
    recall = _own(session, actor, value.recall_id)
    report = of_recall(session, recall.id)
    if report is not None and report.state is ReportState.FILED:
        raise RuleBroken("recalls.report_filed_already")
    with beyond_scope(session):
        figures = _figures(session, actor, recall)
    if figures["missing_g"] and not value.missing_reason:
        raise RuleBroken("recalls.missing_unexplained", "missing_reason", **_in_words(figures, actor))
    if figures["missing_g"] and not value.missing_confirmed:
        raise RuleBroken("recalls.missing_unconfirmed", "missing_confirmed", **_in_words(figures, actor))
    if report is None:
        report = RecallReport(
            producer_id=recall.producer_id,
            recall_id=recall.id,
            made_g=0,
            located_g=0,
            recovered_g=0,
            missing_g=0,
            filed_at=now(),
        )
        session.add(report)
    report.made_g, report.located_g = figures["made_g"], figures["located_g"]
    report.recovered_g, report.missing_g = figures["recovered_g"], figures["missing_g"]
    report.figures = {"ways": figures["ways"], "receivers": figures["receivers"]}
    report.missing_reason, report.cause, report.prevention = (
        value.missing_reason,
        value.cause,
        value.prevention,
    )
    report.state, report.filed_at, report.filed_by_id = ReportState.FILED, now(), actor.user_id
    report.decided_at, report.decided_by_id, report.remark = None, None, ""
    session.flush()
    ledger.record(session, "recall.reported", report, tenant=recall.producer_id)
    facts = _facts(session, recall)
    for agency in oversight.agencies_over(session, recall.producer_id, Permission.REQUEST_RECALL):
        notices.post(session, "recall_reported", agency_id=agency.id, subject=recall, **facts)
    return report


def accept(session: Session, actor: Actor, value: AcceptInput) -> RecallReport:
    """An agency accepts the outcome, by another person than who filed it: the recall is closed.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `recalls.not_open`, `recalls.report_missing`,
    `recalls.same_person_closes`, `recalls.figures_moved`, `oversight.other_agency`.
    """
    recall, report = _filed(session, actor, value.recall_id)
    if actor.user_id is None or report.filed_by_id == actor.user_id:
        raise RuleBroken("recalls.same_person_closes")
    with beyond_scope(session):
        figures = _figures(session, actor, recall)
    if any(getattr(report, name) != figures[name] for name in ("made_g", "recovered_g", "missing_g")):
        raise RuleBroken("recalls.figures_moved")
    if report.missing_g:  # who closes a recall of which goods are still out says that, and why
        if len(value.closing_reason) < SHORTEST_REASON:
            raise RuleBroken("recalls.closing_unexplained", "closing_reason", **_in_words(figures, actor))
        if not value.missing_confirmed:
            raise RuleBroken("recalls.missing_unconfirmed", "missing_confirmed", **_in_words(figures, actor))
    _decide(actor, report, ReportState.ACCEPTED)
    report.remark = value.closing_reason
    recall.state = RecallState.CLOSED
    recall.lift_asked_at, recall.lift_asked_by_id, recall.lift_reason = None, None, ""
    session.flush()
    with beyond_scope(session):
        batches = _renew_pages(session, recall)
        ledger.record(session, "recall.closed", recall, report, *batches, tenant=recall.producer_id)
        tell = {batch.producer_id for batch in batches} | set(_receivers(session, recall))
    facts = _facts(session, recall)
    for producer_id in sorted(tell | {recall.producer_id}):
        notices.post(session, "recall_closed", producer_id=producer_id, subject=recall, **facts)
    return report


def send_back(session: Session, actor: Actor, value: SendBackInput) -> RecallReport:
    """An agency does not accept the outcome yet and says what is missing. Raises as `accept`."""
    recall, report = _filed(session, actor, value.recall_id)
    _decide(actor, report, ReportState.SENT_BACK)
    report.remark = value.reason
    session.flush()
    ledger.record(session, "recall.report_sent_back", report, tenant=recall.producer_id)
    facts = {**_facts(session, recall), "reason": value.reason}
    notices.post(session, "recall_report_sent_back", producer_id=recall.producer_id, subject=recall, **facts)
    return report


def of_recall(session: Session, recall_id: str) -> RecallReport | None:
    """The report of a recall, if one was filed; within the scope."""
    return session.exec(select(RecallReport).where(RecallReport.recall_id == recall_id)).one_or_none()


def _own(session: Session, actor: Actor, recall_id: str) -> Recall:
    """The recall, open and locked, for whoever answers for it."""
    actor.must(Permission.REQUEST_RECALL, Permission.RECALL_OWN_BATCHES)
    recall = records.lock(session, Recall, recall_id)
    recall_receivers.must_be_open(recall)
    return recall


def _filed(session: Session, actor: Actor, recall_id: str) -> tuple[Recall, RecallReport]:
    actor.must(Permission.REQUEST_RECALL)
    if actor.producer_id is not None:
        raise NotFound("Recall", recall_id)
    recall = _own(session, actor, recall_id)
    if recall.kind is RecallKind.COMPULSORY:
        oversight.must_answer_for(session, actor, recall.agency_id)
    report = of_recall(session, recall.id)
    if report is None or report.state is not ReportState.FILED:
        raise RuleBroken("recalls.report_missing")
    return recall, report


def _decide(actor: Actor, report: RecallReport, state: ReportState) -> None:
    report.state, report.decided_at = state, now()
    report.decided_by_id, report.agency_id = actor.user_id, actor.agency_id


def _figures(session: Session, actor: Actor, recall: Recall) -> dict[str, Any]:
    """The figures of the outcome; refused while goods wait to be dealt with."""
    waiting = recall_balance.waiting_of(session, recall)
    if waiting:
        grams = sum(one.stock_g for one in waiting)
        lots = ", ".join(one.lot for one in waiting[:5]) + ("…" if len(waiting) > 5 else "")
        raise RuleBroken("recalls.goods_waiting", lots=lots, left=kg_text(grams, actor.language))
    reach = recall_balance.account(session, recall)
    receivers = recall_receivers.of_recall(session, recall.id, limit=100_000)
    return {
        "made_g": reach.made_g,
        "located_g": reach.located_g,
        "recovered_g": reach.recovered_g,
        "missing_g": reach.missing_g,
        "ways": {way.value: grams for way, grams in recall_balance.ways(session, recall.id).items()},
        "receivers": _counts(receivers),
    }


def _in_words(figures: dict[str, Any], actor: Actor) -> dict[str, str]:
    """The grams of the outcome as a sentence takes them."""
    names = ("made", "located", "recovered", "missing")
    return {name: kg_text(figures[f"{name}_g"], actor.language) for name in names}


def _counts(receivers: Iterable[RecallReceiver]) -> dict[str, int]:
    rows = list(receivers)
    return {
        "all": len(rows),
        "told": sum(row.notified_at is not None for row in rows),
        "answered": sum(row.acknowledged_at is not None for row in rows),
    }


def _renew_pages(session: Session, recall: Recall) -> list[Batch]:
    """The public pages of the batches say at the next scan that the recall was completed."""
    batches: list[Batch] = []
    for portion in records.portions(sorted(recall_receivers.reached_ids(session, recall))):
        statement = select(Batch).where(col(Batch.id).in_(portion)).order_by(col(Batch.id))
        locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        batches += session.exec(locked).all()
    for batch in batches:
        batch.page_version += 1
    session.flush()
    return batches


def _receivers(session: Session, recall: Recall) -> list[str]:
    statement = select(RecallReceiver.to_producer_id).where(RecallReceiver.recall_id == recall.id)
    return [row for row in session.exec(statement).all() if row is not None]


def _facts(session: Session, recall: Recall) -> dict[str, str]:
    with beyond_scope(session):
        lot = session.exec(select(Batch.lot).where(Batch.id == recall.batch_id)).one()
    return {"number": recall.number, "lot": lot}
