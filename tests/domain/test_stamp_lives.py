"""Whatever is done to the stamps of a batch, in whatever order: each account balances and no serial is issued twice."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import Session, select

from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import (
    activations,
    stamp_account,
    stamp_closings,
    stamp_codes,
    stamp_downloads,
    stamp_orders,
    stamp_reprints,
    stamp_suspensions,
    stamp_voids,
)
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamp_closings import CloseInput
from traceability.domain.stamp_downloads import BadRun, DownloadInput, PrintedInput
from traceability.domain.stamp_orders import OrderInput
from traceability.domain.stamp_reprints import ReprintInput
from traceability.domain.stamp_suspensions import RunInput
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import StampActivation, StampOrder, StampRange, VoidReason
from traceability.keys import Keyring

Act = Callable[[Session, Actor], object]
numbers = st.integers(0, 10_000)
reasons = st.sampled_from(list(VoidReason))


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

    @rule(which=numbers)
    def download(self, which: int) -> None:
        value = DownloadInput(order_id=self.orders[which % len(self.orders)].id)
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

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    room = PrintRoom.__new__(PrintRoom)
    room.mint, room.batch = mint, batch
    room.every_account_balances()
