"""What need not be kept any longer, deleted once a day. Nothing of it is a fact of the trade, or in the log."""

from collections.abc import Callable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from traceability.domain import idempotency, scans, sessions
from traceability.domain.clock import now

#: How long it is kept who looked at whose personal data: as long as records of the trade (docs/rules-vietnam.md).
LOOKS_KEPT = timedelta(days=5 * 365)
#: A form that was sent is remembered for so long, lest a second sending does it again.
FORMS_KEPT = timedelta(days=7)
#: An ended link or session, so that its holder still reads that it has ended, and not that it never was.
ENDED_KEPT = timedelta(days=7)


def tidy(session: Session, today: date) -> dict[str, int]:
    """Deletes what is past its time. Answers how many rows of which table."""
    moment = now()
    tables = SQLModel.metadata.tables
    signed_in, links = tables["sign_in_session"], tables["one_time_link"]
    looks, forms = tables["access_record"], tables["submission"]
    ended = moment - ENDED_KEPT
    past = {
        signed_in: sa.or_(
            signed_in.c.revoked_at < ended,
            signed_in.c.created_at < ended - sessions.LIFE_OF_PRODUCERS,
            signed_in.c.seen_at < ended - sessions.IDLE_OF_PRODUCERS,
        ),
        links: sa.or_(links.c.expires_at < ended, links.c.used_at < ended),
        looks: looks.c.at < moment - LOOKS_KEPT,
        forms: forms.c.at < moment - FORMS_KEPT,
    }
    gone = {
        table.name: session.connection().execute(sa.delete(table).where(where)).rowcount
        for table, where in past.items()
    }
    gone["repeated_request"] = _counted(session, "repeated_request", lambda: idempotency.forget(session))
    gone["scan"] = _counted(session, "scan", lambda: scans.forget(session, today))
    return gone


def _counted(session: Session, table: str, act: Callable[[], None]) -> int:
    count = sa.select(sa.func.count()).select_from(SQLModel.metadata.tables[table])
    before = session.connection().execute(count).scalar_one()
    act()
    return int(before - session.connection().execute(count).scalar_one())
