"""Whether goods were harvested on ground that an agency had stopped by then: they get no stamps.

A decision may name an earlier day from which it holds, so that a lot may be on record already. What was harvested
before that day stays what it is; what an agency let pass in spite of it passes here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from traceability.domain import area_codes, partners, rule_overrides, shares
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day, today
from traceability.domain.ownership import beyond_scope
from traceability.domain.records import portions
from traceability.domain.rule_book import RuleCode
from traceability.domain.suspensions import SuspendedKind, Suspension


@dataclass(frozen=True)
class Stopped:
    """A lot that was harvested on stopped ground: what was stopped, since when."""

    lot: str
    name: str
    since: date


def of_batch(session: Session, batch: Batch) -> Stopped | None:
    """The first harvest behind a batch whose area, or the code it claims, was stopped by then and still is."""
    with beyond_scope(session):  # goods come from other producers too
        behind = list(shares.above(session, batch.id))
        for portion in portions(behind):
            harvests = session.exec(
                select(Batch).where(
                    col(Batch.id).in_(portion),
                    col(Batch.area_id).is_not(None),
                    col(Batch.harvested_on).is_not(None),
                )
            ).all()
            found = _stopped(session, batch, harvests)
            if found is not None:
                return found
    return None


def _stopped(session: Session, asked: Batch, harvests: Sequence[Batch]) -> Stopped | None:
    area_ids = {harvest.area_id for harvest in harvests}
    codes = {
        code.id: code
        for code in session.exec(select(AreaCode).where(col(AreaCode.area_id).in_(area_ids))).all()
    }
    stops = session.exec(
        select(Suspension).where(
            col(Suspension.lifted_at).is_(None),
            col(Suspension.subject_kind).in_([SuspendedKind.AREA, SuspendedKind.AREA_CODE]),
            col(Suspension.subject_id).in_([*area_ids, *codes]),
        )
    ).all()
    for stop in stops:
        since = stop.from_on or local_day(stop.at)
        code = codes.get(stop.subject_id)
        for harvest in harvests:
            if harvest.harvested_on is None or harvest.harvested_on < since:
                continue
            if code is None and harvest.area_id != stop.subject_id:
                continue
            if code is not None and not _claims(harvest, code):
                continue
            subjects = [asked.id, harvest.id, harvest.area_id or ""]
            if rule_overrides.covering(session, RuleCode.SUSPENDED_AREA, subjects, today()) is None:
                return Stopped(harvest.lot, _called(session, asked, harvest, code), since)
    return None


def _called(session: Session, asked: Batch, harvest: Batch, code: AreaCode | None) -> str:
    """The code, or the area by its name where it is the asker's own: another's may be called after a family."""
    if code is not None:
        return code.code
    if harvest.producer_id == asked.producer_id:
        return session.get_one(GrowingArea, harvest.area_id or "").name
    return harvest.area_code or partners.known_as(session, harvest.producer_id)


def _claims(harvest: Batch, code: AreaCode) -> bool:
    return harvest.area_id == code.area_id and area_codes.lookup_key(
        harvest.area_code
    ) == area_codes.lookup_key(code.code)
