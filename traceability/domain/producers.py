"""The producer (cơ sở): cooperative, cooperative group, company or household; the tenant of the platform.

A producer starts as a draft, is approved by an agency, and may be suspended. It may or may not have accounts of its
own: for those without, an agency's data-entry account records in its name.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from traceability.domain.addresses import Address
from traceability.domain.ownership import owned
from traceability.domain.records import Instant, Record, choice


class LegalForm(StrEnum):
    """What the producer is in law."""

    COOPERATIVE = "cooperative"
    COOPERATIVE_GROUP = "cooperative_group"
    COMPANY_LLC = "company_llc"
    COMPANY_JSC = "company_jsc"
    PRIVATE_ENTERPRISE = "private_enterprise"
    HOUSEHOLD = "household_business"


class ProducerState(StrEnum):
    """The life of a producer on the platform."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUSPENDED = "suspended"


class Register(StrEnum):
    """Which register counts the producer: only Vĩnh Long's own 37 stand behind the home page's counters."""

    VINH_LONG = "vinh_long"
    SISTER = "sister"


class Producer(Record, Address, table=True):
    """A producer. `register_of` says which register counts it (the counters count Vĩnh Long's)."""

    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "code",
            "name",
            "legal_form",
            "state",
            "commune_code",
            "commune_name",
            "province_code",
            "province_name",
            "gln",
        }
    )
    UNLOGGED: ClassVar[dict[str, str]] = {
        "search": "derived from the name and code",
        "sort_key": "derived from the name",
    }
    __table_args__ = (sa.Index("ix_producer_state_sort", "state", "sort_key"),)

    code: str = Field(max_length=20, unique=True)
    name: str = Field(max_length=200)
    name_en: str = Field(default="", max_length=200)
    search: str = Field(default="", max_length=500)
    sort_key: str = Field(default="", max_length=600)
    legal_form: LegalForm = Field(sa_type=choice(LegalForm))
    activity: str = Field(default="", max_length=40)
    state: ProducerState = Field(default=ProducerState.DRAFT, sa_type=choice(ProducerState), index=True)
    register_of: Register = Field(default=Register.VINH_LONG, sa_type=choice(Register))
    #: whether stamps may be ordered for its batches (17 of the 37 in the province's first year)
    has_stamps: bool = False
    gln: str | None = Field(default=None, max_length=13)
    tax_code: str | None = Field(default=None, max_length=14)
    phone: str | None = Field(default=None, max_length=20)
    email: str | None = Field(default=None, max_length=120)
    latitude: float | None = None
    longitude: float | None = None
    registered_on: date | None = None
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    def open_fields(self) -> frozenset[str]:
        """A household is a person: only its code, form and state stand in clear."""
        return (
            frozenset({"code", "legal_form", "state"})
            if self.legal_form is LegalForm.HOUSEHOLD
            else self.OPEN
        )


owned(Producer, "id")


class ProducerCategory(SQLModel, table=True):
    """A product category in which a producer works; agencies of one sector see by it."""

    __tablename__ = "producer_category"

    producer_id: str = Field(primary_key=True, foreign_key="producer.id", max_length=16)
    category: str = Field(primary_key=True, max_length=40)
