"""The stamp account: whatever is done to the stamps of an order, its ranges add up to what was ordered."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import stamp_suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_suspensions import RunInput
from traceability.domain.stamps import RangeState, StampOrder
from traceability.keys import Keyring

pytestmark = SQLITE_ONLY

STAMPS = 12
ACTS = ("activate", "activate_rest", "void", "suspend", "lift")
ACTIVE, SUSPENDED, VOID = RangeState.ACTIVE, RangeState.SUSPENDED, RangeState.VOID


class Account:
    """The same acts on one row per stamp: what the ranges must say."""

    def __init__(self) -> None:
        self.state = [RangeState.DOWNLOADED] * STAMPS
        self.before = dict.fromkeys(range(STAMPS), RangeState.DOWNLOADED)

    def act(self, act: str, first: int, last: int) -> bool:
        """Whether the act is allowed; if so it is done."""
        run = range(first, last + 1)
        states = {self.state[n] for n in run}
        if act.startswith("activate"):
            if states & {ACTIVE, SUSPENDED} or states == {VOID} or (act == "activate" and VOID in states):
                return False
            change = {n: ACTIVE for n in run if self.state[n] is not VOID}
        elif act == "void":
            if SUSPENDED in states or states == {VOID}:
                return False
            change = dict.fromkeys(run, VOID)
        elif act == "suspend":
            change = {n: SUSPENDED for n in run if self.state[n] not in (SUSPENDED, VOID)}
            self.before |= {n: self.state[n] for n in change}
        else:
            change = {n: self.before[n] for n in run if self.state[n] is SUSPENDED}
        for n, state in change.items():
            self.state[n] = state
        return bool(change)


def perform(mint: Mint, order: StampOrder, act: str, first: int, last: int) -> bool:
    """The same act through the use cases; False when it was refused."""
    calls: dict[str, Any] = {
        "activate": lambda: mint.activate(order, first, last),
        "activate_rest": lambda: mint.activate(order, first, last, without_void=True),
        "void": lambda: mint.void(order, first, last),
        "suspend": lambda: stop(mint, order, first, last, stamp_suspensions.suspend_run),
        "lift": lambda: stop(mint, order, first, last, stamp_suspensions.lift_run),
    }
    try:
        calls[act]()
    except RuleBroken:
        return False
    return True


def stop(mint: Mint, order: StampOrder, first: int, last: int, use_case: Any) -> None:
    value = RunInput(
        order_id=order.id,
        first_serial=order.first_serial + first,
        last_serial=order.first_serial + last,
        reason="Kiểm tra tem theo kế hoạch",
    )
    with mint.database.transaction(SYSTEM) as session:
        use_case(session, SYSTEM, value)


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


@pytest.fixture
def batch(mint: Mint) -> Batch:
    return mint.batch(10_000_000)


acts = st.tuples(st.sampled_from(ACTS), st.integers(0, STAMPS - 1), st.integers(0, STAMPS - 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.lists(acts, min_size=1, max_size=8))
def test_the_ranges_of_an_order_always_partition_it(
    mint: Mint, batch: Batch, done: list[tuple[str, int, int]]
) -> None:
    order, account = mint.downloaded(batch, STAMPS), Account()
    for act, one, other in done:
        first, last = sorted((one, other))
        assert perform(mint, order, act, first, last) == account.act(act, first, last)
        ranges = mint.ranges(order)
        assert [ranges[0][0], ranges[-1][1]] == [0, STAMPS - 1]
        assert all(left[1] + 1 == right[0] for left, right in itertools.pairwise(ranges))
        assert [state for first, last, state in ranges for _ in range(first, last + 1)] == account.state
