"""Writing in the farm diary: an entry, its correction, what it draws from the store, and what it means for harvests."""

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import batch_locks, descent, ledger, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.amounts import amount_text
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import today
from traceability.domain.diary import WITH_INPUT, DiaryCorrectionInput, DiaryEntry, DiaryInput
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.farm_inputs import FarmInput, InputLot
from traceability.domain.history import CorrectionReason, signature
from traceability.domain.quantities import ha_text
from traceability.domain.records import Record
from traceability.domain.treatments import LONGEST_INTERVAL

#: So many harvests are read at a time.
_PORTION = 200


def record(session: Session, actor: Actor, value: DiaryInput) -> DiaryEntry:
    """Writes an entry, draws what was used from the store, and judges the harvests that it bears on.

    What the device sent already (`external_ref`) is answered, not written again.

    Raises `RuleBroken`: `access.not_permitted`, `diary.area_unknown`, `areas.withdrawn`, `diary.in_future`,
    `diary.too_old`, `diary.ref_used`, `diary.input_unexpected`, `diary.lot_unknown`, `diary.other_measure`,
    `diary.not_yet_received`, `diary.lot_expired`, `diary.stock_exceeded`, `diary.interval_shorter`,
    `diary.more_than_area`.
    """
    actor.must(Permission.RECORD_EVENTS)
    area = _area(session, value.area_id)
    known = _sent_before(session, area.producer_id, value)
    if known is not None:
        return known
    lot = _lot(session, value)
    made = DiaryEntry(
        producer_id=area.producer_id,
        external_ref=value.external_ref,
        **_columns(session, actor, area, value, lot),
    )
    for column, content in signature(actor).items():
        setattr(made, column, content)
    written: list[Record] = [made]
    if lot is not None:
        _draw(session, actor, lot, made)
        written.append(lot)
    session.add(made)
    session.flush()
    ledger.record(session, "diary.entered", *written)
    _judge(session, (area.id, made.done_on))
    return made


def correct(session: Session, actor: Actor, value: DiaryCorrectionInput) -> DiaryEntry:
    """Puts another entry in the place of a wrong one, which stays to be read; the store is settled with it.

    Raises as `record`, and `RuleBroken`: `diary.entry_unknown`, `diary.corrected_already`.
    """
    actor.must(Permission.RECORD_EVENTS)
    try:
        wrong = records.lock(session, DiaryEntry, value.entry_id)
    except NotFound:
        raise RuleBroken("diary.entry_unknown", "entry_id") from None
    newer = select(DiaryEntry.id).where(DiaryEntry.corrects_id == wrong.id)
    if wrong.correction_reason is CorrectionReason.DID_NOT_OCCUR or session.exec(newer).first():
        raise RuleBroken("diary.corrected_already", None)
    never = value.reason is CorrectionReason.DID_NOT_OCCUR
    area = _area(session, wrong.area_id if never else value.area_id)
    lots = _locked(session, {wrong.input_lot_id, None if never else value.input_lot_id})
    if never:
        said: dict[str, Any] = {"area_id": wrong.area_id, "done_on": wrong.done_on, "task": wrong.task}
    else:
        said = _columns(session, actor, area, value, lots.get(value.input_lot_id or ""))
    right = DiaryEntry(
        producer_id=wrong.producer_id,
        corrects_id=wrong.id,
        correction_reason=value.reason,
        explanation=value.explanation,
        **(said | signature(actor)),
    )
    session.add(right)  # from here on the wrong entry draws nothing any more
    for lot in lots.values():
        _must_suffice(session, actor, lot, right, leaving=wrong)
    session.flush()
    ledger.record(session, "diary.corrected", right, *lots.values())
    _judge(session, (wrong.area_id, wrong.done_on), (right.area_id, right.done_on))
    return right


def left_on(session: Session, lot: InputLot, day: date, besides: frozenset[str] = frozenset()) -> int:
    """The most of a lot that may still be used on a day, so that no later day ends below zero; in thousandths."""
    statement = select(DiaryEntry).where(DiaryEntry.input_lot_id == lot.id)
    wrong = select(DiaryEntry.corrects_id).where(col(DiaryEntry.corrects_id).is_not(None))
    entries = session.exec(statement.where(col(DiaryEntry.id).not_in(wrong))).all()
    drawn = [(entry.done_on, entry.drawn_q or 0) for entry in entries if entry.id not in besides]
    days = [day, *(used_on for used_on, _q in drawn if used_on > day)]
    return min(lot.received_q - sum(q for used_on, q in drawn if used_on <= end) for end in days)


def _area(session: Session, area_id: str) -> GrowingArea:
    try:
        area = records.find(session, GrowingArea, area_id)
    except NotFound:
        raise RuleBroken("diary.area_unknown", "area_id") from None
    if area.state is AreaState.WITHDRAWN:
        raise RuleBroken("areas.withdrawn", "area_id", name=area.name)
    return area


def _sent_before(session: Session, producer_id: str, value: DiaryInput) -> DiaryEntry | None:
    if value.external_ref is None:
        return None
    statement = select(DiaryEntry).where(
        DiaryEntry.producer_id == producer_id, DiaryEntry.external_ref == value.external_ref
    )
    known = session.exec(statement).first()
    if known is not None and (known.area_id, known.done_on, known.task) != (
        value.area_id,
        value.done_on,
        value.task,
    ):
        raise RuleBroken("diary.ref_used", None)
    return known


def _lot(session: Session, value: DiaryInput) -> InputLot | None:
    if value.input_lot_id is None:
        return None
    return _locked(session, {value.input_lot_id})[value.input_lot_id]


def _locked(session: Session, ids: set[str | None]) -> dict[str, InputLot]:
    """The lots, locked in the order of their ids."""
    try:
        return {key: records.lock(session, InputLot, key) for key in sorted(key for key in ids if key)}
    except NotFound:
        raise RuleBroken("diary.lot_unknown", "input_lot_id") from None


def _columns(
    session: Session, actor: Actor, area: GrowingArea, value: DiaryInput, lot: InputLot | None
) -> dict[str, Any]:
    """What the entry says, with what the label of the product used said on that day."""
    if value.done_on > today():
        raise RuleBroken("diary.in_future", "done_on", today=today())
    if value.done_on < today() - timedelta(days=10 * LONGEST_INTERVAL):
        raise RuleBroken("diary.too_old", "done_on")
    given = lot is not None or value.substance is not None or value.input_kind is not None
    if given and value.task not in WITH_INPUT:
        raise RuleBroken("diary.input_unexpected", "task")
    same = ("done_on", "task", "plot", "household", "season", "growth_stage", "pest", "pest_level", "dose")
    more = ("water_l", "method", "operator", "weather", "buyer", "disposal", "note", "reentry_hours")
    columns: dict[str, Any] = {
        name: text
        for name in (
            *same,
            *more,
            "interval_days",
            "input_kind",
            "substance",
            "active_ingredient",
            "registration_no",
        )
        if (text := getattr(value, name)) is not None
    }
    columns["area_id"] = area.id
    columns["treated_m2"] = int(value.treated_ha) if value.treated_ha else None
    whole_m2 = max(area.declared_m2, area.computed_m2)
    if value.treated_ha and int(value.treated_ha) > whole_m2:
        treated, whole = (ha_text(m2, actor.language) for m2 in (int(value.treated_ha), whole_m2))
        raise RuleBroken("diary.more_than_area", "treated_ha", treated=treated, whole=whole, area=area.name)
    columns["harvested_g"] = int(value.harvested_kg) if value.harvested_kg else None
    if value.amount is not None:
        columns |= {"drawn_q": value.amount.thousandths, "measure": value.amount.measure}
    if lot is not None:
        columns |= _from_store(session, area, value, lot)
    return columns


def _from_store(session: Session, area: GrowingArea, value: DiaryInput, lot: InputLot) -> dict[str, Any]:
    """What a lot tells of itself, however the form was filled. A longer interval than the label's may be written."""
    product = records.find(session, FarmInput, lot.farm_input_id)
    if value.amount is not None and value.amount.measure is not product.measure:
        raise RuleBroken("diary.other_measure", "amount", name=product.name)
    if value.done_on < lot.received_on:
        raise RuleBroken("diary.not_yet_received", "done_on", name=product.name, received=lot.received_on)
    if lot.expires_on is not None and lot.expires_on < value.done_on:
        raise RuleBroken(
            "diary.lot_expired", "input_lot_id", name=product.name, lot=lot.lot or "–", expired=lot.expires_on
        )
    label = product.interval_for(area.crop_id)
    if label is not None and value.interval_days is not None and value.interval_days < label:
        raise RuleBroken("diary.interval_shorter", "interval_days", name=product.name, days=label)
    interval = value.interval_days if value.interval_days is not None else label
    return {
        "input_lot_id": lot.id,
        "input_kind": product.kind,
        "substance": product.name,
        "active_ingredient": product.active_ingredient,
        "registration_no": product.registration_no,
        "interval_days": interval,
        "reentry_hours": value.reentry_hours if value.reentry_hours is not None else product.reentry_hours,
    }


def _draw(session: Session, actor: Actor, lot: InputLot, entry: DiaryEntry) -> None:
    """Takes from the store what an entry used: never more than was there on the day, nor than later days need."""
    drawn = entry.drawn_q or 0
    left = left_on(session, lot, entry.done_on)
    if drawn > left:
        _refuse_stock(session, actor, lot, left, entry.done_on)
    lot.left_q -= drawn


def _must_suffice(
    session: Session, actor: Actor, lot: InputLot, right: DiaryEntry, leaving: DiaryEntry
) -> None:
    """Settles a lot after a correction: without what the wrong entry drew, with what the right one draws."""
    drawn = (right.drawn_q or 0) if right.input_lot_id == lot.id else 0
    returned = (leaving.drawn_q or 0) if leaving.input_lot_id == lot.id else 0
    with session.no_autoflush:
        left = left_on(session, lot, right.done_on, frozenset({leaving.id, right.id}))
    if drawn > left:
        _refuse_stock(session, actor, lot, left, right.done_on)
    lot.left_q += returned - drawn


def _refuse_stock(session: Session, actor: Actor, lot: InputLot, left: int, day: date) -> None:
    product = records.find(session, FarmInput, lot.farm_input_id)
    text = amount_text(max(0, left), product.measure, actor.language)
    raise RuleBroken(
        "diary.stock_exceeded", "amount", name=product.name, lot=lot.lot or "–", left=text, day=day
    )


def _judge(session: Session, *places: tuple[str, date]) -> None:
    """A late entry may show that a harvest came too early: those that it bears on are judged again.

    Locked before they are judged: the harvests with what was made of them by id, then the areas, as whoever registers
    or corrects a harvest does. A harvest of the same moment either waits for the area and then reads the entry, or is
    waited for and judged here.
    """

    def walk() -> list[str]:
        found = {key for area_id, day in places for key in _harvests(session, area_id, day)}
        return descent.fed_by_any(session, found)

    batch_locks.hold(session, walk, areas=[area_id for area_id, _day in places])
    ids = sorted({key for area_id, day in places for key in _harvests(session, area_id, day)})
    for portion in records.portions(ids, _PORTION):
        statement = select(Batch).where(col(Batch.id).in_(portion)).order_by(col(Batch.id))
        for batch in session.exec(statement.execution_options(populate_existing=True)).all():
            rules.judge(session, batch, "record")


def _harvests(session: Session, area_id: str, done_on: date) -> list[str]:
    """The ids of the harvests of an area that an entry of a day may bear on."""
    statement = select(Batch.id).where(
        Batch.area_id == area_id,
        col(Batch.harvested_on) >= done_on,
        col(Batch.harvested_on) <= done_on + timedelta(days=LONGEST_INTERVAL),
        Batch.origin == Origin.HARVEST,
    )
    return list(session.exec(statement).all())
