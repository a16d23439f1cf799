"""Whose row it is: reads are filtered, writes are checked, and nothing is read without a scope."""

import pytest
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from traceability.db import Database, TraceSession
from traceability.domain import ledger, ownership, tables
from traceability.domain.actors import SYSTEM, VISITOR, Actor, Role
from traceability.domain.certificates import Certificate, CoveredKind
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound
from traceability.domain.ownership import PUBLIC, OutOfScope, ProducerOwned, Reach, Scope
from traceability.domain.producers import LegalForm, Producer, ProducerCategory
from traceability.domain.records import find


def producer(
    session: Session, code: str, category: str, province: str = "86", commune: str = "29770"
) -> Producer:
    row = Producer(
        code=code, name=code, legal_form=LegalForm.COOPERATIVE, province_code=province, commune_code=commune
    )
    session.add_all([row, ProducerCategory(producer_id=row.id, category=category)])
    ledger.record(session, "producer.registered", row)
    return row


def certificate(session: Session, owner: Producer) -> Certificate:
    row = Certificate(
        producer_id=owner.id,
        scheme="VietGAP",
        number=owner.code,
        issuer="X",
        covered_kind=CoveredKind.PRODUCER,
        covered_id=owner.id,
        issued_on=today(),
    )
    session.add(row)
    ledger.record(session, "certificate.added", row)
    return row


@pytest.fixture
def two(database: Database) -> tuple[Producer, Producer]:
    """A fruit producer in Vĩnh Long and a fish producer in another commune, each with a certificate."""
    with database.transaction(SYSTEM) as session:
        ours, theirs = producer(session, "F01", "buoi"), producer(session, "F02", "thuy-san", commune="29771")
        session.flush()
        certificate(session, ours)
        certificate(session, theirs)
    return ours, theirs


def clerk_of(row: Producer) -> Actor:
    return Actor(
        role=Role.CLERK, permissions=frozenset(), scope=Scope.of_producer(row.id), producer_id=row.id
    )


def numbers(database: Database, scope: Scope) -> set[str]:
    with database.reading(scope) as session:
        return set(session.exec(select(Certificate.number)).all())


def test_a_producer_sees_only_its_own_rows(database: Database, two: tuple[Producer, Producer]) -> None:
    assert numbers(database, Scope.of_producer(two[0].id)) == {"F01"}
    with database.reading(Scope.of_producer(two[0].id)) as session:
        assert [row.code for row in session.exec(select(Producer)).all()] == ["F01"]
        assert session.exec(select(func.count()).select_from(Certificate)).one() == 1


def test_anothers_row_is_the_same_as_a_missing_one(
    database: Database, two: tuple[Producer, Producer]
) -> None:
    with database.reading(Scope.of_producer(two[0].id)) as session:
        for foreign in (two[1].id, "0" * 16):
            with pytest.raises(NotFound):
                find(session, Producer, foreign)
        assert session.get(Producer, two[1].id) is None


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope(Reach.AGENCY), {"F01", "F02"}),
        (Scope(Reach.AGENCY, categories=frozenset({"thuy-san"})), {"F02"}),
        (Scope(Reach.AGENCY, communes=frozenset({"29770"})), {"F01"}),
        (Scope(Reach.AGENCY, provinces=frozenset({"08"})), set()),
        (Scope(Reach.AGENCY, provinces=frozenset({"86"}), categories=frozenset({"buoi"})), {"F01"}),
        (ownership.EVERYTHING, {"F01", "F02"}),
        (PUBLIC, {"F01", "F02"}),
    ],
)
def test_an_agency_sees_the_producers_of_its_province_sector_and_communes(
    database: Database, two: tuple[Producer, Producer], scope: Scope, seen: set[str]
) -> None:
    assert numbers(database, scope) == seen


def test_a_join_and_a_subquery_stay_within_the_scope(
    database: Database, two: tuple[Producer, Producer]
) -> None:
    with database.reading(Scope.of_producer(two[0].id)) as session:
        joined = select(Certificate.number).join(Producer, Producer.id == Certificate.producer_id)
        assert session.exec(joined).all() == ["F01"]
        inner = select(Certificate.id)
        assert session.exec(select(Certificate.number).where(col(Certificate.id).in_(inner))).all() == ["F01"]


def test_a_bulk_update_stays_within_the_scope(database: Database, two: tuple[Producer, Producer]) -> None:
    with TraceSession(database.engine) as session:
        session.info["scope"] = Scope.of_producer(two[0].id)
        changed = session.execute(update(Certificate).values(issuer="Y"))
        assert changed.rowcount == 1  # type: ignore[attr-defined]


def test_nothing_is_read_without_a_scope(database: Database) -> None:
    with TraceSession(database.engine) as session, pytest.raises(OutOfScope):
        session.exec(select(Producer)).all()


def test_a_producer_cannot_write_for_another(database: Database, two: tuple[Producer, Producer]) -> None:
    with pytest.raises(OutOfScope), database.transaction(clerk_of(two[0])) as session:
        certificate(session, two[1])


def test_a_row_cannot_be_given_away(database: Database, two: tuple[Producer, Producer]) -> None:
    with pytest.raises(OutOfScope), database.transaction(clerk_of(two[0])) as session:
        mine = session.exec(select(Certificate)).one()
        mine.producer_id = two[1].id
        ledger.record(session, "certificate.added", mine)


def test_an_agency_writes_only_within_its_scope(database: Database, two: tuple[Producer, Producer]) -> None:
    fishery = Actor(
        role=Role.INSPECTOR,
        permissions=frozenset(),
        scope=Scope(Reach.AGENCY, categories=frozenset({"thuy-san"})),
        agency_id="a",
    )
    with pytest.raises(OutOfScope), database.transaction(fishery) as session:
        row = Certificate(
            producer_id=two[0].id,
            scheme="S",
            number="N",
            issuer="I",
            covered_kind=CoveredKind.PRODUCER,
            covered_id=two[0].id,
            issued_on=today(),
        )
        session.add(row)
        ledger.record(session, "certificate.added", row)


def test_a_visitor_writes_nothing_that_a_producer_owns(
    database: Database, two: tuple[Producer, Producer]
) -> None:
    with pytest.raises(OutOfScope), database.transaction(VISITOR) as session:
        certificate(session, two[0])


def test_a_delivery_is_seen_from_both_its_ends() -> None:
    tables.complete()
    assert ownership.owned_tables()[Delivery] == ("producer_id", "to_producer_id")


def test_every_table_with_a_producer_stands_under_the_scope() -> None:
    """A table that names a producer and is not scoped must be listed here with its reason."""
    tables.complete()
    free = {
        "account": "an account is looked up before any scope is known",
        "sign_in_session": "sign-in state",
        "producer_category": "by it the scope of agencies is found",
        "notice": "read by inbox only (domain/notices)",
        "webhook": "an agency's has no producer; read by owner only (domain/webhooks)",
    }
    scoped = {str(table.__tablename__) for table in ownership.owned_tables()}
    for name, table in ProducerOwned.metadata.tables.items():
        names_producer = any(key.column.table.name == "producer" for key in table.foreign_keys)
        assert not names_producer or name in scoped or name in free, name
