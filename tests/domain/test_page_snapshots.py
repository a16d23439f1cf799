"""What a lot's page said when it was published or packed is kept, and laid beside what it says today."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from tests import factories
from traceability.db import Database
from traceability.domain import (
    certificates,
    events,
    ledger,
    page_facts,
    page_snapshots,
    producers,
    provenance,
    records,
)
from traceability.domain.batches import Batch
from traceability.domain.certificates import CertificateInput, CoveredKind
from traceability.domain.clock import today
from traceability.domain.events import EventInput
from traceability.domain.history import EventType
from traceability.domain.ledger import LogLeaf
from traceability.domain.moments import start_of
from traceability.domain.ownership import EVERYTHING, PUBLIC
from traceability.domain.page_snapshots import Occasion, PageSnapshot
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.products import Product
from traceability.domain.public_facts import Change, Kept


@pytest.fixture
def producer(database: Database) -> Producer:
    return factories.producer(database)


def published(database: Database, producer: Producer) -> Batch:
    return factories.release(database, factories.harvest(database, producer))


def beside(database: Database, batch: Batch, day: date | None = None) -> Kept:
    with database.reading(PUBLIC) as session:
        kept = provenance.of_batch(session, batch.id, day or today()).kept
    assert kept is not None
    return kept


def said(changes: tuple[Change, ...]) -> list[tuple[str, str, object, object]]:
    return [
        (
            row.fact.section,
            row.fact.label,
            row.then.value if row.then else None,
            row.today.value if row.today else None,
        )
        for row in changes
    ]


def snapshots(database: Database) -> list[PageSnapshot]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(PageSnapshot)).all())


def test_a_publication_keeps_its_page_in_its_own_fact(database: Database, producer: Producer) -> None:
    batch = published(database, producer)
    (kept,) = snapshots(database)
    assert (kept.batch_id, kept.occasion) == (batch.id, Occasion.RELEASED)
    assert kept.digest == page_snapshots.digest_of(kept.facts)
    with database.reading(EVERYTHING) as session:
        (leaf,) = session.exec(select(LogLeaf).where(LogLeaf.kind == "batch.released")).all()
    assert kept.digest in leaf.body.decode()
    assert beside(database, batch).changes == ()


def test_what_changed_since_stands_beside_what_was_said(database: Database, producer: Producer) -> None:
    batch = published(database, producer)
    actor = factories.manager_of(producer)
    with database.transaction(actor) as session:
        product = records.lock(session, Product, batch.product_id)
        before, product.name = product.name, "Bưởi tên mới"
        ledger.record(session, "product.revised", product)
    with database.transaction(actor) as session:
        value = EventInput(
            batch_id=batch.id, type=EventType.STORE, step="Vào kho", happened_at=start_of(today())
        )
        events.record(session, actor, value)
    changes = said(beside(database, batch).changes)
    assert ("product", "name", before, "Bưởi tên mới") in changes
    assert ("step", "store", None, today().isoformat()) in changes
    assert len(changes) == 2


def test_a_certificate_that_ended_was_still_told_then(database: Database, producer: Producer) -> None:
    batch = factories.harvest(database, producer)
    actor = factories.manager_of(producer)
    value = CertificateInput(
        scheme="VietGAP", number="CN-7", issuer="Tổ chức chứng nhận", covered_kind=CoveredKind.PRODUCER,
        covered_id=producer.id, issued_on=today() - timedelta(days=9), expires_on=today() + timedelta(days=3),
    )  # fmt: skip
    with database.transaction(actor) as session:
        certificates.add(session, actor, value)
    batch = factories.release(database, batch)
    assert beside(database, batch).changes == ()
    gone = beside(database, batch, today() + timedelta(days=4)).changes
    assert said(gone) == [("certificate", "valid_to", (today() + timedelta(days=3)).isoformat(), None)]


def test_packing_a_published_lot_keeps_the_page_anew(database: Database, producer: Producer) -> None:
    batch = published(database, producer)
    actor = factories.manager_of(producer)
    with database.transaction(actor) as session:
        value = EventInput(batch_id=batch.id, type=EventType.PACK, happened_at=start_of(today()))
        events.record(session, actor, value)
    assert sorted(row.occasion for row in snapshots(database)) == [Occasion.PACKED, Occasion.RELEASED]
    kept = beside(database, batch)
    assert kept.occasion == Occasion.PACKED.value
    assert kept.changes == ()
    assert any(row.fact.label == "packed_on" for row in kept.rows)


def test_packing_before_the_publication_keeps_nothing_yet(database: Database, producer: Producer) -> None:
    batch = factories.harvest(database, producer)
    actor = factories.manager_of(producer)
    with database.transaction(actor) as session:
        value = EventInput(batch_id=batch.id, type=EventType.PACK, happened_at=start_of(today()))
        events.record(session, actor, value)
    assert snapshots(database) == []
    with database.reading(PUBLIC) as session:
        assert provenance.of_batch(session, batch.id, today()).kept is None


def test_of_a_producer_that_became_a_household_the_old_name_is_not_told(
    database: Database, producer: Producer
) -> None:
    batch = published(database, producer)
    with database.transaction(factories.manager_of(producer)) as session:
        row = records.lock(session, producers.Producer, producer.id)
        row.legal_form = LegalForm.HOUSEHOLD
        ledger.record(session, "producer.revised", row, tenant=row.id)
    kept = beside(database, batch)
    assert producer.name not in repr(kept)
    assert producer.address_line not in repr(kept)


def test_facts_come_back_from_json_as_they_were(database: Database, producer: Producer) -> None:
    batch = published(database, producer)
    with database.reading(PUBLIC) as session:
        facts = page_facts.of_story(provenance.of_batch(session, batch.id, today()))
    assert page_facts.read(page_facts.written(facts)) == facts
    assert not [row for row in page_facts.compared(facts, facts) if row.differs]
    twice = page_facts.compared((facts[0], facts[0]), (facts[0],))
    assert [row.differs for row in twice] == [False, True]
