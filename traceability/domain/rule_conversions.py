"""Check of a process: how much came out of what went in, against the band of the crop and form.

Steps multiply: a batch that loses a quarter and then half has given 37.5 of a hundred, whatever was shipped between.
What was destroyed or spoiled is no step of a process.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from traceability.domain.rule_outcomes import Broken, Outcome, Unknown, per_100

#: From this upper bound on a band speaks of handling (sorting, packing), where a step may well go unweighed.
_HANDLING: Final = Fraction(85, 100)


@dataclass(frozen=True)
class Band:
    """Kilograms out for each kilogram in, at least and at most."""

    low: Decimal
    high: Decimal
    source: str = ""
    basis: str = ""

    @classmethod
    def of_crop(cls, facts: dict[str, Any], form: str) -> "Band | None":
        """The band that the crop table states for a form (`conversion_out_in`); None where it states none."""
        stated = (facts.get("conversion_out_in") or {}).get(form)
        if not stated:
            return None
        low, high = Decimal(str(stated["min"])), Decimal(str(stated["max"]))
        return cls(low, high, str(stated.get("source") or ""), str(stated.get("basis") or ""))


@dataclass(frozen=True)
class Step:
    """A weighed step of a process: grams before and after. `makes`: another product came out of it."""

    before_g: int
    after_g: int
    makes: bool = False


def ratio_of(steps: Iterable[Step], begun: Fraction = Fraction(1)) -> Fraction:
    """What is left of one kilogram after all steps. `begun` is what was left when the batch began."""
    ratio = begun
    for step in steps:
        if step.before_g > 0:
            ratio *= Fraction(step.after_g, step.before_g)
    return ratio


def outside_band(steps: list[Step], band: Band | None, begun: Fraction = Fraction(1)) -> Outcome:
    """Whether a finished batch gave more or less than its process can. Both bounds are within the band.

    Who only sorts and packs may lose less than is usual, down to nothing; but nothing can be added.
    """
    if band is None:
        return Unknown("band_missing")
    if not steps and begun == 1 and Fraction(band.high) >= _HANDLING:
        return Unknown("steps_unweighed")
    ratio, high = ratio_of(steps, begun), Fraction(band.high)
    if high >= _HANDLING and not any(step.makes for step in steps):
        high = max(high, Fraction(1))
    if Fraction(band.low) <= ratio <= high:
        return None
    return Broken(
        {
            "ratio_per100": per_100(ratio),
            "low_per100": per_100(Fraction(band.low)),
            "high_per100": per_100(high),
        }
    )
