"""The stamp account (sổ tem): what became of every stamp of a producer's product, and which are missing.

Ordered = waiting for print + out (printed, on no goods yet) + active + suspended + spoiled + given back + lost. Stamps
that are out for longer than `MISSING_AFTER` are missing: somebody holds them, and that somebody is asked.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamp_closings import heading
from traceability.domain.stamps import RangeState, StampDownload, StampOrder, StampRange, VoidReason
from traceability.domain.text import sought

#: Fresh goods are packed within days of the print; what is still on a roll after this long is asked about.
MISSING_AFTER = timedelta(days=30)
_OUT = (RangeState.DOWNLOADED, RangeState.PRINTED)
_COUNT = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)


@dataclass(frozen=True)
class Line:
    """The account of one product. `printed` were given out to be printed; `since` is when the oldest missing were."""

    producer: Producer
    product: Product
    counts: Counter[str] = field(default_factory=Counter)
    printed: int = 0
    missing: int = 0
    since: datetime | None = None

    @property
    def ordered(self) -> int:
        """All stamps ever ordered: the sum of all others."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Total:
    """The account of all products of one producer, or of all that are looked at (`producer` is None then)."""

    producer: Producer | None
    counts: Counter[str]
    printed: int
    missing: int

    @property
    def ordered(self) -> int:
        """All stamps ever ordered: the sum of all others."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Missing:
    """The stamps of one order that are out for too long: since when, and who took the file."""

    order: StampOrder
    batch: Batch
    product: Product
    producer: Producer
    count: int
    since: datetime
    print_shop: str

    @property
    def days(self) -> int:
        """Their age in whole days."""
        return (now() - self.since).days


def account(session: Session, *, text: str = "", producer_id: str = "") -> list[Line]:
    """The account of every product within the scope that ever had stamps, those with missing ones first."""
    where: list[Any] = [
        sa.or_(
            *(
                column.contains(word, autoescape=True)
                for column in (col(Producer.search), col(Product.search))
            )
        )
        for word in sought(text).split()
    ]
    if producer_id:
        where.append(Producer.id == producer_id)
    pairs = select(Producer, Product).join(Product, col(Product.producer_id) == Producer.id).where(*where)
    owners = {product.id: (producer, product) for producer, product in session.exec(pairs).all()}
    statement = (
        select(Batch.product_id, StampRange.state, StampRange.void_reason, _COUNT)
        .join(Batch, col(Batch.id) == StampRange.batch_id)
        .where(*_of(StampRange, producer_id))
        .group_by(col(Batch.product_id), col(StampRange.state), col(StampRange.void_reason))
    )
    counts: dict[str, Counter[str]] = {}
    for product_id, state, reason, count in session.exec(statement).all():
        counts.setdefault(product_id, Counter())[_heading(state, reason)] += int(count)
    printed = _printed(session, producer_id)
    gone: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    for one in missing(session, producer_id=producer_id):
        gone[one.product.id] += one.count
        oldest[one.product.id] = min(one.since, oldest.get(one.product.id, one.since))
    lines = [
        Line(*owners[key], counts[key], printed[key], gone[key], oldest.get(key))
        for key in counts
        if key in owners
    ]
    return sorted(lines, key=lambda line: (-line.missing, line.producer.sort_key, line.product.sort_key))


def totals(lines: Iterable[Line]) -> tuple[Total, list[Total]]:
    """The sum of the lines, and that of each producer, those with missing stamps first."""
    of: dict[str, list[Line]] = {}
    for line in lines:
        of.setdefault(line.producer.id, []).append(line)
    each = [_total(own, own[0].producer) for own in of.values()]
    each.sort(key=lambda one: (-one.missing, one.producer.sort_key if one.producer else ""))
    return _total([line for own in of.values() for line in own], None), each


def _total(lines: list[Line], producer: Producer | None) -> Total:
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line.counts)
    return Total(producer, counts, sum(line.printed for line in lines), sum(line.missing for line in lines))


def missing(session: Session, *, producer_id: str = "") -> list[Missing]:
    """The orders within the scope with stamps that are out for too long, the oldest first."""
    out = (
        select(StampRange.order_id, _COUNT)
        .where(col(StampRange.state).in_(_OUT), *_of(StampRange, producer_id))
        .group_by(col(StampRange.order_id))
    )
    counts = {order_id: int(count) for order_id, count in session.exec(out).all()}
    first = (
        select(StampDownload.order_id, func.min(StampDownload.asked_at))
        .where(*_of(StampDownload, producer_id))
        .group_by(col(StampDownload.order_id))
        .having(func.min(StampDownload.asked_at) < now() - MISSING_AFTER)
    )
    late = [order_id for order_id, _ in session.exec(first).all() if order_id in counts]
    found: list[Missing] = []
    for start in range(0, len(late), 500):
        taken = _taken(session, late[start : start + 500])
        chosen = [order_id for order_id, by in taken.items() if by.asked_at < now() - MISSING_AFTER]
        rows = (
            select(StampOrder, Batch, Product, Producer)
            .join(Batch, col(Batch.id) == StampOrder.batch_id)
            .join(Product, col(Product.id) == Batch.product_id)
            .join(Producer, col(Producer.id) == StampOrder.producer_id)
            .where(col(StampOrder.id).in_(chosen))
        )
        for order, batch, product, producer in session.exec(rows).all():
            by = taken[order.id]
            found.append(
                Missing(order, batch, product, producer, counts[order.id], by.asked_at, by.handed_to)
            )
    return sorted(found, key=lambda one: one.since)


def _taken(session: Session, order_ids: list[str]) -> dict[str, StampDownload]:
    """The download by which the stamps of each order went out: the first whole one, else the first picture."""
    downloads = select(StampDownload).where(col(StampDownload.order_id).in_(order_ids))
    taken: dict[str, StampDownload] = {}
    for download in session.exec(downloads.order_by(col(StampDownload.asked_at))).all():
        known = taken.setdefault(download.order_id, download)
        if known.serial is not None and download.serial is None:
            taken[download.order_id] = download
    return taken


def _heading(state: RangeState | str, reason: VoidReason | str | None) -> str:
    """As on a closing, but what is open is told apart: waiting for print, or out."""
    state = RangeState(state)
    word = heading(state, VoidReason(reason) if reason else None)
    if word != "open":
        return word
    return "out" if state in _OUT else "waiting"


def _of(table: type[StampRange | StampDownload | StampOrder], producer_id: str) -> list[Any]:
    """The condition that rows are one producer's; none for all."""
    return [table.producer_id == producer_id] if producer_id else []


def _printed(session: Session, producer_id: str) -> Counter[str]:
    """How many stamps of each product were given out to be printed: whole orders, and pictures of single stamps."""
    downloaded = select(StampDownload.order_id).where(col(StampDownload.serial).is_(None))
    whole = (
        select(Batch.product_id, func.sum(StampOrder.quantity))
        .join(Batch, col(Batch.id) == StampOrder.batch_id)
        .where(col(StampOrder.id).in_(downloaded), *_of(StampOrder, producer_id))
        .group_by(col(Batch.product_id))
    )
    single = (
        select(Batch.product_id, func.count(sa.distinct(col(StampDownload.serial))))
        .join(StampOrder, col(StampOrder.id) == StampDownload.order_id)
        .join(Batch, col(Batch.id) == StampOrder.batch_id)
        .where(col(StampOrder.id).not_in(downloaded), *_of(StampOrder, producer_id))
        .group_by(col(Batch.product_id))
    )
    printed: Counter[str] = Counter()
    for statement in (whole, single):
        printed.update({product_id: int(count) for product_id, count in session.exec(statement).all()})
    return printed
