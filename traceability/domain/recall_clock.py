"""The clock of a recall: what has to be done by when, and whether it was.

One term is of the rule: the authority decides within 24 hours after it was established that a recall is due (Circular
17/2021/TT-BNNPTNT). The circular's text as known here gives no hours for telling receivers, nor a term for the report:
those are the platform's own, and the day that the decision or the producer's plan names. Each says whose it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from traceability.domain.moments import start_of
from traceability.domain.recall_records import Recall, RecallKind, RecallReceiver, RecallReport, RecallState

DAY = timedelta(hours=24)
#: So long receivers have to answer.
ANSWERS = timedelta(hours=72)


class Step(StrEnum):
    """What has to be done."""

    DECIDE = "decide"
    STOP = "stop"
    INFORM = "inform"
    ANSWER = "answer"
    REPORT = "report"


class Source(StrEnum):
    """Whose term it is."""

    CIRCULAR = "circular"
    PLATFORM = "platform"
    DECISION = "decision"


class TermState(StrEnum):
    """How a term stands."""

    MET = "met"
    MET_LATE = "met_late"
    RUNNING = "running"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Term:
    """One term. `done` of `of` says how far it has come, where it has parts."""

    step: Step
    source: Source
    due_at: datetime
    met_at: datetime | None
    state: TermState
    done: int = 1
    of: int = 1


def terms(
    recall: Recall, receivers: Iterable[RecallReceiver], report: RecallReport | None, at: datetime
) -> list[Term]:
    """The terms of a recall in their order, as they stand at a moment. A lifted recall has none that still run."""
    rows = list(receivers)
    found: list[Term] = []
    if recall.kind is RecallKind.COMPULSORY and recall.established_at is not None:
        due = recall.established_at + DAY
        found.append(_term(Step.DECIDE, Source.CIRCULAR, due, recall.opened_at, at))
    due = recall.opened_at + DAY
    found.append(_term(Step.STOP, Source.PLATFORM, due, recall.opened_at, at))
    if rows:
        told = [row.notified_at for row in rows if row.notified_at is not None]
        met = max(told) if len(told) == len(rows) else None
        found.append(_term(Step.INFORM, Source.PLATFORM, due, met, at, len(told), len(rows)))
        heard = [row.acknowledged_at for row in rows if row.acknowledged_at is not None]
        met = max(heard) if len(heard) == len(rows) else None
        due = recall.opened_at + ANSWERS
        found.append(_term(Step.ANSWER, Source.PLATFORM, due, met, at, len(heard), len(rows)))
    if recall.due_on is not None:
        due = start_of(recall.due_on) + DAY
        met = report.filed_at if report is not None else None
        found.append(_term(Step.REPORT, Source.DECISION, due, met, at))
    if recall.state is RecallState.LIFTED:
        found = [term for term in found if term.met_at is not None]
    return found


def _term(
    step: Step, source: Source, due: datetime, met: datetime | None, at: datetime, done: int = 1, of: int = 1
) -> Term:
    if met is not None:
        state = TermState.MET if met <= due else TermState.MET_LATE
    else:
        state = TermState.RUNNING if at <= due else TermState.OVERDUE
    return Term(step, source, due, met, state, done if of > 1 or met is None else 1, of)
