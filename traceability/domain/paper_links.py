"""The buyer's link (liên kết hồ sơ): the dossier of a lot for somebody without an account.

It is good for some days, its maker can take it back at once, and each look at it is written down. The token is shown
once; only its hash is kept.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, SQLModel, col, func, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, RecordId
from traceability.domain.sessions import token_hash
from traceability.domain.text import ShortLine

LONGEST_DAYS = 366
_TOKEN_BYTES = 24


class PaperLink(Record, ProducerOwned, table=True):
    """A link to the papers of one lot. `plots`: whether the coordinates of the maker's plots go with them."""

    __tablename__ = "paper_link"
    OPEN: ClassVar[frozenset[str]] = frozenset({"expires_at", "revoked_at"})

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    token_hash: str = Field(max_length=64, unique=True)
    handed_to: str = Field(max_length=80)
    plots: bool = False
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    made_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)

    @property
    def is_good(self) -> bool:
        """Whether it opens the papers now."""
        return self.revoked_at is None and now() < self.expires_at


class PaperView(SQLModel, table=True):
    """One look at the papers behind a link: when, and which paper. Nothing of who looked is kept."""

    __tablename__ = "paper_view"

    id: str = Field(default_factory=records.new_id, primary_key=True, max_length=16)
    link_id: str = Field(foreign_key="paper_link.id", index=True, max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)
    paper: str = Field(max_length=20)


class PaperLinkInput(BaseModel):
    """For whom a link is, for how many days, and whether coordinates go with the papers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    handed_to: ShortLine
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 30
    plots: bool = False


def make(session: Session, actor: Actor, value: PaperLinkInput) -> tuple[PaperLink, str]:
    """A link for a buyer, and its token, which is shown once. Raises `access.not_permitted`, `NotFound`."""
    actor.must(Permission.RECORD_EVENTS)
    batch = records.find(session, Batch, value.batch_id)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    link = PaperLink(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        token_hash=token_hash(token),
        handed_to=value.handed_to,
        plots=value.plots,
        expires_at=now() + timedelta(days=value.days),
        made_by_id=actor.user_id,
    )
    session.add(link)
    session.flush()
    ledger.record(session, "papers.link_made", link)
    return link, token


def revoke(session: Session, actor: Actor, link_id: str) -> PaperLink:
    """Takes a link back: from now on it opens nothing. Once more changes nothing. Raises `NotFound`."""
    actor.must(Permission.RECORD_EVENTS)
    link = records.lock(session, PaperLink, link_id)
    if link.revoked_at is None:
        link.revoked_at = now()
        ledger.record(session, "papers.link_revoked", link)
    return link


def opened(session: Session, token: str, paper: str) -> PaperLink:
    """The link of a token, and the look at it is written down. Raises `NotFound`: there is none, or it has ended."""
    statement = select(PaperLink).where(PaperLink.token_hash == token_hash(token))
    link = session.exec(statement).one_or_none()
    if link is None or not link.is_good:
        raise NotFound("PaperLink")
    session.add(PaperView(link_id=link.id, paper=paper))
    session.flush()
    return link


def of_batch(session: Session, batch_id: str) -> list[PaperLink]:
    """The links of a lot, the newest first."""
    statement = select(PaperLink).where(PaperLink.batch_id == batch_id)
    return list(session.exec(statement.order_by(col(PaperLink.created_at).desc())).all())


def looks(session: Session, links: Iterable[PaperLink]) -> dict[str, tuple[int, datetime]]:
    """By link: how often papers were looked at, and when last."""
    ids = [link.id for link in links]
    statement = (
        select(PaperView.link_id, func.count(), func.max(PaperView.at))
        .where(col(PaperView.link_id).in_(ids))
        .group_by(PaperView.link_id)
    )
    return {link_id: (count, last) for link_id, count, last in session.exec(statement).all()}
