"""Stamps come to life by the first and last code of a run: all of it or none, and once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests import factories
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import activations, ledger, records, stamp_suspensions
from traceability.domain.activations import ActivationInput, Look
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.batches import Batch, BatchState
from traceability.domain.errors import RuleBroken
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import RangeState, StampOrder, VoidReason
from traceability.keys import Keyring


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


def refused(code: str, call: Any, *arguments: Any, **named: Any) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    assert caught.value.code == code, caught.value
    return caught.value


def typed(mint: Mint, order: StampOrder, first: str, last: str, actor: Actor | None = None) -> None:
    batch_actor = actor or mint._owner(order)
    with mint.database.transaction(batch_actor) as session:
        value = ActivationInput(first_code=first, last_code=last)
        activations.activate(session, batch_actor, value, mint.keys)


def look(mint: Mint, order: StampOrder, first: int, last: int) -> Look:
    actor = mint._owner(order)
    value = ActivationInput(first_code=mint.code(order, first), last_code=mint.code(order, last))
    with mint.database.reading(actor.scope) as session:
        return activations.look(session, actor, value, mint.keys)


def suspend(mint: Mint, order: StampOrder, n: int) -> None:
    with mint.database.transaction(SYSTEM) as session:
        serial = order.first_serial + n
        stamp_suspensions.suspend_code(
            session, SYSTEM, order.epoch_number, serial, "Đang kiểm tra lại lô hàng"
        )


def test_a_roll_is_activated_by_its_first_and_last_code(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 100)
    seen = look(mint, order, 10, 59)
    assert (seen.count, seen.void) == (50, [])
    begun = mint.activate(order, 10, 59)
    assert [stamps.count for stamps in begun] == [50]
    assert begun[0].activated_at is not None
    assert mint.ranges(order) == [
        (0, 9, RangeState.DOWNLOADED),
        (10, 59, RangeState.ACTIVE),
        (60, 99, RangeState.DOWNLOADED),
    ]


def test_codes_are_read_as_they_are_typed_pasted_or_scanned(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 4)
    first, last = mint.code(order, 0), mint.code(order, 3)
    typed(
        mint,
        order,
        f" HTTPS://TXNG.VINHLONG.GOV.VN/S/{first.replace('-', '')} ",
        last.lower().replace("-", " "),
    )
    assert mint.ranges(order) == [(0, 3, RangeState.ACTIVE)]


def test_a_wrong_code_is_pointed_at(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 10)
    first, last = mint.code(order, 0), mint.code(order, 9)
    assert refused("stamp_codes.empty", typed, mint, order, "  ", last).field == "first_code"
    wrong = refused("stamp_codes.characters", typed, mint, order, first, "U" + last[1:])
    assert (wrong.field, wrong.facts["positions"]) == ("last_code", "1")
    short = refused("stamp_codes.length", typed, mint, order, first[:-2], last)
    assert (short.facts["found"], short.facts["expected"]) == (14, 16)
    other = "A" if last[-1] != "A" else "B"
    refused("stamp_codes.check", typed, mint, order, first, last[:-1] + other)
    refused("stamps.code_unknown", typed, mint, order, "0000-0000-0000-0000", last)


def test_another_producers_code_is_as_unknown_as_a_forged_one(mint: Mint) -> None:
    order, other = mint.downloaded(mint.batch(), 10), mint.batch()
    with mint.database.reading(EVERYTHING) as session:
        stranger = mint.actor(records.find(session, Batch, other.id))
    first, last = mint.code(order, 0), mint.code(order, 9)
    foreign = refused("stamps.code_unknown", typed, mint, order, first, last, stranger)
    forged = refused("stamps.code_unknown", typed, mint, order, "0000-0000-0000-0000", last)
    assert (foreign.field, foreign.facts) == (forged.field, forged.facts)


def test_codes_of_two_orders_and_codes_the_wrong_way_round_are_refused(mint: Mint) -> None:
    batch = mint.batch()
    one, two = mint.downloaded(batch, 10), mint.downloaded(batch, 10)
    refused("stamps.two_orders", typed, mint, one, mint.code(one, 0), mint.code(two, 9))
    for act in (mint.activate, mint.void):
        assert refused("stamps.first_after_last", act, one, 9, 0).field == "last_code"
    refused("stamps.first_after_last", look, mint, one, 9, 0)


def test_the_part_that_stands_in_the_way_is_named(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 100)
    mint.activate(order, 10, 19)
    part = refused("stamps.part_active", mint.activate, order, 5, 50)
    assert part.facts == {"count": "10", "first": mint.code(order, 10), "last": mint.code(order, 19)}
    suspend(mint, order, 60)
    part = refused("stamps.part_suspended", mint.activate, order, 50, 70)
    assert part.facts["count"] == "1"
    mint.void(order, 80, 82)
    part = refused("stamps.part_void", mint.activate, order, 79, 90)
    assert (part.facts["first"], part.facts["last"]) == (mint.code(order, 80), mint.code(order, 82))
    refused("stamps.all_void", mint.activate, order, 80, 82, without_void=True)
    assert [state for _, _, state in mint.ranges(order)].count(RangeState.ACTIVE) == 1


def test_void_stamps_are_passed_over_when_that_is_confirmed(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 100)
    mint.void(order, 40, 44)
    seen = look(mint, order, 0, 99)
    assert (seen.count, [part.count for part in seen.void]) == (95, [5])
    begun = mint.activate(order, 0, 99, without_void=True)
    assert sum(stamps.count for stamps in begun) == 95
    assert mint.ranges(order)[1] == (40, 44, RangeState.VOID)


def test_stamps_speak_only_for_a_published_batch_that_may_move(mint: Mint) -> None:
    open_batch = mint.batch(released=False)
    refused("stamps.batch_not_released", mint.activate, mint.downloaded(open_batch, 5), 0, 4)
    batch = mint.batch()
    order = mint.downloaded(batch, 5)
    for state in (BatchState.HELD, BatchState.RECALLED):
        with mint.database.transaction(SYSTEM) as session:
            row = records.lock(session, Batch, batch.id)
            row.state = state
            ledger.record(session, "test.stopped", row)
        refused(f"batches.{state.value}", mint.activate, order, 0, 4)


def test_stamps_that_were_never_downloaded_cannot_be_in_use(mint: Mint) -> None:
    refused("stamps.part_not_printed", mint.activate, mint.ready(mint.batch(), 5), 0, 4)


def test_of_eight_simultaneous_activations_exactly_one_succeeds(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 100)
    mint.code(order, 0)

    def attempt(_n: int) -> str:
        try:
            return f"activated {sum(stamps.count for stamps in mint.activate(order, 5, 94))}"
        except RuleBroken as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))
    assert outcomes == ["activated 90", *["stamps.part_active"] * 7]
    assert mint.ranges(order) == [
        (0, 4, RangeState.DOWNLOADED),
        (5, 94, RangeState.ACTIVE),
        (95, 99, RangeState.DOWNLOADED),
    ]


def test_a_void_stamp_keeps_its_first_reason(mint: Mint) -> None:
    order = mint.downloaded(mint.batch(), 100)
    mint.activate(order, 0, 99)
    mint.void(order, 10, 19, VoidReason.LOST)
    ended = mint.void(order, 5, 25, VoidReason.STOLEN)
    assert sorted(stamps.count for stamps in ended) == [5, 6]
    assert (10, 19, RangeState.VOID) in mint.ranges(order)
    refused("stamps.void_already", mint.void, order, 12, 20)


def test_only_an_agency_makes_suspended_stamps_void_and_the_producer_is_told(mint: Mint) -> None:
    batch = mint.batch()
    order = mint.downloaded(batch, 10)
    suspend(mint, order, 4)
    refused("stamps.part_suspended", mint.void, order, 4, 4)
    agency = factories.agency(mint.database, Permission.VOID_STAMPS)
    officer = factories.actor_of(mint.database, factories.account(mint.database, agency))
    mint.void(order, 4, 4, VoidReason.COUNTERFEIT, officer)
    assert (4, 4, RangeState.VOID) in mint.ranges(order)
    with mint.database.reading(EVERYTHING) as session:
        codes = {notice.code: notice.facts for notice in session.exec(select(Notice)).all()}
    assert codes["stamps_voided"] == {"number": order.number, "count": 1}
    refused("access.not_permitted", mint.activate, order, 0, 3, actor=officer)
