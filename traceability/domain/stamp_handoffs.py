"""The sealed hand-off (giao nhà in): a print shop without an account fetches the print files once, by a link.

The link lives some days and is good for one download: a packet with the PDF, the list of codes and, for label printers,
the ZPL. With it goes a manifest that names the very files by their digests and the stamps by their first and last code,
signed, so that both sides can show later what was handed over.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from traceability.domain import ledger, records, stamp_downloads, stamp_ranges
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.records import RecordId
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.stamps import FileKind, RangeState, StampDownload, StampOrder
from traceability.domain.text import ShortLine

LONGEST_DAYS = 30


class HandoffState(StrEnum):
    """What became of a link."""

    WAITING = "waiting"
    FETCHED = "fetched"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class HandoffInput(BaseModel):
    """To whom the print goes, and for how many days the link is good; `rows` as of a download."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: RecordId
    handed_to: ShortLine
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 7
    rows: Annotated[int | None, Field(ge=1, le=500)] = None


@dataclass(frozen=True)
class Sealed:
    """What was sealed: the canonical bytes of the manifest as text, and their signature."""

    manifest: str
    signature: bytes


def hand_over(
    session: Session, actor: Actor, value: HandoffInput, sealed: Sealed
) -> tuple[StampDownload, str]:
    """Hands an order's print to a print shop, and answers the token of the link; it is shown once.

    Raises what `stamp_downloads.ask_download` refuses.
    """
    asked = DownloadInput(order_id=value.order_id, kind=FileKind.PACKET, rows=value.rows)
    download, token = stamp_downloads.ask_download(session, actor, asked)
    download.handed_to = value.handed_to
    download.expires_at = now() + timedelta(days=value.days)
    download.manifest, download.signature = sealed.manifest, sealed.signature
    session.flush()
    ledger.record(session, "stamps.handed_over", download)
    return download, token


def state_of(download: StampDownload) -> HandoffState:
    """What became of the link of a hand-off."""
    if download.started_at is not None:
        return HandoffState.FETCHED
    if download.withdrawn_at is not None:
        return HandoffState.WITHDRAWN
    if download.expires_at is None or now() > download.expires_at:
        return HandoffState.EXPIRED
    return HandoffState.WAITING


def by_token(session: Session, token: str, *, lock: bool = False) -> StampDownload:
    """The hand-off of a link. Raises `NotFound`; a producer's own download has no such link."""
    statement = select(StampDownload).where(StampDownload.token_hash == stamp_downloads.token_hash(token))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.exec(statement).one_or_none()
    if found is None or not found.handed_to:
        raise NotFound("StampDownload")
    return found


def fetch(session: Session, token: str) -> tuple[StampDownload, StampOrder]:
    """Uses the link up: the file may be sent now, and never again.

    Raises `NotFound`, and `RuleBroken`: `handoffs.fetched`, `.withdrawn`, `.expired`, `batches.held`, `.recalled`,
    `.closed`, `stamps.order_closed`, `stamps.order_void`.
    """
    download = by_token(session, token, lock=True)
    state = state_of(download)
    if state is HandoffState.FETCHED:
        raise RuleBroken("handoffs.fetched")
    if state is HandoffState.WITHDRAWN:
        raise RuleBroken("handoffs.withdrawn")
    if state is HandoffState.EXPIRED:
        raise RuleBroken("handoffs.expired")
    order = records.find(session, StampOrder, download.order_id)
    records.find(session, Batch, order.batch_id).must_move()
    if order.closed_at is not None:
        raise RuleBroken("stamps.order_closed", None, number=order.number)
    if all(stamps.state is RangeState.VOID for stamps in stamp_ranges.of_order(session, order.id)):
        raise RuleBroken("stamps.order_void", None, number=order.number)
    download.started_at = now()
    ledger.record(session, "stamps.file_begun", download)
    return download, order


def withdraw(session: Session, actor: Actor, download_id: str) -> StampDownload:
    """Makes a link that nobody has used useless. Raises `RuleBroken` ("handoffs.fetched") for one that was used."""
    actor.must(Permission.ORDER_STAMPS)
    download = records.lock(session, StampDownload, download_id)
    if download.started_at is not None:
        raise RuleBroken("handoffs.fetched")
    download.withdrawn_at = download.withdrawn_at or now()
    ledger.record(session, "stamps.handoff_withdrawn", download)
    return download
