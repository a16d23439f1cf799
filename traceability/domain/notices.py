"""The notice (thông báo): what a producer or an agency should know, in its inbox.

A notice holds a code and facts, never a sentence: it is worded in the reader's language when it is read.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from traceability.domain.clock import now
from traceability.domain.records import Instant, Json


class Notice(SQLModel, table=True):
    """One notice for one inbox (a producer's or an agency's)."""

    id: int | None = Field(default=None, primary_key=True)
    producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=16)
    code: str = Field(max_length=60)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    #: what it is about: the name of a table and the id of a row, for the link
    subject_table: str = Field(default="", max_length=40)
    subject_id: str = Field(default="", max_length=16)
    at: datetime = Field(default_factory=now, sa_type=Instant)
    read_at: datetime | None = Field(default=None, sa_type=Instant)
