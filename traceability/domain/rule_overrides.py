"""The override (cho phép ngoại lệ): a named agency lets pass what a rule flags or would refuse, and says why in public.

For a standing flag it is about its batch (or delivery, or area). For an act that a rule refuses it is about the area,
so that the next try passes, for so many days; the flag of that try then stands overridden from the beginning.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, select

from traceability.domain import batch_locks, ledger, notices, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.agencies import Agency
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record, RecordId, choice
from traceability.domain.rule_book import BOOK, RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.text import Block

#: So many days a refused act may be tried again under an override.
LONGEST_DAYS: Final = 30
#: Who may let pass: those who inspect, and those who answer for growing areas.
OVERRIDERS: Final = (Permission.INSPECT, Permission.APPROVE_AREA, Permission.SUSPEND_AREA)


class RuleOverride(Record, ProducerOwned, table=True):
    """One override. All of it is public: which rule, which agency, why, from when until when."""

    __tablename__ = "rule_override"
    __table_args__ = (
        sa.CheckConstraint("from_on <= to_on", name="days"),
        sa.Index("ix_rule_override_subject", "subject_id", "rule"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"rule", "subject_id", "agency_id", "reason", "from_on", "to_on"}
    )

    rule: RuleCode = Field(sa_type=choice(RuleCode))
    #: a batch, a delivery, a stamp order or an area
    subject_id: str = Field(max_length=16)
    batch_id: str | None = Field(default=None, foreign_key="batch.id", index=True, max_length=16)
    agency_id: str = Field(foreign_key="agency.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    reason: str = Field(max_length=1000)
    from_on: date
    to_on: date


class OverrideInput(BaseModel):
    """Why a flag is let pass. `days`: how long a refused act may be tried again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flag_id: RecordId
    reason: Annotated[Block, Limit(min_length=20, max_length=1000)]
    days: Annotated[int, Limit(ge=1, le=LONGEST_DAYS)] = 7


def override(session: Session, actor: Actor, value: OverrideInput) -> RuleOverride:
    """An agency lets pass what a flag is about. The producer is told; the batch's public page says it from now on.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `rules.override_needs_agency`,
    `rules.override_fixed`, `rules.flag_closed`.
    """
    actor.must(*OVERRIDERS)
    if actor.agency_id is None:
        raise RuleBroken("rules.override_needs_agency")
    seen = records.find(session, RuleFlag, value.flag_id)
    if (
        seen.batch_id is not None
    ):  # as everybody who judges does: the lots in the order of their ids, then their flags
        batch_locks.hold_with_heirs(session, [seen.batch_id])
    flag = records.lock(session, RuleFlag, value.flag_id)
    if BOOK[flag.rule].fixed:
        raise RuleBroken("rules.override_fixed")
    if not can_be_let_pass(session, flag):
        raise RuleBroken("rules.flag_closed")
    made = RuleOverride(
        producer_id=flag.producer_id,
        rule=flag.rule,
        subject_id=flag.subject_id,
        batch_id=flag.batch_id,
        agency_id=actor.agency_id,
        by_id=actor.user_id,
        reason=value.reason,
        from_on=today(),
        to_on=today() + timedelta(days=value.days - 1),
    )
    session.add(made)
    session.flush()
    flag.override_id = made.id
    if flag.state is FlagState.OPEN:
        flag.state = FlagState.OVERRIDDEN
    named: list[Record] = [made, flag]
    if flag.batch_id is not None:
        batch = records.lock(session, Batch, flag.batch_id)
        batch.page_version += 1
        named.append(batch)
    session.flush()
    ledger.record(session, "rule.overridden", *named)
    if flag.batch_id is not None:
        rules.judge(session, batch, "let_pass")
    notices.post(
        session,
        "rule_overridden",
        producer_id=flag.producer_id,
        subject=flag,
        title=flag.title,
        rule=flag.rule.value,
        reason=value.reason,
    )
    return made


def can_be_let_pass(session: Session, flag: RuleFlag) -> bool:
    """Whether a flag waits for a word: nobody has let it pass, or the days for which somebody did are over."""
    if flag.state is FlagState.OVERRIDDEN:
        places = [key for key in (flag.subject_id, flag.batch_id, flag.area_id) if key]
        return covering(session, flag.rule, places, today()) is None
    return flag.state in (FlagState.OPEN, FlagState.REFUSED) and flag.override_id is None


def is_of(session: Session, flag: RuleFlag) -> bool:
    """Whether an agency let pass the subject of a flag itself, and not only a harvest that went into it."""
    found = session.exec(select(RuleOverride).where(RuleOverride.id == (flag.override_id or ""))).first()
    return found is not None and found.subject_id == flag.subject_id


def covering(session: Session, rule: RuleCode, subjects: list[str], day: date) -> RuleOverride | None:
    """The override under which a broken rule passes for one of some subjects on a day; the newest of them."""
    statement = select(RuleOverride).where(
        RuleOverride.rule == rule,
        col(RuleOverride.subject_id).in_(subjects),
        RuleOverride.from_on <= day,
        RuleOverride.to_on >= day,
    )
    return session.exec(statement.order_by(col(RuleOverride.created_at).desc())).first()


def in_force(
    session: Session, rules: Iterable[RuleCode], subjects: Iterable[str], day: date
) -> list[RuleOverride]:
    """The overrides of some rules and subjects that hold on a day, the newest first: `covering` of many at once."""
    wanted = list(rules)
    found: list[RuleOverride] = []
    for portion in records.portions(sorted(set(subjects))):
        statement = select(RuleOverride).where(
            col(RuleOverride.rule).in_(wanted),
            col(RuleOverride.subject_id).in_(portion),
            RuleOverride.from_on <= day,
            RuleOverride.to_on >= day,
        )
        found += session.exec(statement).all()
    return sorted(found, key=lambda row: row.created_at, reverse=True)


def subjects_of(session: Session, override_ids: Iterable[str]) -> dict[str, str]:
    """What some overrides are about, by their ids: `is_of` of many at once."""
    found: dict[str, str] = {}
    for portion in records.portions(sorted(set(override_ids))):
        statement = select(RuleOverride.id, RuleOverride.subject_id)
        found.update(session.exec(statement.where(col(RuleOverride.id).in_(portion))).all())
    return found


def public_of(session: Session, batch_id: str) -> list[tuple[RuleOverride, Agency]]:
    """What was let pass for a batch and stands, with the agency that said so, the oldest first."""
    statement = (
        select(RuleOverride, Agency)
        .join(RuleFlag, col(RuleFlag.override_id) == RuleOverride.id)
        .join(Agency, col(Agency.id) == RuleOverride.agency_id)
        .where(RuleFlag.batch_id == batch_id, RuleFlag.state == FlagState.OVERRIDDEN)
        .order_by(col(RuleOverride.created_at))
    )
    return [(row, agency) for row, agency in session.exec(statement).all()]


def of_flags(session: Session, flags: list[RuleFlag]) -> dict[str, tuple[RuleOverride, Agency]]:
    """The overrides of some flags with their agencies, by the override's id."""
    ids = [flag.override_id for flag in flags if flag.override_id]
    statement = (
        select(RuleOverride, Agency)
        .join(Agency, col(Agency.id) == RuleOverride.agency_id)
        .where(col(RuleOverride.id).in_(ids))
    )
    return {row.id: (row, agency) for row, agency in session.exec(statement).all()} if ids else {}
