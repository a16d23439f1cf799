"""The demo's dates: moved by whole years, so that the newest thing that happened is never older than a year.

Whole years keep the seasons: a harvest of August stays one of August. What follows from a date (a shelf life) is
reckoned anew by the use cases.
"""

from dataclasses import dataclass
from datetime import date, datetime

from traceability.domain.clock import VIETNAM


def moved(day: date, years: int) -> date:
    """A day moved by whole years; 29 February becomes the 28th where the year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def years_to_move(newest: date, today: date) -> int:
    """By how many years the newest day has to move to be the last of its kind that is not in the future."""
    years = today.year - newest.year
    return years if moved(newest, years) <= today else years - 1


@dataclass(frozen=True)
class Calendar:
    """Reads the days and moments of the data, moved by `years`."""

    years: int

    def day(self, text: str) -> date:
        """`2026-04-15` as a day of the demo."""
        return moved(date.fromisoformat(text), self.years)

    def moment(self, text: str) -> datetime:
        """`2026-04-15T07:00:00+07:00` as an aware moment of the demo, at the same time of day in Vietnam."""
        local = datetime.fromisoformat(text).astimezone(VIETNAM)
        return datetime.combine(moved(local.date(), self.years), local.time(), VIETNAM)

    def lot(self, lot: str) -> str:
        """A lot that spells its day (`L26041501`), moved with it."""
        year = (int(lot[1:3]) + self.years) % 100
        return f"{lot[0]}{year:02d}{lot[3:]}"
