"""Recalls: from one batch to everything made of it, at once, and back only by two persons."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests import factories
from tests.recalled import compulsory, lifted, made_of, person, source_of, state, voluntary
from traceability.db import Database
from traceability.domain import descent, recalls, records, suspensions, transforms
from traceability.domain.actors import SYSTEM, Actor, Permission, Role
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType
from traceability.domain.ledger import LogLeaf
from traceability.domain.lineage import BatchInput
from traceability.domain.notices import Notice
from traceability.domain.producers import Producer
from traceability.domain.recalls import Recall, RecalledBatch, RecallKind, RecallState
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.domain.transforms import TransformInput

RECALLED, OPEN, HELD = BatchState.RECALLED, BatchState.OPEN, BatchState.HELD


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def agency(database: Database) -> Actor:
    return person(database, factories.agency(database, Permission.REQUEST_RECALL))


def test_a_recall_reaches_everything_made_of_a_batch_also_at_other_producers(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, other_root = factories.harvest(database, owner), factories.harvest(database, owner)
    child = made_of(database, owner, 100, f"batch:{root.id}", f"batch:{other_root.id}")
    buyer, stranger = factories.producer(database), factories.producer(database)
    delivery = factories.received(database, factories.sent(database, child, 150, buyer))
    grandchild = made_of(database, buyer, 100, f"delivery:{delivery.id}")
    factories.sent(database, root, 10, stranger)
    recall = compulsory(database, agency, root)
    assert recall.reached == 3
    assert [state(database, batch) for batch in (root, child, grandchild)] == [RECALLED] * 3
    assert state(database, other_root) is OPEN
    with database.reading(SYSTEM.scope) as session:
        assert set(session.exec(select(RecalledBatch.batch_id)).all()) == {root.id, child.id, grandchild.id}
        told = session.exec(select(Notice.producer_id).where(Notice.code == "recall_opened")).all()
        leaves = session.exec(select(LogLeaf).where(LogLeaf.kind == "recall.opened")).all()
        assert descent.ancestors(session, grandchild.id) == sorted([root.id, other_root.id, child.id])
    assert sorted(filter(None, told)) == sorted([owner.id, buyer.id, stranger.id])
    assert len(leaves) == 1


def test_nothing_can_be_made_of_a_recalled_batch(database: Database, owner: Producer, agency: Actor) -> None:
    root = factories.harvest(database, owner)
    compulsory(database, agency, root)
    with pytest.raises(RuleBroken) as caught:
        made_of(database, owner, 10, f"batch:{root.id}")
    assert caught.value.code == "batches.recalled"


def test_a_compulsory_recall_needs_a_decision(database: Database, owner: Producer, agency: Actor) -> None:
    root = factories.harvest(database, owner)
    for changes, code in (
        ({"decision_no": None}, "recalls.decision_missing"),
        ({"decided_on": None}, "recalls.decided_on_missing"),
        ({"decided_on": today().replace(year=today().year + 1)}, "recalls.decided_in_future"),
    ):
        with pytest.raises(RuleBroken) as caught:
            compulsory(database, agency, root, **changes)
        assert caught.value.code == code
    manager = factories.manager_of(owner)
    with pytest.raises(RuleBroken) as caught:
        compulsory(database, manager, root)
    assert caught.value.code == "access.not_permitted"


def test_a_producer_recalls_only_its_own_batches(database: Database, owner: Producer) -> None:
    foreign = factories.harvest(database, factories.producer(database))
    with pytest.raises(NotFound):
        voluntary(database, factories.manager_of(owner), foreign)
    own = factories.harvest(database, owner)
    with pytest.raises(RuleBroken):
        voluntary(database, factories.manager_of(owner, Role.CLERK), own)
    assert voluntary(database, factories.manager_of(owner), own).kind is RecallKind.VOLUNTARY
    with pytest.raises(RuleBroken) as caught:
        voluntary(database, factories.manager_of(owner), own)
    assert caught.value.code == "recalls.already_open"


def test_lifting_needs_two_persons(database: Database, owner: Producer) -> None:
    root = factories.harvest(database, owner)
    first, second = person(database, owner), person(database, owner)
    recall = voluntary(database, first, root)
    with pytest.raises(RuleBroken) as caught:
        lifted(database, first, first, recall)
    assert caught.value.code == "recalls.same_person"
    assert state(database, root) is RECALLED
    with database.transaction(second) as session:
        recalls.lift(session, second, recalls.ConfirmInput(recall_id=recall.id))
    assert state(database, root) is OPEN
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, Recall, recall.id)
    assert (row.state, row.lift_asked_by_id, row.lifted_by_id) == (
        RecallState.LIFTED,
        first.user_id,
        second.user_id,
    )


def test_a_compulsory_recall_is_lifted_by_an_agency(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root = factories.harvest(database, owner)
    recall = compulsory(database, agency, root)
    first, second = person(database, owner), person(database, owner)
    with pytest.raises(RuleBroken) as caught:
        lifted(database, first, second, recall)
    assert caught.value.code == "recalls.agency_must_lift"
    with database.transaction(agency) as session:
        recalls.lift(session, agency, recalls.ConfirmInput(recall_id=recall.id))
    assert state(database, root) is OPEN


def test_a_batch_stays_recalled_while_another_recall_reaches_it(
    database: Database, owner: Producer, agency: Actor
) -> None:
    one, two = factories.harvest(database, owner), factories.harvest(database, owner)
    child = made_of(database, owner, 100, f"batch:{one.id}", f"batch:{two.id}")
    second = person(database, owner)
    recall_one, recall_two = compulsory(database, agency, one), compulsory(database, agency, two)
    lifted(database, second, agency, recall_one)
    assert [state(database, batch) for batch in (one, child, two)] == [OPEN, RECALLED, RECALLED]
    lifted(database, second, agency, recall_two)
    assert [state(database, batch) for batch in (one, child, two)] == [OPEN, OPEN, OPEN]


def test_a_hold_outlasts_a_recall_and_the_other_way_round(
    database: Database, owner: Producer, agency: Actor
) -> None:
    batch = factories.harvest(database, owner)
    value = SuspensionInput(
        subject_kind=SuspendedKind.BATCH, subject_id=batch.id, reason="Chờ kết quả kiểm nghiệm"
    )
    inspector = factories.officer(Permission.INSPECT)
    with database.transaction(inspector) as session:
        suspensions.suspend(session, inspector, value)
    recall = compulsory(database, agency, batch)
    assert state(database, batch) is RECALLED
    second = person(database, owner)
    lifted(database, second, agency, recall)
    assert state(database, batch) is HELD
    recall = compulsory(database, agency, batch)
    with database.transaction(inspector) as session:
        suspensions.lift(session, inspector, value)
    assert state(database, batch) is RECALLED
    lifted(database, second, agency, recall)
    assert state(database, batch) is OPEN


def test_an_agency_recalls_only_within_its_scope(database: Database, owner: Producer) -> None:
    batch = factories.harvest(database, owner)
    elsewhere = factories.agency(database, Permission.REQUEST_RECALL, provinces=["08"])
    with pytest.raises(NotFound):
        compulsory(database, person(database, elsewhere), batch)


def test_a_circle_in_the_graph_does_not_hang_a_recall(
    database: Database, owner: Producer, agency: Actor
) -> None:
    """The use cases make no circles; damaged data could."""
    one = factories.harvest(database, owner)
    two = made_of(database, owner, 10, f"batch:{one.id}")
    three = made_of(database, owner, 5, f"batch:{two.id}")
    with database.transaction(SYSTEM) as session:
        event = session.exec(select(Event).where(Event.type == EventType.TRANSFORM)).first()
        back = BatchInput(
            producer_id=owner.id, batch_id=one.id, source_batch_id=three.id, event_id=event.id, grams=1
        )
        session.connection().execute(sa.insert(BatchInput).values(**back.model_dump()))  # past every check
    assert compulsory(database, agency, two).reached == 3


def test_what_is_made_at_the_same_moment_does_not_escape_a_recall(
    database: Database, owner: Producer, agency: Actor
) -> None:
    """Whoever is first: a new batch is either reached by the recall, or refused because of it."""
    root = factories.harvest(database, owner, 10_000)
    product = factories.product(database, owner)
    actor, start = factories.manager_of(owner), Barrier(5)

    def work_up(number: int) -> list[Batch]:
        made: list[Batch] = []
        value = TransformInput(
            product_id=product.id,
            lot=f"{number}-0",
            started_on=today(),
            output_kg=5,
            inputs=[source_of(f"batch:{root.id}", 5)],
        )
        start.wait()
        for turn in range(5):
            try:
                with database.transaction(actor) as session:
                    made.append(
                        transforms.transform(
                            session, actor, value.model_copy(update={"lot": f"{number}-{turn}"})
                        )
                    )
            except RuleBroken as error:
                assert error.code == "batches.recalled"
        return made

    def recall(_number: int) -> list[Batch]:
        start.wait()
        compulsory(database, agency, root)
        return []

    with ThreadPoolExecutor(5) as pool:
        runs = [pool.submit(recall if number == 4 else work_up, number) for number in range(5)]
        made = [batch for run in runs for batch in run.result()]
    assert {state(database, batch) for batch in made} <= {RECALLED}
    with database.reading(SYSTEM.scope) as session:
        found = session.exec(select(Recall)).one()
    assert found.reached == len(made) + 1


def test_a_compulsory_recall_is_lifted_by_the_agency_that_ordered_it(
    database: Database, owner: Producer
) -> None:
    placing, other = (factories.agency(database, Permission.REQUEST_RECALL) for _ in range(2))
    root = factories.harvest(database, owner)
    recall = compulsory(database, person(database, placing), root)
    with pytest.raises(RuleBroken, match="other_agency"):
        lifted(database, person(database, owner), person(database, other), recall)
    with database.transaction(mine := person(database, placing)) as session:
        recalls.lift(session, mine, recalls.ConfirmInput(recall_id=recall.id))
    assert state(database, root) is OPEN
