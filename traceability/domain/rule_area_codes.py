"""Checks of growing-area codes: suspended, out of their validity, somebody else's, or not of the market.

All of them ask how things stood on the day of the harvest, not how they stand now: a late entry of what was lawful
stays lawful, and a suspension lifted since does not heal what was harvested under it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from traceability.domain.rule_outcomes import Broken, Outcome, Unknown, written

HOME_MARKET = "VN"


@dataclass(frozen=True)
class Change:
    """From a day on a code was `granted`, `suspended`, `withdrawn` or `applied` for."""

    from_on: date
    state: str


@dataclass(frozen=True)
class Code:
    """A code of an area with its history, the oldest change first."""

    code: str
    market: str
    state: str
    valid_from: date | None = None
    valid_to: date | None = None
    changes: tuple[Change, ...] = ()

    def stopped_on(self, day: date) -> bool:
        """Whether it was suspended or withdrawn on a day."""
        last = [change for change in self.changes if change.from_on <= day]
        return bool(last) and last[-1].state in ("suspended", "withdrawn")

    def valid_on(self, day: date) -> bool:
        """Whether a day lies within its validity, and somebody ever granted it."""
        granted = self.state != "applied" or any(change.state == "granted" for change in self.changes)
        within = (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )
        return granted and within

    def good_on(self, day: date) -> bool:
        """Whether it may be claimed on a day."""
        return self.valid_on(day) and not self.stopped_on(day)


@dataclass(frozen=True)
class Stop:
    """A suspension of the whole area: from a day on, until another (None: still)."""

    from_on: date
    lifted_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a day lies within it; on the day of the lifting it is over."""
        return self.from_on <= day and (self.lifted_on is None or day < self.lifted_on)


def suspended(day: date, area: str, stops: Collection[Stop], claimed: Collection[Code]) -> Outcome:
    """Whether the area, or the code claimed for the batch, was suspended on the day of the harvest."""
    if any(stop.covers(day) for stop in stops):
        return Broken({"area": area, "harvested_on": written(day)})
    if claimed and all(code.stopped_on(day) for code in claimed):
        return Broken({"area": area, "area_code": next(iter(claimed)).code, "harvested_on": written(day)})
    return None


def expired(day: date, claimed: Collection[Code]) -> Outcome:
    """Whether the code claimed was not granted, not yet or no longer valid on the day of the harvest."""
    if not claimed or any(code.valid_on(day) for code in claimed):
        return None
    code = next(iter(claimed))
    facts = {"area_code": code.code, "harvested_on": written(day)}
    if code.valid_to is not None and code.valid_to < day:
        facts["valid_to_on"] = written(code.valid_to)
    return Broken(facts)


def of_another(claimed_text: str, own: Collection[Code], area: str, *, authorised: bool) -> Outcome:
    """Whether the code claimed is none of the area's, and nobody who holds it has signed for its use."""
    if not claimed_text or own or authorised:
        return None
    return Broken({"area_code": claimed_text, "area": area})


def without_code_of_market(
    market: str, day: date, areas: Collection[tuple[str, Collection[Code]]]
) -> Outcome:
    """Whether goods go to a market for which an area they come from held no good code on the day of the harvest.

    All codes of an area count, whichever one was written on the batch. At home no code is demanded.
    """
    if market == HOME_MARKET:
        return None
    if not areas:
        return Unknown("areas_unknown")
    for area, codes in areas:
        if not any(code.market == market and code.good_on(day) for code in codes):
            return Broken({"market": market, "area": area, "harvested_on": written(day)})
    return None
