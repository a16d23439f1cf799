"""The figures that rules measure by: yield ceilings, seasons, conversion bands, ingredients, tolerances; each dated.

Where nobody has decided, the crop table's own entry holds. A figure that an agency sets replaces it from a day on, says
where it comes from, and never changes what was judged of days before.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import Market
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.products import Crop
from traceability.domain.quantities import Day, Kilograms
from traceability.domain.records import Json, Record, choice
from traceability.domain.rule_conversions import Band
from traceability.domain.rule_treatments import Listed
from traceability.domain.rule_yields import Ceiling
from traceability.domain.text import Line, ShortLine, fold


class FigureKind(StrEnum):
    """What a figure is."""

    CEILING = "ceiling"
    SEASON = "season"
    BAND = "band"
    INGREDIENT = "ingredient"
    TOLERANCE = "tolerance"


#: Tolerances where nobody has decided: percent of a dose; percent of an area shared with another; months for which a
#: harvest may be written down late.
DOSE_PERCENT, OVERLAP_PERCENT, LATE_MONTHS = "dose_percent", "overlap_percent", "late_months"
TOLERANCES: Final = {DOSE_PERCENT: 20, OVERLAP_PERCENT: 1, LATE_MONTHS: 24}
#: What other books brought along, each lot with its name there, may be so many months old.
IMPORT_MONTHS: Final = 120
#: How the references begin that an import makes of what a row says: they name no other books.
OF_A_SHEET: Final = "sheet-"


class RuleFigure(Record, table=True):
    """One figure, from a day on (None: since ever) to a day (None: until another replaces it).

    `name` is the form of a band, an ingredient, or the name of a tolerance. `value` holds, by kind: {per_unit_g,
    cycles}, {months}, {low, high}, {banned}, {percent}; decimals as text.
    """

    __tablename__ = "rule_figure"
    __table_args__ = (
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to", name="validity"
        ),
        sa.Index("ix_rule_figure_sought", "kind", "crop_id", "name"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"kind", "crop_id", "name", "market", "value", "valid_from", "valid_to", "source", "basis"}
    )

    kind: FigureKind = Field(sa_type=choice(FigureKind))
    crop_id: str | None = Field(default=None, foreign_key="crop.id", max_length=40)
    name: str = Field(default="", max_length=80)
    market: str | None = Field(default=None, max_length=2)
    value: dict[str, Any] = Field(sa_type=Json)
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = Field(default="", max_length=300)
    basis: str = Field(default="", max_length=40)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)


def _decimal(value: Any) -> Any:
    text = str(value).strip().replace(" ", "").replace(",", ".")
    number = (
        Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() and len(text) <= 9 else None
    )
    if number is None:
        raise PydanticCustomError("rules.number", "this is not a number")
    return number


class FigureInput(BaseModel):
    """What an officer may set. Which fields count depends on `kind`; the others stay empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FigureKind
    crop_id: ShortLine | None = None
    name: ShortLine | None = None
    market: Market | None = None
    per_unit_kg: Kilograms | None = None
    cycles: ShortLine | None = None
    months: Annotated[list[Annotated[int, Limit(ge=1, le=12)]], Limit(max_length=12)] = Limit(
        default_factory=list
    )
    low: ShortLine | None = None
    high: ShortLine | None = None
    banned: bool = False
    percent: Annotated[int, Limit(ge=0, le=100)] | None = None
    valid_from: Day
    valid_to: Day | None = None
    source: Annotated[Line, Limit(min_length=5, max_length=300)]


def set_figure(session: Session, actor: Actor, value: FigureInput) -> RuleFigure:
    """An officer sets a figure from a day on. What was judged of earlier days stays as it was judged.

    Raises `RuleBroken`: `access.not_permitted`, `rules.figure_missing`, `rules.figure_order`, `rules.figure_past`,
    `rules.crop_unknown`, `rules.number`.
    """
    actor.must(Permission.SET_RULES)
    if value.valid_from < today():
        raise RuleBroken("rules.figure_past", "valid_from", today=today())
    if value.valid_to is not None and value.valid_to < value.valid_from:
        raise RuleBroken("rules.figure_order", "valid_to")
    if value.crop_id is not None and session.get(Crop, value.crop_id) is None:
        raise RuleBroken("rules.crop_unknown", "crop_id")
    return add_figure(
        session,
        kind=value.kind,
        crop_id=value.crop_id,
        name=value.name or "",
        market=value.market,
        value=_value(value),
        valid_from=value.valid_from,
        valid_to=value.valid_to,
        source=value.source,
        basis="decided",
        by_id=actor.user_id,
        agency_id=actor.agency_id,
    )


def add_figure(session: Session, **columns: Any) -> RuleFigure:
    """Writes a figure down and names the fact; also for the lists that are loaded at the start."""
    made = RuleFigure(**columns)
    session.add(made)
    session.flush()
    session.info.pop("rule_figures", None)
    ledger.record(session, "rule.figure_set", made)
    return made


def load_ingredients(session: Session, actor: Actor, entries: Iterable[dict[str, Any]]) -> int:
    """Takes a dated list of active ingredients in; entries that stand there already stay as they are.

    An entry has `ingredient`, and may have `banned`, `market`, `valid_from`, `valid_to`, `source`, `basis`.
    Answers how many were new.
    """
    actor.must(Permission.SET_RULES)
    statement = select(RuleFigure).where(RuleFigure.kind == FigureKind.INGREDIENT)
    known = {
        (fold(row.name), row.market, row.value.get("banned", False), row.valid_from)
        for row in session.exec(statement).all()
    }
    made = []
    for entry in entries:
        begin = date.fromisoformat(entry["valid_from"]) if entry.get("valid_from") else None
        end = date.fromisoformat(entry["valid_to"]) if entry.get("valid_to") else None
        banned = bool(entry.get("banned", False))
        if (fold(entry["ingredient"]), entry.get("market"), banned, begin) in known:
            continue
        row = RuleFigure(
            kind=FigureKind.INGREDIENT,
            name=str(entry["ingredient"])[:80],
            market=entry.get("market"),
            value={"banned": banned},
            valid_from=begin,
            valid_to=end,
            source=str(entry.get("source", ""))[:300],
            basis=str(entry.get("basis", ""))[:40],
        )
        session.add(row)
        made.append(row)
    session.flush()
    session.info.pop("rule_figures", None)
    if made:
        ledger.record(session, "rule.ingredients_loaded", *made)
    return len(made)


# --- Questions -------------------------------------------------------------------------------------------


def ceiling(session: Session, crop: Crop, day: date) -> Ceiling | None:
    """The yield ceiling of a crop on a day."""
    found = _in_force(session, FigureKind.CEILING, crop.id, "", day)
    stated = Ceiling.of_crop(crop.facts)
    if found is None:
        return stated
    grams = int(found.value["per_unit_g"])
    colonies = stated.of_colonies if stated else False
    return Ceiling(grams, Decimal(found.value.get("cycles") or "1"), colonies, found.source, found.basis)


def season(session: Session, crop: Crop, day: date) -> list[int]:
    """The months in which a crop is harvested, as held on a day; empty where nobody has said."""
    found = _in_force(session, FigureKind.SEASON, crop.id, "", day)
    months = crop.facts.get("harvest_months_allowed") if found is None else found.value.get("months")
    return [int(month) for month in months or ()]


def season_source(session: Session, crop: Crop, day: date) -> str:
    """Where the harvest months that held on a day come from; empty: our own estimate."""
    found = _in_force(session, FigureKind.SEASON, crop.id, "", day)
    if found is not None:
        return found.source
    return str(crop.facts.get("season_source_title") or crop.facts.get("season_source") or "")


def band(session: Session, crop: Crop, form: str, day: date) -> Band | None:
    """The conversion band of a crop's form on a day."""
    found = _in_force(session, FigureKind.BAND, crop.id, form, day)
    if found is None:
        return Band.of_crop(crop.facts, form)
    return Band(Decimal(found.value["low"]), Decimal(found.value["high"]), found.source, found.basis)


def ingredients(session: Session) -> list[Listed]:
    """The dated list of ingredients, all of it: entries say themselves when they hold."""
    return [
        Listed(row.name, bool(row.value.get("banned")), row.valid_from, row.valid_to, row.market)
        for row in _all(session)
        if row.kind is FigureKind.INGREDIENT
    ]


def tolerance(session: Session, name: str, day: date) -> int:
    """A tolerance in percent (or in months, as its name says) on a day."""
    found = _in_force(session, FigureKind.TOLERANCE, None, name, day)
    return TOLERANCES[name] if found is None else int(found.value["percent"])


def months_late(session: Session, day: date, reference: str | None) -> int:
    """How many months late a harvest may be written down: the figure that was set; else more for what has a name in
    other books, which reach further back."""
    if _in_force(session, FigureKind.TOLERANCE, None, LATE_MONTHS, day) is not None:
        return tolerance(session, LATE_MONTHS, day)
    is_taken_over = bool(reference) and not str(reference).startswith(OF_A_SHEET)
    return IMPORT_MONTHS if is_taken_over else TOLERANCES[LATE_MONTHS]


def listed(session: Session, kinds: Iterable[FigureKind]) -> list[RuleFigure]:
    """What was set, the newest first."""
    wanted = select(RuleFigure).where(col(RuleFigure.kind).in_(list(kinds)))
    return list(session.exec(wanted.order_by(col(RuleFigure.created_at).desc(), col(RuleFigure.name))).all())


def _all(session: Session) -> list[RuleFigure]:
    """All figures that were set: few, and read once for each session."""
    found: list[RuleFigure] | None = session.info.get("rule_figures")
    if found is None:
        found = list(session.exec(select(RuleFigure).order_by(col(RuleFigure.created_at))).all())
        session.info["rule_figures"] = found
    return found


def _in_force(
    session: Session, kind: FigureKind, crop_id: str | None, name: str, day: date
) -> RuleFigure | None:
    """The figure with the latest first day that holds on a day."""
    fitting = [
        row
        for row in _all(session)
        if row.kind is kind
        and row.crop_id == crop_id
        and row.name == name
        and (row.valid_from is None or row.valid_from <= day)
        and (row.valid_to is None or day <= row.valid_to)
    ]
    return max(fitting, key=lambda row: (row.valid_from or date.min, row.created_at), default=None)


def _value(value: FigureInput) -> dict[str, Any]:
    def needed(field: str) -> Any:
        found = getattr(value, field)
        if found in (None, "", []):
            raise RuleBroken("rules.figure_missing", field)
        return found

    def number(field: str) -> Decimal:
        try:
            return Decimal(_decimal(needed(field)))
        except PydanticCustomError:
            raise RuleBroken("rules.number", field) from None

    if value.kind in (FigureKind.CEILING, FigureKind.SEASON, FigureKind.BAND):
        needed("crop_id")
    if value.kind is FigureKind.CEILING:
        return {"per_unit_g": int(needed("per_unit_kg")), "cycles": str(number("cycles"))}
    if value.kind is FigureKind.SEASON:
        return {"months": sorted(set(needed("months")))}
    needed("name")
    if value.kind is FigureKind.BAND:
        low, high = number("low"), number("high")
        if low > high:
            raise RuleBroken("rules.figure_order", "high")
        return {"low": str(low), "high": str(high)}
    if value.kind is FigureKind.INGREDIENT:
        return {"banned": value.banned}
    if value.name not in TOLERANCES:
        raise RuleBroken("rules.figure_missing", "name")
    return {"percent": needed("percent")}
