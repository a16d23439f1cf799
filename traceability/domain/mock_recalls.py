"""The mock recall (diễn tập thu hồi): the same computation as a recall, and nothing that the public could see changes.

It measures how long the answer takes, and for how many kilograms outside somebody knows whom to tell. What it found is
kept as a record, so that the next one can be held against it.
"""

import time
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, recall_reach, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.ownership import ProducerOwned
from traceability.domain.products import Product
from traceability.domain.recall_reach import Reach
from traceability.domain.records import Instant, Json, Record, RecordId
from traceability.domain.text import Line

#: So many batches, and receivers without a contact, are kept by name.
MOST = 500


class MockRecall(Record, ProducerOwned, table=True):
    """One exercise: what a recall of the batch would have reached at that moment, and how long the answer took."""

    __tablename__ = "mock_recall"
    OPEN: ClassVar[frozenset[str]] = frozenset({"number"})

    number: str = Field(max_length=20, unique=True)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(sa_type=Instant)
    milliseconds: int
    batches: int
    producers: int
    receivers: int
    stamps_active: int = Field(sa_type=sa.BigInteger)
    made_g: int = Field(sa_type=sa.BigInteger)
    on_hand_g: int = Field(sa_type=sa.BigInteger)
    lost_g: int = Field(sa_type=sa.BigInteger)
    outside_g: int = Field(sa_type=sa.BigInteger)
    #: of the grams outside, those whose receiver can be told
    known_g: int = Field(sa_type=sa.BigInteger)
    #: the batches by name and weight, and the receivers whom nobody can tell
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note: str = Field(default="", max_length=200)

    @property
    def coverage(self) -> float:
        """The share of the grams outside whose receiver can be told; 1 where nothing is outside."""
        return self.known_g / self.outside_g if self.outside_g else 1.0


class MockInput(BaseModel):
    """Which batch the exercise is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    note: Line | None = None


def run(session: Session, actor: Actor, value: MockInput) -> MockRecall:
    """Computes what a recall would reach now, measures the time, and keeps the figures. Nothing else changes.

    Raises `NotFound`, and `RuleBroken` ("access.not_permitted").
    """
    actor.must(
        Permission.RECALL_OWN_BATCHES,
        Permission.RECORD_EVENTS,
        Permission.REQUEST_RECALL,
        Permission.INSPECT,
    )
    batch = records.find(session, Batch, value.batch_id)
    start = time.perf_counter()
    reach = recall_reach.of_batch(session, batch.id)
    took = time.perf_counter() - start
    row = MockRecall(
        producer_id=batch.producer_id,
        number=f"DT-{today():%y%m%d}-{records.new_id()[:4].upper()}",
        batch_id=batch.id,
        agency_id=actor.agency_id,
        by_id=actor.user_id,
        at=now(),
        milliseconds=max(1, round(took * 1000)),
        batches=len(reach.batches),
        producers=reach.producers,
        receivers=len(reach.receivers),
        stamps_active=reach.stamps_active,
        made_g=reach.made_g,
        on_hand_g=reach.on_hand_g,
        lost_g=reach.lost_g,
        outside_g=reach.outside_g,
        known_g=reach.known_g,
        figures=_figures(reach),
        note=value.note or "",
    )
    session.add(row)
    session.flush()
    ledger.record(session, "mock_recall.run", row)
    return row


def _figures(reach: Reach) -> dict[str, Any]:
    return {
        "batches": [
            {
                "id": one.id,
                "lot": one.lot,
                "product": one.product,
                "producer_id": one.producer_id,
                "producer": one.producer,
                "made_g": one.made_g,
                "on_hand_g": one.on_hand_g,
                "passed_on_g": one.passed_on_g,
                "outside_g": one.outside_g,
            }
            for one in reach.batches[:MOST]
        ],
        "silent": [
            {"name": one.name, "producer_id": one.producer_id, "outside_g": one.outside_g}
            for one in reach.silent[:MOST]
        ],
        "customers": reach.customers,
    }


def listed(session: Session, limit: int = 100) -> list[tuple[MockRecall, Batch, Product]]:
    """The exercises within the scope, the newest first."""
    statement = (
        select(MockRecall, Batch, Product)
        .join(Batch, col(Batch.id) == MockRecall.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .order_by(col(MockRecall.at).desc())
        .limit(limit)
    )
    return [(row, batch, product) for row, batch, product in session.exec(statement).all()]
