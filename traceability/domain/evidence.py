"""Who vouches for a public fact, how, and since when: no page states anything without it.

Four grades, the strongest first. A: a named agency looked at it or decided it. B: a named laboratory measured it, and
the producer copied its report. C: this platform computed it from records. D: the producer says so. Nothing that a
producer uploads lifts a fact above B, and nothing is called checked or measured without a name.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session, col, func, or_, select

from traceability.domain.agencies import Agency
from traceability.domain.clock import local_day
from traceability.domain.ledger import LogEntry, LogLeaf
from traceability.domain.records import Record, portions


class Grade(StrEnum):
    """How much stands behind a fact, by a letter."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class How(StrEnum):
    """What somebody did who vouches for a fact."""

    #: an agency approved the record
    APPROVED = "approved"
    #: an agency checked a paper with whoever issued it
    CHECKED = "checked"
    #: an agency confirmed that a code was granted
    GRANTED = "granted"
    #: an agency or the producer ordered it (a recall, a suspension)
    DECIDED = "decided"
    #: a laboratory measured it, and an agency wrote the report down
    CONFIRMED = "confirmed"
    #: a laboratory measured it, and the producer wrote the report down
    MEASURED = "measured"
    #: this platform computed it from what is on record
    COMPUTED = "computed"
    #: the producer says so; an agency wrote it down for it
    ENTERED = "entered"
    #: the producer says so
    DECLARED = "declared"


GRADES: dict[How, Grade] = {
    How.APPROVED: Grade.A,
    How.CHECKED: Grade.A,
    How.GRANTED: Grade.A,
    How.DECIDED: Grade.A,
    How.CONFIRMED: Grade.A,
    How.MEASURED: Grade.B,
    How.COMPUTED: Grade.C,
    How.ENTERED: Grade.D,
    How.DECLARED: Grade.D,
}
#: What nobody may be said to have done without being named.
_NAMED = frozenset(GRADES) - {How.COMPUTED, How.DECLARED}
#: Facts of the log in which a producer says what a record holds.
_DECLARING = (
    "registered",
    "revised",
    "corrected",
    "added",
    "applied",
    "picture_set",
    "transformed",
    "split",
    "merged",
    "repacked",
    "reworked",
)


@dataclass(frozen=True)
class Evidence:
    """Who vouches for a fact. `by` is the agency or laboratory, `also` the agency that wrote it down; a producer is
    named by the page. Raises `ValueError` where somebody would have checked or measured who has no name.
    """

    how: How
    on: date
    by: str = ""
    also: str = ""

    def __post_init__(self) -> None:
        if self.how in _NAMED and not self.by:
            raise ValueError(f"nobody is named who {self.how.value} it")

    @property
    def grade(self) -> Grade:
        """The letter."""
        return GRADES[self.how]


def declared(on: date, agency: str = "") -> Evidence:
    """The producer's own word; `agency` wrote it down for it."""
    return Evidence(How.ENTERED, on, agency) if agency else Evidence(How.DECLARED, on)


def computed(on: date) -> Evidence:
    """Computed here from what is on record."""
    return Evidence(How.COMPUTED, on)


def approved(agency: str, on: date | None, said: date) -> Evidence:
    """Approved by a named agency; the producer's own word of the day `said` where nobody named approved it."""
    return Evidence(How.APPROVED, on, agency) if agency and on else declared(said)


def measured(laboratory: str, on: date, agency: str) -> Evidence:
    """A laboratory's report, written down by an agency (if named) or by the producer."""
    return Evidence(How.CONFIRMED if agency else How.MEASURED, on, laboratory, agency)


def checked(agency: str, on: date | None, said: date) -> Evidence:
    """Checked by a named agency with whoever issued it, or the producer's own word of the day `said`."""
    return Evidence(How.CHECKED, on, agency) if agency and on else declared(said)


def name_of(session: Session, agency_id: str | None) -> str:
    """The name of an agency, which is public; empty for none."""
    agency = session.get(Agency, agency_id) if agency_id else None
    return agency.name if agency else ""


def days_of_word(session: Session, rows: Iterable[Record]) -> dict[str, date]:
    """By id: the day on which somebody last said what a record holds (made it, or changed its content), by the log.

    A record that came in without such a fact counts from the day it was made.
    """
    known = {row.id: row for row in rows}
    tables: Collection[str] = {str(type(row).__tablename__) for row in known.values()}
    said: dict[str, date] = {row.id: local_day(row.created_at) for row in known.values()}
    saying = or_(*(col(LogLeaf.kind).endswith(f".{word}") for word in _DECLARING))
    for ids in portions(known):
        statement = (
            select(LogEntry.record_id, func.max(LogLeaf.at))
            .join(LogLeaf, col(LogLeaf.position) == col(LogEntry.position))
            .where(col(LogEntry.table_name).in_(tables), col(LogEntry.record_id).in_(ids), saying)
            .group_by(col(LogEntry.record_id))
        )
        for record_id, moment in session.exec(statement):
            said[record_id] = local_day(moment)
    return said
