"""What the public may know of a batch: shares, gaps, corrections, households, certificates."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests import factories
from traceability.db import Database
from traceability.domain import (
    case_files,
    certificates,
    corrections,
    events,
    journeys,
    laboratory,
    provenance,
    public_papers,
    recalls,
    shares,
    transforms,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.certificates import CertificateInput, CoveredKind
from traceability.domain.clock import today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.events import EventInput
from traceability.domain.evidence import How
from traceability.domain.history import CorrectionReason, Event, EventType
from traceability.domain.journeys import Gap
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.moments import start_of
from traceability.domain.ownership import PUBLIC
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.public_facts import Provenance
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.transforms import TransformInput


def long_ago() -> date:
    """Asked each time: midnight may come while the tests run."""
    return today() - timedelta(days=60)


@pytest.fixture
def producer(database: Database) -> Producer:
    return factories.producer(database)


def story(database: Database, batch: Batch, day: date | None = None) -> Provenance:
    with database.reading(PUBLIC) as session:
        return provenance.of_batch(session, batch.id, day or today())


def mixed(database: Database, owner: Producer, inputs: list[dict[str, Any]], output: str) -> Batch:
    product = factories.product(database, owner)
    value = TransformInput(product_id=product.id, started_on=today(), output_kg=output, inputs=inputs)
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        return transforms.transform(session, actor, value)


def noted(database: Database, owner: Producer, batch: Batch, day: date, step: str) -> Event:
    actor = factories.manager_of(owner)
    value = EventInput(batch_id=batch.id, type=EventType.STORE, step=step, happened_at=start_of(day))
    with database.transaction(actor) as session:
        return events.record(session, actor, value)


def words(found: Provenance) -> list[str]:
    return [
        "gap" if isinstance(step, Gap) else step.word or step.type.value
        for chapter in found.chapters
        for step in chapter.steps
    ]


def test_a_mixture_tells_the_share_of_each_source(database: Database, producer: Producer) -> None:
    one = factories.harvest(database, producer, 1000)
    other = factories.harvest(database, producer, 1000)
    batch = mixed(
        database,
        producer,
        [
            {"batch_id": one.id, "kilograms": "558"},
            {"batch_id": other.id, "kilograms": "342"},
            {"material": "Đường", "supplier": "Đại lý Bí Mật", "kilograms": "100"},
        ],
        "900",
    )
    found = story(database, batch)
    assert [
        (source.percent, source.goods if not source.traced else source.lot) for source in found.sources
    ] == [
        (55.8, one.lot),
        (34.2, other.lot),
        (10.0, "Đường"),
    ]
    assert len(found.areas) == 2
    assert [chapter.own for chapter in found.chapters] == [False, False, True]
    assert "Bí Mật" not in repr(found)


def test_shares_reach_through_a_mixture_of_mixtures(database: Database, producer: Producer) -> None:
    one, other = factories.harvest(database, producer), factories.harvest(database, producer)
    middle = mixed(
        database,
        producer,
        [{"batch_id": one.id, "kilograms": "100"}, {"batch_id": other.id, "kilograms": "300"}],
        "400",
    )
    batch = mixed(
        database,
        producer,
        [{"batch_id": middle.id, "kilograms": "200"}, {"batch_id": one.id, "kilograms": "200"}],
        "400",
    )
    assert sorted(source.percent for source in story(database, batch).sources) == [37.5, 62.5]


def test_the_shares_on_a_page_are_the_exact_ones_and_add_up(database: Database, producer: Producer) -> None:
    harvests = [factories.harvest(database, producer, 1000) for _number in range(15)]
    inputs = [{"batch_id": batch.id, "kilograms": str(number + 1)} for number, batch in enumerate(harvests)]
    batch = mixed(database, producer, [*inputs, {"material": "Đường", "kilograms": "7"}], "100")
    found = story(database, batch)
    assert len(found.sources) == journeys.MOST_SOURCES
    assert found.more_sources == 4
    assert sum(source.per_mille for source in found.sources) + found.more_per_mille == 1000
    with database.reading(PUBLIC) as session:
        exact = {source.material or source.area_id: source for source in shares.sources(session, batch.id)}
    for source in found.sources:
        key = source.area_id if source.traced else source.goods
        assert abs(source.per_mille - 1000 * exact[key].share) < 1


def test_goods_of_another_producer_bring_their_own_steps(database: Database, producer: Producer) -> None:
    grower = factories.producer(database)
    fruit = factories.harvest(database, grower, 500)
    noted(database, grower, fruit, today(), "Để riêng")
    factories.sent(database, fruit, 100)  # to somebody else: no part of this way
    delivery = factories.received(database, factories.sent(database, fruit, 200, producer))
    batch = mixed(database, producer, [{"delivery_id": delivery.id, "kilograms": "200"}], "150")
    chapters = story(database, batch).chapters
    assert [chapter.producer for chapter in chapters] == [grower.name, producer.name]
    shipped = [
        step for step in chapters[0].steps if not isinstance(step, Gap) and step.type is EventType.SHIP
    ]
    assert len(shipped) == 1


def test_days_without_a_record_are_shown_as_a_gap(database: Database, producer: Producer) -> None:
    batch = factories.harvest(database, producer, harvested_on=long_ago())
    noted(database, producer, batch, long_ago() + timedelta(days=3), "Rửa")
    noted(database, producer, batch, long_ago() + timedelta(days=30), "Chuyển kho")
    found = story(database, batch)
    assert words(found) == ["harvest", "Rửa", "gap", "Chuyển kho"]
    gap = next(step for step in found.chapters[0].steps if isinstance(step, Gap))
    assert gap.days == 27


def test_a_correction_replaces_what_it_corrects(database: Database, producer: Producer) -> None:
    batch = factories.harvest(database, producer)
    wrong, never = (noted(database, producer, batch, today(), step) for step in ("Kho sai", "Chưa hề"))
    actor = factories.manager_of(producer)

    def correct(session: Session, event: Event, reason: CorrectionReason, **right: Any) -> None:
        corrections.correct(
            session,
            actor,
            CorrectionInput(event_id=event.id, reason=reason, explanation="Nhập nhầm", **right),
        )

    with database.transaction(actor) as session:
        correct(session, wrong, CorrectionReason.INCORRECT_DATA, step="Kho đúng")
        correct(session, never, CorrectionReason.DID_NOT_OCCUR)
    found = story(database, batch)
    assert sorted(words(found)) == ["Kho đúng", "harvest"]
    assert [step.corrected for step in found.chapters[0].steps if not isinstance(step, Gap)].count(True) == 1


def test_of_a_household_the_name_and_street_are_kept_back(database: Database) -> None:
    household = factories.producer(
        database,
        name="Hộ Nguyễn Văn Kín",
        legal_form=LegalForm.HOUSEHOLD,
        address_line="Số 5 Ngõ Kín",
        legacy_address="Xã Kín, huyện Kín",
    )
    area = factories.area(database, household, name="Vườn ông Kín")
    found = story(database, factories.harvest(database, household, area_id=area.id))
    assert found.producer.household
    assert found.producer.address == "Phường Cái Vồn, Tỉnh Vĩnh Long"
    assert "Kín" not in repr(found)


def test_only_certificates_valid_today_are_shown_and_say_who_checked(
    database: Database, producer: Producer
) -> None:
    batch = factories.harvest(database, producer)
    actor = factories.manager_of(producer)
    with database.transaction(actor) as session:
        for number, ends in (("CN-1", today()), ("CN-2", today() - timedelta(days=1)), ("CN-3", None)):
            certificates.add(
                session,
                actor,
                CertificateInput(
                    scheme="VietGAP",
                    number=number,
                    issuer="Tổ chức chứng nhận (minh họa)",
                    covered_kind=CoveredKind.PRODUCER,
                    covered_id=producer.id,
                    issued_on=long_ago(),
                    expires_on=ends,
                ),
            )
    assert {row.number for row in story(database, batch).certificates} == {"CN-1", "CN-3"}
    tomorrow = story(database, batch, today() + timedelta(days=1))
    assert [(row.number, row.evidence.how) for row in tomorrow.certificates] == [("CN-3", How.DECLARED)]


def test_a_recall_of_a_source_is_shown_on_what_was_made_of_it(database: Database, producer: Producer) -> None:
    source = factories.harvest(database, producer)
    batch = mixed(database, producer, [{"batch_id": source.id, "kilograms": "100"}], "80")
    with database.transaction(SYSTEM) as session:
        value = RecallInput(
            batch_id=source.id,
            kind=RecallKind.COMPULSORY,
            reason="Lý do kín",
            hazard="Mối nguy kín",
            public_text="Mang trả lại nơi đã mua.",
            decision_no="15/QĐ",
            decided_on=today(),
        )
        recalls.open_recall(session, SYSTEM, value)
    (recall,) = story(database, batch).recalls
    assert recall.public_text == "Mang trả lại nơi đã mua."
    assert source.lot in recall.began_with
    assert "kín" not in repr(recall)


def lab_report(database: Database, batch: Batch, report_no: str, passed: str = "1") -> None:
    value = LabTestInput(
        batch_id=batch.id,
        laboratory="Phòng thử nghiệm (minh họa)",
        report_no=report_no,
        sampled_on=today() - timedelta(days=3),
        reported_on=today(),
        results=[ResultInput(name="Cadimi", value="0,01", passed=passed == "1")],
    )
    with database.transaction(SYSTEM) as session:
        laboratory.record(session, SYSTEM, value)


def certified(database: Database, owner: Producer, area_id: str, number: str) -> None:
    actor = factories.manager_of(owner)
    value = CertificateInput(
        scheme="VietGAP",
        number=number,
        issuer="Tổ chức chứng nhận (minh họa)",
        covered_kind=CoveredKind.AREA,
        covered_id=area_id,
        scope_text="Vườn ông Kín",
        issued_on=long_ago(),
    )
    with database.transaction(actor) as session:
        certificates.add(session, actor, value)


def test_what_was_made_of_others_keeps_their_areas_codes_certificates_and_results(
    database: Database, producer: Producer
) -> None:
    first, second = factories.area(database, producer), factories.area(database, producer)
    factories.area_code(database, first, "VN-VLOR-9101", "CN")
    one = factories.harvest(database, producer, area_id=first.id, area_code="VN-VLOR-9101")
    other = factories.harvest(database, producer, area_id=second.id)
    certified(database, producer, first.id, "VG-1")
    middle = mixed(
        database,
        producer,
        [{"batch_id": one.id, "kilograms": "300"}, {"batch_id": other.id, "kilograms": "100"}],
        "400",
    )
    batch = mixed(database, producer, [{"batch_id": middle.id, "kilograms": "400"}], "300")
    lab_report(database, one, "KQ-1")
    lab_report(database, other, "KQ-2", passed="0")  # from now on its lot is held
    found = story(database, batch)
    assert [(area.name, area.per_mille, area.code and area.code.code) for area in found.areas] == [
        (first.name, 750, "VN-VLOR-9101"),
        (second.name, 250, None),
    ]
    assert [(row.area, row.place, row.code, row.market) for row in found.sources] == [
        (first.name, "Phường Cái Vồn, Tỉnh Vĩnh Long", "VN-VLOR-9101", "CN"),
        (second.name, "Phường Cái Vồn, Tỉnh Vĩnh Long", "", ""),
    ]
    (certificate,) = found.certificates
    assert certificate.number == "VG-1"
    assert one.lot in certificate.source
    assert [(test.report_no, test.source.split(" · ")[1]) for test in found.lab_tests] == [
        ("KQ-2", other.lot),
        ("KQ-1", one.lot),
    ]
    with database.reading(SYSTEM.scope) as session:
        tests = case_files.of_batch(session, batch.id).source_tests
    assert [(row.test.report_no, row.lot) for row in tests] == [("KQ-2", other.lot), ("KQ-1", one.lot)]


def test_of_a_household_that_delivered_nothing_but_the_commune_is_told(
    database: Database, producer: Producer
) -> None:
    household = factories.producer(database, name="Hộ Nguyễn Văn Kín", legal_form=LegalForm.HOUSEHOLD)
    area = factories.area(database, household, name="Vườn ông Kín")
    certified(database, household, area.id, "VG-2")
    fruit = factories.harvest(database, household, area_id=area.id)
    delivery = factories.received(database, factories.sent(database, fruit, 200, producer))
    batch = mixed(database, producer, [{"delivery_id": delivery.id, "kilograms": "200"}], "150")
    found = story(database, batch)
    assert [row.number for row in found.certificates] == ["VG-2"]
    assert "Kín" not in repr(found)


def test_of_many_results_of_sources_the_page_shows_some_and_counts_the_others(
    database: Database, producer: Producer
) -> None:
    source = factories.harvest(database, producer)
    batch = mixed(database, producer, [{"batch_id": source.id, "kilograms": "100"}], "80")
    for number in range(public_papers.MOST_OF_SOURCES + 2):
        lab_report(database, source, f"KQ-{number}", passed="0" if number == 0 else "1")
    found = story(database, batch)
    assert len(found.lab_tests) == public_papers.MOST_OF_SOURCES
    assert found.more_lab_tests == 2
    assert not found.lab_tests[0].passed


def test_steps_of_one_minute_stand_as_they_were_recorded_even_when_one_was_corrected(
    database: Database, producer: Producer
) -> None:
    batch = factories.harvest(database, producer, harvested_on=today() - timedelta(days=2))
    actor = factories.manager_of(producer)
    minute = start_of(today() - timedelta(days=1)) + timedelta(hours=9)

    def step(word: str, seconds: int) -> Event:
        value = EventInput(
            batch_id=batch.id,
            type=EventType.STORE,
            step=word,
            happened_at=minute + timedelta(seconds=seconds),
        )
        with database.transaction(actor) as session:
            return events.record(session, actor, value)

    sorting = step("Sơ chế", 40)
    step("Đóng gói", 0)
    with database.transaction(actor) as session:
        corrections.correct(
            session,
            actor,
            CorrectionInput(
                event_id=sorting.id,
                reason=CorrectionReason.INCORRECT_DATA,
                explanation="Ghi sai chữ",
                step="Sơ chế, phân loại",
            ),
        )
    assert words(story(database, batch)) == ["harvest", "Sơ chế, phân loại", "Đóng gói"]
