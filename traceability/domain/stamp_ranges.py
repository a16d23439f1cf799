"""Cutting the ranges of an order, so that a part of a run of stamps can change its state.

Ranges never overlap and always add up to what was ordered: a cut moves the ends of one row and adds others beside it,
each with the state of the whole. A suspension of the whole goes on for each of its parts.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from traceability.domain import ledger, records
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.domain.suspensions import SuspendedKind, Suspension


def of_order(session: Session, order_id: str) -> list[StampRange]:
    """The ranges of an order, by their first serial."""
    statement = select(StampRange).where(StampRange.order_id == order_id)
    return list(session.exec(statement.order_by(col(StampRange.first_serial))).all())


def holding(session: Session, epoch: int, serial: int) -> StampRange:
    """The range in which a serial lies, within the scope. Raises `NotFound`."""
    statement = (
        select(StampRange)
        .where(StampRange.epoch_number == epoch, col(StampRange.first_serial) <= serial)
        .where(col(StampRange.last_serial) >= serial)
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound("StampRange", f"{epoch}.{serial}")
    return found


def locked(session: Session, order_id: str) -> list[StampRange]:
    """The ranges of an order as they stand now; nobody else changes them until this transaction ends.

    Lock the order first, so that all who change its ranges follow each other.
    """
    statement = select(StampRange).where(StampRange.order_id == order_id)
    return list(
        session.exec(
            statement.order_by(col(StampRange.first_serial))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).all()
    )


def carve(session: Session, order_id: str, first: int, last: int) -> StampRange:
    """Cuts so that exactly one row covers the serials first..last, and answers it. See `carve_all`.

    Raises `RuleBroken` ("stamp_ranges.several") where the serials stand in several ranges.
    """
    found = carve_all(session, order_id, first, last)
    if len(found) > 1:
        raise RuleBroken("stamp_ranges.several", count=len(found))
    return found[0]


def carve_all(session: Session, order_id: str, first: int, last: int) -> list[StampRange]:
    """Cuts so that whole rows cover exactly the serials first..last (both included), and answers them in order.

    The order is locked first, so that two cuts of one order follow each other. A cut is a fact of its own
    (`stamp_range.cut`); what becomes of the parts is for the caller to say. Raises `NotFound` for a foreign order, and
    `RuleBroken` ("stamp_ranges.outside_order") for serials that are not all of the order.
    """
    order = records.lock(session, StampOrder, order_id)
    inside = order.first_serial <= first <= last < order.first_serial + order.quantity
    if not inside:
        raise RuleBroken("stamp_ranges.outside_order", number=order.number)
    session.flush()
    statement = (
        select(StampRange)
        .where(StampRange.order_id == order_id)
        .where(col(StampRange.first_serial) <= last, col(StampRange.last_serial) >= first)
        .order_by(col(StampRange.first_serial))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = list(session.exec(statement).all())
    if found[0].first_serial < first:
        found[0] = _cut_before(session, found[0], first)
    if found[-1].last_serial > last:
        _cut_before(session, found[-1], last + 1)
    return found


def _cut_before(session: Session, whole: StampRange, serial: int) -> StampRange:
    """Ends a range before a serial; the rest becomes a range of its own, which is answered."""
    rest = StampRange(
        producer_id=whole.producer_id,
        order_id=whole.order_id,
        batch_id=whole.batch_id,
        epoch_number=whole.epoch_number,
        first_serial=serial,
        last_serial=whole.last_serial,
        state=whole.state,
        state_before=whole.state_before,
        void_reason=whole.void_reason,
        note=whole.note,
        activated_at=whole.activated_at,
    )
    whole.last_serial = serial - 1
    session.flush()  # the end is free again before the rest takes it
    session.add(rest)
    session.flush()
    copies = _carry_on(session, whole, rest) if whole.state is RangeState.SUSPENDED else []
    ledger.record(session, "stamp_range.cut", whole, rest, *copies)
    return rest


def _carry_on(session: Session, whole: StampRange, rest: StampRange) -> list[Suspension]:
    """The open suspension of a range also holds for the part that was cut off."""
    statement = select(Suspension).where(
        Suspension.subject_kind == SuspendedKind.STAMP_RANGE,
        Suspension.subject_id == whole.id,
        col(Suspension.lifted_at).is_(None),
    )
    copies = [_copy(suspension, rest.id, suspension.at) for suspension in session.exec(statement).all()]
    session.add_all(copies)
    session.flush()
    return copies


def _copy(suspension: Suspension, subject_id: str, at: datetime) -> Suspension:
    return Suspension(
        producer_id=suspension.producer_id,
        subject_kind=suspension.subject_kind,
        subject_id=subject_id,
        reason=suspension.reason,
        agency_id=suspension.agency_id,
        by_id=suspension.by_id,
        at=at,
    )
