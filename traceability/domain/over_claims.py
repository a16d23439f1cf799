"""The over-claim board: what was harvested under each area and its codes in a season, beside what the area can give.

What others harvested elsewhere under a lent code of the area counts with it. The board is a few sums for a whole
province. What was shipped is followed back over every split, merger and transform to the areas it came from
(`shipped_shares`): for the areas of one page only.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from traceability.domain import areas, code_draws, rule_figures, shipped_shares
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.history import CorrectionReason, Event, EventType
from traceability.domain.producers import Producer
from traceability.domain.products import Crop
from traceability.domain.rule_yields import season_year
from traceability.domain.text import sought


@dataclass(frozen=True)
class Claimed:
    """One area in the season's year of its crop that holds a day."""

    area: GrowingArea
    crop: Crop
    producer: Producer
    codes: list[AreaCode]
    first: date
    last: date
    harvested_g: int
    #: harvested elsewhere by others who claimed one of its codes
    lent_g: int
    #: None where nobody can tell (no ceiling, or colonies that were not counted)
    ceiling_g: int | None
    #: grams of goods in which these harvests left, by market, whoever shipped them
    shipped_g: dict[str, int] = field(default_factory=dict)

    @property
    def percent(self) -> int | None:
        """How much of the ceiling was claimed."""
        return None if not self.ceiling_g else round((self.harvested_g + self.lent_g) * 100 / self.ceiling_g)


def board(session: Session, day: date, text: str = "") -> list[Claimed]:
    """All areas within the scope of which something was harvested or claimed in the season of a day, the fullest
    first; without what was shipped (`with_shipped`)."""
    statement = (
        select(GrowingArea, Crop, Producer)
        .join(Crop, col(Crop.id) == GrowingArea.crop_id)
        .join(Producer, col(Producer.id) == GrowingArea.producer_id)
    )
    for word in sought(text).split():
        statement = statement.where(
            col(GrowingArea.search).contains(word, autoescape=True)
            | col(Producer.search).contains(word, autoescape=True)
        )
    rows = session.exec(statement).all()
    seasons = {
        crop.id: season_year(day, rule_figures.season(session, crop, day)) for _area, crop, _owner in rows
    }
    harvested = _harvested(session, seasons.values())
    lent = code_draws.claimed_by_area(session, *_span(seasons.values()))
    codes = areas.codes_of(session, [area.id for area, _crop, _owner in rows])
    found = []
    for area, crop, producer in rows:
        first, last = seasons[crop.id]
        grams = sum(made for on, made in harvested[area.id].items() if first <= on <= last)
        claimed = sum(drawn for on, drawn in lent[area.id].items() if first <= on <= last)
        if not grams and not claimed:
            continue
        ceiling = rule_figures.ceiling(session, crop, day)
        cap = ceiling.cap_g(min(area.declared_m2, area.computed_m2), area.colonies) if ceiling else None
        found.append(
            Claimed(
                area=area,
                crop=crop,
                producer=producer,
                codes=codes[area.id],
                first=first,
                last=last,
                harvested_g=grams,
                lent_g=claimed,
                ceiling_g=cap,
            )
        )
    return sorted(found, key=lambda row: (row.percent is None, -(row.percent or 0), row.area.search))


def with_shipped(session: Session, rows: Sequence[Claimed]) -> list[Claimed]:
    """Some rows of the board with the grams in which their harvests left, by market."""
    if not rows:
        return []
    days = _span((row.first, row.last) for row in rows)
    shipped = shipped_shares.by_area(session, *days, [row.area.id for row in rows])
    found = []
    for row in rows:
        markets: dict[str, int] = defaultdict(int)
        for (on, market), sent in shipped[row.area.id].items():
            if row.first <= on <= row.last:
                markets[market] += sent
        found.append(replace(row, shipped_g=dict(sorted(markets.items()))))
    return found


def _harvested(session: Session, seasons: Iterable[tuple[date, date]]) -> dict[str, dict[date, int]]:
    """Grams by area and day of harvest, of the events that stand."""
    first, last = _span(seasons)
    correction = aliased(Event)
    statement = (
        select(col(Event.area_id), col(Batch.harvested_on), func.sum(Event.output_g))
        .join(Batch, col(Batch.id) == Event.batch_id)
        .where(
            col(Event.type) == EventType.HARVEST,
            col(Batch.harvested_on).between(first, last),
            col(Event.correction_reason).is_distinct_from(CorrectionReason.DID_NOT_OCCUR),
            ~select(correction.id).where(correction.corrects_id == col(Event.id)).exists(),
        )
        .group_by(col(Event.area_id), col(Batch.harvested_on))
    )
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for area_id, on, grams in session.exec(statement).all():
        if area_id and on:
            found[area_id][on] = int(grams or 0)
    return found


def _span(seasons: Iterable[tuple[date, date]]) -> tuple[date, date]:
    known = list(seasons)
    return min((first for first, _last in known), default=date.max), max(
        (last for _first, last in known), default=date.min
    )
