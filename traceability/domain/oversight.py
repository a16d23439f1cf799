"""Which agencies look after a producer, and hold a certain permission: who is told when it acts."""

from sqlmodel import Session, col, select

from traceability.domain.actors import Permission
from traceability.domain.agencies import Agency, AgencyState
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


def _within(limit: list[str] | None, values: set[str]) -> bool:
    return limit is None or not values.isdisjoint(limit)
