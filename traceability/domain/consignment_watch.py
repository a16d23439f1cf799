"""Consignments that have not left yet are judged again when what they were judged by changes: limits, codes, houses.

What a seal was given by is kept with the consignment (`judged`). Here the verdict for its day and that day's list of
its market are held against it; whoever answers for the goods is told once of each change, and when nothing speaks
against it any more. A suspension tells at once of what it stops. Nothing is stopped here: the departure asks again by
itself.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, SQLModel, col, or_, select

from traceability.domain import consignment_checks, descent, notices, records, suspensions
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.consignment_reasons import Reason
from traceability.domain.consignments import Consignment, ConsignmentLine, ConsignmentState
from traceability.domain.notices import Notice
from traceability.domain.oversight import agencies_over
from traceability.domain.ownership import beyond_scope
from traceability.domain.suspensions import SuspendedKind, Suspension

#: A consignment that waits for its ship; a draft is judged each time somebody opens it, and told of all the same.
WAITING: Final = (ConsignmentState.DRAFT, ConsignmentState.SEALED)
#: A draft that was to leave longer ago than this was given up.
ABANDONED: Final = timedelta(days=30)


def waiting(session: Session) -> list[str]:
    """The ids of the consignments that have not left, without drafts that nobody works on, the first to leave first."""
    statement = select(Consignment.id).where(
        or_(
            Consignment.state == ConsignmentState.SEALED,
            sa.and_(
                col(Consignment.state) == ConsignmentState.DRAFT,
                col(Consignment.leaves_on) >= today() - ABANDONED,
            ),
        )
    )
    return list(session.exec(statement.order_by(col(Consignment.leaves_on), col(Consignment.id))).all())


def look_at(session: Session, consignment_id: str) -> int:
    """Judges one consignment again, if it waits; tells if it may not go any more, or may again, or if its market's list
    has changed since the seal. Answers how many notices went out; nothing is told twice."""
    with beyond_scope(session):  # a limit or a code concerns whoever exports
        row = records.find(session, Consignment, consignment_id)
        return _judge(session, row) if row.state in WAITING else 0


def after_suspension(session: Session, suspension: Suspension, subject: Any) -> None:
    """Judges the sealed consignments that a suspension reaches, at once: when it is placed and when it is lifted."""
    with beyond_scope(session):  # what is stopped may lie in goods of anybody
        for row in _reached(session, suspension.subject_kind, subject):
            _judge(session, row)


suspensions.attend(after_suspension)


def _reached(session: Session, kind: SuspendedKind, subject: Any) -> Iterator[Consignment]:
    sealed = select(Consignment).where(Consignment.state == ConsignmentState.SEALED).order_by(Consignment.id)
    if kind is SuspendedKind.PRODUCER:
        yield from session.exec(sealed.where(Consignment.producer_id == subject.id)).all()
        return
    roots: dict[SuspendedKind, Any] = {
        SuspendedKind.AREA: Batch.area_id == subject.id,
        SuspendedKind.AREA_CODE: Batch.area_id == getattr(subject, "area_id", None),
        SuspendedKind.PRODUCT: Batch.product_id == subject.id,
        SuspendedKind.BATCH: Batch.id == subject.id,
    }
    if kind not in roots:
        return  # stamps do not keep goods here
    lines = (
        select(ConsignmentLine.consignment_id, ConsignmentLine.batch_id)
        .join(Consignment, col(Consignment.id) == ConsignmentLine.consignment_id)
        .where(Consignment.state == ConsignmentState.SEALED, col(ConsignmentLine.dropped_at).is_(None))
    )
    waits = session.exec(lines).all()
    if not waits:
        return
    behind = set(descent.reached_from(session, select(Batch.id).where(roots[kind])))
    found = sorted({consignment_id for consignment_id, batch_id in waits if batch_id in behind})
    for portion in records.portions(found):
        yield from session.exec(sealed.where(col(Consignment.id).in_(portion))).all()


def list_of(judged: dict[str, Any] | None) -> dict[str, Any]:
    """Of what was looked at: the importing country's list, its codes and houses and limits, without what is ours."""
    if not judged:
        return {}
    return {
        "packing_house": {
            name: content
            for name, content in (judged.get("packing_house") or {}).items()
            if name != "authorisation"
        },
        "codes": _sorted(
            code
            for lot in judged.get("lots", ())
            for source in lot.get("sources") or ()
            for code in source.get("codes") or ()
        ),
        "limits": _sorted(limit for lot in judged.get("lots", ()) for limit in lot.get("limits") or ()),
    }


def _sorted(rows: Any) -> list[dict[str, Any]]:
    found = {str(sorted(row.items(), key=str)): row for row in rows}
    return [found[key] for key in sorted(found)]


def _judge(session: Session, row: Consignment) -> int:
    judged = consignment_checks.judge(session, row)
    sealed = row.state is ConsignmentState.SEALED
    told = 0
    if sealed:
        before = list_of(row.judged)
        now = list_of({**judged.looked_at, "lots": [lot.looked_at for lot in judged.lots]})
        if any(now[name] != before.get(name) for name in now):
            told += _tell_of_list(session, row, _mark(now))
    against = [*judged.reasons, *(reason for lot in judged.lots for reason in lot.reasons)]
    if not sealed:  # a draft lacks this and that by nature; what a limit keeps back is news
        against = [reason for reason in against if reason.code == "consignment.residue_exceeded"]
    # a second suspension is another one, whatever happened to the first in between
    mark = _mark(sorted({(one.code, one.stopped_by) for one in against})) if against else ""
    if mark == row.stopped_by:
        return told
    if against:
        against.sort(key=lambda one: not one.stopped_by)
        told += _tell(session, row, "consignment_stopped", reason=_said(against[0]))
    else:
        told += _tell(session, row, "consignment_free")
    consignment = SQLModel.metadata.tables["consignment"]
    marked = sa.update(consignment).where(consignment.c.id == row.id).values(stopped_by=mark)
    session.connection().execute(marked)
    set_committed_value(row, "stopped_by", mark)
    return told


def _said(reason: Reason) -> dict[str, Any]:
    """A reason as a fact of a notice."""
    because = _said(reason.because) if reason.because is not None else None
    return {"code": reason.code, "facts": reason.facts, "because": because}


def _mark(content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _tell_of_list(session: Session, row: Consignment, changes: str) -> int:
    """Unless the newest notice of it says the same."""
    code = "consignment_list_changed"
    last = session.exec(
        select(Notice)
        .where(Notice.code == code, Notice.subject_table == "consignment", Notice.subject_id == row.id)
        .order_by(col(Notice.id).desc())
        .limit(1)
    ).first()
    if last is not None and last.facts.get("changes") == changes:
        return 0
    return _tell(session, row, code, changes=changes)


def _tell(session: Session, row: Consignment, code: str, **said: Any) -> int:
    """One notice for each inbox."""
    facts = {**said, "number": row.number, "market": row.market}
    notices.post(session, code, producer_id=row.producer_id, subject=row, **facts)
    over = agencies_over(session, row.producer_id, Permission.APPROVE_AREA, Permission.INSPECT)
    for agency in over:
        notices.post(session, code, agency_id=agency.id, subject=row, **facts)
    session.flush()
    return 1 + len(over)
