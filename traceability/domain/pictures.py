"""A picture of a product, a place or a doubt: re-encoded, without its camera's data, kept under its own digest."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record, choice
from traceability.domain.text import Line

#: New pictures of one producer in 24 hours: more than there are products to photograph, and few enough for a disk.
MOST_A_DAY: Final = 100


class PictureKind(StrEnum):
    """What the picture is; an illustration is always marked as one."""

    PHOTO = "photo"
    ILLUSTRATION = "illustration"


class Picture(Record, ProducerOwned, table=True):
    """A stored picture. The file is `<sha256>.webp` in the pictures folder of the data directory."""

    __table_args__ = (sa.UniqueConstraint("producer_id", "sha256"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"sha256", "kind", "width", "height", "credit"})

    sha256: str = Field(max_length=64, index=True)
    kind: PictureKind = Field(default=PictureKind.PHOTO, sa_type=choice(PictureKind))
    width: int
    height: int
    size: int
    alt: str = Field(default="", max_length=200)
    credit: str = Field(default="", max_length=200)


@dataclass(frozen=True)
class StoredPicture:
    """A picture file as it lies in the store: its digest, width and height in pixels, size in bytes."""

    sha256: str
    width: int
    height: int
    size: int


class PictureInput(BaseModel):
    """What a person says of a picture: `alt` is what is seen on it, for those who do not see it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: PictureKind = PictureKind.PHOTO
    alt: Line | None = None


def add(
    session: Session,
    actor: Actor,
    stored: StoredPicture,
    *,
    kind: PictureKind = PictureKind.PHOTO,
    alt: str = "",
    credit: str = "",
) -> Picture:
    """Enters a stored picture for the acting producer. The same picture again is the same row.

    Raises `RuleBroken`: `access.not_permitted`, `pictures.too_many_today`.
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    statement = select(Picture).where(Picture.producer_id == actor.tenant(), Picture.sha256 == stored.sha256)
    picture = session.exec(statement).first()
    if picture is not None:
        return picture
    own = select(func.count()).select_from(Picture).where(Picture.producer_id == actor.tenant())
    if session.exec(own.where(col(Picture.created_at) > now() - timedelta(days=1))).one() >= MOST_A_DAY:
        raise RuleBroken("pictures.too_many_today", "picture", limit=MOST_A_DAY)
    picture = Picture(
        producer_id=actor.tenant(),
        sha256=stored.sha256,
        kind=kind,
        width=stored.width,
        height=stored.height,
        size=stored.size,
        alt=alt[:200],
        credit=credit[:200],
    )
    session.add(picture)
    session.flush()
    ledger.record(session, "picture.stored", picture)
    return picture
