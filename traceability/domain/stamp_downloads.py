"""The print of an order: each download of a file is asked for, recorded, and streamed once; then it is looked over.

A file is a PDF, ZPL for a label printer, a list of codes (CSV), or a picture of one stamp. It is stored nowhere, and is
the same to the last byte each time it is made from the same order and choices.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from traceability.domain import ledger, records, stamp_ranges, stamp_runs, stamp_voids
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.records import RecordId
from traceability.domain.stamp_runs import Keys, TypedCode
from traceability.domain.stamps import FileKind, RangeState, StampDownload, StampOrder, StampRange, VoidReason

#: A link that nobody has opened is good for so long.
LINK_LIVES = timedelta(hours=1)


class DownloadInput(BaseModel):
    """Asks for a print file. `start_position` is the first free cell of the first sheet; left out, the order's.
    `rows` are the stamps on one page of a roll; left out, one. `stamp` is the one that a picture shows, by its number
    in the order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: RecordId
    kind: FileKind = FileKind.PDF
    start_position: Annotated[int | None, Field(ge=1, le=10_000)] = None
    rows: Annotated[int | None, Field(ge=1, le=500)] = None
    stamp: Annotated[int, Field(ge=1)] = 1


class BadRun(BaseModel):
    """A run of stamps that did not become good ones (or one stamp, by the first code alone), and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_code: TypedCode
    last_code: TypedCode | None = None
    reason: VoidReason = VoidReason.SPOILED


class PrintedInput(BaseModel):
    """The print was looked over. The runs that were spoiled or given back become void."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: RecordId
    bad: Annotated[list[BadRun], Field(max_length=20)] = []


def ask_download(session: Session, actor: Actor, value: DownloadInput) -> tuple[StampDownload, str]:
    """Notes that a print file is downloaded, and answers the token of a link that gives it out once.

    A picture gives out its one stamp only; any other file gives out all. Raises `RuleBroken`: `access.not_permitted`,
    `stamps.not_allowed`, `batches.held`, `.recalled`, `.closed`, `stamps.not_ready`, `stamps.order_closed`,
    `stamps.order_void`, `stamps.no_such_stamp`, `stamps.picture_void`.
    """
    actor.must(Permission.ORDER_STAMPS)
    order = records.lock(session, StampOrder, value.order_id)
    producer = records.find(session, Producer, order.producer_id)
    if not producer.has_stamps:
        raise RuleBroken("stamps.not_allowed", None, name=producer.name)
    producer.must_not_be_suspended()
    records.find(session, Batch, order.batch_id).must_move()
    if order.ready_at is None:
        raise RuleBroken("stamps.not_ready", None, number=order.number)
    if order.closed_at is not None:
        raise RuleBroken("stamps.order_closed", None, number=order.number)
    ranges = stamp_ranges.locked(session, order.id)
    if all(stamps.state is RangeState.VOID for stamps in ranges):
        raise RuleBroken("stamps.order_void", None, number=order.number)
    serial = None
    if value.kind.is_single:
        serial = order.first_serial + value.stamp - 1
        ranges = _one(session, order, ranges, serial)
    fresh = _given_out(ranges)
    token = secrets.token_urlsafe(24)
    download = StampDownload(
        producer_id=order.producer_id,
        order_id=order.id,
        token_hash=token_hash(token),
        layout=order.layout,
        start_position=value.start_position or order.start_position,
        kind=value.kind,
        rows=value.rows,
        serial=serial,
        asked_by_id=actor.user_id,
    )
    session.add(download)
    session.flush()
    ledger.record(session, "stamps.downloaded", order, download, *fresh, layout=order.layout, file=value.kind)
    return download, token


def _one(session: Session, order: StampOrder, ranges: list[StampRange], serial: int) -> list[StampRange]:
    """The range of one stamp of an order; cut out where it was never given out before."""
    if serial >= order.first_serial + order.quantity:
        raise RuleBroken("stamps.no_such_stamp", "stamp", number=order.number, count=order.quantity)
    (holds,) = [stamps for stamps in ranges if stamps.first_serial <= serial <= stamps.last_serial]
    if holds.state is RangeState.VOID:
        raise RuleBroken("stamps.picture_void", "stamp")
    if RangeState.READY in (holds.state, holds.state_before):
        return [stamp_ranges.carve(session, order.id, serial, serial)]
    return [holds]


def _given_out(ranges: list[StampRange]) -> list[StampRange]:
    """Notes that stamps were given out to be printed; answers those that never were before."""
    fresh = []
    for stamps in ranges:
        if stamps.state is RangeState.READY:
            stamps.state = RangeState.DOWNLOADED
            fresh.append(stamps)
        elif stamps.state_before is RangeState.READY:
            stamps.state_before = RangeState.DOWNLOADED
            fresh.append(stamps)
    return fresh


def begin_file(session: Session, actor: Actor, order_id: str, token: str) -> tuple[StampDownload, StampOrder]:
    """Opens the link of a download, once. Raises `NotFound`, and `RuleBroken` ("stamps.link_used") the second time."""
    actor.must(Permission.ORDER_STAMPS)
    statement = (
        select(StampDownload)
        .where(StampDownload.order_id == order_id, StampDownload.token_hash == token_hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    download = session.exec(statement).one_or_none()
    if download is None or download.handed_to or download.asked_by_id != actor.user_id:
        raise NotFound("StampDownload")
    moment = now()
    if download.started_at is not None or moment - download.asked_at > LINK_LIVES:
        raise RuleBroken("stamps.link_used")
    download.started_at = moment
    ledger.record(session, "stamps.file_begun", download)
    return download, records.find(session, StampOrder, order_id)


def finish_file(session: Session, download_id: str, size: int, sha256: str) -> None:
    """Notes that a file was streamed to its end: its size in bytes and its digest."""
    download = records.lock(session, StampDownload, download_id)
    download.finished_at, download.size, download.sha256 = now(), size, sha256
    ledger.record(session, "stamps.file_finished", download)


def mark_printed(session: Session, actor: Actor, value: PrintedInput, keys: Keys) -> StampOrder:
    """The print was looked over: what was downloaded counts as printed, the bad runs become void.

    Raises `RuleBroken`: `access.not_permitted`, `stamps.nothing_downloaded`, `stamps.spoiled_elsewhere`, what
    `stamp_runs.run_of` refuses, `stamps.spoiled_in_use`.
    """
    actor.must(Permission.ORDER_STAMPS)
    order = stamp_voids.locked_order(session, value.order_id)
    printed = [
        stamps
        for stamps in stamp_ranges.locked(session, order.id)
        if RangeState.DOWNLOADED in (stamps.state, stamps.state_before)
    ]
    if not printed:
        raise RuleBroken("stamps.nothing_downloaded", None, number=order.number)
    for stamps in printed:
        if stamps.state is RangeState.DOWNLOADED:
            stamps.state = RangeState.PRINTED
        else:
            stamps.state_before = RangeState.PRINTED
    session.flush()
    ledger.record(session, "stamps.printed", order, *printed)
    for number, bad in enumerate(value.bad):
        _spoil(session, actor, order, bad, number, keys)
    return order


def _spoil(session: Session, actor: Actor, order: StampOrder, bad: BadRun, number: int, keys: Keys) -> None:
    try:
        run = stamp_runs.run_of(session, keys, bad.first_code, bad.last_code)
    except RuleBroken as error:
        raise RuleBroken(error.code, f"bad-{number}-{error.field}", **error.facts) from None
    here = f"bad-{number}-first_code"
    if run.order_id != order.id:
        raise RuleBroken("stamps.spoiled_elsewhere", here, number=order.number)
    for part in stamp_runs.parts(keys, run, stamp_ranges.of_order(session, order.id)):
        if part.state is not RangeState.PRINTED:
            raise stamp_runs.refuse("stamps.spoiled_in_use", part, actor, here)
    ended = stamp_ranges.carve_all(session, order.id, run.first, run.last)
    stamp_voids.end(session, order, ended, bad.reason, "")


def downloads_of(session: Session, order_id: str) -> list[StampDownload]:
    """The downloads of an order, the newest first."""
    statement = select(StampDownload).where(StampDownload.order_id == order_id)
    return list(session.exec(statement.order_by(col(StampDownload.asked_at).desc())).all())


def token_hash(token: str) -> str:
    """What is kept of the token of a link."""
    return hashlib.sha256(token.encode()).hexdigest()
