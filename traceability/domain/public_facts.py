"""What the public may know: frozen dataclasses that list it. What does not stand here cannot reach a public page.

Each carries the evidence for what it says: who vouches for it, how, and since when.

Not here are weights, customers, suppliers, pickers, notes, telephone numbers, tax codes, coordinates, the reasons of
suspensions, and the name and street of a household.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from traceability.domain.areas import CodeFamily, CodeState
from traceability.domain.batches import BatchState, Origin
from traceability.domain.certificates import CoveredKind
from traceability.domain.evidence import Evidence
from traceability.domain.journeys import Chapter, Source
from traceability.domain.producers import LegalForm
from traceability.domain.recalls import RecallKind
from traceability.domain.rule_book import RuleCode
from traceability.domain.seasons import Season
from traceability.domain.suspensions import SuspendedKind


@dataclass(frozen=True)
class PublicPicture:
    """A picture: its file by digest, what is seen, and whether it is only an illustration."""

    sha256: str
    width: int
    height: int
    alt: str
    illustration: bool
    credit: str


@dataclass(frozen=True)
class PublicProduct:
    """A trade item. `standards` are pairs of code and title; `changed_on`: by the producer, after it was approved."""

    code: str
    name: str
    name_en: str
    category: str
    net_weight: str
    net_weight_g: int
    unit: str
    brand: str
    variety: str
    gtin: str | None
    standards: tuple[tuple[str, str], ...]
    ocop_stars: int | None
    gi_note: str
    description: str
    warnings: str
    storage: str
    shelf_life_days: int | None
    origin: str
    legacy_origin: str
    picture: PublicPicture | None
    suspended: bool
    evidence: Evidence
    changed_on: date | None = None


@dataclass(frozen=True)
class PublicProducer:
    """A producer. Of a household only the code, the commune and the province are told."""

    code: str
    name: str
    name_en: str
    household: bool
    legal_form: LegalForm
    address: str
    legacy_address: str
    gln: str | None
    suspended: bool
    evidence: Evidence
    changed_on: date | None = None


@dataclass(frozen=True)
class PublicBatch:
    """A lot and its days."""

    lot: str
    state: BatchState
    origin: Origin
    started_on: date
    harvested_on: date | None
    packed_on: date | None
    best_before_on: date | None
    published_on: date | None
    evidence: Evidence


@dataclass(frozen=True)
class PublicCode:
    """A growing-area code claimed for the batch, and how it stands today. `holder`: whose it is, where it was lent."""

    code: str
    family: CodeFamily | None
    market: str
    authority: str
    state: CodeState | None
    valid_to: date | None
    evidence: Evidence
    holder: str = ""


@dataclass(frozen=True)
class PublicArea:
    """A growing area: where it lies, and its outline blurred to the area as the `d` of an SVG path.

    `per_mille` of the lot was harvested here; `crop_kind` is what decides how such a place is called.
    """

    name: str
    place: str
    legacy_address: str
    square_metres: int
    outline: str
    suspended: bool
    code: PublicCode | None
    per_mille: int
    crop_kind: str
    evidence: Evidence


@dataclass(frozen=True)
class Measured:
    """One line of a laboratory report, as text."""

    name: str
    value: str
    unit: str
    limit: str
    passed: bool | None


@dataclass(frozen=True)
class PublicLabTest:
    """A laboratory report. `source` names the lot it is of where that is one that went into the lot shown."""

    laboratory: str
    accreditation: str
    report_no: str
    stage: str
    sampled_on: date
    reported_on: date
    passed: bool
    measured: tuple[Measured, ...]
    evidence: Evidence
    source: str = ""


@dataclass(frozen=True)
class PublicCertificate:
    """A certificate that is valid on the day of the page; an expired one is not among them.

    `source` names a lot that went into the lot shown, where the certificate is of that one's area or producer.
    """

    scheme: str
    number: str
    issuer: str
    covers: CoveredKind
    scope: str
    stars: int | None
    issued_on: date
    expires_on: date | None
    evidence: Evidence
    source: str = ""


@dataclass(frozen=True)
class RecallOutcome:
    """How a recall ended, in grams of all lots that it reached: made = located + recovered + missing."""

    closed_on: date
    made_g: int
    located_g: int
    recovered_g: int
    missing_g: int


@dataclass(frozen=True)
class PublicRecall:
    """A recall that reaches the batch. `began_with` names the lot it began with where that is another one; `outcome`
    once an agency has accepted the report of it."""

    number: str
    kind: RecallKind
    decided_by: str
    decision_no: str
    opened_on: date
    public_text: str
    began_with: str
    outcome: RecallOutcome | None = None


@dataclass(frozen=True)
class PublicSuspension:
    """A suspension in force: of what, by whom, since when. Its reason is between the agency and the producer."""

    kind: SuspendedKind
    by: str
    since: date


@dataclass(frozen=True)
class PublicException:
    """A rule that an agency let the batch pass: which one, which agency, since when, and the reason it gave."""

    rule: RuleCode
    by: str
    since: date
    reason: str


@dataclass(frozen=True)
class Fact:
    """One thing that a page says. `kind` says how `value` is to be read: text, day, number, word, area ..."""

    section: str
    label: str
    key: str
    kind: str
    value: Any


@dataclass(frozen=True)
class Change:
    """One fact on two days; None where the page did not tell it."""

    then: Fact | None
    today: Fact | None

    @property
    def fact(self) -> Fact:
        """The fact, as it was told first."""
        found = self.then or self.today
        assert found is not None
        return found

    @property
    def differs(self) -> bool:
        """Whether the page says something else today."""
        return self.then is None or self.today is None or self.then.value != self.today.value


@dataclass(frozen=True)
class Kept:
    """What the page said when the lot was published or packed (`occasion`), beside what it says today."""

    at: datetime
    occasion: str
    digest: str
    rows: tuple[Change, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """Those that differ."""
        return tuple(row for row in self.rows if row.differs)


@dataclass(frozen=True)
class Provenance:
    """All that the public may know of a batch on the day `as_of`. `pins`: the stamps scanned have a scratch panel."""

    as_of: date
    product: PublicProduct
    producer: PublicProducer
    batch: PublicBatch
    areas: tuple[PublicArea, ...]
    more_areas: int
    chapters: tuple[Chapter, ...]
    sources: tuple[Source, ...]
    more_sources: int
    more_per_mille: int
    complete: bool
    lab_tests: tuple[PublicLabTest, ...]
    more_lab_tests: int
    certificates: tuple[PublicCertificate, ...]
    more_certificates: int
    seasons: tuple[Season, ...]
    recalls: tuple[PublicRecall, ...]
    suspensions: tuple[PublicSuspension, ...]
    pins: bool = False
    kept: Kept | None = None
    exceptions: tuple[PublicException, ...] = ()
