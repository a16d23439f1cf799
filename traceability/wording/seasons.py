"""The season of a crop beside the day of a harvest, in a sentence."""

from traceability.domain.seasons import Season
from traceability.i18n import day, gettext, language, month


def sentence(season: Season, lot: str) -> str:
    """When the crop is taken, and when it was taken for this lot (or for one that went into it)."""
    facts = {
        "crop": season.crop_en if language() != "vi" and season.crop_en else season.crop,
        "months": ", ".join(_span(first, last) for first, last in season.spans),
        "day": day(season.harvested_on),
    }
    if season.lot == lot:
        return gettext("%(crop)s is taken in %(months)s; this lot: %(day)s.", **facts)
    return gettext("%(crop)s is taken in %(months)s; source lot %(lot)s: %(day)s.", lot=season.lot, **facts)


def _span(first: int, last: int) -> str:
    return month(first) if first == last else f"{month(first)}–{month(last)}"
