"""The rules of the land by name: what each judges, when, what happens by default, and at which act it may stop one.

What a rule does in a place (`off`, `flag`, `block`) is a setting with a first day (`rule_settings`), the figures it
measures by are data with dates and sources (`rule_figures`); this page only says what stands where nobody has decided.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class RuleCode(StrEnum):
    """One named check each."""

    IMPLAUSIBLE_DATE = "IMPLAUSIBLE_DATE"
    OVER_YIELD = "OVER_YIELD"
    OVER_YIELD_CUMULATIVE = "OVER_YIELD_CUMULATIVE"
    OUT_OF_SEASON = "OUT_OF_SEASON"
    PHI_VIOLATION = "PHI_VIOLATION"
    BANNED_INGREDIENT = "BANNED_INGREDIENT"
    UNREGISTERED_INGREDIENT = "UNREGISTERED_INGREDIENT"
    DOSE_MISMATCH = "DOSE_MISMATCH"
    BAD_CONVERSION = "BAD_CONVERSION"
    SUSPENDED_AREA = "SUSPENDED_AREA"
    EXPIRED_AREA_CODE = "EXPIRED_AREA_CODE"
    PUC_MISMATCH = "PUC_MISMATCH"
    MARKET_WITHOUT_CODE = "MARKET_WITHOUT_CODE"
    EXPIRED_CERT = "EXPIRED_CERT"
    LAB_FAIL_SHIPPED = "LAB_FAIL_SHIPPED"
    SHIPPED_BEFORE_RESULT = "SHIPPED_BEFORE_RESULT"
    STAMP_OVERUSE = "STAMP_OVERUSE"
    AREA_OVERLAP = "AREA_OVERLAP"


class Effect(StrEnum):
    """What happens where a rule is broken."""

    OFF = "off"
    FLAG = "flag"
    BLOCK = "block"


class Act(StrEnum):
    """What is done when a rule is asked."""

    REGISTER = "register"
    TRANSFORM = "transform"
    SPLIT = "split"
    MERGE = "merge"
    REPACK = "repack"
    REWORK = "rework"
    RETURN = "return"
    RECORD = "record"
    TEST = "test"
    CLAIM = "claim"
    RELEASE = "release"
    SHIP = "ship"
    WASTE = "waste"
    UNDO = "undo"
    VOID = "void"
    ORDER = "order"
    ACTIVATE = "activate"
    CORRECT = "correct"
    AREA = "area"
    GRANT = "grant"
    LIFT = "lift"
    LET_PASS = "let_pass"


#: Acts by which lots come out of others: they take over the flags of the harvests that went in (`rule_descent`).
MAKING: Final = frozenset({Act.TRANSFORM, Act.SPLIT, Act.MERGE, Act.REPACK, Act.REWORK, Act.RETURN})


@dataclass(frozen=True)
class Rule:
    """One rule. `stops` are the acts that it refuses where it blocks; everything else (a report that comes late, a
    correction, a treatment) is a truth that nobody may be kept from writing down: it raises a flag.

    `field` is the field of the form that a refusal stands by. A `fixed` rule is no setting: it guards the account.
    """

    code: RuleCode
    effect: Effect
    judged: frozenset[Act]
    stops: frozenset[Act] = field(default_factory=frozenset)
    field: str | None = None
    fixed: bool = False


def _rule(
    code: RuleCode,
    effect: Effect,
    judged: str,
    stops: str = "",
    field: str | None = None,
    fixed: bool = False,
) -> Rule:
    return Rule(
        code,
        effect,
        frozenset(map(Act, judged.split())) | ({Act.CORRECT} if not fixed else set()),
        frozenset(map(Act, stops.split())),
        field,
        fixed,
    )


_FLAG, _BLOCK = Effect.FLAG, Effect.BLOCK

#: Wherever stamps come to goods or leave them, and goods grow fewer or more. What was lost since the order is a truth:
#: it is flagged. Acts that pass goods on to another lot are not among them: they leave what the stamps need or are
#: refused (`stamp_quota.must_cover`).
_OF_STAMPS: Final = "order activate record waste ship correct undo void lift"

#: A rule whose figure is only our own estimate (a yield ceiling, a conversion band) flags until an agency decides.
BOOK: Final[dict[RuleCode, Rule]] = {
    rule.code: rule
    for rule in (
        _rule(RuleCode.IMPLAUSIBLE_DATE, _BLOCK, "register", "register", "harvested_on"),
        _rule(RuleCode.OVER_YIELD, _FLAG, "register", "register", "kilograms"),
        _rule(RuleCode.OVER_YIELD_CUMULATIVE, _FLAG, "register", "register", "kilograms"),
        _rule(RuleCode.OUT_OF_SEASON, _FLAG, "register", "register", "harvested_on"),
        _rule(RuleCode.PHI_VIOLATION, _BLOCK, "register record ship", "register", "harvested_on"),
        _rule(RuleCode.BANNED_INGREDIENT, _FLAG, "register record ship", "register", "area_id"),
        _rule(RuleCode.UNREGISTERED_INGREDIENT, _FLAG, "register record ship", "register", "area_id"),
        _rule(RuleCode.DOSE_MISMATCH, _FLAG, "register record", "", None),
        _rule(RuleCode.BAD_CONVERSION, _FLAG, "record release ship", "release ship", None),
        _rule(RuleCode.SUSPENDED_AREA, _BLOCK, "register", "register", "area_id"),
        _rule(RuleCode.EXPIRED_AREA_CODE, _BLOCK, "register", "register", "area_code"),
        _rule(RuleCode.PUC_MISMATCH, _BLOCK, "register", "register", "area_code"),
        _rule(RuleCode.MARKET_WITHOUT_CODE, _FLAG, "ship", "ship", "market"),
        _rule(RuleCode.EXPIRED_CERT, _FLAG, "claim ship", "claim", "certificate_id"),
        _rule(RuleCode.LAB_FAIL_SHIPPED, _BLOCK, "test ship", "ship", None),
        _rule(RuleCode.SHIPPED_BEFORE_RESULT, _FLAG, "test ship"),
        _rule(RuleCode.STAMP_OVERUSE, _BLOCK, _OF_STAMPS, "order", "quantity", fixed=True),
        _rule(RuleCode.AREA_OVERLAP, _FLAG, "area grant", "grant", None),
    )
}
assert BOOK.keys() == set(RuleCode)


def judged_at(act: str) -> list[Rule]:
    """The rules that are asked at an act, in the order of the book; none for an act that no rule is about."""
    return [rule for rule in BOOK.values() if act in rule.judged]
