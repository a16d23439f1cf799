"""Recalls and work on the same batches at the same moment, on PostgreSQL: nobody waits in a circle, nothing escapes."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.recalled import compulsory, person, state, voluntary
from traceability.db import Database
from traceability.domain import batch_locks, descent, records, transforms
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.recall_records import Recall
from traceability.domain.transforms import TransformInput, TransformSource

#: SQLite has one writer at a time and therefore no locks of rows.
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


def worked_up(
    database: Database, product_id: str, *sources: str, kilograms: int = 1, lot: str | None = None
) -> Batch:
    """A batch made of a kilogram of each source."""
    value = TransformInput(
        product_id=product_id,
        lot=lot,
        started_on=today(),
        output_kg=kilograms,
        inputs=[TransformSource(batch_id=source, kilograms=1) for source in sources],
    )
    with database.transaction(SYSTEM) as session:
        return transforms.transform(session, SYSTEM, value)


def younger_with_a_lower_id(database: Database, parent: Batch, product_id: str) -> Batch:
    """A child whose random id comes before its parent's."""
    while True:
        child = worked_up(database, product_id, parent.id)
        if child.id < parent.id:
            return child


class Meeting:
    """A recall that has locked what it knew, and then learns of a child that another act is just working on.

    The other act holds the child and waits for the parent; the recall holds the parent and wants the child.
    """

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch, skips: bool) -> None:
        self.database = database
        self.owner = factories.producer(database)
        harvests = [factories.harvest(database, self.owner, 1000) for _ in range(4)]
        self.parent = max(harvests, key=lambda batch: batch.id)
        self.product_id = factories.product(database, self.owner).id
        self.child = younger_with_a_lower_id(database, self.parent, self.product_id)
        self.locked, self.go_on = Event(), Event()
        walk, take = descent.descendants, batch_locks._take
        walks: list[int] = []

        def first_knows_nothing(session: Any, batch_id: str) -> list[str]:
            walks.append(1)
            return [] if len(walks) == 1 else walk(session, batch_id)

        def slow(session: Any, ids: Any, skip: bool = False) -> list[str]:
            taken = take(session, ids, skip=skip and skips)
            self.locked.set()
            assert self.go_on.wait(20)
            return taken

        monkeypatch.setattr(descent, "descendants", first_knows_nothing)
        monkeypatch.setattr(batch_locks, "_take", slow)

    def happens(self) -> list[Any]:
        """What both acts came to: a recall and a batch, or the error that ended one."""
        agency = person(self.database, factories.agency(self.database, Permission.REQUEST_RECALL))
        with ThreadPoolExecutor(2) as pool:
            recall = pool.submit(_or_error, lambda: compulsory(self.database, agency, self.parent))
            assert self.locked.wait(20)
            other = pool.submit(
                _or_error,
                lambda: worked_up(self.database, self.product_id, self.child.id, self.parent.id),
            )
            with pytest.raises(TimeoutError):
                other.result(0.5)  # it holds the child now and waits for the parent
            self.go_on.set()
            return [recall.result(30), other.result(30)]


def _or_error(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (OperationalError, RuleBroken) as error:
        return error


def test_a_recall_that_waited_for_what_turns_up_late_would_end_in_a_deadlock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = Meeting(database, monkeypatch, skips=False).happens()
    assert any("deadlock" in str(one) for one in outcome)


def test_a_recall_lets_go_and_begins_anew_rather_than_wait_out_of_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(database, monkeypatch, skips=True)
    recall, made = meeting.happens()
    assert isinstance(recall, Recall)
    assert isinstance(made, Batch)
    assert [state(database, one) for one in (meeting.parent, meeting.child, made)] == [
        BatchState.RECALLED
    ] * 3


def test_many_recalls_and_works_on_one_web_of_batches_never_block_each_other(database: Database) -> None:
    """Whatever is made of a recalled batch is recalled or was refused; nothing is ended by the database."""
    owner = factories.producer(database)
    product_id = factories.product(database, owner).id
    web = [factories.harvest(database, owner, 10_000) for _ in range(4)]
    roots = list(web)
    start = Barrier(5)

    def work(number: int) -> list[Any]:
        rng = random.Random(number)
        troubles: list[Any] = []
        start.wait()
        for turn in range(12):
            sources = {batch.id for batch in rng.sample(web, min(len(web), 2))}
            made = _or_error(partial(worked_up, database, product_id, *sources, lot=f"{number}-{turn}"))
            (web if isinstance(made, Batch) else troubles).append(made)
        return troubles

    def recall(_number: int) -> list[Any]:
        manager = person(database, owner)
        start.wait()
        return [_or_error(partial(voluntary, database, manager, root)) for root in roots]

    with ThreadPoolExecutor(5) as pool:
        runs = [pool.submit(recall if number == 4 else work, number) for number in range(5)]
        troubles = [trouble for run in runs for trouble in run.result()]
    ended = [one for one in troubles if isinstance(one, OperationalError)]
    assert ended == []
    assert {state(database, batch) for batch in web} == {BatchState.RECALLED}
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, Producer, owner.id).id == owner.id
