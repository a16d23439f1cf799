"""What a lot's page said when the lot was published or packed, kept for ever beside what it says today.

A snapshot is a record: its leaf shows the digest of what was kept, so that nobody can give it another past.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, page_facts
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.public_facts import Kept, Provenance
from traceability.domain.records import Instant, Json, Record, choice


class Occasion(StrEnum):
    """When a page was kept."""

    RELEASED = "released"
    PACKED = "packed"


class PageSnapshot(Record, ProducerOwned, table=True):
    """The public facts of a batch at one moment. `digest` is SHA-256 over their canonical bytes, in hexadecimal."""

    __tablename__ = "page_snapshot"
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "occasion", "at", "digest"})

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    occasion: Occasion = Field(sa_type=choice(Occasion))
    at: datetime = Field(sa_type=Instant)
    facts: list[Any] = Field(default_factory=list, sa_type=Json)
    digest: str = Field(max_length=64)


def take(session: Session, batch: Batch, occasion: Occasion, story: Provenance) -> PageSnapshot:
    """Keeps what the page of a batch says now. The caller names the snapshot in the fact that it belongs to."""
    facts = page_facts.written(page_facts.of_story(story))
    row = PageSnapshot(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        occasion=occasion,
        at=now(),
        facts=facts,
        digest=digest_of(facts),
    )
    session.add(row)
    session.flush()
    return row


def digest_of(facts: list[Any]) -> str:
    """The digest of kept facts: anybody can compute it again from what the page shows as JSON."""
    return hashlib.sha256(ledger.canonical(facts)).hexdigest()


def newest(session: Session, batch_id: str) -> PageSnapshot | None:
    """The snapshot that stands beside today's page: of the last packing, else of the publication."""
    statement = select(PageSnapshot).where(PageSnapshot.batch_id == batch_id)
    return session.exec(
        statement.order_by(col(PageSnapshot.at).desc(), col(PageSnapshot.id)).limit(1)
    ).first()


def beside(row: PageSnapshot | None, story: Provenance) -> Kept | None:
    """A snapshot laid beside the page of today; None where none was kept."""
    if row is None:
        return None
    then, now_said = page_facts.read(row.facts), page_facts.of_story(story)
    rows = page_facts.compared(then, now_said, household=story.producer.household)
    return Kept(at=row.at, occasion=row.occasion.value, digest=row.digest, rows=rows)
