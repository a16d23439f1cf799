"""Checks of what was given before a harvest: the interval of the label, the list of ingredients, dose against store."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from traceability.domain.applications import Application
from traceability.domain.rule_outcomes import Broken, Outcome, Unknown, written
from traceability.domain.text import fold

#: Kinds of inputs that a label gives an interval for, and that the list of pesticides is about.
WITH_INTERVAL: Final = frozenset(
    {"insecticide", "fungicide", "herbicide", "biopesticide", "growth_regulator", "veterinary"}
)
PESTICIDES: Final = WITH_INTERVAL - {"veterinary"}
#: The kind of what nobody said the kind of.
UNSAID: Final = ""


@dataclass(frozen=True)
class Listed:
    """One entry of the dated list of active ingredients. `market` None: the list of Viet Nam."""

    ingredient: str
    banned: bool
    from_on: date | None = None
    to_on: date | None = None
    market: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the entry is in force on a day."""
        return (self.from_on is None or self.from_on <= day) and (self.to_on is None or day <= self.to_on)


def within_interval(applications: Iterable[Application], harvested_on: date) -> Outcome:
    """Whether the harvest came before the interval of something given was over. The last of these intervals is told.

    On the day itself (use + interval) a harvest is lawful. An interval that nobody stated makes the answer unknown.
    """
    early = [
        (row.earliest_harvest_on, row)
        for row in applications
        if row.earliest_harvest_on is not None and row.applied_on <= harvested_on < row.earliest_harvest_on
    ]
    if early:
        earliest, worst = max(early, key=lambda pair: pair[0])
        return Broken(
            {
                "substance": worst.substance,
                "applied_on": written(worst.applied_on),
                "interval_days": worst.interval_days,
                "earliest_on": written(earliest),
                "harvested_on": written(harvested_on),
            }
        )
    silent = [
        row for row in applications if row.interval_days is None and row.kind in (*WITH_INTERVAL, UNSAID)
    ]
    return Unknown("interval_missing") if silent else None


def banned(
    applications: Iterable[Application], listed: Iterable[Listed], market: str | None = None
) -> Outcome:
    """Whether something given holds an ingredient that was banned on the day of use, here or in the market."""
    entries = [entry for entry in listed if entry.banned and entry.market in (None, market)]
    found = [
        row
        for row in applications
        for entry in entries
        if _same(entry.ingredient, row.ingredient) and entry.holds_on(row.applied_on)
    ]
    return _named(found) if found else None


def unregistered(applications: Iterable[Application], listed: Iterable[Listed]) -> Outcome:
    """Whether a pesticide was used whose ingredient is not on the list in force on the day of use.

    Where no list is loaded, or the ingredient was not written down, nobody can tell. What is not on the list and has
    no kind may be a fertiliser, which the list does not name.
    """
    known = [entry for entry in listed if entry.market is None]
    sprayed = [row for row in applications if row.kind in (*PESTICIDES, UNSAID)]
    if not sprayed:
        return None
    if not any(not entry.banned for entry in known):
        return Unknown("list_missing")
    missing = [
        row
        for row in sprayed
        if row.ingredient
        and not any(
            _same(entry.ingredient, row.ingredient) and (entry.holds_on(row.applied_on) or entry.banned)
            for entry in known
        )
    ]
    sure = [row for row in missing if row.kind != UNSAID]
    if sure:
        return _named(sure)
    if missing:
        return Unknown("kind_missing")
    return Unknown("ingredient_missing") if any(not row.ingredient for row in sprayed) else None


def dose_against_store(applications: Iterable[Application], tolerance_percent: int) -> Outcome:
    """Whether what left the store differs from dose x treated area by more than the tolerance.

    A dose "by the label", an area or a draw that nobody wrote down makes the answer unknown.
    """
    unknown: Outcome = None
    for row in applications:
        if row.kind not in WITH_INTERVAL or (row.drawn is None and row.treated_m2 is None):
            continue  # nothing was weighed: there is nothing to compare
        dose = read_dose(row.dose)
        if dose is None or row.drawn is None or row.treated_m2 is None or dose[1] != row.drawn_unit:
            unknown = Unknown("dose_by_label" if dose is None else "draw_missing")
            continue
        needed = dose[0] * row.treated_m2 / 10_000
        if abs(row.drawn - needed) * 100 > needed * tolerance_percent:
            return Broken(
                {
                    "substance": row.substance,
                    "applied_on": written(row.applied_on),
                    "dose": row.dose,
                    "area_m2": row.treated_m2,
                    "needed": f"{_short(needed)} {dose[1]}",
                    "drawn": f"{_short(row.drawn)} {dose[1]}",
                }
            )
    return unknown


_DOSE = re.compile(
    r"(?P<number>\d{1,7}(?:[.,]\d{1,4})?)\s*(?P<unit>kg|g|gr|l|lit|ml|cc)\s*/\s*"
    r"(?:(?P<per>\d{1,3}(?:[.,]?\d{3})?)\s*)?(?P<area>ha|m2)",
    re.ASCII,
)
_AMOUNTS: Final = {
    "kg": (1000, "g"),
    "g": (1, "g"),
    "gr": (1, "g"),
    "l": (1000, "ml"),
    "lit": (1000, "ml"),
    "ml": (1, "ml"),
    "cc": (1, "ml"),
}
#: Not the công (1,000 or 1,296 m2) nor the sào (360, 500 or 1,000): which one is meant nobody can tell.
_AREAS: Final = {"ha": 10_000, "m2": 1}


def read_dose(text: str) -> tuple[Decimal, str] | None:
    """A dose as grams or millilitres for a hectare (`0,5 l/ha`, `25 ml/1000 m²`).

    None for one that says no amount ("theo nhãn") or that cannot be read without a guess.
    """
    match = _DOSE.fullmatch(fold(text.replace("²", "2")).strip())
    if match is None:
        return None
    factor, unit = _AMOUNTS[match["unit"]]
    per = Decimal(re.sub(r"[.,]", "", match["per"] or "1")) * _AREAS[match["area"]]
    if not per:
        return None
    return Decimal(match["number"].replace(",", ".")) * factor * 10_000 / per, unit


def _same(one: str, other: str) -> bool:
    return bool(other) and fold(one).strip() == fold(other).strip()


def _named(rows: list[Application]) -> Broken:
    worst = rows[0]
    names = sorted({row.ingredient for row in rows})
    return Broken(
        {"ingredients": names, "substance": worst.substance, "applied_on": written(worst.applied_on)}
    )


def _short(amount: Decimal) -> str:
    text = f"{amount:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",")
