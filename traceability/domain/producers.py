"""The producer (cơ sở): cooperative, cooperative group, company or household; the tenant of the platform.

A producer starts as a draft, is approved by an agency, and may be suspended. It may or may not have accounts of its
own: for those without, an agency's data-entry account records in its name.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import ConfigDict
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import contacts, ledger, notices, ownership, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import Address, AddressInput, Vintage
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.geometry import inside_vietnam
from traceability.domain.identifiers import Gln
from traceability.domain.ownership import owned
from traceability.domain.product_categories import CategoryCode
from traceability.domain.quantities import Day
from traceability.domain.records import Instant, Record, choice
from traceability.domain.text import Name, collation_key, fold

#: The province whose register stands behind the home page's counters.
HOME_PROVINCE = "86"


class LegalForm(StrEnum):
    """What the producer is in law."""

    COOPERATIVE = "cooperative"
    COOPERATIVE_GROUP = "cooperative_group"
    COMPANY_LLC = "company_llc"
    COMPANY_JSC = "company_jsc"
    PRIVATE_ENTERPRISE = "private_enterprise"
    HOUSEHOLD = "household_business"


class Activity(StrEnum):
    """What the producer mainly does."""

    GROWER = "grower"
    GROWER_PACKER = "grower_packer"
    GROWER_PROCESSOR = "grower_processor"
    PACKING_HOUSE = "packing_house"
    PROCESSOR = "processor"
    BEEKEEPER = "beekeeper_bottler"
    AQUAFARM = "aquafarm"
    TRADER = "trader"


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

    ERASABLE: ClassVar[bool] = True
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

    def must_be_approved(self) -> None:
        """Demands that the producer may act in the chain.

        Raises `RuleBroken`: `producers.still_draft`, `producers.suspended`.
        """
        if self.state is ProducerState.DRAFT:
            raise RuleBroken("producers.still_draft", name=self.name)
        self.must_not_be_suspended()

    def must_not_be_suspended(self, field: str | None = None) -> None:
        """Demands that no agency has stopped the producer: else its goods and stamps stay where they are.

        Raises `RuleBroken` ("producers.suspended").
        """
        if self.state is ProducerState.SUSPENDED:
            raise RuleBroken("producers.suspended", field, name=self.name)


owned(Producer, "id")


class ProducerCategory(SQLModel, table=True):
    """A product category in which a producer works; agencies of one sector see by it."""

    __tablename__ = "producer_category"

    producer_id: str = Field(primary_key=True, foreign_key="producer.id", max_length=16)
    category: str = Field(primary_key=True, max_length=40)


class DetailsInput(AddressInput):
    """What a producer's manager may change of its own details."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name_en: Name | None = None
    phone: contacts.Phone | None = None
    email: contacts.Email | None = None
    latitude: contacts.Latitude | None = None
    longitude: contacts.Longitude | None = None


class ProducerInput(DetailsInput):
    """What an agency may write about a producer. `code` is given by the register; left out, one is made up."""

    name: Name
    legal_form: LegalForm
    activity: Activity = Activity.GROWER
    categories: list[CategoryCode] = pydantic.Field(min_length=1)
    code: contacts.RegisterCode | None = None
    gln: Gln | None = None
    tax_code: contacts.TaxCode | None = None
    registered_on: Day | None = None
    #: left out, it follows from the province
    register_of: Register | None = None


#: Who may write producers down, and who may approve them.
REGISTRARS = (Permission.APPROVE_FACILITY, Permission.CONFIRM_FACILITY, Permission.MANAGE_ACCOUNTS)
APPROVERS = (Permission.APPROVE_FACILITY, Permission.CONFIRM_FACILITY)


def register(session: Session, actor: Actor, value: ProducerInput) -> Producer:
    """Writes a producer down as a draft, to be approved.

    Raises `RuleBroken`: `access.not_permitted`, `producers.registered_in_future`, `producers.code_taken`,
    `producers.commune_missing`, `producers.outside_scope` (an agency registers only within its own scope).
    """
    actor.must(*REGISTRARS)
    _check(value)
    code = value.code or f"CS-{records.new_id()[:6].upper()}"
    with ownership.beyond_scope(session):  # a new row lies in nobody's scope before it exists
        if session.exec(select(Producer.id).where(Producer.code == code)).first():
            raise RuleBroken("producers.code_taken", "code", code=code)
        producer = Producer(code=code, register_of=_register_of(actor, value), **_columns(value, code))
        session.add(producer)
        session.flush()
        _set_categories(session, producer, value.categories)
    if not ownership.covers(session, actor.scope, producer.id):
        raise RuleBroken("producers.outside_scope", "province_code")
    ledger.record(
        session,
        "producer.registered",
        producer,
        tenant=producer.id,
        register=producer.register_of,
        categories=sorted(value.categories),
    )
    return producer


def approve(session: Session, actor: Actor, producer_id: str, seen: int | None = None) -> Producer:
    """An agency approves a draft: the producer's batches may be published from now on.

    `seen` is the revision that was looked at. Raises `RuleBroken`: `access.not_permitted`, `producers.not_a_draft`,
    `records.changed`.
    """
    actor.must(*APPROVERS)
    producer = records.lock(session, Producer, producer_id)
    if producer.state is not ProducerState.DRAFT:
        raise RuleBroken("producers.not_a_draft")
    producer.must_be_as_seen(seen)
    producer.state = ProducerState.APPROVED
    producer.approved_at = now()
    producer.approved_by_agency_id = actor.agency_id
    ledger.record(session, "producer.approved", producer, tenant=producer.id)
    notices.post(session, "producer_approved", producer_id=producer.id, subject=producer)
    return producer


def revise(session: Session, actor: Actor, producer_id: str, value: ProducerInput) -> Producer:
    """An agency corrects what is written about a producer. The code stays, and so does the producer in its scope.

    Raises as `register` does.
    """
    actor.must(*REGISTRARS)
    _check(value)
    producer = records.lock(session, Producer, producer_id)
    for column, content in _columns(value, producer.code).items():
        setattr(producer, column, content)
    with ownership.beyond_scope(session):  # what it becomes may lie elsewhere
        _set_categories(session, producer, value.categories)
    if not ownership.covers(session, actor.scope, producer.id, anew=True):
        raise RuleBroken("producers.outside_scope", "province_code")
    ledger.record(
        session, "producer.revised", producer, tenant=producer.id, categories=sorted(value.categories)
    )
    return producer


def revise_details(session: Session, actor: Actor, value: DetailsInput) -> Producer:
    """A manager keeps the producer's own details up to date: address within the province, telephone, place.

    Name, legal form, tax code and province are the agency's to change. Raises `RuleBroken`: `access.not_permitted`,
    `producers.commune_missing`, `producers.place_incomplete`.
    """
    actor.must(Permission.MANAGE_OWN_PROFILE)
    producer = records.lock(session, Producer, actor.tenant())
    _check_place(value)
    columns = value.address_columns() | {
        "province_code": producer.province_code,
        "province_name": producer.province_name,
        "name_en": value.name_en or "",
        "phone": value.phone,
        "email": value.email,
        "latitude": value.latitude,
        "longitude": value.longitude,
    }
    for column, content in columns.items():
        setattr(producer, column, content)
    producer.search = _search(producer.name, producer.name_en, producer.code)
    ledger.record(session, "producer.revised", producer, tenant=producer.id)
    return producer


def set_stamps(session: Session, actor: Actor, producer_id: str, has_stamps: bool) -> Producer:
    """Lets a producer order stamps, or no longer. Raises `RuleBroken` ("access.not_permitted")."""
    actor.must(Permission.ISSUE_STAMPS, Permission.MANAGE_ACCOUNTS, Permission.APPROVE_FACILITY)
    producer = records.lock(session, Producer, producer_id)
    producer.has_stamps = has_stamps
    ledger.record(session, "producer.stamps_set", producer, tenant=producer.id, has_stamps=has_stamps)
    return producer


def categories_of(session: Session, producer_id: str) -> list[str]:
    """The codes of the categories in which a producer works."""
    statement = select(ProducerCategory.category).where(ProducerCategory.producer_id == producer_id)
    return sorted(session.exec(statement).all())


def waiting_for_approval(session: Session) -> list[Producer]:
    """The drafts within the scope, the oldest first."""
    statement = (
        select(Producer).where(Producer.state == ProducerState.DRAFT).order_by(col(Producer.created_at))
    )
    return list(session.exec(statement).all())


def _columns(value: ProducerInput, code: str) -> dict[str, Any]:
    return value.address_columns() | {
        "name": value.name,
        "name_en": value.name_en or "",
        "search": _search(value.name, value.name_en or "", code),
        "sort_key": collation_key(value.name),
        "legal_form": value.legal_form,
        "activity": value.activity.value,
        "gln": value.gln,
        "tax_code": value.tax_code,
        "phone": value.phone,
        "email": value.email,
        "latitude": value.latitude,
        "longitude": value.longitude,
        "registered_on": value.registered_on,
    }


def _register_of(actor: Actor, value: ProducerInput) -> Register:
    if value.register_of is not None:
        actor.must(Permission.ADMINISTER)
        return value.register_of
    return Register.VINH_LONG if value.province_code == HOME_PROVINCE else Register.SISTER


def _search(name: str, name_en: str, code: str) -> str:
    return fold(f"{name} {name_en} {code}")[:500]


def _check(value: ProducerInput) -> None:
    if value.registered_on and value.registered_on > today():
        raise RuleBroken("producers.registered_in_future", "registered_on")
    if not value.province_code:
        raise RuleBroken("producers.province_missing", "province_code")
    if value.vintage is Vintage.BEFORE_2025:
        raise RuleBroken("producers.address_not_in_force", "vintage")
    _check_place(value)


def _check_place(value: DetailsInput) -> None:
    if not value.commune_name:
        raise RuleBroken("producers.commune_missing", "commune_name")
    if (value.latitude is None) != (value.longitude is None):
        raise RuleBroken("producers.place_incomplete", "longitude" if value.longitude is None else "latitude")
    if value.latitude is not None and value.longitude is not None:
        if inside_vietnam(value.latitude, value.longitude):
            raise RuleBroken("producers.place_swapped", "latitude")
        if not inside_vietnam(value.longitude, value.latitude):
            raise RuleBroken("producers.place_outside", "latitude")


def _set_categories(session: Session, producer: Producer, categories: list[str]) -> None:
    statement = select(ProducerCategory).where(ProducerCategory.producer_id == producer.id)
    present = {row.category: row for row in session.exec(statement).all()}
    for category in present.keys() - set(categories):
        session.delete(present[category])
    for category in sorted(set(categories) - present.keys()):
        session.add(ProducerCategory(producer_id=producer.id, category=category))
    session.flush()
