"""Why something may not go abroad: the code of a sentence, its facts, the record it is about, and what lies behind it.

"Not good" alone helps nobody: where an agency stopped the thing the reason names it and the day, where its time is over
that day.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from traceability.domain import suspensions
from traceability.domain.agencies import Agency
from traceability.domain.areas import AreaCode, CodeState
from traceability.domain.clock import local_day
from traceability.domain.ownership import beyond_scope
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.suspensions import SuspendedKind


@dataclass(frozen=True)
class Reason:
    """Why something may not go: the code of a sentence, its facts, and the record that it is about."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)
    table: str = ""
    record_id: str = ""
    #: what stopped it, and since when
    because: "Reason | None" = None

    @property
    def stopped_by(self) -> str:
        """The id of the suspension that is the reason; empty where none is."""
        return self.because.record_id if self.because is not None else ""


def suspension_of(session: Session, kind: SuspendedKind, subject_id: str) -> Reason | None:
    """Which agency stopped something, since which day; None where none did."""
    with beyond_scope(session):  # what stops goods may be another producer's; why it was stopped is not told
        found = suspensions.open_of(session, kind, subject_id)
        agency = session.get(Agency, found.agency_id) if found is not None and found.agency_id else None
    if found is None:
        return None
    facts = {"since_on": (found.from_on or local_day(found.at)).isoformat()}
    if agency is None:
        return Reason("consignment.since_suspended_by_platform", facts, "suspension", found.id)
    return Reason("consignment.since_suspended", facts | {"agency": agency.name}, "suspension", found.id)


def behind(session: Session, held: AreaCode | PackingHouse, day: date) -> Reason | None:
    """Why the code of an area or a packing house is not good on a day."""
    if held.state is CodeState.SUSPENDED:
        found = None
        if isinstance(held, AreaCode):
            found = suspension_of(session, SuspendedKind.AREA_CODE, held.id)
        return found or Reason("consignment.since_stopped")
    if held.state is CodeState.WITHDRAWN:
        return Reason("consignment.since_withdrawn")
    if held.state is CodeState.APPLIED:
        return Reason("consignment.since_waiting")
    if held.valid_to is not None and held.valid_to < day:
        return Reason("consignment.since_over", {"until_on": held.valid_to.isoformat()})
    if held.valid_from is not None and day < held.valid_from:
        return Reason("consignment.since_not_yet", {"begins_on": held.valid_from.isoformat()})
    return None
