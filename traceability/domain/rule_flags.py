"""The flag (cảnh báo): a rule is broken, by these facts, since this moment, until its cause goes or an agency says.

One row for a rule and its subject while it stands: judging again changes nothing. A cause that a correction removes
closes the flag with the reason. An override leaves the flag where it is and is public. A refused attempt left no row of
its own behind: its flag says what was tried.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, func, select

from traceability.domain import ledger, notices
from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Producer
from traceability.domain.records import Instant, Json, Record, choice
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_outcomes import Evidence
from traceability.domain.text import sought

PAGE_SIZE = 25


class FlagState(StrEnum):
    """The life of a flag. Refused: the act was stopped, and nothing of it was kept."""

    OPEN = "open"
    OVERRIDDEN = "overridden"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class CloseReason(StrEnum):
    """Why a flag no longer stands."""

    CAUSE_REMOVED = "cause_removed"
    CANNOT_TELL = "cannot_tell"
    SWITCHED_OFF = "switched_off"


class RuleFlag(Record, ProducerOwned, table=True):
    """One flag. `subject` is the row that was judged: a batch, a delivery, a stamp order or an area."""

    __tablename__ = "rule_flag"
    __table_args__ = (
        sa.UniqueConstraint("rule", "subject_table", "subject_id", "stands"),
        sa.CheckConstraint(
            "(state IN ('open', 'overridden') AND stands IS NOT NULL)"
            " OR (state IN ('withdrawn', 'refused') AND stands IS NULL)",
            name="stands",
        ),
        sa.Index("ix_rule_flag_newest", "state", "opened_at"),
        sa.Index("ix_rule_flag_subject", "subject_table", "subject_id"),
    )
    #: An open flag is between the producer and the agencies; the public learns of what an agency let pass.
    OPEN: ClassVar[frozenset[str]] = frozenset()

    rule: RuleCode = Field(sa_type=choice(RuleCode))
    subject_table: str = Field(max_length=40)
    subject_id: str = Field(max_length=16)
    batch_id: str | None = Field(default=None, foreign_key="batch.id", index=True, max_length=16)
    area_id: str | None = Field(default=None, foreign_key="growing_area.id", index=True, max_length=16)
    #: what the subject is called: a lot, an area's name
    title: str = Field(default="", max_length=200)
    search: str = Field(default="", max_length=400)
    evidence: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    state: FlagState = Field(default=FlagState.OPEN, sa_type=choice(FlagState))
    #: 1 while it stands, else empty: a rule and its subject have one standing flag at most
    stands: int | None = None
    opened_at: datetime = Field(default_factory=now, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    close_reason: CloseReason | None = Field(default=None, sa_type=choice(CloseReason))
    override_id: str | None = Field(default=None, max_length=16)

    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the title and the producer"}

    @property
    def is_open(self) -> bool:
        """Whether it waits for a word."""
        return self.state is FlagState.OPEN

    def open_fields(self) -> frozenset[str]:
        """What an agency let pass is public."""
        if self.state is FlagState.OVERRIDDEN:
            return frozenset({"rule", "batch_id", "state", "override_id"})
        return self.OPEN


def of_subjects(
    session: Session, rules: list[RuleCode], subjects: list[str]
) -> dict[tuple[RuleCode, str], RuleFlag]:
    """The standing flags of some rules on some subjects, by rule and subject."""
    statement = select(RuleFlag).where(
        col(RuleFlag.subject_id).in_(subjects),
        col(RuleFlag.rule).in_(rules),
        col(RuleFlag.stands).is_not(None),
    )
    return {(flag.rule, flag.subject_id): flag for flag in session.exec(statement).all()}


def withdraw(session: Session, flag: RuleFlag, reason: CloseReason) -> None:
    """Closes a flag whose cause is gone."""
    _renew_page(session, flag)
    flag.state, flag.stands = FlagState.WITHDRAWN, None
    flag.closed_at, flag.close_reason = now(), reason
    session.flush()
    ledger.record(session, "rule.flag_closed", flag, veiled=True)


def revise(session: Session, flag: RuleFlag, evidence: Evidence, *, reopen: bool = False) -> None:
    """The cause is still there, and its facts have changed. `reopen`: what came after is not let pass any more."""
    _renew_page(session, flag)
    if reopen:
        flag.state, flag.override_id = FlagState.OPEN, None
    flag.evidence = evidence
    session.flush()
    ledger.record(session, "rule.flag_revised", flag, veiled=True)


def let_pass(session: Session, flag: RuleFlag, override_id: str) -> None:
    """What an agency let pass of a harvest it let pass of what was made of it: the flag stands on as overridden."""
    flag.state, flag.override_id = FlagState.OVERRIDDEN, override_id
    _renew_page(session, flag)
    session.flush()
    ledger.record(session, "rule.flag_revised", flag, veiled=True)


def _renew_page(session: Session, flag: RuleFlag) -> None:
    """A page that says what an agency let pass is made anew: the fact may lie in the leaf of another producer's act."""
    if flag.state is FlagState.OVERRIDDEN and flag.batch_id is not None:
        batch = SQLModel.metadata.tables["batch"]
        newer = sa.update(batch).where(batch.c.id == flag.batch_id)
        session.connection().execute(newer.values(page_version=batch.c.page_version + 1))


def raise_flag(session: Session, flag: RuleFlag, *, quietly: bool = False) -> RuleFlag:
    """Raises a new flag and tells the producer; `quietly` where whoever raises many tells of all of them at once."""
    session.add(flag)
    if not quietly:  # of many, all are written at once
        session.flush()
    ledger.record(session, "rule.flagged", flag, veiled=True)
    if flag.state is FlagState.OPEN and not quietly:
        notices.post(
            session,
            "rule_flagged",
            producer_id=flag.producer_id,
            subject=flag,
            title=flag.title,
            rule=flag.rule.value,
        )
    return flag


# --- Questions -------------------------------------------------------------------------------------------


def of_batch(session: Session, batch_id: str) -> list[RuleFlag]:
    """All flags of a batch, those that stand first, then the newest."""
    statement = select(RuleFlag).where(RuleFlag.batch_id == batch_id)
    found = session.exec(statement.order_by(col(RuleFlag.opened_at).desc())).all()
    return sorted(found, key=lambda flag: flag.stands is None)


def of_area(session: Session, area_id: str) -> list[RuleFlag]:
    """The flags of an area itself and what was refused there, the newest first."""
    statement = select(RuleFlag).where(RuleFlag.area_id == area_id, col(RuleFlag.batch_id).is_(None))
    return list(session.exec(statement.order_by(col(RuleFlag.opened_at).desc())).all())


def listed(
    session: Session,
    *,
    state: FlagState | None = FlagState.OPEN,
    rule: RuleCode | None = None,
    text: str = "",
    producer_id: str | None = None,
    page: int = 1,
) -> tuple[list[tuple[RuleFlag, Producer]], int, int]:
    """One page of flags within the scope, the newest first; how many there are, and how many pages."""
    wanted: list[Any] = [
        col(RuleFlag.search).contains(word, autoescape=True) for word in sought(text).split()
    ]
    if state is not None:
        wanted.append(RuleFlag.state == state)
    if rule is not None:
        wanted.append(RuleFlag.rule == rule)
    if producer_id:
        wanted.append(RuleFlag.producer_id == producer_id)
    count = session.exec(select(func.count()).select_from(RuleFlag).where(*wanted)).one()
    pages = max(1, -(-count // PAGE_SIZE))
    statement = (
        select(RuleFlag, Producer)
        .join(Producer, col(Producer.id) == RuleFlag.producer_id)
        .where(*wanted)
        .order_by(col(RuleFlag.opened_at).desc(), col(RuleFlag.id))
        .offset((min(max(page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return [(flag, producer) for flag, producer in session.exec(statement).all()], count, pages


def counts(session: Session) -> dict[RuleCode, int]:
    """How many flags of each rule are open within the scope."""
    statement = (
        select(RuleFlag.rule, func.count()).where(RuleFlag.state == FlagState.OPEN).group_by(RuleFlag.rule)
    )
    return {RuleCode(rule): number for rule, number in session.exec(statement).all()}
