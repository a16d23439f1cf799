"""The rules of the land (ceilings, seasons, intervals, conversion bands, code validity ...): where they are called.

Every use case that moves kilograms or speaks for them asks here before it is done. What is asked stands in `rule_book`,
how it is answered in `rule_judge`; that one looks at everything the use cases make and is therefore named to this
module when the tables are complete, instead of being imported by it.
"""

from collections.abc import Callable

from sqlmodel import Session

from traceability.domain import rule_flags
from traceability.domain.records import Record
from traceability.domain.rule_flags import RuleFlag

_judges: list[Callable[[Session, Record, str], None]] = []
#: What else has to happen to a row once it is judged.
_watchers: list[Callable[[Session, Record, str], None]] = []


def appoint(judge: Callable[[Session, Record, str], None]) -> None:
    """Names what answers from now on. Called once, by the module that judges."""
    _judges[:] = [judge]


def attend(watcher: Callable[[Session, Record, str], None]) -> None:
    """Names what looks at each row after it was judged (a harvest of a plot whose sample has failed is held)."""
    _watchers.append(watcher)


def judge(session: Session, subject: Record, act: str) -> None:
    """Judges an act ("register", "transform", "ship", "record", "order" ...) on the row that it has just made or
    changed: a batch, an event, a delivery, a laboratory result, a claim, a stamp order, an area.

    A broken rule raises a flag, or refuses the act where it blocks. Judging again changes nothing; a flag whose cause
    is gone is closed. Raises `RuleBroken` ("rules.<code of the rule in small letters>").
    """
    for appointed in (*_judges, *_watchers):
        appointed(session, subject, act)


def flags_of(session: Session, record: Record) -> list[RuleFlag]:
    """All flags of a batch or an area, those that stand first."""
    if getattr(type(record), "__tablename__", "") == "growing_area":
        return rule_flags.of_area(session, record.id)
    return rule_flags.of_batch(session, record.id)
