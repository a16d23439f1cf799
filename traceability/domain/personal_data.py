"""Looking at personal data (Law 91/2025/QH15, decisions of this project): the look is written down before it happens.

Whoever oversees others and opens a telephone number, an e-mail address or a contact first leaves an access record, in
a short transaction of its own. Where that cannot be written, nothing is shown. The producer sees who looked.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain.accounts import Account
from traceability.domain.actors import Actor
from traceability.domain.agencies import Agency
from traceability.domain.clock import now
from traceability.domain.producers import Producer
from traceability.domain.records import Instant
from traceability.domain.sign_in import Doors


class NotDeclared(RuntimeError):
    """The access record could not be written: the data is not shown (503)."""


class AccessRecord(SQLModel, table=True):
    """Who looked at whose personal data, where and when. Written and committed before the data is read."""

    __tablename__ = "access_record"

    id: int | None = Field(default=None, primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    subject_table: str = Field(max_length=40)
    subject_id: str = Field(max_length=16, index=True)
    purpose: str = Field(default="", max_length=80)
    at: datetime = Field(default_factory=now, sa_type=Instant)


@dataclass(frozen=True)
class Look:
    """One look at a producer's personal data, as the producer may see it."""

    at: datetime
    who: str
    agency: str
    purpose: str


def declare_reading(
    doors: Doors, actor: Actor, subject_table: str, subject_id: str, purpose: str = ""
) -> None:
    """Writes down that an actor is about to read personal data of a row, and commits it.

    `subject_table` is `producer` or `account`; `purpose` is a code worded under `purpose.<code>`. Raises `NotDeclared`
    if it cannot be written; the view then answers 503 and shows nothing. One's own data needs no declaration.
    """
    if actor.user_id is None:
        raise NotDeclared("nobody is signed in")
    try:
        with doors.transaction(actor) as session:
            session.info["looks"] = [(subject_table, subject_id, purpose)]
            session.add(
                AccessRecord(
                    account_id=actor.user_id,
                    subject_table=subject_table[:40],
                    subject_id=subject_id[:16],
                    purpose=purpose[:80],
                )
            )
    except SQLAlchemyError as error:
        raise NotDeclared(type(error).__name__) from error


def looks_at(session: Session, producer_id: str, limit: int = 50) -> list[Look]:
    """Who looked at the personal data of a producer and its accounts, the latest first.

    The producer must lie within the scope: otherwise the list is empty.
    """
    if session.exec(select(Producer.id).where(Producer.id == producer_id)).first() is None:
        return []
    people = select(Account.id).where(Account.producer_id == producer_id)
    statement = (
        select(AccessRecord, Account.display_name, Agency.name)
        .join(Account, col(Account.id) == col(AccessRecord.account_id))
        .outerjoin(Agency, col(Agency.id) == col(Account.agency_id))
        .where(
            sa.or_(
                sa.and_(
                    col(AccessRecord.subject_table) == "producer", col(AccessRecord.subject_id) == producer_id
                ),
                sa.and_(
                    col(AccessRecord.subject_table) == "account", col(AccessRecord.subject_id).in_(people)
                ),
            )
        )
        .order_by(col(AccessRecord.at).desc(), col(AccessRecord.id).desc())
        .limit(limit)
    )
    return [
        Look(record.at, who, agency or "", record.purpose)
        for record, who, agency in session.exec(statement).all()
    ]
