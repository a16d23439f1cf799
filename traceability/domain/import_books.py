"""What can be imported from a sheet: harvests, which become batches, and entries of the farm diary."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlmodel import Session, col, select

from traceability.domain import area_codes, areas, batches, diary_entries, products
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch, HarvestInput, Origin
from traceability.domain.clock import today
from traceability.domain.diary import DiaryEntry, DiaryInput, standing
from traceability.domain.errors import RuleBroken
from traceability.domain.farm_inputs import FarmInput, InputLot, lot_name
from traceability.domain.history import CorrectionReason, Event, EventType, beginning
from traceability.domain.imports import Book, Unreadable, unreadable
from traceability.domain.key_data import KEY_DATA
from traceability.domain.records import ID_LENGTH
from traceability.domain.text import fold

ELEMENTS = KEY_DATA[EventType.HARVEST]
#: An id that an input class takes; of nothing.
_SOME_ID = "0" * ID_LENGTH


def _today() -> str:
    return today().isoformat()


class Grounds:
    """The producer's growing areas by name and by code, however they are typed."""

    def __init__(self, session: Session, tenant: str) -> None:
        found = areas.all_of(session, tenant)
        self._by_name: dict[str, set[str]] = {}
        self._by_code: dict[str, set[str]] = {}
        for area in found:
            self._by_name.setdefault(fold(area.name), set()).add(area.id)
        for area_id, codes in areas.codes_of(session, [area.id for area in found]).items():
            for code in codes:
                self._by_code.setdefault(area_codes.lookup_key(code.code), set()).add(area_id)

    def area_id(self, text: str) -> str:
        """The area of this name or code. Raises `RuleBroken`: `imports.area_missing`, `_unknown`, `_twice`."""
        if not text.strip():
            raise RuleBroken("imports.area_missing", "area")
        named = self._by_name.get(fold(text)) or self._by_code.get(area_codes.lookup_key(text[:80]), set())
        if len(named) != 1:
            raise RuleBroken(
                "imports.area_twice" if named else "imports.area_unknown", "area", written=text[:80]
            )
        return next(iter(named))


I = TypeVar("I", bound=BaseModel)  # noqa: E741 - the input class


def _read(kind: type[I], said: dict[str, Any], names: Mapping[str, Callable[[], str]]) -> I:
    """The input that a row's texts and names make. Raises `Unreadable` with everything that is wrong with them."""
    wrong: list[RuleBroken] = []
    for field, find in names.items():
        try:
            said[field] = find()
        except RuleBroken as refusal:
            wrong.append(refusal)
            said[field] = _SOME_ID
    try:
        value = kind.model_validate(said)
    except ValidationError as error:
        wrong += unreadable(error)
    if wrong:
        raise Unreadable(wrong)
    return value


class HarvestBook(Book[HarvestInput, Batch]):
    """Harvests: what `batches.register` takes."""

    COLUMNS = (
        "product", "area", "harvested_on", "kilograms", "lot", "area_code", "picker", "note", "external_ref",
        *ELEMENTS,
    )  # fmt: skip
    REQUIRED = frozenset({"product", "area", "harvested_on", "kilograms"})
    CALLED = {"product_id": "product", "area_id": "area", "harvested_at": "harvested_on"}
    HARMLESS = {
        "harvested_on": {"harvested_on": _today},
        "kilograms": {"kilograms": "1"},
        **{name: {name: ""} for name in ("lot", "area_code", "picker", "note", "external_ref", *ELEMENTS)},
    }
    DAY = "harvested_on"
    WHATEVER_DAY = frozenset({"lot", "external_ref"})

    def __init__(self, session: Session, tenant: str) -> None:
        super().__init__(session, tenant)
        self._grounds = Grounds(session, tenant)
        self._products: dict[str, set[str]] = {}
        for product in products.all_of(session, tenant):
            for key in {fold(product.code), fold(product.name), fold(product.gtin or "")} - {""}:
                self._products.setdefault(key, set()).add(product.id)

    def value(self, values: Mapping[str, str]) -> HarvestInput:
        said: dict[str, Any] = {
            name: text
            for name in ("kilograms", "lot", "area_code", "picker", "note", "external_ref")
            if (text := values.get(name, "").strip())
        }
        said |= _day_and_time(values.get("harvested_on", ""))
        said["details"] = {name: values[name] for name in ELEMENTS if values.get(name, "").strip()}
        names = {
            "product_id": lambda: self._product_id(values.get("product", "")),
            "area_id": lambda: self._grounds.area_id(values.get("area", "")),
        }
        return _read(HarvestInput, said, names)

    def _product_id(self, text: str) -> str:
        if not text.strip():
            raise RuleBroken("imports.product_missing", "product")
        named = self._products.get(fold(text), set())
        if len(named) != 1:
            code = "imports.product_twice" if named else "imports.product_unknown"
            raise RuleBroken(code, "product", written=text[:80])
        return next(iter(named))

    def standing(self, value: HarvestInput, reference: str, besides: set[str]) -> Batch | None:
        own = select(Batch).where(Batch.producer_id == self.tenant, col(Batch.id).not_in(besides))
        named = self.session.exec(own.where(Batch.external_ref == reference)).first()
        if named is not None:  # a reference of the sheet's own for other goods is refused by the use case
            same = value.external_ref is None or _is_same(named, value)
            return named if same else None
        alike = own.where(
            Batch.product_id == value.product_id,
            Batch.area_id == value.area_id,
            Batch.harvested_on == value.harvested_on,
            Batch.made_g == int(value.kilograms),
            Batch.origin == Origin.HARVEST,
        ).order_by(col(Batch.created_at))
        if value.external_ref is not None:
            alike = alike.where(col(Batch.external_ref).is_(None))
        if value.lot is not None:
            alike = alike.where(Batch.lot == value.lot)
        return self.session.exec(alike).first()

    def make(self, actor: Actor, value: HarvestInput) -> Batch:
        return batches.register(self.session, actor, value)

    def name(self, record: Batch) -> str:
        return record.lot


def harvests(session: Session, producer_id: str) -> list[tuple[Batch, Event]]:
    """The producer's harvests with the event of each as it holds now, in the order in which they were recorded."""
    own = select(Batch).where(Batch.producer_id == producer_id, Batch.origin == Origin.HARVEST)
    found = session.exec(own.order_by(col(Batch.created_at), col(Batch.id))).all()
    of_batch: dict[str, list[Event]] = {batch.id: [] for batch in found}
    events = select(Event).where(Event.producer_id == producer_id, Event.type == EventType.HARVEST)
    for event in session.exec(events).all():
        if event.batch_id in of_batch:
            of_batch[event.batch_id].append(event)
    return [(batch, beginning(of_batch[batch.id])) for batch in found if of_batch[batch.id]]


def _is_same(batch: Batch, value: HarvestInput) -> bool:
    return (batch.product_id, batch.area_id, batch.harvested_on) == (
        value.product_id,
        value.area_id,
        value.harvested_on,
    ) and value.lot in (None, batch.lot)


def _day_and_time(text: str) -> dict[str, str]:
    """A day, or a day with a time (`24/11/2026 07:30`), as the two fields of the form."""
    day, _mark, clock = text.strip().replace("T", " ").partition(" ")
    said = {"harvested_on": day} if day else {}
    return said | ({"harvested_at": text.strip()} if clock.strip() else {})


class DiaryBook(Book[DiaryInput, DiaryEntry]):
    """Entries of the farm diary: what `diary_entries.record` takes. An exported diary comes back: lines that were
    corrected since, and declarations that something never happened, are left out."""

    _TEXTS = (
        "done_on", "task", "plot", "household", "season", "growth_stage", "pest", "pest_level", "input_kind",
        "substance", "active_ingredient", "registration_no", "dose", "amount", "water_l", "treated_ha", "method",
        "operator", "interval_days", "weather", "harvested_kg", "buyer", "disposal", "note",
    )  # fmt: skip
    COLUMNS = ("area", *_TEXTS, "input_lot", "external_ref", "state")
    REQUIRED = frozenset({"area", "done_on", "task"})
    CALLED = {"area_id": "area", "input_lot_id": "input_lot"}
    #: what is drawn from the store is refused and left out as a whole
    HARMLESS = {
        "done_on": {"done_on": _today},
        **{name: {name: ""} for name in _TEXTS if name not in ("done_on", "task")},
        "amount": {"amount": "", "input_lot": ""},
        "input_lot": {"amount": "", "input_lot": ""},
        "external_ref": {"external_ref": ""},
    }
    DAY = "done_on"
    WHATEVER_DAY = frozenset({"task", "treated_ha", "interval_days", "external_ref"})
    #: what the column `state` says of a line that no longer holds
    GONE = frozenset({"corrected", "never"})

    def __init__(self, session: Session, tenant: str) -> None:
        super().__init__(session, tenant)
        self._grounds = Grounds(session, tenant)
        statement = select(InputLot, FarmInput).join(FarmInput, col(FarmInput.id) == InputLot.farm_input_id)
        self._lots: dict[tuple[str, str], set[str]] = {}
        for lot, product in session.exec(statement.where(InputLot.producer_id == tenant)).all():
            key = fold(product.name), fold(lot_name(lot))
            self._lots.setdefault(key, set()).add(lot.id)

    def left_out(self, values: Mapping[str, str]) -> bool:
        return values.get("state") in self.GONE

    def value(self, values: Mapping[str, str]) -> DiaryInput:
        said: dict[str, Any] = {name: text for name in self._TEXTS if (text := values.get(name, "").strip())}
        if values.get("external_ref", "").strip():
            said["external_ref"] = values["external_ref"]
        names = {"area_id": lambda: self._grounds.area_id(values.get("area", ""))}
        if values.get("input_lot", "").strip():
            names["input_lot_id"] = lambda: self._lot_id(values.get("substance", ""), values["input_lot"])
        return _read(DiaryInput, said, names)

    def _lot_id(self, substance: str, lot: str) -> str:
        named = self._lots.get((fold(substance), fold(lot)), set())
        if len(named) != 1:
            code = "imports.lot_twice" if named else "imports.lot_unknown"
            raise RuleBroken(code, "input_lot", lot=lot[:80], name=substance[:80] or "–")
        return next(iter(named))

    def standing(self, value: DiaryInput, reference: str, besides: set[str]) -> DiaryEntry | None:
        own = select(DiaryEntry).where(
            DiaryEntry.producer_id == self.tenant, col(DiaryEntry.id).not_in(besides)
        )
        named = self.session.exec(own.where(DiaryEntry.external_ref == reference)).first()
        if named is not None:
            same = (named.area_id, named.done_on, named.task) == (value.area_id, value.done_on, value.task)
            return named if same else None  # the use case says that the reference is used
        if value.external_ref is not None:
            own = own.where(col(DiaryEntry.external_ref).is_(None))
        that_day = own.where(
            DiaryEntry.area_id == value.area_id,
            DiaryEntry.done_on == value.done_on,
            DiaryEntry.task == value.task,
        ).order_by(col(DiaryEntry.created_at), col(DiaryEntry.id))
        found = standing(self.session.exec(that_day).all())
        return next((entry for entry in found if _says_the_same(entry, value)), None)

    def is_declared_never(self, record: DiaryEntry) -> bool:
        """Follows its corrections to the one that holds."""
        last: DiaryEntry | None = record
        while last is not None:
            record = last
            last = self.session.exec(select(DiaryEntry).where(DiaryEntry.corrects_id == record.id)).first()
        return record.correction_reason is CorrectionReason.DID_NOT_OCCUR

    def make(self, actor: Actor, value: DiaryInput) -> DiaryEntry:
        return diary_entries.record(self.session, actor, value)

    def name(self, record: DiaryEntry) -> str:
        return record.done_on.isoformat()


def _says_the_same(entry: DiaryEntry, value: DiaryInput) -> bool:
    """Whether an entry says what a row says. What comes from the label of a product need not stand in the row."""
    texts = ("plot", "household", "season", "growth_stage", "pest", "dose", "operator", "buyer", "note")
    drawn = value.amount.thousandths if value.amount else None
    return (
        all(getattr(entry, name) == (getattr(value, name) or "") for name in texts)
        and entry.drawn_q == drawn
        and entry.water_l == value.water_l
        and entry.harvested_g == (int(value.harvested_kg) if value.harvested_kg else None)
        and entry.treated_m2 == (int(value.treated_ha) if value.treated_ha else None)
        and (value.substance is None or entry.substance == value.substance)
        and value.input_lot_id in (None, entry.input_lot_id)
    )
