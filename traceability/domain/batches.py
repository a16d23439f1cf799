"""The batch (lô hàng): a quantity of one product with one history, named by its lot.

A batch begins as a harvest from a growing area or as the output of a transform. Its grams are conserved: what was made
is on hand, shipped, used as an input, or lost, and nothing else; the schema holds the sum for ever.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, choice


class Origin(StrEnum):
    """How a batch began."""

    HARVEST = "harvest"
    TRANSFORM = "transform"


class BatchState(StrEnum):
    """The life of a batch. Released: the gate of public data holds, the page is published."""

    OPEN = "open"
    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"
    CLOSED = "closed"


class Batch(Record, ProducerOwned, table=True):
    """A batch. All weights are whole grams."""

    __table_args__ = (
        sa.UniqueConstraint("product_id", "lot"),
        sa.CheckConstraint("made_g > 0", name="made"),
        sa.CheckConstraint(
            "on_hand_g >= 0 AND shipped_g >= 0 AND used_g >= 0 AND lost_g >= 0", name="not_negative"
        ),
        sa.CheckConstraint("on_hand_g + shipped_g + used_g + lost_g = made_g", name="conserved"),
        sa.CheckConstraint(
            "(origin = 'harvest' AND area_id IS NOT NULL AND harvested_on IS NOT NULL) OR origin = 'transform'",
            name="harvest_has_area",
        ),
        sa.CheckConstraint("best_before_on IS NULL OR best_before_on >= started_on", name="best_before"),
        sa.Index("ix_batch_newest", "producer_id", "started_on"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "product_id",
            "lot",
            "origin",
            "area_id",
            "started_on",
            "harvested_on",
            "packed_on",
            "best_before_on",
            "state",
        }
    )
    UNLOGGED: ClassVar[dict[str, str]] = {
        "search": "derived from the lot and product",
        "page_version": "a counter for caches of the public page",
    }

    product_id: str = Field(foreign_key="product.id", index=True, max_length=16)
    lot: str = Field(max_length=20, index=True)
    search: str = Field(default="", max_length=900)
    origin: Origin = Field(sa_type=choice(Origin))
    area_id: str | None = Field(default=None, foreign_key="growing_area.id", index=True, max_length=16)
    #: the growing-area code claimed for this batch, as text: codes are opaque and outlive their rows
    area_code: str = Field(default="", max_length=60)
    #: the first day of its history: harvest day, or the day its transform began
    started_on: date = Field(index=True)
    harvested_on: date | None = None
    packed_on: date | None = None
    best_before_on: date | None = None
    made_g: int = Field(sa_type=sa.BigInteger)
    on_hand_g: int = Field(sa_type=sa.BigInteger)
    shipped_g: int = Field(default=0, sa_type=sa.BigInteger)
    used_g: int = Field(default=0, sa_type=sa.BigInteger)
    lost_g: int = Field(default=0, sa_type=sa.BigInteger)
    unit_count: int | None = Field(default=None, ge=0)
    picker: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=1000)
    state: BatchState = Field(default=BatchState.OPEN, sa_type=choice(BatchState), index=True)
    #: the state to come back to when a hold or recall is lifted
    state_before: BatchState | None = Field(default=None, sa_type=choice(BatchState, "state_before"))
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    page_version: int = 1
    external_ref: str | None = Field(default=None, max_length=80)
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
