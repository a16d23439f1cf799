"""Consignments that have not left yet are judged again when what they were judged by changes: limits, codes, houses.

What a seal was given by is kept with the consignment (`judged`). Here today's verdict and today's list of its market
are held against it; whoever answers for the goods is told once of each change. Nothing is stopped here: the departure
asks again by itself.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import consignment_checks, notices, residue_limits
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import today
from traceability.domain.consignments import Consignment, ConsignmentState
from traceability.domain.notices import Notice
from traceability.domain.oversight import agencies_over
from traceability.domain.ownership import beyond_scope

#: A consignment that waits for its ship; a draft is judged each time somebody opens it, and told of all the same.
WAITING = (ConsignmentState.DRAFT, ConsignmentState.SEALED)
#: So many are looked at in one go.
MOST = 2000


def look_again(session: Session, market: str | None = None) -> int:
    """Judges all consignments that wait (for one market) again; tells of those that may not go any more, and of those
    whose market's list has changed since the seal. Answers how many notices went out; nothing is told twice.
    """
    told = 0
    with beyond_scope(session):  # a limit or a code concerns whoever exports
        statement = select(Consignment).where(col(Consignment.state).in_(WAITING))
        if market is not None:
            statement = statement.where(Consignment.market == market)
        for row in session.exec(
            statement.order_by(col(Consignment.leaves_on), col(Consignment.id)).limit(MOST)
        ):
            told += _judge(session, row)
    return told


def load_limits(session: Session, actor: Actor, entries: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Takes residue limits in and judges what waits by them, in one transaction. Answers how many limits are new, and
    how many notices went out. Raises as `residue_limits.load`."""
    new = residue_limits.load(session, actor, entries)
    return new, look_again(session) if new else 0


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
    judged = consignment_checks.judge(session, row, max(row.leaves_on, today()))
    told = 0
    if row.state is ConsignmentState.SEALED:
        before = list_of(row.judged)
        now = list_of({**judged.looked_at, "lots": [lot.looked_at for lot in judged.lots]})
        changed = sorted(name for name in now if now[name] != before.get(name))
        if changed:
            told += _tell(session, row, "consignment_list_changed", changes=_mark(now))
    speaks = [lot for lot in judged.lots if lot.reasons]
    sealed_but = row.state is ConsignmentState.SEALED and not judged.passes
    if sealed_but or (row.state is ConsignmentState.DRAFT and _is_over_limit(judged)):
        codes = sorted(
            {reason.code for lot in speaks for reason in lot.reasons} | {r.code for r in judged.reasons}
        )
        told += _tell(session, row, "consignment_stopped", changes=" ".join(codes))
    return told


def _mark(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _is_over_limit(judged: consignment_checks.Judgement) -> bool:
    """A draft lacks this and that by nature; what a limit keeps back is news."""
    return any(reason.code == "consignment.residue_exceeded" for lot in judged.lots for reason in lot.reasons)


def _tell(session: Session, row: Consignment, code: str, *, changes: str) -> int:
    """One notice for each inbox, unless the newest one about the consignment says the same."""
    last = session.exec(
        select(Notice)
        .where(Notice.code == code, Notice.subject_table == "consignment", Notice.subject_id == row.id)
        .order_by(col(Notice.id).desc())
        .limit(1)
    ).first()
    if last is not None and last.facts.get("changes") == changes:
        return 0
    facts = {"number": row.number, "market": row.market, "changes": changes}
    notices.post(session, code, producer_id=row.producer_id, subject=row, **facts)
    over = agencies_over(session, row.producer_id, Permission.APPROVE_AREA, Permission.INSPECT)
    for agency in over:
        notices.post(session, code, agency_id=agency.id, subject=row, **facts)
    session.flush()
    return 1 + len(over)
