"""What the rules say of one batch, for those who may see it: flags, overrides, claims, and what cannot be judged."""

from dataclasses import dataclass

from sqlmodel import Session

from traceability.domain import certificate_claims, certificates, rule_flags, rule_judge, rule_overrides
from traceability.domain.agencies import Agency
from traceability.domain.batches import Batch
from traceability.domain.certificate_claims import CertificateClaim
from traceability.domain.certificates import Certificate
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.rule_outcomes import Unknown
from traceability.domain.rule_overrides import RuleOverride


@dataclass(frozen=True)
class RuleStanding:
    """How a batch stands with the rules. `unknown` are rules that nobody can judge, with what is missing."""

    flags: list[RuleFlag]
    overrides: dict[str, tuple[RuleOverride, Agency]]
    unknown: list[tuple[RuleCode, str]]
    claims: list[tuple[CertificateClaim, Certificate]]
    claimable: list[Certificate]


def of_batch(session: Session, batch: Batch) -> RuleStanding:
    """How a batch within the scope stands with the rules."""
    flags = rule_flags.of_batch(session, batch.id)
    claims = certificate_claims.of_batch(session, batch.id)
    taken = {certificate.id for _claim, certificate in claims}
    covering = certificates.covering(session, batch.producer_id, batch.product_id, batch.area_id)
    said = rule_judge.look(session, batch)
    return RuleStanding(
        flags=flags,
        overrides=rule_overrides.of_flags(session, flags),
        unknown=[(rule, outcome.why) for rule, outcome in said if isinstance(outcome, Unknown)],
        claims=claims,
        claimable=[certificate for certificate in covering if certificate.id not in taken],
    )
