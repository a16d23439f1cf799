"""Which agencies look after a producer (who is told when it acts), and which may undo what another one did."""

from sqlmodel import Session, col, select

from traceability.domain.actors import Actor, Permission
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer, ProducerCategory


def agencies_over(session: Session, producer_id: str, *any_of: Permission) -> list[Agency]:
    """The active agencies within whose scope a producer lies and that hold at least one of these permissions."""
    with beyond_scope(session):  # who oversees a producer is asked on the producer's side
        producer = session.exec(select(Producer).where(Producer.id == producer_id)).one()
        found = select(ProducerCategory.category).where(ProducerCategory.producer_id == producer_id)
        categories = set(session.exec(found).all())
        statement = select(Agency).where(Agency.state == AgencyState.ACTIVE).order_by(col(Agency.code))
        agencies = list(session.exec(statement).all())
    return [
        agency
        for agency in agencies
        if not agency.grants().isdisjoint(any_of)
        and _within(agency.provinces, {producer.province_code})
        and _within(agency.communes, {producer.commune_code})
        and _within(agency.categories, categories)
    ]


def must_answer_for(session: Session, actor: Actor, agency_id: str | None) -> None:
    """Demands that a measure of an agency is ended by itself, by one above it, or by an administrator.

    `agency_id` None: an administrator took the measure. Raises `RuleBroken` ("oversight.other_agency").
    """
    if actor.may(Permission.ADMINISTER) or actor.agency_id == agency_id:
        return
    above, name = agency_id, ""
    for _level in range(9):  # agencies name their parents freely: a ring of them ends here
        agency = session.get(Agency, above) if above else None
        if agency is None:
            break
        name = name or agency.name
        above = agency.parent_id
        if above is not None and above == actor.agency_id:
            return
    raise RuleBroken("oversight.other_agency", None, agency=name or "–")


def why_not(session: Session, actor: Actor, agency_id: str | None) -> RuleBroken | None:
    """What `must_answer_for` would refuse; for pages that say so beforehand."""
    try:
        must_answer_for(session, actor, agency_id)
    except RuleBroken as refusal:
        return refusal
    return None


def _within(limit: list[str] | None, values: set[str]) -> bool:
    return limit is None or not values.isdisjoint(limit)
