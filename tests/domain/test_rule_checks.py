"""The checks of the rules, each by itself: bounds, days, and what nobody knows. No database."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.domain import rule_area_codes as codes
from traceability.domain import rule_papers as papers
from traceability.domain.applications import Application
from traceability.domain.rule_book import BOOK, Act, Effect, RuleCode, judged_at
from traceability.domain.rule_conversions import Band, Step, outside_band, ratio_of
from traceability.domain.rule_outcomes import Broken, Unknown
from traceability.domain.rule_treatments import (
    Listed,
    banned,
    dose_against_store,
    read_dose,
    unregistered,
    within_interval,
)
from traceability.domain.rule_yields import (
    Ceiling,
    first_month,
    out_of_season,
    over_yield,
    over_yield_cumulative,
    season_year,
)

TONNE = 1_000_000
HA = 10_000
POMELO = Ceiling(30 * TONNE)
HONEY = Ceiling(10_000, of_colonies=True)
HONEY_MONTHS = [10, 11, 12, 1, 2]
GRAMS = st.integers(min_value=1, max_value=10**12)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))


# --- yields ----------------------------------------------------------------------------------------------------------


def test_a_ceiling_is_hectares_times_tonnes_times_cycles() -> None:
    rice = Ceiling.of_crop({"yield": {"ceiling": 8.5, "cycles_per_year": 3, "unit": "t/ha/cycle"}})
    fish = Ceiling.of_crop({"yield": {"ceiling": 420, "cycles_per_year": 1.5, "unit": "t/ha/cycle"}})
    assert rice is not None
    assert fish is not None
    assert rice.cap_g(30 * HA, None) == 765 * TONNE
    assert fish.cap_g(6 * HA, None) == 3780 * TONNE
    assert Ceiling.of_crop({"yield": None}) is None
    honey = Ceiling.of_crop({"yield": {"ceiling": 10, "cycles_per_year": 1, "unit": "kg/colony/season"}})
    assert honey == HONEY
    assert HONEY.cap_g(10 * HA, 300) == 3 * TONNE


@given(st.integers(min_value=1, max_value=10**9))
def test_exactly_the_ceiling_passes_and_one_gram_more_does_not(m2: int) -> None:
    cap = POMELO.cap_g(m2, None)
    assert cap is not None
    assert over_yield(cap, POMELO, m2, None) is None
    broken = over_yield(cap + 1, POMELO, m2, None)
    assert isinstance(broken, Broken)
    assert broken.evidence["ceiling_g"] == cap


@given(GRAMS, GRAMS)
def test_a_batch_that_exceeds_alone_is_not_told_twice(made: int, others: int) -> None:
    alone = over_yield(made, POMELO, 4 * HA, None)
    together = over_yield_cumulative(made, others, POMELO, 4 * HA, None)
    assert not (isinstance(alone, Broken) and isinstance(together, Broken))
    exceeds = made + others > 120 * TONNE
    assert isinstance(alone, Broken) or isinstance(together, Broken) is exceeds


def test_what_nobody_counted_or_set_is_unknown() -> None:
    assert over_yield(1, HONEY, HA, None) == Unknown("colonies_missing")
    assert over_yield(1, None, HA, None) == Unknown("ceiling_missing")
    assert out_of_season(date(2026, 7, 12), []) == Unknown("season_missing")


def test_honey_of_july_is_out_of_season_and_that_of_the_last_day_of_february_is_not() -> None:
    assert isinstance(out_of_season(date(2026, 7, 12), HONEY_MONTHS), Broken)
    assert isinstance(out_of_season(date(2026, 9, 30), HONEY_MONTHS), Broken)
    for day in (date(2026, 10, 1), date(2026, 12, 31), date(2026, 2, 28)):
        assert out_of_season(day, HONEY_MONTHS) is None


@pytest.mark.parametrize(
    ("months", "begin"),
    [
        (HONEY_MONTHS, 10),
        (range(1, 13), 1),
        ([11, 12, 1, 2, 3], 11),
        ([3, 4, 5, 6, 7, 8, 9, 10, 11], 3),
        ([], 1),
    ],
)
def test_a_seasons_year_begins_after_the_longest_gap(months: list[int], begin: int) -> None:
    assert first_month(months) == begin


@given(DAYS, st.sets(st.integers(min_value=1, max_value=12)))
def test_every_day_lies_in_exactly_one_seasons_year(day: date, months: set[int]) -> None:
    first, last = season_year(day, months)
    assert first <= day <= last
    assert (last - first).days in (364, 365)
    assert season_year(last + timedelta(days=1), months)[0] == last + timedelta(days=1)


def test_honey_of_december_and_of_january_count_together() -> None:
    assert season_year(date(2025, 12, 6), HONEY_MONTHS) == season_year(date(2026, 1, 25), HONEY_MONTHS)
    assert season_year(date(2026, 10, 2), HONEY_MONTHS) != season_year(date(2026, 1, 25), HONEY_MONTHS)


# --- treatments ------------------------------------------------------------------------------------------------------


def sprayed(day: date, interval: int | None = 7, **changes: object) -> Application:
    values: dict[str, object] = {
        "kind": "insecticide",
        "substance": "Emamectin benzoate 5 WG",
        "ingredient": "emamectin benzoate",
    }
    return Application(applied_on=day, interval_days=interval, **(values | changes))  # type: ignore[arg-type]


@given(DAYS, st.integers(min_value=0, max_value=60))
def test_a_harvest_is_lawful_from_use_plus_interval_on(day: date, interval: int) -> None:
    used = [sprayed(day, interval)]
    assert within_interval(used, day + timedelta(days=interval)) is None
    early = within_interval(used, day + timedelta(days=interval - 1)) if interval else Broken()
    assert isinstance(early, Broken)


def test_an_interval_nobody_wrote_down_is_unknown_and_never_zero() -> None:
    day = date(2026, 5, 3)
    assert within_interval([sprayed(day, None)], day) == Unknown("interval_missing")
    assert within_interval([sprayed(day, None, kind="fertilizer")], day) is None
    both = [sprayed(day, None), sprayed(day, 7)]
    assert isinstance(within_interval(both, day + timedelta(days=2)), Broken)


def test_a_product_whose_kind_nobody_wrote_down_is_taken_for_a_pesticide() -> None:
    day, unsaid = date(2026, 5, 3), {"kind": ""}
    assert within_interval([sprayed(day, None, **unsaid)], day) == Unknown("interval_missing")
    assert isinstance(within_interval([sprayed(day, 7, **unsaid)], day), Broken)
    listed = [Listed("carbofuran", banned=True), Listed("abamectin", banned=False)]
    assert isinstance(banned([sprayed(day, ingredient="Carbofuran", **unsaid)], listed), Broken)
    assert unregistered([sprayed(day, ingredient="abamectin", **unsaid)], listed) is None
    assert unregistered([sprayed(day, ingredient="lạ", **unsaid)], listed) == Unknown("kind_missing")
    assert isinstance(unregistered([sprayed(day, ingredient="lạ")], listed), Broken)


def test_the_interval_that_ends_last_is_the_one_that_is_told() -> None:
    used = [sprayed(date(2026, 5, 1), 14, substance="Mancozeb"), sprayed(date(2026, 5, 10), 3)]
    broken = within_interval(used, date(2026, 5, 11))
    assert isinstance(broken, Broken)
    assert broken.evidence["substance"] == "Mancozeb"
    assert broken.evidence["earliest_on"] == "2026-05-15"


def test_a_ban_counts_from_its_day_on_and_in_its_market() -> None:
    ban = Listed("Emamectin Benzoate", banned=True, from_on=date(2026, 6, 1))
    assert banned([sprayed(date(2026, 5, 31))], [ban]) is None
    assert isinstance(banned([sprayed(date(2026, 6, 1))], [ban]), Broken)
    abroad = Listed("emamectin benzoate", banned=True, market="EU")
    assert banned([sprayed(date(2026, 6, 1))], [abroad]) is None
    assert isinstance(banned([sprayed(date(2026, 6, 1))], [abroad], "EU"), Broken)


def test_an_ingredient_is_looked_up_on_the_list_of_the_day_of_use() -> None:
    listed = [Listed("emamectin benzoate", banned=False, from_on=date(2026, 1, 1), to_on=date(2026, 6, 30))]
    assert unregistered([sprayed(date(2026, 6, 30))], listed) is None
    assert isinstance(unregistered([sprayed(date(2026, 7, 1))], listed), Broken)
    assert isinstance(unregistered([sprayed(date(2026, 6, 1), ingredient="lạ")], listed), Broken)
    assert unregistered([sprayed(date(2026, 6, 1), ingredient="")], listed) == Unknown("ingredient_missing")
    assert unregistered([sprayed(date(2026, 6, 1))], []) == Unknown("list_missing")
    assert unregistered([sprayed(date(2026, 6, 1), kind="fertilizer")], []) is None


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("0,5 l/ha", (Decimal(500), "ml")),
        ("25 ml/1000 m²", (Decimal(250), "ml")),
        ("1.5 lít/ha", (Decimal(1500), "ml")),
        ("2 kg / ha", (Decimal(2000), "g")),
        ("theo nhãn", None),
        ("20 g/công", None),
        ("10 ml/16 lít", None),
        ("", None),
    ],
)
def test_a_dose_is_read_without_a_guess(text: str, dose: tuple[Decimal, str] | None) -> None:
    assert read_dose(text) == dose


def test_dose_times_area_is_held_against_the_store() -> None:
    day = date(2026, 5, 3)
    fitting = sprayed(day, dose="0,5 l/ha", treated_m2=2 * HA, drawn=Decimal(1100), drawn_unit="ml")
    assert dose_against_store([fitting], 20) is None
    wrong = sprayed(day, dose="0,5 l/ha", treated_m2=2 * HA, drawn=Decimal(2000), drawn_unit="ml")
    assert isinstance(dose_against_store([wrong], 20), Broken)
    by_label = sprayed(day, dose="theo nhãn", treated_m2=2 * HA, drawn=Decimal(2000), drawn_unit="ml")
    assert dose_against_store([by_label], 20) == Unknown("dose_by_label")
    assert dose_against_store([sprayed(day, dose="0,5 l/ha", treated_m2=HA)], 20) == Unknown("draw_missing")
    assert dose_against_store([sprayed(day, dose="theo nhãn")], 20) is None


# --- process ---------------------------------------------------------------------------------------------------------

TEA = Band(Decimal("0.19"), Decimal("0.26"))


def test_two_to_one_is_no_tea_and_both_ends_of_the_band_are() -> None:
    assert isinstance(outside_band([Step(1000, 480)], TEA), Broken)
    assert outside_band([Step(1000, 190)], TEA) is None
    assert outside_band([Step(1000, 260)], TEA) is None
    assert isinstance(outside_band([Step(100_000, 18_999)], TEA), Broken)
    assert outside_band([Step(1000, 200)], None) == Unknown("band_missing")


@given(st.lists(st.integers(min_value=1, max_value=1000), min_size=2, max_size=6))
def test_steps_multiply_whatever_is_shipped_between(weights: list[int]) -> None:
    falling = sorted(weights, reverse=True)
    whole = [Step(before, after) for before, after in pairwise(falling)]
    halved = [Step(step.before_g * 2, step.after_g * 2) for step in whole]
    assert ratio_of(whole) == Fraction(falling[-1], falling[0]) == ratio_of(halved)


def test_a_step_nobody_weighed_is_unknown_in_handling_and_a_breach_in_drying() -> None:
    assert outside_band([], Band(Decimal("0.8"), Decimal("0.98"))) == Unknown("steps_unweighed")
    assert isinstance(outside_band([], TEA), Broken)


def test_who_only_packs_may_lose_little_but_can_add_nothing() -> None:
    fresh = Band(Decimal("0.8"), Decimal("0.98"))
    assert outside_band([Step(1000, 984)], fresh) is None
    assert outside_band([Step(1000, 1000)], fresh) is None
    more = outside_band([Step(1000, 1001)], fresh)
    assert isinstance(more, Broken)
    assert more.evidence["high_per100"] == "100.00"
    assert isinstance(outside_band([Step(1000, 799)], fresh), Broken)
    assert isinstance(outside_band([Step(1000, 984, makes=True)], fresh), Broken)


# --- codes -----------------------------------------------------------------------------------------------------------


def code(**changes: object) -> codes.Code:
    values: dict[str, object] = {"code": "VN-VLOR-9001", "market": "CN", "state": "granted"}
    return codes.Code(**(values | changes))  # type: ignore[arg-type]


HARVEST = date(2026, 5, 20)


def test_a_code_is_judged_as_it_stood_on_the_day_of_the_harvest() -> None:
    stopped = code(
        state="suspended",
        changes=(codes.Change(date(2025, 1, 1), "granted"), codes.Change(date(2026, 4, 15), "suspended")),
    )
    assert codes.suspended(date(2026, 4, 14), "Vùng", [], [stopped]) is None
    assert isinstance(codes.suspended(date(2026, 4, 15), "Vùng", [], [stopped]), Broken)
    healed = code(changes=(*stopped.changes, codes.Change(date(2026, 6, 1), "granted")))
    assert isinstance(codes.suspended(HARVEST, "Vùng", [], [healed]), Broken)
    assert codes.suspended(date(2026, 6, 1), "Vùng", [], [healed]) is None


def test_a_suspended_area_stops_whatever_code_is_claimed() -> None:
    stop = codes.Stop(date(2026, 4, 15), date(2026, 6, 1))
    assert isinstance(codes.suspended(HARVEST, "Vùng", [stop], []), Broken)
    assert codes.suspended(date(2026, 6, 1), "Vùng", [stop], []) is None
    assert isinstance(codes.suspended(HARVEST, "Vùng", [codes.Stop(HARVEST)], [code()]), Broken)


def test_validity_includes_both_of_its_days() -> None:
    valid = code(valid_from=date(2026, 5, 1), valid_to=date(2026, 5, 31))
    for day in (date(2026, 5, 1), date(2026, 5, 31)):
        assert codes.expired(day, [valid]) is None
    for day in (date(2026, 4, 30), date(2026, 6, 1)):
        assert isinstance(codes.expired(day, [valid]), Broken)
    assert isinstance(codes.expired(HARVEST, [code(state="applied")]), Broken)
    assert codes.expired(HARVEST, []) is None


def test_a_code_of_somebody_else_needs_a_signature() -> None:
    assert isinstance(codes.of_another("VN-VLOR-9010", [], "Vùng", authorised=False), Broken)
    assert codes.of_another("VN-VLOR-9010", [], "Vùng", authorised=True) is None
    assert codes.of_another("VN-VLOR-9001", [code()], "Vùng", authorised=False) is None
    assert codes.of_another("", [], "Vùng", authorised=False) is None


def test_a_market_is_judged_against_all_codes_of_every_area() -> None:
    home, china = code(market="VN"), code()
    assert codes.without_code_of_market("CN", HARVEST, [("Vùng 1", [home, china])]) is None
    assert isinstance(codes.without_code_of_market("EU", HARVEST, [("Vùng 1", [home, china])]), Broken)
    assert isinstance(
        codes.without_code_of_market("CN", HARVEST, [("Vùng 1", [china]), ("Vùng 2", [home])]), Broken
    )
    assert codes.without_code_of_market("VN", HARVEST, [("Vùng 1", [])]) is None
    assert codes.without_code_of_market("CN", HARVEST, []) == Unknown("areas_unknown")


# --- papers ----------------------------------------------------------------------------------------------------------


def test_a_certificate_holds_on_its_last_day_and_not_on_the_day_it_is_taken_back() -> None:
    claim = papers.Claim("Hữu cơ EU", "CT049", date(2026, 6, 30))
    assert papers.claim_expired([claim], date(2026, 6, 30)) is None
    broken = papers.claim_expired([claim], date(2026, 7, 1))
    assert isinstance(broken, Broken)
    assert broken.evidence["ended_on"] == "2026-06-30"
    taken = papers.Claim("VietGAP", "1", None, date(2026, 6, 1))
    assert isinstance(papers.claim_expired([taken], date(2026, 6, 1)), Broken)
    assert papers.claim_expired([], date(2026, 7, 1)) is None


def report(passed: bool = True) -> papers.Report:
    return papers.Report("KQ-1", date(2026, 5, 15), date(2026, 5, 17), passed)


@pytest.mark.parametrize(("day", "early"), [(14, False), (15, True), (16, True), (17, False)])
def test_goods_leave_before_or_after_the_result(day: int, early: bool) -> None:
    sent = [papers.Shipment(date(2026, 5, day), 1000)]
    assert isinstance(papers.shipped_before_result([report()], sent), Broken) is early
    assert papers.shipped_before_result([report(False)], sent) is None
    failed = papers.failed_shipped([report(False)], sent)
    assert isinstance(failed, Broken)
    assert failed.evidence["shipped_g"] == 1000
    assert papers.failed_shipped([report()], sent) is None
    assert papers.failed_shipped([report(False)], []) is None


def test_stamps_may_be_as_many_as_units_and_the_allowance() -> None:
    assert papers.stamps_above(2356, 2310, 46) is None
    assert isinstance(papers.stamps_above(2357, 2310, 46), Broken)


def test_ground_shared_within_the_tolerance_is_no_overlap() -> None:
    assert papers.overlaps(50_000, [("Vùng 2", 500)], 500) is None
    broken = papers.overlaps(50_000, [("Vùng 2", 501), ("Vùng 3", 9000)], 500)
    assert isinstance(broken, Broken)
    assert (broken.evidence["other"], broken.evidence["count"]) == ("Vùng 3", 2)


# --- the book --------------------------------------------------------------------------------------------------------


def test_every_rule_has_an_act_and_only_what_comes_before_can_be_stopped() -> None:
    for rule in BOOK.values():
        assert rule.judged - {Act.CORRECT}
        assert rule.stops <= rule.judged
        assert rule.stops.isdisjoint({Act.RECORD, Act.TEST, Act.CORRECT})
        assert rule.effect is not Effect.BLOCK or rule.stops
    assert [rule.code for rule in judged_at("order")] == [RuleCode.STAMP_OVERUSE]
    assert judged_at("something new") == []
