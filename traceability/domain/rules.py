"""The rules of the land (ceilings, seasons, intervals, conversion bands, code validity): where they are called.

Every use case that moves kilograms or speaks for them asks here before it is done. Nothing is judged yet: no rule
stands in this module so far. Each will be one named check with its reason and source, that blocks or flags.
"""

from sqlmodel import Session

from traceability.domain.records import Record


def judge(session: Session, subject: Record, act: str) -> None:
    """Judges an act ("register", "transform", "ship", "record", "order") on the row that it has just made or changed.

    Raises `RuleBroken` where a rule blocks the act. There is no rule yet, so every act passes.
    """
