"""The refused attempt: an act that a rule stopped left no row, so what was tried is noted by itself.

An overseer sees who tried what, and how often; and can let the next try pass (`rule_overrides`).
"""

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import ledger
from traceability.domain.actors import Actor
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.text import fold

#: What one rule refuses for one subject within this time is one attempt, whatever figures are tried: the first is kept.
SAME_WITHIN = timedelta(hours=1)
_ABOUT = frozenset({"rule", "batch_id", "area_id", "producer_id", "title", "evidence"})


def is_by_rule(refusal: RuleBroken) -> bool:
    """Whether a rule of the book refused, and where is known."""
    facts = refusal.facts
    if facts.get("rule") == RuleCode.IMPLAUSIBLE_DATE:
        return False  # a slip of the pen is no attempt
    return facts.get("rule") in RuleCode.__members__ and bool(facts.get("batch_id") or facts.get("area_id"))


def note(session: Session, actor: Actor, refusal: RuleBroken) -> RuleFlag | None:
    """Notes a refusal in a transaction of its own, after the refused one. None for what no rule of the book refused,
    for somebody else's rows, and for an attempt tried again, with the same or other figures.
    """
    if not is_by_rule(refusal):
        return None
    facts = refusal.facts
    table: Any = Batch if facts.get("batch_id") else GrowingArea
    subject_id = str(facts.get("batch_id") or facts["area_id"])
    subject = session.exec(select(table).where(table.id == subject_id)).one_or_none()
    if subject is None:
        return None
    earlier = select(RuleFlag.id).where(
        RuleFlag.rule == RuleCode(facts["rule"]),
        RuleFlag.subject_id == subject_id,
        RuleFlag.state == FlagState.REFUSED,
        col(RuleFlag.opened_at) > now() - SAME_WITHIN,
    )
    if session.exec(earlier.limit(1)).first() is not None:
        return None
    told = facts.get("evidence") or {key: value for key, value in facts.items() if key not in _ABOUT}
    evidence = {key: _plain(value) for key, value in told.items()}
    owner = session.exec(select(Producer.name).where(Producer.id == subject.producer_id)).first() or ""
    title = str(facts.get("title") or getattr(subject, "lot", None) or subject.name)
    made = RuleFlag(
        producer_id=subject.producer_id,
        rule=RuleCode(facts["rule"]),
        subject_table=str(table.__tablename__),
        subject_id=subject_id,
        batch_id=subject_id if table is Batch else None,
        area_id=subject_id if table is GrowingArea else subject.area_id,
        title=title[:200],
        search=fold(f"{title} {owner}")[:400],
        evidence=evidence,
        state=FlagState.REFUSED,
    )
    session.add(made)
    session.flush()
    ledger.record(session, "rule.refused", made, veiled=True)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | int | str | list) else str(value)
