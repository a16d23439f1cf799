"""A picture of a product, a place or a doubt: re-encoded, without its camera's data, kept under its own digest."""

from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record, choice


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
