"""Laboratory reports and certificates as the public may see them: of a batch, and of what went into it."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from traceability.domain import evidence, laboratory
from traceability.domain.certificates import Certificate, of_origins
from traceability.domain.clock import local_day
from traceability.domain.evidence import name_of
from traceability.domain.journeys import Parent
from traceability.domain.laboratory import LabTest
from traceability.domain.producers import LegalForm
from traceability.domain.public_facts import Measured, PublicCertificate, PublicLabTest

#: Of the reports and of the certificates of what went into a lot, a page shows this many.
MOST_OF_SOURCES = 6


def _named(parent: Parent) -> str:
    return f"{parent.product.name} · {parent.batch.lot}"


def lab_tests_above(session: Session, above: Sequence[Parent]) -> tuple[tuple[PublicLabTest, ...], int]:
    """The reports of what went in: those that were not passed first, so that none of them is left out; and how many
    more there are."""
    named = {parent.batch.id: parent for parent in above}
    found = sorted(
        laboratory.of_batches(session, named.keys()),
        key=lambda test: (test.passed, -named[test.batch_id].share),
    )
    shown = found[:MOST_OF_SOURCES]
    return (
        tuple(_lab_test(session, test, _named(named[test.batch_id])) for test in shown),
        len(found) - len(shown),
    )


def lab_tests(session: Session, tests: Sequence[LabTest]) -> tuple[PublicLabTest, ...]:
    """The reports of the batch itself."""
    return tuple(_lab_test(session, test) for test in tests)


def _lab_test(session: Session, test: LabTest, source: str = "") -> PublicLabTest:
    return PublicLabTest(
        laboratory=test.laboratory,
        accreditation=test.accreditation,
        report_no=test.report_no,
        stage=test.stage,
        sampled_on=test.sampled_on,
        reported_on=test.reported_on,
        passed=test.passed,
        measured=tuple(
            Measured(
                name=str(row.get("name") or row.get("test") or ""),
                value="" if row.get("value") is None else str(row["value"]),
                unit=str(row.get("unit") or ""),
                limit="" if row.get("limit") is None else str(row["limit"]),
                passed=row.get("passed"),
            )
            for row in test.results
        ),
        evidence=evidence.measured(
            test.laboratory, test.reported_on, name_of(session, test.recorded_by_agency_id)
        ),
        source=source,
    )


def certificates_above(
    session: Session, above: Sequence[Parent], own: list[Certificate], today: date
) -> tuple[tuple[PublicCertificate, ...], int]:
    """The certificates of the areas and producers of what went in, and how many more there are."""
    known = {row.id for row in own}
    found = [
        (row, parent)
        for row in of_origins(session, [parent.batch for parent in above], today)
        if row.id not in known
        for parent in [next(one for one in above if row.covered_id in (one.batch.area_id, one.producer.id))]
    ]
    shown = sorted(found, key=lambda pair: -pair[1].share)[:MOST_OF_SOURCES]
    return (
        tuple(
            _certificate(
                session, row, _named(parent), household=parent.producer.legal_form is LegalForm.HOUSEHOLD
            )
            for row, parent in shown
        ),
        len(found) - len(shown),
    )


def certificates(session: Session, rows: Sequence[Certificate]) -> tuple[PublicCertificate, ...]:
    """The certificates of the batch's own producer, product and area."""
    return tuple(_certificate(session, row) for row in rows)


def _certificate(
    session: Session, row: Certificate, source: str = "", household: bool = False
) -> PublicCertificate:
    """A certificate; in the words of its scope a household may be named."""
    return PublicCertificate(
        scheme=row.scheme,
        number=row.number,
        issuer=row.issuer,
        covers=row.covered_kind,
        scope="" if household else row.scope_text,
        stars=row.stars,
        issued_on=row.issued_on,
        expires_on=row.expires_on,
        evidence=evidence.checked(
            name_of(session, row.checked_by_agency_id), row.checked_on, local_day(row.created_at)
        ),
        source=source,
    )
