"""What a failed laboratory result does (mẫu không đạt): the lots of the plot are held at once, and what left is listed.

A sample speaks for the plot it came from: what was harvested there in the weeks before it and shortly after, and all
that was made of it. The lots are held in the transaction that records the result, as one fact; their producers
and the agencies are told. An agency lets them go again, all together, when it knows better.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, select

from traceability.domain import descent, ledger, notices, oversight, recall_reach, records, rules, suspensions
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.batches import Batch, Origin
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned, beyond_scope
from traceability.domain.recall_reach import Reach
from traceability.domain.records import Record, RecordId, portions
from traceability.domain.suspensions import SuspendedKind, Suspension
from traceability.domain.text import Block

#: Harvests of the plot that a sample speaks for: so many days before it was taken, and after.
DAYS_BEFORE: Final = 30
DAYS_AFTER: Final = 14
#: Who is told, and who may let the lots go again.
TOLD: Final = (Permission.INSPECT, Permission.SAMPLE, Permission.REQUEST_RECALL)


class LabHold(Record, ProducerOwned, table=True):
    """A lot that a failed result reached; without a suspension it was stopped, recalled or closed already."""

    __tablename__ = "lab_hold"
    OPEN: ClassVar[frozenset[str]] = frozenset({"lab_test_id", "batch_id"})

    lab_test_id: str = Field(foreign_key="lab_test.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    suspension_id: str | None = Field(default=None, foreign_key="suspension.id", max_length=16)


class ReleaseHoldInput(BaseModel):
    """Why the lots of a failed sample may go again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lab_test_id: RecordId
    reason: Annotated[Block, Limit(min_length=5, max_length=1000)]


@dataclass(frozen=True)
class Held:
    """What a failed sample reached: the lots within the reader's scope, and all that left, by receiver."""

    holds: list[tuple[LabHold, Batch, bool]]
    reach: Reach


def hold(session: Session, actor: Actor, test: Any, batch: Batch) -> list[LabHold]:
    """Holds the lots that a failed report (a `LabTest`) speaks for. Called by the use case that records it.

    A lot that is stopped already stays as it is; a closed one is held too: its stamps are still out there.
    """
    plots = _plots(session, batch)
    since = test.sampled_on - timedelta(days=DAYS_BEFORE)
    until = test.sampled_on + timedelta(days=DAYS_AFTER)
    agencies = oversight.agencies_over(session, batch.producer_id, *TOLD)
    # An agency answers for the hold and may lift it, also where the producer itself sent the report in.
    placing = replace(actor, agency_id=actor.agency_id or next((one.id for one in agencies), None))
    made: list[LabHold] = []
    with beyond_scope(session):  # what was made of the lots may be anybody's
        for reached in _locked(session, batch.id, plots, since, until):
            suspension_id = None
            if reached.may_move or reached.state.value == "closed":
                reason = _reason(test.report_no, test.laboratory)
                suspension_id = suspensions.place(session, placing, SuspendedKind.BATCH, reached, reason).id
            row = LabHold(
                producer_id=reached.producer_id,
                lab_test_id=test.id,
                batch_id=reached.id,
                suspension_id=suspension_id,
            )
            session.add(row)
            made.append(row)
        session.flush()
        ledger.record(session, "lab_test.held", *made, tenant=batch.producer_id, lots=len(made))
        _tell(session, test, batch, made)
    return made


def hold_late(session: Session, subject: Record, act: str) -> None:
    """A harvest that is written down only after the sample of its plot failed is held like the others.

    Called after each act was judged. Only while an agency has not let the other lots of the plot go.
    """
    if (
        act != "register"
        or not isinstance(subject, Batch)
        or subject.area_id is None
        or subject.harvested_on is None
    ):
        return
    tests = LabHold.metadata.tables["lab_test"]
    first, last = (
        subject.harvested_on - timedelta(days=DAYS_AFTER),
        subject.harvested_on + timedelta(days=DAYS_BEFORE),
    )
    statement = (
        select(LabHold, Suspension, tests.c.report_no, tests.c.laboratory)
        .join(Batch, col(Batch.id) == LabHold.batch_id)
        .join(Suspension, col(Suspension.id) == LabHold.suspension_id)
        .join(tests, tests.c.id == LabHold.lab_test_id)
        .where(Batch.area_id == subject.area_id, col(Suspension.lifted_at).is_(None))
        .where(tests.c.sampled_on >= first, tests.c.sampled_on <= last)
        .order_by(col(LabHold.created_at))
    )
    found = session.exec(statement).first()
    if found is None:
        return
    earlier, suspension, report_no, laboratory = found
    placing = replace(SYSTEM, agency_id=suspension.agency_id)
    placed = suspensions.place(session, placing, SuspendedKind.BATCH, subject, _reason(report_no, laboratory))
    row = LabHold(
        producer_id=subject.producer_id,
        lab_test_id=earlier.lab_test_id,
        batch_id=subject.id,
        suspension_id=placed.id,
    )
    session.add(row)
    session.flush()
    ledger.record(session, "lab_test.held", row, lots=1)


rules.attend(hold_late)


def _reason(report_no: str, laboratory: str) -> str:
    """What the producer reads about the hold."""
    return f"Mẫu kiểm nghiệm không đạt: {report_no}, {laboratory}"[:400]


def release(session: Session, actor: Actor, value: ReleaseHoldInput) -> list[LabHold]:
    """An agency lets all lots go that a failed sample held, with a reason.

    Raises `RuleBroken`: `access.not_permitted`, `failed_samples.nothing_held`, `oversight.other_agency`.
    """
    actor.must(Permission.INSPECT)
    rows = [row for row in of_test(session, value.lab_test_id) if row.suspension_id is not None]
    open_ids = suspensions.held(session, SuspendedKind.BATCH, [row.batch_id for row in rows])
    rows = sorted((row for row in rows if row.batch_id in open_ids), key=lambda row: row.batch_id)
    if not rows:
        raise RuleBroken("failed_samples.nothing_held")
    for row in rows:
        batch = records.lock(session, Batch, row.batch_id)
        lifted = suspensions.release(session, actor, SuspendedKind.BATCH, batch, value.reason)
        suspensions.tell(session, "lifted", lifted, batch, name=batch.lot, reason=value.reason)
    return rows


def of_test(session: Session, lab_test_id: str) -> list[LabHold]:
    """The lots within the scope that a result reached."""
    statement = select(LabHold).where(LabHold.lab_test_id == lab_test_id)
    return list(session.exec(statement.order_by(col(LabHold.created_at), LabHold.id)).all())


def look(session: Session, lab_test_id: str) -> Held:
    """What a failed result reached, and what had left already: receivers with kilograms, stamps by state."""
    rows = of_test(session, lab_test_id)
    lots = {
        batch.id: batch
        for portion in portions([row.batch_id for row in rows])
        for batch in session.exec(select(Batch).where(col(Batch.id).in_(portion))).all()
    }
    still = suspensions.held(session, SuspendedKind.BATCH, list(lots))
    holds = [(row, lots[row.batch_id], row.batch_id in still) for row in rows if row.batch_id in lots]
    return Held(holds, recall_reach.measure(session, sorted(lots)) if lots else Reach([], [], {}))


def _plots(session: Session, batch: Batch) -> set[str]:
    """The growing areas from which a batch comes."""
    with beyond_scope(session):
        ids = [batch.id, *descent.ancestors(session, batch.id)]
        found: set[str] = set()
        for portion in portions(ids):
            statement = select(Batch.area_id).where(
                col(Batch.id).in_(portion), Batch.origin == Origin.HARVEST
            )
            found |= {area_id for area_id in session.exec(statement).all() if area_id}
    return found


def _locked(session: Session, batch_id: str, plots: set[str], since: date, until: date) -> list[Batch]:
    """The lots of the plots in the window and all that was made of them, locked in the order of their ids."""
    roots = select(Batch.id).where(
        (col(Batch.id) == batch_id)
        | (
            col(Batch.area_id).in_(plots)
            & (col(Batch.origin) == Origin.HARVEST)
            & (col(Batch.harvested_on) >= since)
            & (col(Batch.harvested_on) <= until)
        )
    )
    found: list[Batch] = []
    for portion in portions(sorted(descent.reached_from(session, roots)), 500):
        statement = select(Batch).where(col(Batch.id).in_(portion)).order_by(col(Batch.id))
        locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        found += session.exec(locked).all()
    return found


def _tell(session: Session, test: Any, batch: Batch, made: list[LabHold]) -> None:
    """A notice to each owner of a lot that was reached, to each producer who has some of one in its stock, and to the
    agencies over all of them."""
    lots: dict[str, int] = defaultdict(int)
    for row in made:
        lots[row.producer_id] += row.suspension_id is not None
    facts = {"lot": batch.lot, "report_no": test.report_no}
    for producer_id, count in lots.items():
        notices.post(session, "sample_failed", producer_id=producer_id, subject=test, count=count, **facts)
    received = {}
    for receiver in recall_reach.measure(session, sorted(row.batch_id for row in made)).receivers:
        if receiver.to_producer_id is not None:
            delivery = records.find(session, Delivery, receiver.deliveries[0])
            received[receiver.to_producer_id] = delivery
    for producer_id, delivery in sorted(received.items()):  # the report is not theirs to read: their stock is
        notices.post(session, "sample_failed_received", producer_id=producer_id, subject=delivery, **facts)
    agencies = {
        agency.id
        for producer_id in sorted({batch.producer_id, *lots, *received})
        for agency in oversight.agencies_over(session, producer_id, *TOLD)
    }
    for agency_id in sorted(agencies):
        notices.post(
            session, "sample_failed_there", agency_id=agency_id, subject=test, count=len(made), **facts
        )
