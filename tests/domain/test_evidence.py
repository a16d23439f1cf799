"""Every public fact says who vouches for it, how and since when; nothing is checked by nobody."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from traceability.db import Database
from traceability.domain import (
    certificates,
    evidence,
    laboratory,
    ledger,
    provenance,
    public_facts,
    records,
    seasons,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.certificates import CertificateInput, CoveredKind
from traceability.domain.clock import today
from traceability.domain.evidence import Evidence, Grade, How
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.ownership import PUBLIC
from traceability.domain.producers import Producer
from traceability.domain.products import Crop, Product
from traceability.domain.public_facts import Provenance
from traceability.wording import seasons as season_words


@pytest.fixture
def producer(database: Database) -> Producer:
    return factories.producer(database)


def officer_of(database: Database) -> Actor:
    """An officer of a named agency that may look at papers and enter results."""
    agency = factories.agency(database, Permission.INSPECT)
    allowed = factories.officer(Permission.INSPECT, Permission.RECORD_EVENTS)
    return dataclasses.replace(allowed, agency_id=agency.id)


def story(database: Database, batch: Batch) -> Provenance:
    with database.reading(PUBLIC) as session:
        return provenance.of_batch(session, batch.id, today())


def facts_in(thing: Any) -> Iterator[Any]:
    """Every public dataclass in a story."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        yield thing
        for field in dataclasses.fields(thing):
            yield from facts_in(getattr(thing, field.name))
    elif isinstance(thing, tuple):
        for part in thing:
            yield from facts_in(part)


def certified(database: Database, producer: Producer, officer: Actor | None) -> None:
    actor = factories.manager_of(producer)
    value = CertificateInput(
        scheme="VietGAP", number=f"CN-{officer is None}", issuer="Tổ chức chứng nhận",
        covered_kind=CoveredKind.PRODUCER, covered_id=producer.id,
        issued_on=today() - timedelta(days=9), expires_on=today() + timedelta(days=9),
    )  # fmt: skip
    with database.transaction(actor) as session:
        made = certificates.add(session, actor, value)
    if officer is not None:
        with database.transaction(officer) as session:
            certificates.check(session, officer, made.id)


def measured(database: Database, batch: Batch, actor: Actor) -> None:
    value = LabTestInput(
        batch_id=batch.id, laboratory="Trung tâm phân tích (minh họa)", report_no=f"PT-{actor.agency_id}",
        sampled_on=today(), reported_on=today(),
        results=[ResultInput(name="Carbendazim", value="< 0,01", unit="mg/kg", limit="0,5", passed=True)],
    )  # fmt: skip
    with database.transaction(actor) as session:
        laboratory.record(session, actor, value)


@pytest.mark.parametrize("how", [how for how in How if how not in (How.COMPUTED, How.DECLARED)])
def test_nobody_without_a_name_has_checked_or_measured_anything(how: How) -> None:
    with pytest.raises(ValueError, match="nobody is named"):
        Evidence(how, today())


def test_every_way_of_vouching_has_its_letter() -> None:
    assert set(evidence.GRADES) == set(How)
    assert set(evidence.GRADES.values()) == set(Grade)


def test_every_public_fact_carries_its_evidence(database: Database, producer: Producer) -> None:
    officer = officer_of(database)
    area = factories.area(database, producer)
    code = factories.area_code(database, area)
    batch = factories.harvest(database, producer, area_id=area.id, area_code=code.code)
    certified(database, producer, officer)
    measured(database, batch, factories.manager_of(producer))
    found = story(database, batch)
    shown = [fact for fact in facts_in(found) if hasattr(fact, "evidence")]
    kinds = {type(fact) for fact in shown}
    assert kinds == {
        public_facts.PublicProduct,
        public_facts.PublicProducer,
        public_facts.PublicBatch,
        public_facts.PublicArea,
        public_facts.PublicCode,
        public_facts.PublicLabTest,
        public_facts.PublicCertificate,
    }
    assert all(fact.evidence.on <= today() for fact in shown)
    assert all(chapter.entered_from and chapter.entered_to for chapter in found.chapters)


def test_a_paper_counts_as_checked_only_when_an_agency_has_looked(
    database: Database, producer: Producer
) -> None:
    officer = officer_of(database)
    batch = factories.harvest(database, producer)
    certified(database, producer, None)
    certified(database, producer, officer)
    measured(database, batch, factories.manager_of(producer))
    measured(database, batch, officer)
    found = story(database, batch)
    vouching = [row.evidence for row in found.certificates] + [row.evidence for row in found.lab_tests]
    papers = {one.how: one for one in vouching}
    assert papers[How.DECLARED].grade is Grade.D
    assert papers[How.CHECKED].grade is Grade.A
    assert papers[How.CHECKED].by
    assert papers[How.MEASURED].grade is Grade.B
    assert (papers[How.CONFIRMED].grade, bool(papers[How.CONFIRMED].also)) == (Grade.A, True)


def test_what_was_changed_after_its_approval_says_so(database: Database, producer: Producer) -> None:
    batch = factories.harvest(database, producer)
    officer = officer_of(database)
    with database.transaction(officer) as session:
        row = records.lock(session, Product, batch.product_id)
        row.approved_by_agency_id = officer.agency_id
        ledger.record(session, "product.approved", row)
    with database.reading(PUBLIC) as session:
        product = session.get(Product, batch.product_id)
        assert product is not None
        same_day = provenance.product_of(session, product, today())
        later = provenance.product_of(session, product, today() + timedelta(days=3))
    assert (same_day.evidence.how, same_day.changed_on) == (How.APPROVED, None)
    assert (later.evidence.how, later.changed_on) == (How.APPROVED, today() + timedelta(days=3))


@pytest.mark.parametrize(
    ("months", "spans"),
    [
        ({10, 11, 12, 1, 2}, ((10, 2),)),
        ({5, 6, 7, 8, 11, 12, 1, 2}, ((5, 8), (11, 2))),
        ({3}, ((3, 3),)),
        ({12, 1}, ((12, 1),)),
        ({1, 12, 6}, ((6, 6), (12, 1))),
    ],
)
def test_months_are_told_as_runs_over_the_turn_of_the_year(
    months: set[int], spans: tuple[tuple[int, int], ...]
) -> None:
    assert seasons.spans(frozenset(months)) == spans


def test_a_harvest_stands_beside_the_season_of_its_crop(app: Any) -> None:
    crop = Crop(
        id="honey", name="Mật ong bạc hà", name_en="Bạc hà honey",
        facts={"harvest_months_allowed": [10, 11, 12, 1, 2], "season_basis": "public-fact"},
    )  # fmt: skip
    day = today().replace(month=11, day=12)
    season = seasons.of_harvest(crop, day, "L1")
    assert season is not None
    assert season.fits
    late = seasons.of_harvest(crop, day.replace(month=6), "L1")
    assert late is not None
    assert not late.fits
    with app.test_request_context("/?lang=en"):
        said = season_words.sentence(season, "L1")
        assert said == f"Bạc hà honey is taken in October–February; this lot: 12 Nov {day.year}."
        assert "source lot L1" in season_words.sentence(season, "L2")
    with app.test_request_context("/?lang=vi"):
        assert "tháng 10–tháng 2" in season_words.sentence(season, "L1")
    crop.facts = {"harvest_months_allowed": list(range(1, 13))}
    assert seasons.of_harvest(crop, day, "L1") is None
    crop.facts = {}
    assert seasons.of_harvest(crop, day, "L1") is None


def test_harvests_out_of_season_are_shown_first() -> None:
    crop = Crop(id="x", name="Vải", facts={"harvest_months_allowed": [5, 6, 7]})
    found = [seasons.of_harvest(crop, today().replace(month=month, day=1), str(month)) for month in (6, 7, 1)]
    assert [season.lot for season in seasons.shown(one for one in found if one)] == ["1", "6"]
