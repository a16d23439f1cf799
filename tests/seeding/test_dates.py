"""The demo's dates move by whole years and never into the future."""

from datetime import date, datetime

import pytest

from traceability.domain.clock import VIETNAM
from traceability.seeding import source
from traceability.seeding.dates import Calendar, moved, years_to_move


@pytest.mark.parametrize(
    ("today", "years"),
    [
        ("2026-11-24", 0),
        ("2026-11-19", 0),
        ("2026-11-18", -1),
        ("2027-11-18", 0),
        ("2027-11-19", 1),
        ("2032-02-29", 5),
    ],
)
def test_the_newest_day_is_the_last_of_its_kind_that_is_not_in_the_future(today: str, years: int) -> None:
    assert years_to_move(date(2026, 11, 19), date.fromisoformat(today)) == years


def test_the_newest_thing_that_happened_is_never_older_than_a_year() -> None:
    newest = date(2026, 11, 19)
    for day in (date(2026, 11, 24), date(2027, 1, 1), date(2028, 2, 29), date(2031, 11, 18)):
        shown = source.calendar(day).day(newest.isoformat())
        assert 0 <= (day - shown).days <= 366


def test_a_leap_day_becomes_the_28th_where_the_year_has_none() -> None:
    assert moved(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert moved(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_moments_keep_their_time_of_day_and_lots_spell_the_new_year() -> None:
    calendar = Calendar(2)
    assert calendar.moment("2026-04-15T07:30:00+07:00") == datetime(2028, 4, 15, 7, 30, tzinfo=VIETNAM)
    assert calendar.lot("L26041501") == "L28041501"
