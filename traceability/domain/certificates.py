"""The certificate (chứng nhận): which scheme, which number, who issued it, what it covers and until when.

A certificate is valid on a day or it is not; an expired one leaves the public page by itself. "Checked" needs a named
agency and a day: an upload alone stays the producer's own word.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Record, choice


class CoveredKind(StrEnum):
    """What a certificate covers."""

    AREA = "area"
    PRODUCT = "product"
    PRODUCER = "producer"


class Certificate(Record, ProducerOwned, table=True):
    """A certificate; `covered_id` is the id of the area, product or producer it covers."""

    __table_args__ = (
        sa.UniqueConstraint("scheme", "number", "covered_id"),
        sa.CheckConstraint("issued_on <= expires_on", name="validity"),
        sa.Index("ix_certificate_covered", "covered_kind", "covered_id"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"scheme", "number", "issuer", "covered_kind", "covered_id", "issued_on", "expires_on", "checked_on"}
    )
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the scheme and number"}

    scheme: str = Field(max_length=60)
    number: str = Field(max_length=80)
    search: str = Field(default="", max_length=200)
    issuer: str = Field(max_length=200)
    issuer_accreditation: str = Field(default="", max_length=120)
    covered_kind: CoveredKind = Field(sa_type=choice(CoveredKind))
    covered_id: str = Field(max_length=16)
    scope_text: str = Field(default="", max_length=400)
    stars: int | None = Field(default=None, ge=3, le=5)
    issued_on: date
    expires_on: date | None = None
    verify_url: str = Field(default="", max_length=300)
    withdrawn_on: date | None = None
    checked_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    checked_on: date | None = None
