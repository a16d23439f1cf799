"""The ground that a harvest is counted against: its own area, and the area whose code it claims by an authorisation.

A ceiling is of an area, and what others claim under its codes is taken from what its holder may harvest there. A
kilogram counts once against an area: a consignment draws on a code for goods that were harvested in the area itself and
are counted there, so only the claims of harvests are added.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from traceability.domain import code_draws, records
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM
from traceability.domain.code_authorisations import CodeAuthorisation, CodeDraw
from traceability.domain.history import CorrectionReason, Event, EventType
from traceability.domain.moments import start_of
from traceability.domain.ownership import beyond_scope
from traceability.domain.products import Crop


@dataclass(frozen=True)
class Ground:
    """An area as a ceiling sees it. `code` is the lent one; empty for the harvest's own area."""

    area_id: str
    crop: Crop
    area_m2: int
    colonies: int | None
    code: str = ""


def counting_m2(area: GrowingArea) -> int:
    """The square metres that count: what is declared beyond the drawn boundary yields nothing."""
    return min(area.declared_m2, area.computed_m2)


def own(session: Session, area: GrowingArea, crop: Crop) -> Ground:
    """The area that a harvest came from, judged by the crop of the goods."""
    return Ground(area.id, crop, counting_m2(area), area.colonies)


def lent(session: Session, batch: Batch) -> list[Ground]:
    """The areas whose codes a harvest claims by authorisations."""
    drawn = [draw.authorisation_id for draw in code_draws.draws_of(session, batch)]
    if not drawn:
        return []
    with beyond_scope(session):  # the area is that of the code's holder
        statement = (
            select(GrowingArea, AreaCode.code, Crop)
            .join(AreaCode, col(AreaCode.area_id) == GrowingArea.id)
            .join(CodeAuthorisation, col(CodeAuthorisation.area_code_id) == AreaCode.id)
            .join(Crop, col(Crop.id) == GrowingArea.crop_id)
            .where(col(CodeAuthorisation.id).in_(drawn))
        )
        return [
            Ground(area.id, crop, counting_m2(area), area.colonies, code)
            for area, code, crop in session.exec(statement).all()
        ]


def others_g(session: Session, ground: Ground, first: date, last: date, *, besides: str) -> int:
    """What all other batches take of an area between two days: harvests that stand, and harvests elsewhere that claim
    its codes. One sum each."""
    with beyond_scope(session):  # an area is one, whoever harvests under its codes
        harvested = _harvested_g(session, ground.area_id, first, last, besides)
        return harvested + code_draws.claimed_of_area(session, ground.area_id, first, last, besides=besides)


def lock(session: Session, batch: Batch) -> None:
    """Keeps other harvests of the same ground waiting: two at once would each leave the other out of the sum."""
    ids = {ground.area_id for ground in lent(session, batch)} | ({batch.area_id} if batch.area_id else set())
    with beyond_scope(session):
        for area_id in sorted(ids):
            records.lock(session, GrowingArea, area_id)


def neighbours(session: Session, batch: Batch) -> list[str]:
    """The ids of all other harvests that are counted against an area that this one is counted against."""
    area_ids = [batch.area_id or "", *(ground.area_id for ground in lent(session, batch))]
    with beyond_scope(session):
        here = session.exec(select(Batch.id).where(col(Batch.area_id).in_(area_ids))).all()
        claims = (
            select(CodeDraw.subject_id)
            .join(CodeAuthorisation, col(CodeAuthorisation.id) == CodeDraw.authorisation_id)
            .join(AreaCode, col(AreaCode.id) == CodeAuthorisation.area_code_id)
            .where(CodeDraw.subject_table == "batch", col(AreaCode.area_id).in_(area_ids))
        )
        return sorted({*here, *session.exec(claims).all()} - {batch.id})


def _harvested_g(session: Session, area_id: str, first: date, last: date, besides: str) -> int:
    correction = aliased(Event)
    begin, end = start_of(first), start_of(last).replace(hour=23, minute=59, second=59)
    statement = select(func.coalesce(func.sum(Event.output_g), 0)).where(
        Event.area_id == area_id,
        col(Event.type) == EventType.HARVEST,
        col(Event.batch_id) != besides,
        col(Event.happened_at).between(begin.astimezone(VIETNAM), end.astimezone(VIETNAM)),
        col(Event.correction_reason).is_distinct_from(CorrectionReason.DID_NOT_OCCUR),
        ~select(correction.id).where(correction.corrects_id == col(Event.id)).exists(),
    )
    return int(session.exec(statement).one() or 0)
