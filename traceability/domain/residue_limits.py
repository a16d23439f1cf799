"""Residue limits of markets (mức dư lượng tối đa): dated figures that a laboratory result is held against.

A limit is for one market, for one active ingredient or for any, on one crop or on any. It may demand a result: then
goods without one do not go there. What a report says in words that no number can be read from stays unknown.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger
from traceability.domain.actors import Actor, Permission
from traceability.domain.quantities import parse_day
from traceability.domain.records import Record
from traceability.domain.text import fold

#: The ingredient of a limit that holds for any that has none of its own.
ANY: Final = "*"


class ResidueLimit(Record, table=True):
    """One limit, in micrograms per kilogram."""

    __tablename__ = "residue_limit"
    __table_args__ = (sa.CheckConstraint("limit_ug >= 0", name="limit"),)
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"market", "crop_id", "ingredient", "limit_ug", "demanded", "from_on", "to_on", "source", "basis"}
    )

    market: str = Field(max_length=2, index=True)
    crop_id: str | None = Field(default=None, foreign_key="crop.id", max_length=40)
    ingredient: str = Field(max_length=80)
    limit_ug: int
    #: whether goods for the market need a result for it
    demanded: bool = False
    from_on: date | None = None
    to_on: date | None = None
    source: str = Field(default="", max_length=300)
    basis: str = Field(default="", max_length=40)

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.from_on is None or self.from_on <= day) and (self.to_on is None or day <= self.to_on)


@dataclass(frozen=True)
class Exceeded:
    """A measured value above a limit; both in micrograms per kilogram."""

    name: str
    measured_ug: Decimal
    limit: ResidueLimit


def load(session: Session, actor: Actor, entries: Iterable[dict[str, Any]]) -> int:
    """Takes a dated list of limits in; entries that stand there already stay as they are. Answers how many are new.

    An entry has `market`, `ingredient` (`*`: any), `limit_mg_per_kg`, and may have `crop_id`, `demanded`, `valid_from`,
    `valid_to`, `source`, `basis`.
    """
    actor.must(Permission.ADMINISTER)
    known = {
        (row.market, row.crop_id, fold(row.ingredient), row.from_on)
        for row in session.exec(select(ResidueLimit)).all()
    }
    made: list[ResidueLimit] = []
    for entry in entries:
        begin = parse_day(entry["valid_from"]) if entry.get("valid_from") else None
        if (entry["market"], entry.get("crop_id"), fold(entry["ingredient"]), begin) in known:
            continue
        row = ResidueLimit(
            market=str(entry["market"])[:2],
            crop_id=entry.get("crop_id"),
            ingredient=str(entry["ingredient"])[:80],
            limit_ug=int(Decimal(str(entry["limit_mg_per_kg"])) * 1000),
            demanded=bool(entry.get("demanded")),
            from_on=begin,
            to_on=parse_day(entry["valid_to"]) if entry.get("valid_to") else None,
            source=str(entry.get("source") or "")[:300],
            basis=str(entry.get("basis") or "")[:40],
        )
        session.add(row)
        made.append(row)
    if made:
        session.flush()
        ledger.record(session, "residue_limits.loaded", *made, count=len(made))
    return len(made)


def in_force(session: Session, market: str, crop_id: str, day: date) -> list[ResidueLimit]:
    """The limits of a market for a crop on a day; a limit for the crop itself before one for any."""
    statement = select(ResidueLimit).where(
        ResidueLimit.market == market,
        (col(ResidueLimit.crop_id) == crop_id) | col(ResidueLimit.crop_id).is_(None),
    )
    newest: dict[tuple[str | None, str], ResidueLimit] = {}
    for row in sorted(session.exec(statement).all(), key=lambda row: (row.from_on or date.min, row.id)):
        if row.holds_on(day):  # a newer limit takes the place of an older one that nobody ended
            newest[row.crop_id, fold(row.ingredient)] = row
    return sorted(
        newest.values(), key=lambda row: (row.crop_id is None, row.ingredient == ANY, fold(row.ingredient))
    )


def exceeded(limits: list[ResidueLimit], results: Iterable[dict[str, Any]]) -> list[Exceeded]:
    """The lines of a report that lie above the limit that is for them: their own ingredient's, else that for any."""
    found = []
    for line in results:
        limit = _limit_for(limits, str(line.get("name", "")))
        measured = measured_ug(str(line.get("value", "")), str(line.get("unit", "")))
        if limit is not None and measured is not None and measured > limit.limit_ug:
            found.append(Exceeded(str(line.get("name", "")), measured, limit))
    return found


_MEASURED = re.compile(
    r"(?P<sign>[<≤>≥])?\s*(?P<number>\d{1,9}(?:[.,]\d{1,9})?)\s*(?P<unit>[a-zµμ]{1,3}/kg|ppm|ppb)?", re.ASCII
)
_NOTHING = frozenset({"khong phat hien", "kph", "nd", "not detected", "n.d.", "duoi gioi han phat hien"})
_UNITS = {
    "mg/kg": Decimal(1000),
    "ppm": Decimal(1000),
    "µg/kg": Decimal(1),
    "μg/kg": Decimal(1),
    "ug/kg": Decimal(1),
    "ppb": Decimal(1),
}
#: What a limit for any residue of a pesticide does not speak of: metals, moulds, what goods have by nature. A name that
#: is not here is taken for a substance, since unknown never passes for good.
_NO_RESIDUES = re.compile(
    r"\b(cadimi|cadmi|cadmium|chi|lead|pb|asen|arsen|arsenic|thach tin|thuy ngan|mercury|thiec|tin|dong|copper|kem"
    r"|zinc|sat|iron|kim loai|metals?|hmf|hydroxymethylfurfural|nitrate?|nitrite?|sulfite?|sulphite|so2|luu huynh"
    r"|histamine?|aflatoxin|ochratoxin|patulin|doc to|mycotoxin|vitamin|duong|sugar|protein|polyphenol|caffeine?"
    r"|melamine?|muoi|salt)\b"
)
_RESIDUES = re.compile(r"du luong|residue|bvtv|pesticide")


def measured_ug(value: str, unit: str) -> Decimal | None:
    """What a line of a report measured, in micrograms per kilogram; nothing found is 0; None for other words and units.

    `< 0,01` counts as 0.01: the laboratory could not look closer. `> 0,02` counts as a little more than that. A unit
    beside the figure goes before that of the column; two that differ say nothing.
    """
    text = fold(value).strip().replace("<=", "≤").replace(">=", "≥")
    if text in _NOTHING:
        return Decimal(0)
    match = _MEASURED.fullmatch(text)
    if match is None:
        return None
    of_column = _UNITS.get(unit.strip().lower())
    factor = _UNITS.get(match["unit"]) if match["unit"] else of_column
    if factor is None or (unit.strip() and of_column != factor):
        return None
    found = Decimal(match["number"].replace(",", ".")) * factor
    return found + _A_LITTLE if match["sign"] in (">", "≥") else found


_A_LITTLE = Decimal("0.000001")


def _limit_for(limits: list[ResidueLimit], name: str) -> ResidueLimit | None:
    """The limit for a line: the first whose ingredient its name holds, else that for any unless the line is about
    something else than a residue."""
    folded = fold(name)
    for limit in limits:
        if limit.ingredient != ANY and fold(limit.ingredient) in folded:
            return limit
    if _NO_RESIDUES.search(folded) and not _RESIDUES.search(folded):
        return None
    return next((limit for limit in limits if limit.ingredient == ANY), None)


def reads(limits: list[ResidueLimit], line: dict[str, Any]) -> bool:
    """Whether a line of a report is about residues that a limit is for, and says how much there is at most."""
    limit = _limit_for(limits, str(line.get("name", "")))
    value = str(line.get("value", ""))
    measured = measured_ug(value, str(line.get("unit", "")))
    return limit is not None and measured is not None and not re.match(r"\s*[>≥]", value)
