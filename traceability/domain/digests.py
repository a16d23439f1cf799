"""The daily digest: what was written down about a producer, or in an agency's scope, and the checkpoint of the log.

A checkpoint proves something only when somebody outside holds it. So every producer and every agency gets the newest
one each day, in its inbox and, where mail is set up, by mail.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability.domain import notices
from traceability.domain.accounts import Account
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.clock import now
from traceability.domain.ledger import LogLeaf
from traceability.domain.moments import start_of
from traceability.domain.notices import Notice
from traceability.domain.ownership import producers_in
from traceability.domain.producers import Producer, ProducerState

CODE = "daily_digest"


@dataclass(frozen=True)
class Digest:
    """A day of one producer or agency: how many facts of which kind concern it, and where it can be written to."""

    day: date
    counts: dict[str, int]
    producer_id: str | None = None
    agency_id: str | None = None
    email: str | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def of_day(session: Session, day: date) -> list[Digest]:
    """The digests of a day in Vietnam, of all who have an inbox or an address. The session must see everything."""
    facts = _facts(session, day)
    return [*_of_producers(session, day, facts), *_of_agencies(session, day, facts)]


def post(session: Session, digest: Digest, *, size: int, root: str) -> bool:
    """Puts a digest into the inbox, in place of earlier ones. False: that of this day is there already.

    `root`: the root hash of the checkpoint, in base64. A day on which nothing happened leaves no notice.
    """
    own = sa.and_(col(Notice.code) == CODE, _inbox(digest))
    if any(
        row.facts.get("day_on") == digest.day.isoformat()
        for row in session.exec(select(Notice).where(own)).all()
    ):
        return False
    session.execute(sa.delete(Notice).where(own))
    notices.post(
        session,
        CODE,
        producer_id=digest.producer_id,
        agency_id=digest.agency_id,
        day_on=digest.day,
        count=digest.total,
        size=size,
        root=root,
    )
    return True


def unmailed(session: Session, of: list[Digest]) -> list[tuple[Digest, int]]:
    """The digests that have an address and have not gone out by mail, each with the number of its notice."""
    inbox = {(digest.producer_id, digest.agency_id): digest for digest in of if digest.email}
    waiting = (
        select(Notice).where(Notice.code == CODE, col(Notice.mailed_at).is_(None)).order_by(col(Notice.id))
    )
    found = ((inbox.get((row.producer_id, row.agency_id)), row) for row in session.exec(waiting).all())
    return [
        (digest, int(row.id or 0))
        for digest, row in found
        if digest is not None and row.facts.get("day_on") == digest.day.isoformat()
    ]


def mark_mailed(session: Session, notice_ids: list[int]) -> None:
    """These notices have gone out by mail."""
    session.execute(sa.update(Notice).where(col(Notice.id).in_(notice_ids)).values(mailed_at=now()))


def _inbox(digest: Digest) -> sa.ColumnElement[bool]:
    if digest.producer_id is not None:
        return col(Notice.producer_id) == digest.producer_id
    return col(Notice.agency_id) == digest.agency_id


def _facts(session: Session, day: date) -> dict[str, Counter[str]]:
    """Facts of a day by whose they are and their kind. Suspicions are nobody's in the log, and stand in no digest."""
    begin, end = start_of(day), start_of(day + timedelta(days=1))
    statement = (
        select(LogLeaf.tenant, LogLeaf.kind, sa.func.count())
        .where(col(LogLeaf.at) >= begin, col(LogLeaf.at) < end, col(LogLeaf.tenant).is_not(None))
        .group_by(col(LogLeaf.tenant), col(LogLeaf.kind))
    )
    found: dict[str, Counter[str]] = {}
    for tenant, kind, number in session.exec(statement).all():
        found.setdefault(str(tenant), Counter())[kind] = int(number)
    return found


def _of_producers(session: Session, day: date, facts: dict[str, Counter[str]]) -> list[Digest]:
    holds = (
        select(Account.id)
        .where(col(Account.producer_id) == col(Producer.id), col(Account.disabled_at).is_(None))
        .exists()
    )
    statement = (
        select(Producer.id, Producer.email)
        .where(col(Producer.state) != ProducerState.DRAFT, sa.or_(holds, col(Producer.email).is_not(None)))
        .order_by(col(Producer.id))
    )
    return [
        Digest(day, dict(facts.get(producer_id, {})), producer_id=producer_id, email=email)
        for producer_id, email in session.exec(statement).all()
    ]


def _of_agencies(session: Session, day: date, facts: dict[str, Counter[str]]) -> list[Digest]:
    statement = select(Agency).where(col(Agency.state) == AgencyState.ACTIVE).order_by(col(Agency.id))
    made = []
    for agency in session.exec(statement).all():
        total: Counter[str] = Counter()
        for (producer_id,) in session.connection().execute(producers_in(agency.scope())):
            total.update(facts.get(producer_id, {}))
        made.append(Digest(day, dict(total), agency_id=agency.id, email=agency.email))
    return made
