"""The producer's mark on its stamps (logo in trên tem): one at a time, in black and white dots.

A new mark takes the place of the one before; orders that were placed keep the mark that they froze.
"""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Producer
from traceability.domain.records import Instant, Record


class StampLogo(Record, ProducerOwned, table=True):
    """One mark of a producer. `dots` are as the labels packed them (`labels.Logo.packed`)."""

    __tablename__ = "stamp_logo"
    OPEN: ClassVar[frozenset[str]] = frozenset({"retired_at"})

    dots: bytes
    given_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=Instant)


def give(session: Session, actor: Actor, dots: bytes) -> StampLogo:
    """Makes a mark the one that new orders print; the one before it goes out of use.

    Raises `RuleBroken` ("access.not_permitted").
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    producer = records.lock(session, Producer, actor.tenant())
    before = of_producer(session, producer.id)
    given = StampLogo(producer_id=producer.id, dots=dots, given_by_id=actor.user_id)
    session.add(given)
    gone = [] if before is None else [before]
    for one in gone:
        one.retired_at = now()
    session.flush()
    ledger.record(session, "stamp_logo.given", given, *gone)
    return given


def retire(session: Session, actor: Actor) -> StampLogo:
    """Takes the mark out of use. Raises `RuleBroken`: `access.not_permitted`, `stamp_logos.none`."""
    actor.must(Permission.MANAGE_PRODUCTS)
    records.lock(session, Producer, actor.tenant())
    gone = of_producer(session, actor.tenant())
    if gone is None:
        raise RuleBroken("stamp_logos.none")
    gone.retired_at = now()
    ledger.record(session, "stamp_logo.retired", gone)
    return gone


def of_producer(session: Session, producer_id: str) -> StampLogo | None:
    """The mark that a producer's new orders print, if it has one."""
    statement = select(StampLogo).where(
        StampLogo.producer_id == producer_id, col(StampLogo.retired_at).is_(None)
    )
    return session.exec(statement.order_by(col(StampLogo.created_at).desc()).limit(1)).first()
