"""What each rule is called, why it is there, on what it stands, and what its flag or refusal says."""

from dataclasses import dataclass
from typing import Any

from traceability import wording
from traceability.domain.agencies import Agency
from traceability.domain.rule_book import Effect, RuleCode
from traceability.domain.rule_figures import FigureKind
from traceability.domain.rule_flags import CloseReason, FlagState, RuleFlag
from traceability.domain.rule_outcomes import sentence_of
from traceability.domain.rule_overrides import RuleOverride
from traceability.domain.rule_views import RuleStanding
from traceability.i18n import N_, gettext, number

REFUSALS = {
    "rules.implausible_date": N_(
        "A harvest on {harvested_on} is entered more than {months} months late: the earliest day that is taken is "
        "{earliest_on}. Check the day; goods that old are taken over with the other books they stand in."
    ),
    "rules.implausible_date_planted": N_(
        "A harvest on {harvested_on} lies before the year in which the area was planted ({planted}). Check the day of "
        "the harvest and the year of planting."
    ),
    "rules.over_yield": N_(
        "A harvest of {made_g} is more than the area can give in a whole year ({ceiling_g} from {area_m2}). Check the "
        "weight and the area; if both are right, ask the management agency for an exception."
    ),
    "rules.over_yield_cumulative": N_(
        "Together with the {others_g} harvested here in the same season, these {made_g} make {total_g}: more than the "
        "{ceiling_g} that the area can give. Check the earlier harvests and this weight; if they are right, ask the "
        "management agency for an exception."
    ),
    "rules.over_yield_lent": N_(
        "{made_g} are claimed under the lent growing-area code {lent_code}, more than its area can give in a whole "
        "year ({ceiling_g} from {area_m2}). Check the weight and the code; if both are right, ask the management "
        "agency for an exception."
    ),
    "rules.over_yield_cumulative_lent": N_(
        "With these {made_g}, more is harvested and claimed under the lent growing-area code {lent_code} in this "
        "season than the {ceiling_g} that its area can give. Ask the holder of the code what is left of it; if the "
        "weights are right, ask the management agency for an exception."
    ),
    "rules.out_of_season": N_(
        "A harvest on {harvested_on} lies outside the months in which {crop} is harvested ({months}). Check the day "
        "and the product."
    ),
    "rules.phi_violation": N_(
        "{substance} was used on {applied_on} with an interval of {interval_days} days: a harvest is lawful from "
        "{earliest_on} on, this one was on {harvested_on}. Do not sell the goods before the agency has decided."
    ),
    "rules.phi_violation_refused": N_(
        "{substance} was used on {applied_on} with an interval of {interval_days} days: a harvest is lawful from "
        "{earliest_on} on. Wait until then; if the day of this harvest or of the use is wrong, put it right. What was "
        "picked already stays where it is until the management agency has decided."
    ),
    "rules.banned_ingredient_refused": N_(
        "{ingredients} was banned on the day it was used here ({substance}, {applied_on}): no harvest is taken in. If "
        "the entry in the diary is wrong, correct it; else report it to the plant protection office."
    ),
    "rules.banned_ingredient": N_(
        "{ingredients} was banned on the day it was used ({substance}, {applied_on}). Do not sell the goods; report it "
        "to the plant protection office."
    ),
    "rules.unregistered_ingredient": N_(
        "{ingredients} is not on the list in force on the day it was used ({substance}, {applied_on}). Check the name "
        "of the active ingredient on the label; if it is right, ask the plant protection office."
    ),
    "rules.dose_mismatch": N_(
        "{substance}, {applied_on}: {dose} on {area_m2} needs {needed}, but {drawn} left the store. Correct the dose, "
        "the treated area or the amount taken."
    ),
    "rules.bad_conversion": N_(
        "{ratio_per100} kg came out of each 100 kg; this process gives {low_per100} to {high_per100} kg. Check the "
        "weights of the steps; goods from elsewhere must be entered as what they are."
    ),
    "rules.suspended_area": N_(
        "The growing area {area}, or its code, was suspended on {harvested_on}: nothing harvested on that day may use "
        "it. Ask the agency that suspended it."
    ),
    "rules.expired_area_code": N_(
        "The growing-area code {area_code} was not valid on {harvested_on}. Choose a code that was, or have it renewed."
    ),
    "rules.puc_mismatch": N_(
        "The growing-area code {area_code} does not belong to the area {area}, and nobody who holds it has signed for "
        "its use. Choose a code of this area, or ask the holder for an authorisation."
    ),
    "rules.market_without_code": N_(
        "The area {area} had no valid growing-area code for {market} on {harvested_on}. Send these goods to a market "
        "for which it has one."
    ),
    "rules.market_without_code_unsigned": N_(
        "The code of the area {unsigned_area} belongs to somebody else, who has not signed its use for {market} over "
        "to you. Ask its holder for an authorisation, or send these goods to another market."
    ),
    "rules.expired_cert": N_(
        "The certificate {scheme} no. {number} claimed for the batch had ended on {ended_on}, before the batch began "
        "({began_on}). Take the claim back or name the certificate that was valid."
    ),
    "rules.lab_fail_shipped": N_(
        "Report {report_no} says that the batch failed; {shipped_g} of it have left. Stop shipping, tell the receivers "
        "and open a recall."
    ),
    "rules.shipped_before_result": N_(
        "Goods left on {sent_on}, before the report {report_no} of {reported_on}. Wait for the result next time."
    ),
    "rules.stamp_overuse": N_(
        "{ordered} stamps are more than the goods allow: {units} units and {allowance} to spare."
    ),
    "rules.area_overlap": N_(
        "The area shares {shared_m2} of ground with {other}. One of the boundaries must be corrected before both can "
        "count."
    ),
    "rules.from_above": N_(
        "A flag of this rule stands on lot {from_lot} of {from_producer}, which went into this one. Keep what is left "
        "of it until that lot is cleared; its producer and the management agency know the reason."
    ),
    "rules.number": N_("This is not a number. Write it in digits, with a comma before decimals."),
    "rules.figure_missing": N_("This figure needs a value here."),
    "rules.figure_order": N_("The second value must not be below the first."),
    "rules.figure_past": N_("A figure holds from today ({today}) on: what was judged stays as it was."),
    "rules.setting_past": N_("A decision holds from today ({today}) on: what was judged stays as it was."),
    "rules.crop_unknown": N_("This crop is not on the list. Choose one of it."),
    "rules.fixed": N_("This rule guards the account of stamps and kilograms. It cannot be switched."),
    "rules.never_stops": N_(
        "This rule is about what has already happened: it can flag, it cannot stop anything."
    ),
    "rules.override_needs_agency": N_(
        "Only an account of a management agency can let something pass: its name is public."
    ),
    "rules.override_fixed": N_("From this rule there is no exception."),
    "rules.flag_closed": N_(
        "This flag is settled already. Open it again from the list to see how it stands."
    ),
    "certificate_claims.not_of_batch": N_(
        "This certificate covers neither the area, nor the product, nor you."
    ),
    "certificate_claims.claimed_already": N_("The certificate {number} is claimed for this batch already."),
    "suspensions.from_in_future": N_("A suspension holds from today ({today}) at the latest."),
    "notice.rule_flagged": N_(
        "A rule raised a flag on {title}: {rule_name}. Open it to see why and what to do."
    ),
    "notice.rule_flagged_below": N_(
        "A rule raised a flag on lot {lot} of {producer}: {rule_name}. It went into {count} of your lots, which carry "
        "the flag too."
    ),
    "notice.rule_overridden": N_(
        "An agency lets {title} pass in spite of a rule ({rule_name}). Its reason: {reason}"
    ),
}
NAMES = {
    RuleCode: {
        RuleCode.IMPLAUSIBLE_DATE: N_("Harvest day cannot be right"),
        RuleCode.OVER_YIELD: N_("More than the area can give"),
        RuleCode.OVER_YIELD_CUMULATIVE: N_("More than the area can give in a season"),
        RuleCode.OUT_OF_SEASON: N_("Harvest out of season"),
        RuleCode.PHI_VIOLATION: N_("Harvest before the interval was over"),
        RuleCode.BANNED_INGREDIENT: N_("Banned active ingredient"),
        RuleCode.UNREGISTERED_INGREDIENT: N_("Active ingredient not on the list"),
        RuleCode.DOSE_MISMATCH: N_("Dose and store do not agree"),
        RuleCode.BAD_CONVERSION: N_("Output does not fit the input"),
        RuleCode.SUSPENDED_AREA: N_("Suspended growing area or code"),
        RuleCode.EXPIRED_AREA_CODE: N_("Growing-area code not valid"),
        RuleCode.PUC_MISMATCH: N_("Growing-area code of somebody else"),
        RuleCode.MARKET_WITHOUT_CODE: N_("No growing-area code for the market"),
        RuleCode.EXPIRED_CERT: N_("Expired certificate claimed"),
        RuleCode.LAB_FAIL_SHIPPED: N_("Failed sample, goods shipped"),
        RuleCode.SHIPPED_BEFORE_RESULT: N_("Shipped before the result"),
        RuleCode.STAMP_OVERUSE: N_("More stamps than goods"),
        RuleCode.AREA_OVERLAP: N_("Growing areas overlap"),
    },
    Effect: {Effect.OFF: N_("Switched off"), Effect.FLAG: N_("Flags"), Effect.BLOCK: N_("Refuses")},
    FlagState: {
        FlagState.OPEN: N_("Open flag"),
        FlagState.OVERRIDDEN: N_("Let pass by an agency"),
        FlagState.WITHDRAWN: N_("Flag closed"),
        FlagState.REFUSED: N_("Refused attempt"),
    },
    CloseReason: {
        CloseReason.CAUSE_REMOVED: N_("The cause was put right"),
        CloseReason.CANNOT_TELL: N_("It can no longer be judged: something that it needs is not known"),
        CloseReason.SWITCHED_OFF: N_("The rule was switched off for such cases"),
    },
    FigureKind: {
        FigureKind.CEILING: N_("Yield ceiling"),
        FigureKind.SEASON: N_("Harvest months"),
        FigureKind.BAND: N_("Conversion band"),
        FigureKind.INGREDIENT: N_("Active ingredient"),
        FigureKind.TOLERANCE: N_("Tolerance"),
    },
}

#: Why a rule is there.
REASONS = {
    RuleCode.IMPLAUSIBLE_DATE: N_(
        "A day before the plants were planted, or of years ago, is a slip of the pen; wrong days would hide intervals "
        "and seasons."
    ),
    RuleCode.OVER_YIELD: N_("A batch heavier than a year's yield of its area holds goods from elsewhere."),
    RuleCode.OVER_YIELD_CUMULATIVE: N_(
        "Many small batches hide what one large one would show: all harvests of a season's year are added up."
    ),
    RuleCode.OUT_OF_SEASON: N_(
        "What is said to be harvested outside the months of its crop came at another time or from elsewhere."
    ),
    RuleCode.PHI_VIOLATION: N_(
        "Residues go down with time. The label of the product used says how many days have to pass; what nobody wrote "
        "down is unknown, and never counts as zero."
    ),
    RuleCode.BANNED_INGREDIENT: N_(
        "Judged by the list in force on the day of use, at home and in the market."
    ),
    RuleCode.UNREGISTERED_INGREDIENT: N_(
        "Pesticides are judged by the list that was loaded, on the day of use."
    ),
    RuleCode.DOSE_MISMATCH: N_(
        "Dose times treated area must agree with what left the store. A dose “by the label” cannot be judged."
    ),
    RuleCode.BAD_CONVERSION: N_(
        "Each process gives so much of what goes in and no more; more than that means that other goods were mixed in."
    ),
    RuleCode.SUSPENDED_AREA: N_("What was harvested while an area or its code was suspended may not use it."),
    RuleCode.EXPIRED_AREA_CODE: N_("A code counts on the days for which it was granted, and on no other."),
    RuleCode.PUC_MISMATCH: N_(
        "Lending codes without a paper is how goods of unknown origin are exported. A signed authorisation allows it."
    ),
    RuleCode.MARKET_WITHOUT_CODE: N_(
        "Importing countries accept goods of registered areas only. All codes of the area count for it."
    ),
    RuleCode.EXPIRED_CERT: N_("A certificate speaks for what was made while it was valid."),
    RuleCode.LAB_FAIL_SHIPPED: N_("Goods that failed may not be sold; those that left have to come back."),
    RuleCode.SHIPPED_BEFORE_RESULT: N_(
        "A sample is taken so that its result decides whether the goods may leave."
    ),
    RuleCode.STAMP_OVERUSE: N_("Stamps beyond the goods would stick to other goods."),
    RuleCode.AREA_OVERLAP: N_("Ground that two areas claim would count twice."),
}
#: On what it stands. Where it is our own proposal, that is said.
SOURCES = {
    RuleCode.IMPLAUSIBLE_DATE: N_("Our own proposal; the number of months is a setting."),
    RuleCode.OVER_YIELD: N_("Our own estimate of each crop's ceiling, beside the yields that sources state."),
    RuleCode.OVER_YIELD_CUMULATIVE: N_(
        "Our own estimate of each crop's ceiling, beside the yields that sources state."
    ),
    RuleCode.OUT_OF_SEASON: N_("Harvest months of the crop table, each with its source."),
    RuleCode.PHI_VIOLATION: N_("The label of the plant protection product; farm diary of growing areas."),
    RuleCode.BANNED_INGREDIENT: N_("The circular that lists pesticides, as the operator loaded it."),
    RuleCode.UNREGISTERED_INGREDIENT: N_("The circular that lists pesticides, as the operator loaded it."),
    RuleCode.DOSE_MISMATCH: N_("Our own proposal; the tolerance is a setting."),
    RuleCode.BAD_CONVERSION: N_("Conversion bands of the crop table, by crop and form."),
    RuleCode.SUSPENDED_AREA: N_("Crop Production Law, Art. 64; decisions of the plant protection office."),
    RuleCode.EXPIRED_AREA_CODE: N_("Crop Production Law, Art. 64; protocols with importing countries."),
    RuleCode.PUC_MISMATCH: N_(
        "Crop Production Law, Art. 64; the ministry's warnings about the misuse of codes."
    ),
    RuleCode.MARKET_WITHOUT_CODE: N_("Protocols with importing countries."),
    RuleCode.EXPIRED_CERT: N_("The certificate itself."),
    RuleCode.LAB_FAIL_SHIPPED: N_("Circular 17/2021/TT-BNNPTNT on recall and handling of unsafe food."),
    RuleCode.SHIPPED_BEFORE_RESULT: N_("Our own proposal."),
    RuleCode.STAMP_OVERUSE: N_("The account of this platform: stamps are counted against kilograms."),
    RuleCode.AREA_OVERLAP: N_("Our own proposal; the tolerance is a setting."),
}
#: What is missing where nobody can tell.
UNKNOWNS = {
    "ceiling_missing": N_("no yield ceiling is set for this crop"),
    "colonies_missing": N_("the colonies of this area were not counted"),
    "season_missing": N_("no harvest months are set for this crop"),
    "interval_missing": N_("the interval of a product used was not written down"),
    "list_missing": N_("no list of active ingredients is loaded"),
    "ingredient_missing": N_("the active ingredient of a product used was not written down"),
    "kind_missing": N_("the kind of a product used was not written down"),
    "dose_by_label": N_("a dose is written without an amount (“by the label”)"),
    "draw_missing": N_("the amount taken from the store, or the treated area, was not written down"),
    "band_missing": N_("no conversion band is set for this product"),
    "steps_unweighed": N_("no step of the process was weighed"),
    "areas_unknown": N_("the growing areas are not on record"),
}


def told(rule: RuleCode, evidence: dict[str, Any]) -> str:
    """What a flag says, in the reader's language."""
    return wording.sentence(sentence_of(rule.value, evidence), evidence)


def why(rule: RuleCode, evidence: dict[str, Any]) -> str:
    """Why a rule is there, by the figures of the process that was judged where there are some."""
    if rule is RuleCode.OUT_OF_SEASON and evidence.get("crop"):
        source = evidence.get("season_source") or gettext("our own estimate")
        return gettext(REASONS[rule]) + " " + gettext("Source of the months: %(source)s.", source=source)
    low, high = (float(evidence.get(name) or 0) for name in ("low_per100", "high_per100"))
    if rule is not RuleCode.BAD_CONVERSION or not low or not high:
        return gettext(REASONS[rule])
    return gettext(
        "By this process 1 kg takes %(least)s to %(most)s kg of what went in; more than that gives means that other "
        "goods were mixed in.",
        least=number(round(100 / high, 2)),
        most=number(round(100 / low, 2)),
    )


def why_unknown(why: str) -> str:
    """What is missing for a rule to be judged."""
    return gettext(UNKNOWNS[why]) if why in UNKNOWNS else why


@dataclass(frozen=True)
class WordedFlag:
    """A flag as a page shows it."""

    flag: RuleFlag
    text: str
    reason: str
    override: RuleOverride | None
    agency: Agency | None


@dataclass(frozen=True)
class Box:
    """What a page says of a batch and the rules: its flags, and what cannot be judged with what is missing."""

    flags: list[WordedFlag]
    unknown: list[tuple[str, str]]


def box(standing: RuleStanding) -> Box:
    """How a batch stands with the rules, in the reader's language."""
    worded = []
    for flag in standing.flags:
        override, agency = standing.overrides.get(flag.override_id or "", (None, None))
        text = told(flag.rule, flag.evidence)
        worded.append(WordedFlag(flag, text, why(flag.rule, flag.evidence), override, agency))
    return Box(worded, [(wording.name(rule), why_unknown(why)) for rule, why in standing.unknown])
