"""From the name of a rule to its check: which facts each takes. The checks themselves know no database."""

from collections.abc import Callable
from datetime import date

from sqlmodel import Session

from traceability.domain import area_overlaps, rule_figures, rule_grounds, stamp_quota
from traceability.domain import rule_area_codes as codes
from traceability.domain import rule_papers as papers
from traceability.domain import rule_treatments as treatments
from traceability.domain import rule_yields as yields
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.deliveries import Delivery
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_conversions import outside_band
from traceability.domain.rule_facts import BatchFacts
from traceability.domain.rule_grounds import Ground
from traceability.domain.rule_outcomes import Broken, Outcome


def _implausible(facts: BatchFacts) -> Outcome:
    if facts.area is None:
        return None
    months = rule_figures.months_late(facts.session, facts.recorded_on, facts.batch.external_ref)
    return yields.implausible_date(facts.day, facts.recorded_on, months, facts.area.planted_year)


def _over_yield(facts: BatchFacts) -> Outcome:
    return _of_grounds(facts, _alone_on)


def _over_yield_cumulative(facts: BatchFacts) -> Outcome:
    return _of_grounds(facts, _with_others_on)


def _of_grounds(facts: BatchFacts, check: Callable[[BatchFacts, Ground], Outcome]) -> Outcome:
    """The first ground that gives too little, the own one before those whose codes are claimed; else what the own one
    says. Of somebody else's area the evidence tells no weights but the ceiling."""
    said = [(ground, check(facts, ground)) for ground in facts.grounds]
    for ground, outcome in said:
        if isinstance(outcome, Broken):
            if not ground.code:
                return outcome
            kept = {name: outcome.evidence[name] for name in ("made_g", "ceiling_g", "area_m2")}
            return Broken(kept | {"lent_code": ground.code})
    return said[0][1] if said else None


def _alone_on(facts: BatchFacts, ground: Ground) -> Outcome:
    ceiling = rule_figures.ceiling(facts.session, ground.crop, facts.day)
    return yields.over_yield(facts.harvested_g, ceiling, ground.area_m2, ground.colonies)


def _with_others_on(facts: BatchFacts, ground: Ground) -> Outcome:
    ceiling, others = rule_figures.ceiling(facts.session, ground.crop, facts.day), 0
    if ceiling is not None:
        months = rule_figures.season(facts.session, ground.crop, facts.day)
        first, last = yields.season_year(facts.day, months)
        others = rule_grounds.others_g(facts.session, ground, first, last, besides=facts.batch.id)
    return yields.over_yield_cumulative(facts.harvested_g, others, ceiling, ground.area_m2, ground.colonies)


def _out_of_season(facts: BatchFacts) -> Outcome:
    if facts.area is None:
        return None
    outcome = yields.out_of_season(facts.day, rule_figures.season(facts.session, facts.crop, facts.day))
    if not isinstance(outcome, Broken):
        return outcome
    source = rule_figures.season_source(facts.session, facts.crop, facts.day)
    return Broken(outcome.evidence | {"crop": facts.crop.name, "season_source": source})


def _phi(facts: BatchFacts) -> Outcome:
    return treatments.within_interval(facts.applications, facts.day) if facts.area else None


def _banned(facts: BatchFacts) -> Outcome:
    if not facts.area or not facts.applications:
        return None
    return treatments.banned(facts.applications, rule_figures.ingredients(facts.session), facts.market)


def _unregistered(facts: BatchFacts) -> Outcome:
    if not facts.area or not facts.applications:
        return None
    return treatments.unregistered(facts.applications, rule_figures.ingredients(facts.session))


def _dose(facts: BatchFacts) -> Outcome:
    if not facts.area or not facts.applications:
        return None
    percent = rule_figures.tolerance(facts.session, rule_figures.DOSE_PERCENT, facts.day)
    return treatments.dose_against_store(facts.applications, percent)


def _conversion(facts: BatchFacts) -> Outcome:
    if not facts.is_done or facts.process.begun is None:
        return None
    band = rule_figures.band(facts.session, facts.crop, facts.product.form, facts.day)
    return outside_band(facts.process.steps, band, facts.process.begun)


def _suspended(facts: BatchFacts) -> Outcome:
    if facts.area is None:
        return None
    return codes.suspended(facts.day, facts.area.name, facts.stops, facts.claimed or facts.authorised)


def _expired_code(facts: BatchFacts) -> Outcome:
    return codes.expired(facts.day, facts.claimed or facts.authorised) if facts.area else None


def _mismatch(facts: BatchFacts) -> Outcome:
    if facts.area is None:
        return None
    return codes.of_another(
        facts.batch.area_code, facts.claimed, facts.area.name, authorised=bool(facts.authorised)
    )


def _expired_claim(facts: BatchFacts) -> Outcome:
    return papers.claim_expired(facts.claims, facts.day)


def _failed_shipped(facts: BatchFacts) -> Outcome:
    return papers.failed_shipped(facts.reports, facts.shipments)


def _before_result(facts: BatchFacts) -> Outcome:
    return papers.shipped_before_result(facts.reports, facts.shipments)


def _stamps(facts: BatchFacts) -> Outcome:
    quota = stamp_quota.quota_of(facts.session, facts.batch, facts.product)
    return papers.stamps_above(quota.ordered, quota.units, quota.allowance)


#: The checks of a batch.
OF_BATCH: dict[RuleCode, Callable[[BatchFacts], Outcome]] = {
    RuleCode.IMPLAUSIBLE_DATE: _implausible,
    RuleCode.OVER_YIELD: _over_yield,
    RuleCode.OVER_YIELD_CUMULATIVE: _over_yield_cumulative,
    RuleCode.OUT_OF_SEASON: _out_of_season,
    RuleCode.PHI_VIOLATION: _phi,
    RuleCode.BANNED_INGREDIENT: _banned,
    RuleCode.UNREGISTERED_INGREDIENT: _unregistered,
    RuleCode.DOSE_MISMATCH: _dose,
    RuleCode.BAD_CONVERSION: _conversion,
    RuleCode.SUSPENDED_AREA: _suspended,
    RuleCode.EXPIRED_AREA_CODE: _expired_code,
    RuleCode.PUC_MISMATCH: _mismatch,
    RuleCode.EXPIRED_CERT: _expired_claim,
    RuleCode.LAB_FAIL_SHIPPED: _failed_shipped,
    RuleCode.SHIPPED_BEFORE_RESULT: _before_result,
    RuleCode.STAMP_OVERUSE: _stamps,
}


def market_of(facts: BatchFacts, delivery: Delivery) -> Outcome:
    """The check of a delivery: whether every area that feeds it held a code of its market on the day of the harvest,
    and whether its holder signed for the sender where that is somebody else.

    What was worked up is asked as what was picked: else a transform of one lot into one would wash its origin away.
    """
    if delivery.market == codes.HOME_MARKET:
        return None
    for place in facts.origins:
        found = codes.without_code_of_market(delivery.market, place.day, [(place.name, place.codes)])
        if found is None and not facts.is_signed_over(place, delivery.market, delivery.sent_on):
            found = Broken({"market": delivery.market, "unsigned_area": place.name})
        if isinstance(found, Broken) and not facts.all_signed_for(place.harvests, delivery.market):
            return found
    return None


def overlap_of(session: Session, area: GrowingArea, day: date) -> Outcome:
    """The check of an area: how much ground it shares with others, whoever's they are."""
    if area.state is AreaState.WITHDRAWN:
        return None
    percent = rule_figures.tolerance(session, rule_figures.OVERLAP_PERCENT, day)
    shared = [(other.name, other.m2) for other in area_overlaps.overlaps(session, area)]
    return papers.overlaps(area.computed_m2, shared, area.computed_m2 * percent // 100)
