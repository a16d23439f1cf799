"""What a check answers: the rule holds (None), it is broken and by what, or nobody can tell and why.

Evidence holds whole numbers, text, and lists of them; a name says what a value is: `_g` grams, `_m2` square metres,
`_on` an ISO day, `_per100` a decimal (kilograms out of a hundred). Sentences write them the reader's way.
"""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Broken:
    """A rule is broken; `evidence` holds the facts of its sentence."""

    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell: `why` names what is missing (`interval_missing`, `dose_by_label` ...). Never taken for a pass
    that was seen, and never for a breach."""

    why: str


#: None: the rule holds, or does not apply.
Outcome = Broken | Unknown | None


#: What these say of goods that are there ("do not sell them") does not fit a harvest that was not taken in.
OF_REFUSED_HARVEST = frozenset({"PHI_VIOLATION", "BANNED_INGREDIENT"})


def sentence_of(rule: str, evidence: Evidence) -> str:
    """The code of the sentence that tells of a broken rule: a ceiling of the area whose code is lent has its own, and
    so has what is wrong with a harvest that went into a lot."""
    if "from_lot" in evidence:
        return "rules.from_above"
    if "unsigned_area" in evidence:
        return f"rules.{rule.lower()}_unsigned"
    if "planted" in evidence:
        return f"rules.{rule.lower()}_planted"
    if evidence.get("refused") and rule in OF_REFUSED_HARVEST:
        return f"rules.{rule.lower()}_refused"
    return f"rules.{rule.lower()}" + ("_lent" if "lent_code" in evidence else "")


def per_100(ratio: Fraction) -> str:
    """A ratio as kilograms out of a hundred, with two decimals: `19.05`."""
    return f"{round(float(ratio) * 100, 2):.2f}"


def written(day: date) -> str:
    """A day as evidence keeps it."""
    return day.isoformat()
