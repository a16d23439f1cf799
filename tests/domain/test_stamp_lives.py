"""Whatever is done to the stamps of a batch, in whatever order: each account balances and no serial is issued twice."""

import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from tests.databases import SQLITE_ONLY
from tests.domain.test_conservation import without_begin
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import (
    activations,
    records,
    rules,
    stamp_account,
    stamp_closings,
    stamp_codes,
    stamp_downloads,
    stamp_orders,
    stamp_quota,
    stamp_reprints,
    stamp_suspensions,
    stamp_voids,
)
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.products import Product
from traceability.domain.stamp_closings import CloseInput
from traceability.domain.stamp_downloads import BadRun, DownloadInput, PrintedInput
from traceability.domain.stamp_orders import OrderInput
from traceability.domain.stamp_quota import Quota
from traceability.domain.stamp_reprints import ReprintInput
from traceability.domain.stamp_suspensions import RunInput
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import FileKind, StampActivation, StampOrder, StampRange, VoidReason
from traceability.keys import Keyring

Act = Callable[[Session, Actor], object]
numbers = st.integers(0, 10_000)
reasons = st.sampled_from(list(VoidReason))
FILES = [kind for kind in FileKind if kind is not FileKind.PACKET]
WRITERS = 8


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


class PrintRoom(RuleBasedStateMachine):
    """Everything that people do to the stamps of one batch."""

    def __init__(self, mint: Mint, batch: Batch) -> None:
        super().__init__()
        self.mint, self.batch = mint, batch
        self.minting, self.keys, self.actor = mint.minting(), mint.keys, mint.actor(batch)
        self.orders: list[StampOrder] = []
        self.order_stamps(20)

    def do(self, act: Act, actor: Actor | None = None) -> Any:
        """One act in a transaction of its own; None when it was refused."""
        who = actor or self.actor
        try:
            with self.mint.database.transaction(who) as session:
                return act(session, who)
        except RuleBroken:
            return None

    def code(self, order: StampOrder, n: int) -> str:
        key = self.keys[order.epoch_number]
        return stamp_codes.mint(key, order.first_serial + n % order.quantity)

    def run(self, which: int, first: int, last: int) -> tuple[StampOrder, str, str]:
        order = self.orders[which % len(self.orders)]
        ends = sorted((first % order.quantity, last % order.quantity))
        return order, self.code(order, ends[0]), self.code(order, ends[1])

    def take(self, order: StampOrder | None) -> None:
        """Prepares a new order without the press, which has its own tests."""
        if order is not None:
            self.do(
                lambda session, who: stamp_orders.prepare(session, who, order.id, root=b"r" * 32, qr_mask=0)
            )
            self.orders.append(order)

    @rule(quantity=st.integers(1, 40))
    def order_stamps(self, quantity: int) -> None:
        value = OrderInput(batch_id=self.batch.id, quantity=quantity, layout="a4-5x13-30x20")
        self.take(self.do(lambda session, who: stamp_orders.order(session, who, value, minting=self.minting)))

    @rule(which=numbers, kind=st.sampled_from(FILES), n=numbers)
    def download(self, which: int, kind: FileKind, n: int) -> None:
        order = self.orders[which % len(self.orders)]
        value = DownloadInput(order_id=order.id, kind=kind, stamp=n % order.quantity + 1)
        self.do(lambda session, who: stamp_downloads.ask_download(session, who, value))

    @rule(which=numbers, first=numbers, last=numbers, reason=reasons)
    def look_over(self, which: int, first: int, last: int, reason: VoidReason) -> None:
        order, one, other = self.run(which, first, last)
        bad = [BadRun(first_code=one, last_code=other, reason=reason)]
        value = PrintedInput(order_id=order.id, bad=bad)
        self.do(lambda session, who: stamp_downloads.mark_printed(session, who, value, self.keys))

    @rule(which=numbers, first=numbers, last=numbers, rest=st.booleans())
    def activate(self, which: int, first: int, last: int, rest: bool) -> None:
        _, one, other = self.run(which, first, last)
        value = ActivationInput(first_code=one, last_code=other, without_void=rest)
        self.do(lambda session, who: activations.activate(session, who, value, self.keys))

    @rule(which=numbers)
    def undo(self, which: int) -> None:
        with self.mint.database.reading(EVERYTHING) as session:
            mine = select(StampActivation.id).where(StampActivation.producer_id == self.batch.producer_id)
            done = session.exec(mine.order_by(StampActivation.id)).all()
        if done:
            self.do(lambda session, who: activations.undo(session, who, done[which % len(done)]))

    @rule(which=numbers, first=numbers, last=numbers, reason=reasons)
    def void(self, which: int, first: int, last: int, reason: VoidReason) -> None:
        _, one, other = self.run(which, first, last)
        value = VoidInput(first_code=one, last_code=other, reason=reason)
        self.do(lambda session, who: stamp_voids.void(session, who, value, self.keys))

    @rule(which=numbers, n=numbers)
    def reprint(self, which: int, n: int) -> None:
        order = self.orders[which % len(self.orders)]
        value = ReprintInput(first_code=self.code(order, n))
        self.take(
            self.do(lambda session, who: stamp_reprints.reprint(session, who, value, self.keys, self.minting))
        )

    @rule(which=numbers, first=numbers, last=numbers, lift=st.booleans())
    def stop(self, which: int, first: int, last: int, lift: bool) -> None:
        order = self.orders[which % len(self.orders)]
        ends = sorted((first % order.quantity, last % order.quantity))
        start = order.first_serial
        value = RunInput(
            order_id=order.id,
            first_serial=start + ends[0],
            last_serial=start + ends[1],
            reason="Kiểm tra tem",
        )
        act = stamp_suspensions.lift_run if lift else stamp_suspensions.suspend_run
        self.do(lambda session, who: act(session, who, value), SYSTEM)

    @rule(which=numbers, rest=st.booleans())
    def close(self, which: int, rest: bool) -> None:
        value = CloseInput(order_id=self.orders[which % len(self.orders)].id, rest_returned=rest)
        self.do(lambda session, who: stamp_closings.close(session, who, value))

    @invariant()
    def every_account_balances(self) -> None:
        with self.mint.database.reading(EVERYTHING) as session:
            here = StampRange.batch_id == self.batch.id
            ranges = session.exec(select(StampRange).where(here).order_by(StampRange.first_serial)).all()
            mine = select(StampOrder).where(StampOrder.batch_id == self.batch.id)
            orders = {order.id: order for order in session.exec(mine).all()}
            lines = stamp_account.account(session, producer_id=self.batch.producer_id)
        assert all(one.last_serial < two.first_serial for one, two in itertools.pairwise(ranges))
        of: dict[str, list[StampRange]] = {}
        for stamps in ranges:
            of.setdefault(stamps.order_id, []).append(stamps)
        assert of.keys() == orders.keys()
        for order in orders.values():
            account = stamp_closings.account_of(of[order.id])
            assert account.ordered == order.quantity
            assert of[order.id][0].first_serial == order.first_serial
            assert order.closed_at is None or account.open == 0
        assert sum(line.ordered for line in lines) == sum(order.quantity for order in orders.values())
        assert all(line.ordered >= line.printed >= 0 for line in lines)


def play(mint: Mint, examples: int, steps: int) -> None:
    """The machine with new stamps each time; the database goes on."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: PrintRoom(mint, mint.batch(10_000_000)), settings=chosen)


@SQLITE_ONLY
def test_the_account_of_a_batch_always_balances(mint: Mint) -> None:
    play(mint, examples=3, steps=12)


@pytest.mark.soak
@SQLITE_ONLY
def test_the_account_balances_over_a_hundred_thousand_acts(mint: Mint) -> None:
    play(mint, examples=1000, steps=100)


def test_eight_writers_at_once_never_share_a_stamp(mint: Mint) -> None:
    batch = mint.batch(14_000)
    order, minting, keys = mint.downloaded(batch, 400), mint.minting(), mint.keys
    actors = [replace(mint.actor(batch)) for _ in range(8)]

    def write(number: int) -> None:
        room = PrintRoom.__new__(PrintRoom)
        room.mint, room.batch, room.minting, room.keys = mint, batch, minting, keys
        room.actor, room.orders = actors[number], [order]
        for turn in range(2):
            at = (number * 37 + turn * 53) % 400
            room.activate(0, at, at + 9 if at < 390 else at, True)
            room.void(0, at + 3, at + 4, VoidReason.SPOILED)
            room.order_stamps(5)
            room.reprint(0, at + 1)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    room = PrintRoom.__new__(PrintRoom)
    room.mint, room.batch = mint, batch
    room.every_account_balances()


def order_at_once(mint: Mint, database: Database, batch: Batch) -> int:
    """Eight writers order 600 stamps each of the 1,020 that the batch may have. How many got theirs."""
    start = threading.Barrier(WRITERS)
    minting, actor = mint.minting(), mint.actor(batch)
    value = OrderInput(batch_id=batch.id, quantity=600, layout="a4-5x13-30x20")

    def order(_number: int) -> bool:
        start.wait()
        # RuntimeError: without the lock the log may stand half written to another's eyes
        with suppress(RuleBroken, SQLAlchemyError, RuntimeError), database.transaction(actor) as session:
            stamp_orders.order(session, actor, value, minting=minting)
            return True
        return False

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(order, range(WRITERS)))


def ordered(mint: Mint, batch: Batch) -> list[StampOrder]:
    with mint.database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampOrder).where(StampOrder.batch_id == batch.id)).all())


def test_eight_writers_at_once_never_order_more_than_the_batch_may_have(mint: Mint) -> None:
    batch = mint.batch(1400)
    assert order_at_once(mint, mint.database, batch) == 1
    serials = [
        serial
        for made in ordered(mint, batch)
        for serial in range(made.first_serial, made.first_serial + 600)
    ]
    assert len(serials) == len(set(serials)) == 600


def test_without_the_lock_the_same_writers_do_order_more(mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the test above can fail: all read the quota before anybody writes."""
    batch = mint.batch(1400)
    together, quota_of = threading.Barrier(WRITERS), stamp_quota.quota_of

    def read_together(session: Session, batch: Batch, product: Product) -> Quota:
        found = quota_of(session, batch, product)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=10)
        return found

    monkeypatch.setattr(records, "lock", records.find)
    monkeypatch.setattr(stamp_orders, "quota_of", read_together)
    monkeypatch.setattr(rules, "judge", lambda *_given, **_named: [])  # which counts once more
    careless = without_begin(mint.database) if mint.database.is_sqlite else mint.database
    order_at_once(mint, careless, batch)
    assert sum(made.quantity for made in ordered(mint, batch)) > 1020
    careless.close()


@pytest.mark.soak
def test_eight_writers_play_four_thousand_acts_at_once(mint: Mint) -> None:
    batch = mint.batch(28_000)
    order, minting, keys = mint.downloaded(batch, 4000), mint.minting(), mint.keys
    actor = mint.actor(batch)

    def write(number: int) -> None:
        room, chance = PrintRoom.__new__(PrintRoom), random.Random(number)
        room.mint, room.batch, room.minting, room.keys = mint, batch, minting, keys
        room.actor, room.orders = actor, [order]
        for _ in range(500):
            which, one = chance.randrange(10_000), chance.randrange(10_000)
            other, reason = one + chance.randrange(9), chance.choice(list(VoidReason))
            acts: list[Callable[[], None]] = [
                partial(room.order_stamps, 1 + which % 40),
                partial(room.download, which, chance.choice(FILES), one),
                partial(room.look_over, which, one, other, reason),
                partial(room.activate, which, one, other, True),
                partial(room.undo, which),
                partial(room.void, which, one, other, reason),
                partial(room.reprint, which, one),
                partial(room.stop, which, one, other, bool(which % 2)),
            ]
            chance.choice(acts)()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    room = PrintRoom.__new__(PrintRoom)
    room.mint, room.batch = mint, batch
    room.every_account_balances()
