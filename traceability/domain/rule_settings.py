"""What each rule does where: off, flag or block, by crop and by market, from a day on.

A setting is never changed: a newer one follows it. The most precise one in force on the day that is judged holds
(crop and market, then market, then crop, then all), among equals the one with the later first day.
"""

from datetime import date
from typing import Annotated, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import Market
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.products import Crop
from traceability.domain.quantities import Day
from traceability.domain.records import Record, choice
from traceability.domain.rule_book import BOOK, Effect, RuleCode
from traceability.domain.text import Line, ShortLine


class RuleSetting(Record, table=True):
    """One decision about a rule. `crop_id` and `market` None: for all."""

    __tablename__ = "rule_setting"
    __table_args__ = (sa.Index("ix_rule_setting_rule", "rule", "from_on"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"rule", "crop_id", "market", "effect", "from_on", "reason"})

    rule: RuleCode = Field(sa_type=choice(RuleCode))
    crop_id: str | None = Field(default=None, foreign_key="crop.id", max_length=40)
    market: str | None = Field(default=None, max_length=2)
    effect: Effect = Field(sa_type=choice(Effect))
    from_on: date
    reason: str = Field(max_length=200)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)


class SettingInput(BaseModel):
    """What an officer may decide of a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: RuleCode
    effect: Effect
    crop_id: ShortLine | None = None
    market: Market | None = None
    from_on: Day
    reason: Annotated[Line, Limit(min_length=5)]


def decide(session: Session, actor: Actor, value: SettingInput) -> RuleSetting:
    """An officer decides what a rule does from a day on.

    Raises `RuleBroken`: `access.not_permitted`, `rules.fixed`, `rules.never_stops`, `rules.setting_past`,
    `rules.crop_unknown`.
    """
    actor.must(Permission.SET_RULES)
    rule = BOOK[value.rule]
    if rule.fixed:
        raise RuleBroken("rules.fixed", "effect")
    if value.effect is Effect.BLOCK and not rule.stops and not (value.market and "ship" in rule.judged):
        raise RuleBroken("rules.never_stops", "effect")
    if value.from_on < today():
        raise RuleBroken("rules.setting_past", "from_on", today=today())
    if value.crop_id is not None and session.get(Crop, value.crop_id) is None:
        raise RuleBroken("rules.crop_unknown", "crop_id")
    made = RuleSetting(
        rule=value.rule,
        crop_id=value.crop_id,
        market=value.market,
        effect=value.effect,
        from_on=value.from_on,
        reason=value.reason,
        by_id=actor.user_id,
        agency_id=actor.agency_id,
    )
    session.add(made)
    session.flush()
    session.info.pop("rule_settings", None)
    ledger.record(session, "rule.setting_made", made)
    return made


def effect_of(
    session: Session, rule: RuleCode, crop_id: str | None, market: str | None, day: date
) -> tuple[Effect, bool]:
    """What a rule does, and whether that was decided for this very market."""
    fitting = [
        row
        for row in _all(session)
        if row.rule is rule
        and row.crop_id in (None, crop_id)
        and row.market in (None, market)
        and row.from_on <= day
    ]
    found = max(
        fitting,
        key=lambda row: (row.market is not None, row.crop_id is not None, row.from_on, row.created_at),
        default=None,
    )
    if found is None or BOOK[rule].fixed:
        return BOOK[rule].effect, False
    return found.effect, found.market is not None


def history(session: Session, rule: RuleCode | None = None) -> list[RuleSetting]:
    """The decisions (about one rule), the newest first."""
    found = [row for row in _all(session) if rule is None or row.rule is rule]
    return sorted(found, key=lambda row: (row.from_on, row.created_at), reverse=True)


def _all(session: Session) -> list[RuleSetting]:
    """All decisions: few, and read once for each session."""
    found: list[RuleSetting] | None = session.info.get("rule_settings")
    if found is None:
        found = list(session.exec(select(RuleSetting).order_by(col(RuleSetting.created_at))).all())
        session.info["rule_settings"] = found
    return found
