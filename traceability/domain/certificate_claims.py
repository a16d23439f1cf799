"""The claim (viện dẫn chứng nhận): a producer writes on a batch which of its certificates stand behind it.

Whether the certificate held on the day on which the batch began is judged by the rules, now and whenever a paper
changes; what covers a batch by itself (its area, product, producer) needs no claim.
"""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import batches, certificates, ledger, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.certificates import Certificate
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record, RecordId


class CertificateClaim(Record, ProducerOwned, table=True):
    """One certificate claimed for one batch, until taken back."""

    __tablename__ = "certificate_claim"
    __table_args__ = (sa.UniqueConstraint("batch_id", "certificate_id"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"batch_id", "certificate_id", "withdrawn_at"})

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    certificate_id: str = Field(foreign_key="certificate.id", index=True, max_length=16)
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class ClaimInput(BaseModel):
    """Which certificate is claimed for which batch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    certificate_id: RecordId


def claim(session: Session, actor: Actor, value: ClaimInput) -> CertificateClaim:
    """Writes a certificate on a batch; one taken back is claimed again.

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.closed`,
    `certificate_claims.not_of_batch`, `certificate_claims.claimed_already`, and what the rules refuse.
    """
    actor.must(Permission.REGISTER_BATCHES)
    batch = batches.choose(session, value.batch_id)
    if batch.state is batches.BatchState.CLOSED:
        batch.must_move()
    found = certificates.covering(session, batch.producer_id, batch.product_id, batch.area_id)
    certificate = next((row for row in found if row.id == value.certificate_id), None)
    if certificate is None:
        raise RuleBroken("certificate_claims.not_of_batch", "certificate_id")
    same = select(CertificateClaim).where(
        CertificateClaim.batch_id == batch.id, CertificateClaim.certificate_id == certificate.id
    )
    made = session.exec(same).one_or_none()
    if made is not None and made.withdrawn_at is None:
        raise RuleBroken("certificate_claims.claimed_already", "certificate_id", number=certificate.number)
    if made is None:
        made = CertificateClaim(
            producer_id=batch.producer_id,
            batch_id=batch.id,
            certificate_id=certificate.id,
            recorded_by_id=actor.user_id,
        )
    made.withdrawn_at = None
    session.add(made)
    batch.page_version += 1
    session.flush()
    rules.judge(session, made, "claim")
    ledger.record(session, "certificate.claimed", made, batch)
    return made


def take_back(session: Session, actor: Actor, claim_id: str) -> CertificateClaim:
    """The producer takes a claim back. Raises `NotFound`, `RuleBroken`: `access.not_permitted`."""
    actor.must(Permission.REGISTER_BATCHES)
    made = records.lock(session, CertificateClaim, claim_id)
    if made.withdrawn_at is not None:
        raise NotFound("CertificateClaim", claim_id)
    batch = records.lock(session, batches.Batch, made.batch_id)
    made.withdrawn_at = now()
    batch.page_version += 1
    session.flush()
    rules.judge(session, made, "claim")
    ledger.record(session, "certificate.claim_withdrawn", made, batch)
    return made


def of_batch(session: Session, batch_id: str) -> list[tuple[CertificateClaim, Certificate]]:
    """What is claimed for a batch, with the certificates."""
    statement = (
        select(CertificateClaim, Certificate)
        .join(Certificate, col(Certificate.id) == CertificateClaim.certificate_id)
        .where(CertificateClaim.batch_id == batch_id, col(CertificateClaim.withdrawn_at).is_(None))
        .order_by(Certificate.search)
    )
    return [(made, certificate) for made, certificate in session.exec(statement).all()]
