"""The print layout of a producer (mẫu in): sheet or roll and stamp in millimetres, as its manager drew it.

What the measures mean and whether they can be printed is for the labels to say; here they are kept as text, by name.
A layout that was used stays as it was with the orders that froze it, whatever becomes of it here.
"""

from datetime import datetime
from typing import Annotated, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record
from traceability.domain.text import ShortLine, clean_line

#: What stands before the id where an order names a producer's own layout.
OWN = "own-"
MOST_LAYOUTS = 50


class PrintLayout(Record, ProducerOwned, table=True):
    """One layout of a producer. `data` holds its measures as the labels wrote them."""

    __tablename__ = "layout"
    __table_args__ = (sa.UniqueConstraint("producer_id", "name"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"retired_at"})

    name: str = Field(max_length=80)
    data: str = Field(max_length=4000)
    #: why the squares of a GS1 Digital Link may be smaller than retail scanners want; empty: they may not
    small_reason: str = Field(default="", max_length=400)
    retired_at: datetime | None = Field(default=None, sa_type=Instant)
    changed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)

    @property
    def key(self) -> str:
        """The name by which an order chooses it."""
        return OWN + self.id


class LayoutInput(BaseModel):
    """A layout to keep: its name, its measures as the labels wrote them, and why small squares are allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortLine
    data: Annotated[str, Limit(max_length=4000)]
    small_reason: Annotated[str, Limit(max_length=400)] = ""


def keep(session: Session, actor: Actor, value: LayoutInput, layout_id: str | None = None) -> PrintLayout:
    """Keeps a new layout, or changes the one with this id.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `layouts.name_taken`, `layouts.too_many`.
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    tenant = actor.tenant()
    same_name = select(PrintLayout).where(
        PrintLayout.producer_id == tenant, PrintLayout.name == value.name, PrintLayout.id != (layout_id or "")
    )
    if session.exec(same_name).first() is not None:
        raise RuleBroken("layouts.name_taken", "name", name=value.name)
    if layout_id is None:
        count = select(func.count()).select_from(PrintLayout).where(PrintLayout.producer_id == tenant)
        if session.exec(count).one() >= MOST_LAYOUTS:
            raise RuleBroken("layouts.too_many", None, most=MOST_LAYOUTS)
        kept = PrintLayout(producer_id=tenant, name=value.name, data=value.data)
    else:
        kept = records.lock(session, PrintLayout, layout_id)
    kept.name, kept.data, kept.changed_by_id = value.name, value.data, actor.user_id
    kept.small_reason = clean_line(value.small_reason) if value.small_reason else ""
    session.add(kept)
    session.flush()
    ledger.record(session, "layout.kept", kept)
    return kept


def retire(session: Session, actor: Actor, layout_id: str, *, back: bool = False) -> PrintLayout:
    """Takes a layout out of use, or back into it; orders that froze it print on."""
    actor.must(Permission.MANAGE_PRODUCTS)
    kept = records.lock(session, PrintLayout, layout_id)
    kept.retired_at = None if back else now()
    ledger.record(session, "layout.returned" if back else "layout.retired", kept)
    return kept


def of_producer(session: Session, producer_id: str, *, retired: bool = False) -> list[PrintLayout]:
    """The layouts of a producer by name; those out of use only on demand."""
    statement = select(PrintLayout).where(PrintLayout.producer_id == producer_id)
    if not retired:
        statement = statement.where(col(PrintLayout.retired_at).is_(None))
    return list(session.exec(statement.order_by(col(PrintLayout.name))).all())


def named(session: Session, key: str, producer_id: str) -> PrintLayout | None:
    """The producer's layout that an order names ("own-…"); None for a ready one. Raises `NotFound`."""
    if not key.startswith(OWN):
        return None
    kept = records.find(session, PrintLayout, key.removeprefix(OWN))
    return kept if kept.producer_id == producer_id and kept.retired_at is None else None
