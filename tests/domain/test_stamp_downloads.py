"""The print file is asked for, given out once, and noted to its last byte; then the print is looked over."""

from pathlib import Path

import pytest
from sqlmodel import select

from tests import factories
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import clock, ledger, records, stamp_downloads
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamp_downloads import LINK_LIVES, BadRun, DownloadInput, PrintedInput
from traceability.domain.stamps import RangeState, StampDownload, StampRange, VoidReason
from traceability.keys import Keyring


@pytest.fixture
def mint(database: Database, tmp_path: Path) -> Mint:
    return Mint(database, Keyring(tmp_path, demo=True))


def test_a_link_gives_the_file_out_once_and_every_step_is_in_the_log(mint: Mint) -> None:
    batch = mint.batch()
    order, actor = mint.ready(batch), mint.actor(batch)
    with mint.database.transaction(actor) as session:
        download, token = stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
    assert mint.ranges(order) == [(0, 99, RangeState.DOWNLOADED)]
    with mint.database.transaction(actor) as session:
        begun, of = stamp_downloads.begin_file(session, actor, order.id, token)
        assert (begun.id, of.id, begun.layout) == (download.id, order.id, "a4-5x13-30x20@300")
    with pytest.raises(RuleBroken, match=r"stamps\.link_used"), mint.database.transaction(actor) as session:
        stamp_downloads.begin_file(session, actor, order.id, token)
    with pytest.raises(NotFound), mint.database.transaction(actor) as session:
        stamp_downloads.begin_file(session, actor, order.id, token + "x")
    with mint.database.transaction(actor) as session:
        stamp_downloads.finish_file(session, download.id, 12345, "ab" * 32)
    with mint.database.reading(actor.scope) as session:
        (noted,) = stamp_downloads.downloads_of(session, order.id)
        kinds = session.exec(select(LogLeaf.kind).order_by(LogLeaf.position)).all()
    assert (noted.size, noted.sha256) == (12345, "ab" * 32)
    assert noted.finished_at is not None
    assert list(kinds)[-5:] == [
        "stamps.ordered",
        "stamps.ready",
        "stamps.downloaded",
        "stamps.file_begun",
        "stamps.file_finished",
    ]


def test_a_link_belongs_to_who_asked_and_ends_after_an_hour(
    mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = mint.batch()
    order, actor = mint.ready(batch), mint.actor(batch)
    with mint.database.transaction(actor) as session:
        _, token = stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
    with mint.database.reading(EVERYTHING) as session:
        owner = records.find(session, Producer, batch.producer_id)
    colleague = factories.actor_of(mint.database, factories.account(mint.database, owner))
    with pytest.raises(NotFound), mint.database.transaction(colleague) as session:
        stamp_downloads.begin_file(session, colleague, order.id, token)
    with mint.database.transaction(SYSTEM) as session:
        row = session.exec(select(StampDownload)).one()
        row.asked_at = clock.now() - LINK_LIVES * 2
        ledger.record(session, "test.aged", row)
    with pytest.raises(RuleBroken, match=r"stamps\.link_used"), mint.database.transaction(actor) as session:
        stamp_downloads.begin_file(session, actor, order.id, token)


def test_nothing_is_printed_before_it_is_ready_or_for_a_batch_that_stands_still(mint: Mint) -> None:
    batch = mint.batch()
    order, ready, actor = mint.ordered(batch, 10), mint.ready(batch, 10), mint.actor(batch)
    with pytest.raises(RuleBroken, match=r"stamps\.not_ready"), mint.database.transaction(actor) as session:
        stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))
    mint.void(ready, 0, 9)
    with pytest.raises(RuleBroken, match=r"stamps\.order_void"), mint.database.transaction(actor) as session:
        stamp_downloads.ask_download(session, actor, DownloadInput(order_id=ready.id))
    with mint.database.transaction(SYSTEM) as session:
        row = records.lock(session, Batch, batch.id)
        row.state = BatchState.RECALLED
        ledger.record(session, "test.recalled", row)
    with pytest.raises(RuleBroken, match=r"batches\.recalled"), mint.database.transaction(actor) as session:
        stamp_downloads.ask_download(session, actor, DownloadInput(order_id=ready.id))


def test_a_print_is_looked_over_and_its_spoiled_stamps_become_void(mint: Mint) -> None:
    batch = mint.batch()
    order, other, actor = mint.downloaded(batch, 100), mint.downloaded(batch, 5), mint.actor(batch)

    def look_over(first: str | None = None, last: str | None = None) -> None:
        bad = [BadRun(first_code=first, last_code=last)] if first else []
        value = PrintedInput(order_id=order.id, bad=bad)
        with mint.database.transaction(actor) as session:
            stamp_downloads.mark_printed(session, actor, value, mint.keys)

    with pytest.raises(RuleBroken, match=r"stamps\.spoiled_elsewhere"):
        look_over(mint.code(other, 0), mint.code(other, 1))
    with pytest.raises(RuleBroken, match=r"stamp_codes\.length \[bad-0-first_code\]"):
        look_over("ABC")
    assert mint.ranges(order) == [(0, 99, RangeState.DOWNLOADED)]
    look_over(mint.code(order, 30), mint.code(order, 34))
    assert mint.ranges(order) == [
        (0, 29, RangeState.PRINTED),
        (30, 34, RangeState.VOID),
        (35, 99, RangeState.PRINTED),
    ]
    with mint.database.reading(EVERYTHING) as session:
        reasons = session.exec(
            select(StampRange.void_reason).where(StampRange.state == RangeState.VOID)
        ).all()
    assert reasons == [VoidReason.SPOILED]
    with pytest.raises(RuleBroken, match=r"stamps\.nothing_downloaded"):
        look_over()
