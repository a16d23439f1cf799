"""The end of an order: printed = good + spoiled + given back; taking back, printing anew, the second person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from tests import factories
from tests.domain.test_stamp_account import stop
from tests.rolls import Mint
from traceability import print_room
from traceability.db import Database
from traceability.domain import (
    activations,
    clock,
    password_links,
    stamp_approvals,
    stamp_closings,
    stamp_downloads,
    stamp_ranges,
    stamp_reprints,
    stamp_suspensions,
    stamps,
)
from traceability.domain.actors import SYSTEM, Actor, Permission, Role
from traceability.domain.batches import Batch
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamp_closings import CloseInput, PrintAccount
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.stamp_reprints import ReprintInput
from traceability.domain.stamps import RangeState, StampActivation, StampOrder, VoidReason
from traceability.keys import Keyring

ACTIVE, DOWNLOADED, VOID = RangeState.ACTIVE, RangeState.DOWNLOADED, RangeState.VOID


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


@pytest.fixture
def batch(mint: Mint) -> Batch:
    return mint.batch(14_000)


def refused(code: str, call: Callable[[], object]) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call()
    assert caught.value.code == code
    return caught.value


def close(mint: Mint, order: StampOrder, batch: Batch, **typed: object) -> StampOrder:
    actor = mint.actor(batch)
    with mint.database.transaction(actor) as session:
        return stamp_closings.close(session, actor, CloseInput(order_id=order.id, **typed))


def account(mint: Mint, order: StampOrder) -> PrintAccount:
    with mint.database.reading(EVERYTHING) as session:
        return stamp_closings.account_of(stamp_ranges.of_order(session, order.id))


def test_an_order_closes_only_when_every_stamp_is_accounted_for(mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 100)
    mint.activate(order, 0, 79)
    mint.void(order, 80, 84)
    mint.void(order, 85, 86, VoidReason.STOLEN)
    refusal = refused("stamps.close_unbalanced", lambda: close(mint, order, batch))
    assert (refusal.facts["ordered"], refusal.facts["good"], refusal.facts["open"]) == ("100", "80", "13")
    closed = close(mint, order, batch, rest_returned=True)
    assert closed.closed_at is not None
    assert account(mint, order) == PrintAccount(ordered=100, good=80, spoiled=5, returned=13, lost=2)
    refused("stamps.closed_already", lambda: close(mint, order, batch))


def test_a_closed_order_is_never_printed_again_but_its_stamps_can_still_be_lost(
    mint: Mint, batch: Batch
) -> None:
    order, actor = mint.downloaded(batch, 10), mint.actor(batch)
    mint.activate(order, 0, 9)
    close(mint, order, batch)
    with (
        pytest.raises(RuleBroken, match=r"stamps\.order_closed"),
        mint.database.transaction(actor) as session,
    ):
        stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
    mint.void(order, 3, 3, VoidReason.LOST)
    assert account(mint, order).lost == 1


def test_a_suspended_stamp_keeps_its_order_open(mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 10)
    mint.activate(order, 0, 9)
    stop(mint, order, 4, 4, stamp_suspensions.suspend_run)
    refused("stamps.close_suspended", lambda: close(mint, order, batch, rest_returned=True))


# -- taking an activation back


def last_activation(mint: Mint) -> StampActivation:
    with mint.database.reading(EVERYTHING) as session:
        return session.exec(select(StampActivation).order_by(col(StampActivation.at).desc())).all()[0]


def undo(mint: Mint, actor: Actor) -> None:
    done = last_activation(mint)
    with mint.database.transaction(actor) as session:
        activations.undo(session, actor, done.id)


def test_an_activation_is_taken_back_within_ten_minutes(mint: Mint, batch: Batch) -> None:
    order, actor = mint.downloaded(batch, 30), mint.actor(batch)
    mint.void(order, 10, 11)
    mint.activate(order, 5, 19, actor, without_void=True)
    with mint.database.reading(actor.scope) as session:
        assert [done.count for done in activations.to_undo(session, actor, order.id)] == [13]
    undo(mint, actor)
    states = [state for first, last, state in mint.ranges(order) for _ in range(first, last + 1)]
    assert states == [DOWNLOADED] * 10 + [VOID] * 2 + [DOWNLOADED] * 18
    refused("stamps.undone_already", lambda: undo(mint, actor))
    mint.activate(order, 0, 9, actor)
    assert mint.ranges(order)[0][2] is ACTIVE


def test_only_whoever_activated_takes_it_back_and_not_later(
    mint: Mint, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, actor = mint.downloaded(batch, 10), mint.actor(batch)
    mint.activate(order, 0, 9, actor)
    other = replace(actor, user_id="somebodyelse")
    refused("stamps.undo_not_yours", lambda: undo(mint, other))
    stranger = mint.actor(mint.batch())
    with pytest.raises(NotFound):
        undo(mint, stranger)
    later = clock.now() + activations.UNDO_WITHIN + timedelta(seconds=1)
    monkeypatch.setattr(activations, "now", lambda: later)
    refused("stamps.undo_too_late", lambda: undo(mint, actor))


def test_what_was_made_void_since_keeps_the_activation(mint: Mint, batch: Batch) -> None:
    order, actor = mint.downloaded(batch, 10), mint.actor(batch)
    mint.activate(order, 0, 9, actor)
    mint.void(order, 5, 5)
    refused("stamps.undo_changed", lambda: undo(mint, actor))


# -- one stamp anew


def reprint(mint: Mint, batch: Batch, order: StampOrder, n: int) -> StampOrder:
    actor, minting, keys = mint.actor(batch), mint.minting(), mint.keys
    value = ReprintInput(first_code=mint.code(order, n), reason=VoidReason.SPOILED)
    with mint.database.transaction(actor) as session:
        return stamp_reprints.reprint(session, actor, value, keys, minting)


def test_printing_one_stamp_anew_makes_the_old_one_void(mint: Mint, batch: Batch) -> None:
    order = mint.downloaded(batch, 10)
    mint.activate(order, 0, 9)
    new = reprint(mint, batch, order, 4)
    assert mint.ranges(order) == [(0, 3, ACTIVE), (4, 4, VOID), (5, 9, ACTIVE)]
    assert (new.quantity, new.reprints_id, new.reprints_serial) == (1, order.id, order.first_serial + 4)
    assert (new.print_data, new.url_prefix) == (order.print_data, order.url_prefix)
    assert new.first_serial >= order.first_serial + 10
    ready = print_room.make_ready(mint.database, mint.actor(batch), new.id, mint.keyring)
    assert ready.ready_at is not None
    refused("stamps.void_already", lambda: reprint(mint, batch, order, 4))


def test_a_stamp_that_was_never_downloaded_is_not_printed_anew(mint: Mint, batch: Batch) -> None:
    order = mint.ready(batch, 10)
    refused("stamps.part_not_printed", lambda: reprint(mint, batch, order, 4))
    assert mint.ranges(order) == [(0, 9, RangeState.READY)]


def test_a_full_batch_can_have_one_stamp_anew(mint: Mint) -> None:
    batch = mint.batch(1400)
    order = mint.downloaded(batch, 1020)
    assert reprint(mint, batch, order, 0).quantity == 1


# -- the second person


def test_a_very_large_order_waits_for_a_second_person(
    mint: Mint, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "APPROVED_ABOVE", 50)
    with mint.database.reading(EVERYTHING) as session:
        producer = session.get(Producer, batch.producer_id)
    first, second = (
        replace(mint.actor(batch), user_id=factories.account(mint.database, producer).id) for _ in range(2)
    )
    order = mint.ordered(batch, 51, actor=first)
    assert order.waits_for_approval

    def make_ready() -> StampOrder:
        return print_room.make_ready(mint.database, first, order.id, mint.keyring)

    def approve(actor: Actor) -> None:
        with mint.database.transaction(actor) as session:
            stamp_approvals.approve(session, actor, order.id)

    refused("stamps.not_approved", make_ready)
    refused("stamps.second_person", lambda: approve(first))
    approve(second)
    refused("stamps.nothing_to_approve", lambda: approve(second))
    assert make_ready().ready_at is not None


def test_who_was_let_in_by_the_first_person_is_no_second_one(
    mint: Mint, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "APPROVED_ABOVE", 50)
    with mint.database.reading(EVERYTHING) as session:
        producer = session.get(Producer, batch.producer_id)
    first = replace(mint.actor(batch), user_id=factories.account(mint.database, producer).id)
    order = mint.ordered(batch, 51, actor=first)
    linked = factories.account(mint.database, producer)
    clerk = factories.account(mint.database, producer, role=Role.CLERK)
    giver = replace(SYSTEM, user_id=first.user_id)
    with mint.database.transaction(giver) as session:
        password_links.make_link(session, giver, linked.id)
    for account, code in ((linked, "stamps.second_given"), (clerk, "stamps.second_manager")):
        actor = factories.actor_of(mint.database, account)

        def approve(actor: Actor = actor) -> None:
            with mint.database.transaction(actor) as session:
                stamp_approvals.approve(session, actor, order.id)

        refused(code, approve)


def test_an_agency_that_issues_stamps_may_be_the_second_person(
    mint: Mint, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "APPROVED_ABOVE", 50)
    with mint.database.reading(EVERYTHING) as session:
        producer = session.get(Producer, batch.producer_id)
    clerk = replace(mint.actor(batch), user_id=factories.account(mint.database, producer).id)
    order = mint.ordered(batch, 51, actor=clerk)
    user_id = factories.account(mint.database).id
    officer = replace(factories.officer(Permission.ISSUE_STAMPS), user_id=user_id)
    with mint.database.transaction(officer) as session:
        assert stamp_approvals.approve(session, officer, order.id).approved_by_id == officer.user_id
    assert print_room.make_ready(mint.database, officer, order.id, mint.keyring).ready_at is not None
