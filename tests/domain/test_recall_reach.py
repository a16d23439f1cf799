"""What a recall reaches, weighed beforehand and afterwards: every gram once, every receiver on the list."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.recalled import compulsory, made_of, person, state, voluntary
from traceability.db import Database
from traceability.domain import (
    divisions,
    mergers,
    mock_recalls,
    recall_balance,
    recall_clock,
    recall_reach,
    recall_receivers,
    recalls,
    records,
    returns,
)
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.divisions import SplitInput, SplitPart
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.mergers import MergeInput, MergeSource
from traceability.domain.mock_recalls import MockInput
from traceability.domain.notices import Notice
from traceability.domain.producers import Producer
from traceability.domain.recall_clock import Step, TermState
from traceability.domain.recall_receivers import AnswerInput, OwnAnswerInput, RenewInput, TellInput
from traceability.domain.recall_records import Channel, ContactKind, Recall, RecallReceiver
from traceability.domain.returns import ReturnInput, ReturnReason


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def agency(database: Database) -> Actor:
    return person(database, factories.agency(database, Permission.REQUEST_RECALL))


def receivers_of(database: Database, recall: Recall) -> dict[str, RecallReceiver]:
    with database.reading(SYSTEM.scope) as session:
        return {row.name: row for row in recall_receivers.of_recall(session, recall.id)}


def chain(database: Database, owner: Producer) -> tuple[Batch, Batch, Producer]:
    """200 kg: 100 become another lot (40 sold with a telephone number, 20 without), 30 go to a buyer who uses 10."""
    root = factories.harvest(database, owner, 200)
    child = made_of(database, owner, 100, f"batch:{root.id}")
    factories.sent(database, child, 40, customer="Chợ Vĩnh Long", customer_contact="0270 3822 123")
    factories.sent(database, child, 20, customer="Người bán dạo")
    buyer = factories.producer(database)
    delivery = factories.received(database, factories.sent(database, root, 30, buyer))
    made_of(database, buyer, 10, f"delivery:{delivery.id}")
    return root, child, buyer


def test_the_reach_counts_no_gram_twice(database: Database, owner: Producer) -> None:
    root, _child, _buyer = chain(database, owner)
    with database.reading(SYSTEM.scope) as session:
        reach = recall_reach.of_batch(session, root.id)
    assert len(reach.batches) == 3
    assert reach.producers == 2
    assert reach.batches[0].id == root.id
    assert reach.used_g == 110_000
    assert reach.made_g == 200_000
    assert reach.on_hand_g == 70_000 + 40_000 + 10_000
    assert reach.outside_g == 40_000 + 20_000 + 20_000
    assert (reach.known_g, round(reach.coverage, 2)) == (60_000, 0.75)
    assert [one.name for one in reach.silent] == ["Người bán dạo"]
    assert reach.customers == 2
    assert all(one.located_g + one.outside_g + one.passed_on_g == one.made_g for one in reach.batches)
    assert reach.located_g + reach.outside_g == reach.made_g


def test_a_recall_writes_down_who_received_and_tells_those_on_the_platform(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, buyer = chain(database, owner)
    recall = compulsory(database, agency, root)
    rows = receivers_of(database, recall)
    assert {name: row.outside_g for name, row in rows.items()} == {
        "Chợ Vĩnh Long": 40_000,
        "Người bán dạo": 20_000,
        buyer.name: 20_000,
    }
    assert rows[buyer.name].notified_at is not None
    assert rows[buyer.name].to_producer_id == buyer.id
    assert rows["Chợ Vĩnh Long"].notified_at is None
    assert rows["Chợ Vĩnh Long"].can_be_reached
    with database.reading(SYSTEM.scope) as session:
        told = recall_receivers.contacts_of(session, rows[buyer.name].id)
        assert [(row.kind, row.channel) for row in told] == [(ContactKind.NOTICE, Channel.PLATFORM)]
        leaves = session.exec(select(LogLeaf.kind).where(LogLeaf.kind == "recall.opened")).all()
    assert len(leaves) == 1


def test_of_other_producers_customers_nobody_learns(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, buyer = chain(database, owner)
    recall = compulsory(database, agency, root)
    with database.reading(factories.manager_of(buyer).scope) as session:
        rows = recall_receivers.of_recall(session, recall.id)
    assert [row.to_producer_id for row in rows] == [buyer.id]


def test_receivers_are_told_once_and_reminded_afterwards(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, buyer = chain(database, owner)
    recall, manager = compulsory(database, agency, root), person(database, owner)
    rows = receivers_of(database, recall)
    customer = rows["Chợ Vĩnh Long"]
    value = TellInput(recall_id=recall.id, receivers=[customer.id, rows[buyer.name].id])
    with database.transaction(manager) as session:
        recall_receivers.tell(session, manager, value)
    rows = receivers_of(database, recall)
    assert rows["Chợ Vĩnh Long"].notified_at
    assert not rows["Chợ Vĩnh Long"].reminded_at
    assert rows[buyer.name].reminded_at
    for changes, code in (
        ({"receivers": []}, "recalls.nobody_chosen"),
        ({"channel": Channel.PLATFORM}, "recalls.not_on_platform"),
        ({"at": now() + timedelta(hours=1)}, "recalls.told_in_future"),
        ({"at": now() - timedelta(days=1)}, "recalls.told_before_opening"),
        ({"receivers": ["0" * 16]}, None),
    ):
        with (
            pytest.raises(RuleBroken if code else NotFound) as caught,
            database.transaction(manager) as session,
        ):
            recall_receivers.tell(session, manager, value.model_copy(update=changes))
        assert code is None or getattr(caught.value, "code", "") == code


def test_an_answer_says_who_when_how_and_how_much_is_left(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, _buyer = chain(database, owner)
    recall, manager = compulsory(database, agency, root), person(database, owner)
    customer = receivers_of(database, recall)["Chợ Vĩnh Long"]
    value = AnswerInput(receiver_id=customer.id, person="Chị Lan, quầy 12", held_kg="12,5")
    with database.transaction(manager) as session:
        recall_receivers.answer(session, manager, value)
    row = receivers_of(database, recall)["Chợ Vĩnh Long"]
    assert (row.held_g, row.notified_at) == (12_500, row.acknowledged_at)
    with database.reading(SYSTEM.scope) as session:
        (said,) = recall_receivers.contacts_of(session, customer.id)
    assert (said.person, said.channel, said.by_id) == ("Chị Lan, quầy 12", Channel.PHONE, manager.user_id)
    with pytest.raises(RuleBroken, match="held_exceeds"), database.transaction(manager) as session:
        recall_receivers.answer(session, manager, value.model_copy(update={"held_kg": 40_001}))
    stranger = factories.manager_of(factories.producer(database))
    with pytest.raises(NotFound), database.transaction(stranger) as session:
        recall_receivers.answer(session, stranger, value)


def test_a_receiver_on_the_platform_answers_itself(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, buyer = chain(database, owner)
    recall, there = compulsory(database, agency, root), person(database, buyer)
    rows = receivers_of(database, recall)
    value = OwnAnswerInput(receiver_id=rows[buyer.name].id, held_kg=20, note="Đã để riêng trong kho 2")
    with database.transaction(there) as session:
        recall_receivers.answer_online(session, there, value)
    assert receivers_of(database, recall)[buyer.name].held_g == 20_000
    with database.reading(SYSTEM.scope) as session:
        told = session.exec(select(Notice.producer_id).where(Notice.code == "recall_answered")).all()
    assert told == [owner.id]
    sender = person(database, owner)
    with pytest.raises(RuleBroken, match="not_permitted"), database.transaction(sender) as session:
        recall_receivers.answer_online(session, sender, value)
    by_phone = AnswerInput(receiver_id=value.receiver_id, person="ai đó", held_kg=0)
    with pytest.raises(RuleBroken, match="not_permitted"), database.transaction(there) as session:
        recall_receivers.answer(session, there, by_phone)


def test_a_list_that_was_never_written_can_be_written_anew(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, _buyer = chain(database, owner)
    recall, manager = compulsory(database, agency, root), person(database, owner)
    with pytest.raises(RuleBroken, match="list_complete"), database.transaction(manager) as session:
        recall_receivers.renew(session, manager, RenewInput(recall_id=recall.id))
    with database.engine.connect().execution_options(write=True) as connection:
        for table in ("recall_contact", "recall_receiver"):  # as if it had been opened by an older version
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.commit()
    with database.transaction(manager) as session:
        recall_receivers.renew(session, manager, RenewInput(recall_id=recall.id))
    assert len(receivers_of(database, recall)) == 3


def test_the_clock_shows_what_is_met_running_and_overdue(
    database: Database, owner: Producer, agency: Actor
) -> None:
    root, _child, _buyer = chain(database, owner)
    established = now() - timedelta(hours=30)
    recall = compulsory(
        database, agency, root, established_at=established, due_on=today() + timedelta(days=10)
    )
    rows = receivers_of(database, recall)
    found = {term.step: term for term in recall_clock.terms(recall, rows.values(), None, now())}
    assert {step: term.state for step, term in found.items()} == {
        Step.DECIDE: TermState.MET_LATE,
        Step.STOP: TermState.MET,
        Step.INFORM: TermState.RUNNING,
        Step.ANSWER: TermState.RUNNING,
        Step.REPORT: TermState.RUNNING,
    }
    assert (found[Step.INFORM].done, found[Step.INFORM].of) == (1, 3)
    later = {
        term.step: term.state
        for term in recall_clock.terms(recall, rows.values(), None, now() + timedelta(days=2))
    }
    assert (later[Step.INFORM], later[Step.ANSWER]) == (TermState.OVERDUE, TermState.RUNNING)
    assert found[Step.INFORM].due_at == recall.opened_at + timedelta(hours=24)


def test_a_recall_is_refused_days_that_cannot_be(database: Database, owner: Producer, agency: Actor) -> None:
    root = factories.harvest(database, owner)
    for changes, code in (
        ({"established_at": now() + timedelta(hours=1)}, "established_in_future"),
        ({"due_on": today() - timedelta(days=1)}, "due_in_past"),
    ):
        with pytest.raises(RuleBroken, match=code):
            compulsory(database, agency, root, **changes)


def test_a_mock_recall_measures_and_changes_nothing(database: Database, owner: Producer) -> None:
    root, _child, buyer = chain(database, owner)
    actor = person(database, owner)
    with database.reading(SYSTEM.scope) as session:
        before = [(row.id, row.state, row.page_version, row.revision) for row in session.exec(select(Batch))]
        notices = len(session.exec(select(Notice.id)).all())
    with database.transaction(actor) as session:
        found = mock_recalls.run(session, actor, MockInput(batch_id=root.id, note="Diễn tập quý IV"))
    assert (found.batches, found.producers, found.receivers) == (3, 2, 3)
    assert (found.outside_g, found.known_g, found.coverage) == (80_000, 60_000, 0.75)
    assert found.milliseconds >= 1
    with database.reading(SYSTEM.scope) as session:
        after = [(row.id, row.state, row.page_version, row.revision) for row in session.exec(select(Batch))]
        assert len(session.exec(select(Notice.id)).all()) == notices
        assert session.exec(select(Recall.id)).all() == []
    assert after == before
    with database.reading(factories.manager_of(buyer).scope) as session:
        assert mock_recalls.listed(session) == []
    with pytest.raises(NotFound), database.transaction(there := person(database, buyer)) as session:
        mock_recalls.run(session, there, MockInput(batch_id=root.id))


def test_a_producers_own_recall_may_name_a_day_for_its_report(database: Database, owner: Producer) -> None:
    root = factories.harvest(database, owner)
    recall = voluntary(database, person(database, owner), root)
    assert recall.due_on is None
    with database.reading(SYSTEM.scope) as session:
        row = records.find(session, recalls.Recall, recall.id)
        assert recall_balance.account(session, row).made_g == root.made_g


def test_a_recall_follows_splits_and_mergers_and_what_came_back(
    database: Database, owner: Producer, agency: Actor
) -> None:
    product = factories.product(database, owner)
    root, other = (factories.harvest(database, owner, 100, product_id=product.id) for _ in range(2))
    apart = factories.harvest(database, owner, 100, product_id=product.id)
    actor, moment = person(database, owner), now()
    with database.transaction(actor) as session:
        parts = [SplitPart(kilograms=30), SplitPart(kilograms=20)]
        cut = SplitInput(batch_id=root.id, happened_at=moment, parts=parts)
        first, second = divisions.split(session, actor, cut)
    with database.transaction(actor) as session:
        sources = [MergeSource(batch_id=first.id, whole=True), MergeSource(batch_id=other.id, kilograms=50)]
        merged = mergers.merge(session, actor, MergeInput(sources=sources, happened_at=now()))
    delivery = factories.sent(database, second, 15, customer="Chợ Vĩnh Long")
    with database.transaction(actor) as session:
        back = ReturnInput(
            delivery_id=delivery.id,
            kilograms=5,
            happened_at=now(),
            reason=ReturnReason.UNSOLD,
            new_lot=True,
        )
        returned = returns.take_back(session, actor, back)
    recall = compulsory(database, agency, root)
    reached = (root, first, second, merged, returned)
    assert recall.reached == len(reached)
    assert {state(database, batch) for batch in reached} == {BatchState.RECALLED}
    assert {state(database, batch) for batch in (other, apart)} == {BatchState.OPEN}
    with database.reading(SYSTEM.scope) as session:
        reach = recall_balance.account(session, recall)
    assert reach.outside_g == 10_000
    assert reach.made_g == 100_000 + 50_000  # of the root, and what the merger took from elsewhere
    again = [sources[1], MergeSource(batch_id=second.id, kilograms=1)]
    for act in (
        lambda session: divisions.split(session, actor, cut.model_copy(update={"happened_at": now()})),
        lambda session: mergers.merge(session, actor, MergeInput(sources=again, happened_at=now())),
    ):
        with pytest.raises(RuleBroken, match="recalled"), database.transaction(actor) as session:
            act(session)
