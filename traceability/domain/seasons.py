"""The season of a crop, beside the day of a harvest: a question that a shopper can ask, never a verdict.

What is harvested all the year round has no season to compare with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from traceability.domain.products import Crop

#: A page tells the season of this many harvests at most.
MOST = 3
_YEAR = frozenset(range(1, 13))


@dataclass(frozen=True)
class Season:
    """A harvest beside the months in which its crop is taken. `lot` is the harvested lot.

    `sourced`: the months come from a published source; else they are what is usual by the platform's own table.
    """

    crop: str
    crop_en: str
    spans: tuple[tuple[int, int], ...]
    harvested_on: date
    lot: str
    fits: bool
    sourced: bool


def of_harvest(crop: Crop, harvested_on: date, lot: str) -> Season | None:
    """The season of a crop beside the day of a harvest; None for what is taken in every month or has no months."""
    named = crop.facts.get("harvest_months_allowed") or crop.facts.get("harvest_months_main") or ()
    months = frozenset(month for month in named if month in _YEAR)
    if not months or months == _YEAR:
        return None
    return Season(
        crop=crop.name,
        crop_en=crop.name_en,
        spans=spans(months),
        harvested_on=harvested_on,
        lot=lot,
        fits=harvested_on.month in months,
        sourced=crop.facts.get("season_basis") == "public-fact",
    )


def shown(seasons: Iterable[Season]) -> tuple[Season, ...]:
    """Those that a page shows: first the harvests outside their season, then one of each crop."""
    found: dict[tuple[str, bool], Season] = {}
    for season in seasons:
        found.setdefault((season.crop, season.fits), season)
    return tuple(sorted(found.values(), key=lambda season: season.fits)[:MOST])


def spans(months: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """Months as runs of first and last, over the turn of the year too: {10, 11, 12, 1, 2} is ((10, 2),)."""
    starts = [month for month in sorted(months) if (month - 2) % 12 + 1 not in months]
    found = []
    for start in starts:
        end = start
        while end % 12 + 1 in months and end % 12 + 1 != start:
            end = end % 12 + 1
        found.append((start, end))
    return tuple(found)
