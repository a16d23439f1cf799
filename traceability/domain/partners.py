"""The partner (bên giao dịch): another producer of the platform, as far as one producer may see it."""

from dataclasses import dataclass

from sqlmodel import Session, select

from traceability.domain import records
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import LegalForm, Producer, ProducerState
from traceability.domain.text import fold


@dataclass(frozen=True)
class Partner:
    """All that one producer may see of another here: its code, and the name that is public or that it trades under
    with this one. In a list a household, which is a person, has no name."""

    id: str
    code: str
    name: str

    @property
    def text(self) -> str:
        """As it stands in a list to choose from."""
        return f"{self.code} – {self.name}" if self.name else self.code


def listed(session: Session, besides: str | None, limit: int = 300) -> list[Partner]:
    """The approved producers besides one, by name; households by their code alone."""
    with beyond_scope(session):
        statement = select(Producer).where(
            Producer.state == ProducerState.APPROVED, Producer.id != (besides or "")
        )
        found = session.exec(statement.order_by(Producer.sort_key).limit(limit)).all()
    return [
        Partner(one.id, one.code, "" if one.legal_form is LegalForm.HOUSEHOLD else one.name) for one in found
    ]


def of(session: Session, producer_id: str) -> Partner:
    """The name and code of a producer with whom there is something between (a delivery, an authorisation)."""
    with beyond_scope(session):
        row = records.find(session, Producer, producer_id)
    return Partner(row.id, row.code, row.name)


def known_as(session: Session, producer_id: str) -> str:
    """How a producer may be called before anybody: by its name, a household, which is a person, by its code."""
    with beyond_scope(session):
        row = records.find(session, Producer, producer_id)
    return row.code if row.legal_form is LegalForm.HOUSEHOLD else row.name


def named(
    session: Session, typed: str, besides: str | None, field: str, producer_id: str | None = None
) -> Partner:
    """The approved producer that a form names by id, by its code or by (part of) its name.

    `besides` is the producer that names it. Raises `RuleBroken`: `partners.unknown`, `partners.ambiguous`,
    `partners.itself`.
    """
    everyone = listed(session, None, limit=100_000)
    if producer_id:
        found = [one for one in everyone if one.id == producer_id]
    else:
        sought = fold(typed)
        code = sought.split(" ")[0]
        found = [one for one in everyone if fold(one.code) in (sought, code)]
        found = found or [one for one in everyone if fold(one.name) == sought]
        found = found or [one for one in everyone if sought in fold(one.name)]
    if not found:
        raise RuleBroken("partners.unknown", field, typed=typed)
    if len(found) > 1:
        some = "; ".join(f"{one.code} {one.name}" for one in found[:3])
        raise RuleBroken("partners.ambiguous", field, some=some, count=len(found))
    if found[0].id == besides:
        raise RuleBroken("partners.itself", field)
    return found[0]
