"""Checks of a harvest against its place and its time: ceilings of one batch and of a season, harvest months.

A season's year begins after the longest gap between harvest months (bạc hà honey: October), for a crop of the whole
year in January.
"""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from traceability.domain.rule_outcomes import Broken, Outcome, Unknown, written

_M2_PER_HA = 10_000


@dataclass(frozen=True)
class Ceiling:
    """The most that a place can give: grams for each unit (a hectare, or a colony) and cycle, and cycles a year."""

    per_unit_g: int
    cycles: Decimal = Decimal(1)
    of_colonies: bool = False
    source: str = ""
    basis: str = ""

    @classmethod
    def of_crop(cls, facts: dict[str, Any]) -> "Ceiling | None":
        """The ceiling that the crop table states (`yield`); None where it states none."""
        stated = facts.get("yield") or {}
        if stated.get("ceiling") is None:
            return None
        unit = str(stated.get("unit", ""))
        colonies = "colony" in unit
        grams = Decimal(str(stated["ceiling"])) * (1000 if colonies else 1_000_000)
        return cls(
            int(grams),
            Decimal(str(stated.get("cycles_per_year") or 1)),
            colonies,
            str(stated.get("source") or ""),
            str(stated.get("ceiling_basis") or ""),
        )

    def cap_g(self, area_m2: int, colonies: int | None) -> int | None:
        """Grams that the place can give in a year; None for hives nobody has counted."""
        grams = Fraction(self.per_unit_g) * Fraction(self.cycles)
        if self.of_colonies:
            return None if colonies is None else int(grams * colonies)
        return int(grams * area_m2 / _M2_PER_HA)


def implausible_date(harvested_on: date, recorded_on: date, months: int, planted_year: int | None) -> Outcome:
    """Whether a harvest is dated before its plants were planted, or so long before it was written down that the day
    must be a slip of the pen: more than so many months."""
    if planted_year is not None and harvested_on.year < planted_year:
        return Broken({"harvested_on": written(harvested_on), "planted": str(planted_year)})
    earliest = months_before(recorded_on, months)
    if harvested_on < earliest:
        return Broken(
            {"harvested_on": written(harvested_on), "months": months, "earliest_on": written(earliest)}
        )
    return None


def months_before(day: date, months: int) -> date:
    """The same day so many months before; the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def over_yield(made_g: int, ceiling: Ceiling | None, area_m2: int, colonies: int | None) -> Outcome:
    """Whether one batch alone weighs more than its area gives in a whole year."""
    cap = _cap(ceiling, area_m2, colonies)
    if not isinstance(cap, int):
        return cap
    return Broken({"made_g": made_g, "ceiling_g": cap, "area_m2": area_m2}) if made_g > cap else None


def over_yield_cumulative(
    made_g: int, others_g: int, ceiling: Ceiling | None, area_m2: int, colonies: int | None
) -> Outcome:
    """Whether this batch and the other harvests of the season's year weigh more than the area gives.

    Where the batch alone does, `over_yield` has said so.
    """
    cap = _cap(ceiling, area_m2, colonies)
    if not isinstance(cap, int):
        return cap
    if made_g > cap or made_g + others_g <= cap:
        return None
    return Broken(
        {
            "made_g": made_g,
            "others_g": others_g,
            "total_g": made_g + others_g,
            "ceiling_g": cap,
            "area_m2": area_m2,
        }
    )


def _cap(ceiling: Ceiling | None, area_m2: int, colonies: int | None) -> int | Unknown:
    if ceiling is None:
        return Unknown("ceiling_missing")
    cap = ceiling.cap_g(area_m2, colonies)
    return Unknown("colonies_missing") if cap is None else cap


def out_of_season(harvested_on: date, months: Collection[int]) -> Outcome:
    """Whether a harvest lies outside the months in which the crop is harvested; its whole month counts."""
    if not months:
        return Unknown("season_missing")
    if harvested_on.month in months:
        return None
    return Broken({"harvested_on": written(harvested_on), "months": sorted(set(months))})


def first_month(months: Collection[int]) -> int:
    """The month with which a season's year begins: the one after the longest gap; January for the whole year."""
    known = sorted(set(months))
    if len(known) in (0, 12):
        return 1
    gaps = [((month - known[place - 1] - 1) % 12, month) for place, month in enumerate(known)]
    longest = max(gap for gap, _month in gaps)
    return min(month for gap, month in gaps if gap == longest)


def season_year(day: date, months: Collection[int]) -> tuple[date, date]:
    """The first and the last day of the season's year in which a day lies."""
    begin = first_month(months)
    year = day.year if day.month >= begin else day.year - 1
    return date(year, begin, 1), date(year + 1, begin, 1) - timedelta(days=1)
