"""Sealing, departing and cancelling an export consignment.

Sealing is the moment that counts: everything is judged once more under lock, lent codes are claimed, the kilograms
leave the stock, and what was looked at is kept. Weeks may lie between the seal and the ship: at the departure it is
judged again whether what was sealed may still go. What was sealed and never left comes back, with its codes.
"""

from typing import Any

from sqlmodel import Session, select

from traceability.domain import (
    code_draws,
    consignment_checks,
    corrections,
    deliveries,
    ledger,
    notices,
    records,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day, now, today
from traceability.domain.consignments import (
    CancelInput,
    Consignment,
    ConsignmentState,
    DepartInput,
    lines_of,
)
from traceability.domain.corrections import CorrectionInput
from traceability.domain.deliveries import ShipInput
from traceability.domain.errors import RuleBroken
from traceability.domain.history import CorrectionReason, EventType, history, standing
from traceability.domain.oversight import agencies_over
from traceability.domain.quantities import Grams, kg_text


def seal(session: Session, actor: Actor, consignment_id: str) -> Consignment:
    """Seals a draft whose lots may all go: lent codes are drawn, kilograms leave the stock, the data used are kept.

    Raises `RuleBroken`: `access.not_permitted`, `consignments.<state>`, `consignments.not_eligible`, and what
    `code_draws.claim` and `deliveries.ship` refuse.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, consignment_id)
    row.must_be(ConsignmentState.DRAFT)
    for batch_id in sorted({line.batch_id for line in lines_of(session, row.id)}):
        records.lock(session, Batch, batch_id)
    judged = consignment_checks.judge(session, row)
    if not judged.passes:
        raise RuleBroken("consignments.not_eligible", None, number=row.number, count=judged.count)
    if judged.house_lent:
        total = sum(lot.line.grams for lot in judged.lots)
        _claim(session, actor, row, row, row.packing_house_code, total, "packing_house_code")
    for lot in judged.lots:
        for code, grams in sorted(_summed(lot.claims).items()):
            _claim(session, actor, row, lot.line, code, grams, None)
        sent = deliveries.ship(
            session,
            actor,
            ShipInput(
                batch_id=lot.batch.id,
                kilograms=Grams(lot.line.grams),
                sent_on=today(),
                customer=row.buyer,
                customer_contact=row.buyer_contact or None,
                market=row.market,
                destination=row.destination or row.port or None,
                transport=row.container_no[:120] or None,
                document_no=row.number,
            ),
        )
        lot.line.delivery_id = sent.id
    row.state, row.sealed_at, row.stopped_by = ConsignmentState.SEALED, now(), ""
    row.judged = _kept(row, judged)
    ledger.record(session, "consignment.sealed", row, *(lot.line for lot in judged.lots))
    total = sum(lot.line.grams for lot in judged.lots)
    for agency in agencies_over(session, row.producer_id, Permission.APPROVE_AREA, Permission.INSPECT):
        notices.post(
            session,
            "consignment_sealed",
            agency_id=agency.id,
            subject=row,
            number=row.number,
            market=row.market,
            sent_g=total,
        )
    return row


def depart(session: Session, actor: Actor, value: DepartInput) -> Consignment:
    """A sealed consignment leaves the country with its phytosanitary certificate.

    Raises `RuleBroken`: `access.not_permitted`, `consignments.<state>`, `consignments.departs_in_future`,
    `consignments.departs_before_seal`, `consignments.phyto_used`, `consignments.stopped_since`.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, value.consignment_id)
    row.must_be(ConsignmentState.SEALED)
    if value.departed_on > today():
        raise RuleBroken("consignments.departs_in_future", "departed_on", today=today())
    sealed = local_day(row.sealed_at) if row.sealed_at is not None else value.departed_on
    if value.departed_on < sealed:
        raise RuleBroken("consignments.departs_before_seal", "departed_on", sealed=sealed)
    same = select(Consignment.id).where(Consignment.phyto_no == value.phyto_no, Consignment.id != row.id)
    if session.exec(same).first():
        raise RuleBroken("consignments.phyto_used", "phyto_no", phyto_no=value.phyto_no)
    for batch_id in sorted({line.batch_id for line in lines_of(session, row.id)}):
        records.lock(session, Batch, batch_id)
    judged = consignment_checks.judge(session, row, value.departed_on)
    if not judged.passes:
        raise RuleBroken("consignments.stopped_since", None, number=row.number, count=judged.count)
    row.state, row.departed_on, row.phyto_no = ConsignmentState.DEPARTED, value.departed_on, value.phyto_no
    row.customs_no = value.customs_no or row.customs_no
    row.port = value.port or row.port
    ledger.record(session, "consignment.departed", row)
    return row


def cancel(session: Session, actor: Actor, value: CancelInput) -> Consignment:
    """A consignment that never left: what was sealed comes back into the stock, and the claims of codes with it.

    Raises `RuleBroken`: `access.not_permitted`, `consignments.<state>`, and what a correction refuses.
    """
    actor.must(Permission.RECORD_EVENTS)
    row = records.lock(session, Consignment, value.consignment_id)
    row.must_be(ConsignmentState.DRAFT, ConsignmentState.SEALED)
    sealed = row.state is ConsignmentState.SEALED
    row.state, row.cancelled_at, row.cancel_reason = ConsignmentState.CANCELLED, now(), value.reason
    session.flush()
    if sealed:
        code_draws.release(session, row)
        for line in sorted(lines_of(session, row.id), key=lambda one: one.batch_id):
            code_draws.release(session, line)
            for event in standing(history(session, line.batch_id)):
                if event.type is not EventType.SHIP or event.delivery_id != line.delivery_id:
                    continue
                never = CorrectionInput(
                    event_id=event.id, reason=CorrectionReason.DID_NOT_OCCUR, explanation=value.reason
                )
                corrections.correct(session, actor, never)
    ledger.record(session, "consignment.cancelled", row)
    return row


def _claim(
    session: Session, actor: Actor, row: Consignment, subject: Any, code: str, grams: int, field: str | None
) -> None:
    code_draws.claim(
        session,
        actor,
        code,
        subject,
        producer_id=row.producer_id,
        grams=grams,
        day=row.leaves_on,
        market=row.market,
        text=row.number,
        field=field,
    )


def _summed(claims: list[tuple[str, int]]) -> dict[str, int]:
    """One claim for each code: two areas may share it."""
    found: dict[str, int] = {}
    for code, grams in claims:
        found[code] = found.get(code, 0) + grams
    return found


def _kept(row: Consignment, judged: consignment_checks.Judgement) -> dict[str, Any]:
    """The data by which it was let go, as they stood at the seal."""
    return {
        "judged_at": now().isoformat(),
        "leaves_on": row.leaves_on.isoformat(),
        "market": row.market,
        **judged.looked_at,
        "lots": [
            {"lot": lot.batch.lot, "batch": lot.batch.id, "weight": kg_text(lot.line.grams), **lot.looked_at}
            for lot in judged.lots
        ],
    }
