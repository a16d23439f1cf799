"""Search over everything: without accents, by any code, in groups, and only within the scope."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlmodel import Session

from tests import factories
from traceability.db import Database
from traceability.domain import dashboard, logbook, registers, search
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import today
from traceability.domain.logbook import Sought
from traceability.domain.ownership import Reach, Scope
from traceability.domain.producers import Producer
from traceability.domain.registers import Wanted
from traceability.domain.search import Found

ELSEWHERE = Scope(Reach.AGENCY, provinces=frozenset({"08"}))


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements that a block sends."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def find(database: Database, text: str, scope: Scope = SYSTEM.scope) -> Found:
    with database.reading(scope) as session:
        return search.find_everything(session, text)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database, name="Hợp tác xã Bưởi Năm Roi Mỹ Hòa")


def test_one_box_finds_a_lot_a_producer_a_code_and_a_product(database: Database, owner: Producer) -> None:
    area = factories.area(database, owner, name="Vùng Đông Thành")
    factories.area_code(database, area, "VN-VLOR-0095")
    product = factories.product(database, owner, name="Bưởi da xanh loại 1")
    batch = factories.harvest(database, owner, area_id=area.id, product_id=product.id, lot="BDX-2611-07")
    assert [row[0].id for row in find(database, "bdx-2611-07").batches] == [batch.id]
    assert [row.id for row in find(database, "my hoa").producers] == [owner.id]
    assert [row[0].id for row in find(database, "dong thanh").areas] == [area.id]
    assert [row[0].id for row in find(database, "BUOI DA XANH").products] == [product.id]
    for text in ("VN-VLOR-0095", "vnvlor0095", "vlor 0095"):
        found = find(database, text)
        assert [code.code for code, _area in found.codes] == ["VN-VLOR-0095"], text
        assert [row[0].id for row in found.areas] == [area.id], text
    assert [row[0].id for row in find(database, "mỹ hòa bưởi da xanh").batches] == [batch.id]


@pytest.mark.parametrize(
    "text", ["", " ", "a", "\x00", "\ud800", "%", "_", "'; DROP TABLE batch; --", "không có gì"]
)
def test_what_names_nothing_finds_nothing(database: Database, owner: Producer, text: str) -> None:
    assert find(database, text).nothing


def test_a_stamp_is_found_only_within_the_scope(database: Database, owner: Producer) -> None:
    factories.harvest(database, owner, lot="BDX-1")
    assert not find(database, "BDX-1").nothing
    assert find(database, "BDX-1", ELSEWHERE).nothing
    with database.reading(ELSEWHERE) as session:
        for register in (registers.batches, registers.producers, registers.areas, registers.products):
            assert register(session, Wanted()).count == 0
        assert logbook.lines(session, Sought()).count == 0
        shown = dashboard.of_scope(session, today())
    assert (shown.producers, shown.areas, sum(shown.batches.values()), shown.map_areas) == (0, 0, 0, [])


def test_the_log_tells_who_did_what(database: Database, owner: Producer) -> None:
    officer = factories.account(database, factories.agency(database, Permission.APPROVE_FACILITY))
    draft = factories.producer(database, approved=False)
    actor = factories.actor_of(database, officer)
    from traceability.domain import producers

    with database.transaction(actor) as session:
        producers.approve(session, actor, draft.id)
    with database.reading(actor.scope) as session:
        [line] = logbook.lines(session, Sought(kind="producer.approved", producer_id=draft.id)).rows
        assert (line.person.name, line.producer_id) == (officer.display_name, draft.id)
        assert (line.table, line.record_id) == ("producer", draft.id)
        assert logbook.lines(session, Sought(kind="producer", first=today(), last=today())).count >= 4
        assert logbook.lines(session, Sought(kind="agency")).count == 0, (
            "what is nobody's is not for agencies"
        )
    with database.reading(SYSTEM.scope) as session:
        assert logbook.lines(session, Sought(kind="agency")).count == 1


def test_the_number_of_queries_does_not_grow_with_the_rows(sqlite_database: Database) -> None:
    database = sqlite_database
    owner = factories.producer(database)
    area, product = factories.area(database, owner), factories.product(database, owner)

    def asked() -> list[int]:
        numbers = []
        with database.reading(SYSTEM.scope) as session:
            for question in (
                lambda: search.find_everything(session, "l26"),
                lambda: dashboard.of_scope(session, today()),
                lambda: registers.batches(session, Wanted()),
                lambda: logbook.lines(session, Sought()),
            ):
                with counted(session) as sent:
                    question()
                numbers.append(len(sent))
        return numbers

    factories.harvest(database, owner, 10, area_id=area.id, product_id=product.id)
    few = asked()
    for _ in range(5):
        factories.harvest(database, owner, 10, area_id=area.id, product_id=product.id)
    assert asked() == few
    assert max(few) < 40
