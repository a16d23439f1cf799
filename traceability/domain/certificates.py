"""The certificate (chứng nhận): which scheme, which number, who issued it, what it covers and until when.

A certificate is valid on a day or it is not; an expired one leaves the public page by itself. "Checked" needs a named
agency and a day: an upload alone stays the producer's own word.
"""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Protocol

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, or_, select

from traceability.domain import ledger, notices, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import Day
from traceability.domain.records import Record, choice
from traceability.domain.text import Line, ShortLine, fold

#: Schemes that forms offer; others may be typed.
SCHEMES: Final = (
    "VietGAP",
    "GlobalGAP",
    "Hữu cơ TCVN 11041",
    "Hữu cơ USDA/EU",
    "OCOP 3 sao",
    "OCOP 4 sao",
    "OCOP 5 sao",
    "HACCP",
    "ISO 22000",
    "ATTP",
    "ASC",
    "Chỉ dẫn địa lý",
)
#: From this many days before its end a certificate is shown as expiring.
EXPIRING_DAYS: Final = 60


class Standing(StrEnum):
    """How a certificate stands on a day."""

    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"


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

    def standing_on(self, day: date) -> Standing:
        """How it stands on a day; on its last day it is still valid."""
        if self.withdrawn_on is not None and self.withdrawn_on <= day:
            return Standing.WITHDRAWN
        if day < self.issued_on:
            return Standing.NOT_YET
        if self.expires_on is not None and self.expires_on < day:
            return Standing.EXPIRED
        if self.expires_on is not None and self.expires_on < day + timedelta(days=EXPIRING_DAYS):
            return Standing.EXPIRING
        return Standing.VALID

    def is_valid_on(self, day: date) -> bool:
        """Whether it may be shown as valid on a day."""
        return self.standing_on(day) in (Standing.VALID, Standing.EXPIRING)

    def days_left(self, day: date) -> int | None:
        """Days until its last day; None without an end, negative once expired."""
        return None if self.expires_on is None else (self.expires_on - day).days


#: What may be covered: the table, and the column that says whose it is.
_COVERED: Final[dict[CoveredKind, tuple[Any, Any]]] = {
    CoveredKind.AREA: (GrowingArea, GrowingArea.producer_id),
    CoveredKind.PRODUCT: (Product, Product.producer_id),
    CoveredKind.PRODUCER: (Producer, Producer.id),
}


class CertificateInput(BaseModel):
    """What a person may say of a certificate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: Annotated[ShortLine, pydantic.Field(max_length=60)]
    number: ShortLine
    issuer: Line
    issuer_accreditation: ShortLine | None = None
    #: left out, it follows from the row that `covered_id` names
    covered_kind: CoveredKind | None = None
    covered_id: ShortLine
    scope_text: Line | None = None
    stars: int | None = pydantic.Field(default=None, ge=3, le=5)
    issued_on: Day
    expires_on: Day | None = None
    verify_url: Annotated[Line, pydantic.Field(pattern=r"^https?://[^\s<>\"]+$")] | None = None


def add(session: Session, actor: Actor, value: CertificateInput) -> Certificate:
    """A producer enters a certificate: its own word until an agency has checked it.

    Raises `RuleBroken`: `access.not_permitted`, `certificates.validity`, `certificates.issued_in_future`,
    `certificates.covered_unknown`, `certificates.taken`.
    """
    actor.must(Permission.MANAGE_CERTIFICATES)
    if value.issued_on > today():
        raise RuleBroken("certificates.issued_in_future", "issued_on")
    if value.expires_on and value.expires_on < value.issued_on:
        raise RuleBroken("certificates.validity", "expires_on")
    kind = _covered(session, actor.tenant(), value)
    same = select(Certificate.id).where(
        Certificate.scheme == value.scheme,
        Certificate.number == value.number,
        Certificate.covered_id == value.covered_id,
    )
    if session.exec(same).first():
        raise RuleBroken("certificates.taken", "number", number=value.number)
    certificate = Certificate(
        producer_id=actor.tenant(),
        scheme=value.scheme,
        number=value.number,
        search=fold(f"{value.scheme} {value.number} {value.issuer}")[:200],
        issuer=value.issuer,
        issuer_accreditation=value.issuer_accreditation or "",
        covered_kind=kind,
        covered_id=value.covered_id,
        scope_text=value.scope_text or "",
        stars=value.stars,
        issued_on=value.issued_on,
        expires_on=value.expires_on,
        verify_url=value.verify_url or "",
    )
    session.add(certificate)
    session.flush()
    ledger.record(session, "certificate.added", certificate)
    return certificate


def check(session: Session, actor: Actor, certificate_id: str) -> Certificate:
    """An agency says that it checked the certificate with its issuer, today.

    Raises `RuleBroken`: `access.not_permitted`, `certificates.withdrawn`.
    """
    actor.must(
        Permission.INSPECT,
        Permission.APPROVE_FACILITY,
        Permission.CONFIRM_FACILITY,
        Permission.APPROVE_AREA,
        Permission.CONFIRM_AREA,
        Permission.MANAGE_OCOP,
    )
    certificate = records.lock(session, Certificate, certificate_id)
    if certificate.withdrawn_on is not None:
        raise RuleBroken("certificates.withdrawn")
    certificate.checked_by_agency_id = actor.agency_id
    certificate.checked_on = today()
    ledger.record(session, "certificate.checked", certificate)
    notices.post(
        session,
        "certificate_checked",
        producer_id=certificate.producer_id,
        subject=certificate,
        number=certificate.number,
    )
    return certificate


def withdraw(session: Session, actor: Actor, certificate_id: str) -> Certificate:
    """The producer takes back a certificate that no longer holds: it leaves the public page today.

    Raises `RuleBroken`: `access.not_permitted`, `certificates.withdrawn`.
    """
    actor.must(Permission.MANAGE_CERTIFICATES)
    certificate = records.lock(session, Certificate, certificate_id)
    if certificate.withdrawn_on is not None:
        raise RuleBroken("certificates.withdrawn")
    certificate.withdrawn_on = today()
    ledger.record(session, "certificate.withdrawn", certificate)
    return certificate


def covering(
    session: Session, producer_id: str, product_id: str | None = None, area_id: str | None = None
) -> list[Certificate]:
    """All certificates that cover a producer, one of its products or one of its areas, the newest first."""
    covered = [col(Certificate.covered_id).in_([key for key in (producer_id, product_id, area_id) if key])]
    statement = select(Certificate).where(or_(*covered), Certificate.producer_id == producer_id)
    return list(session.exec(statement.order_by(col(Certificate.issued_on).desc())).all())


class Certified(Protocol):
    """A batch, as far as certificates concern it."""

    producer_id: str
    product_id: str
    area_id: str | None


def valid_on(session: Session, batch: Certified, day: date) -> list[Certificate]:
    """The certificates that cover the producer, product or area of a batch and are valid on a day."""
    found = covering(session, batch.producer_id, batch.product_id, batch.area_id)
    return [certificate for certificate in found if certificate.is_valid_on(day)]


def of_origins(session: Session, sources: Collection[Certified], day: date) -> list[Certificate]:
    """The certificates of the areas and the producers of several batches that are valid on a day."""
    covered = {key for source in sources for key in (source.area_id, source.producer_id) if key}
    statement = select(Certificate).where(
        col(Certificate.covered_id).in_(covered),
        col(Certificate.producer_id).in_({source.producer_id for source in sources}),
    )
    found = session.exec(statement.order_by(col(Certificate.issued_on).desc())) if covered else ()
    return [certificate for certificate in found if certificate.is_valid_on(day)]


def all_of(session: Session, producer_id: str | None = None) -> list[Certificate]:
    """The certificates within the scope (of one producer, if named), the first to expire first."""
    statement = select(Certificate).order_by(col(Certificate.expires_on), Certificate.search)
    if producer_id is not None:
        statement = statement.where(Certificate.producer_id == producer_id)
    found = list(session.exec(statement).all())
    return sorted(found, key=lambda certificate: certificate.expires_on or date.max)


def expiring(session: Session, producer_id: str, day: date) -> list[Certificate]:
    """Those of a producer that end within the next days and have no successor yet."""
    found = all_of(session, producer_id)
    lasting = {
        (certificate.scheme, certificate.covered_id)
        for certificate in found
        if certificate.standing_on(day) is Standing.VALID
    }
    return [
        certificate
        for certificate in found
        if certificate.standing_on(day) is Standing.EXPIRING
        and (certificate.scheme, certificate.covered_id) not in lasting
    ]


def unchecked(session: Session) -> list[Certificate]:
    """Those within the scope that no agency has checked yet and that have not ended."""
    statement = (
        select(Certificate)
        .where(col(Certificate.checked_on).is_(None), col(Certificate.withdrawn_on).is_(None))
        .where(or_(col(Certificate.expires_on).is_(None), col(Certificate.expires_on) >= today()))
        .order_by(col(Certificate.created_at))
    )
    return list(session.exec(statement).all())


def _covered(session: Session, producer_id: str, value: CertificateInput) -> CoveredKind:
    """What kind of thing of the producer's own the certificate covers."""
    for kind, (table, owner) in _COVERED.items():
        own = select(table).where(table.id == value.covered_id, owner == producer_id)
        if value.covered_kind in (None, kind) and session.exec(own).first() is not None:
            return kind
    raise RuleBroken("certificates.covered_unknown", "covered_id")
