"""The overseers' registers: everything of one concept within the scope, sought without accents, filtered, page by page.

Each answers the same number of queries however many rows there are. The exports read the same registers without pages.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability.domain import records
from traceability.domain.area_codes import lookup_key
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.inspections import Finding, FindingState, Inspection
from traceability.domain.producers import Producer, ProducerCategory, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.recalls import Recall, RecallState
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.domain.text import fold, sought

PAGE_SIZE = 50
#: An export holds at most so many rows; the page says so where there are more.
EXPORT_LIMIT = 50_000
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a register: its rows, its number (from 1), how many pages and rows there are."""

    rows: list[T]
    number: int
    pages: int
    count: int


@dataclass(frozen=True)
class Wanted:
    """What is sought. `text` as typed; `number` None: everything, for an export. Empty filters do not count."""

    text: str = ""
    state: str = ""
    category: str = ""
    producer_id: str = ""
    first: date | None = None
    last: date | None = None
    number: int | None = 1


def batches(session: Session, wanted: Wanted) -> Page[tuple[Batch, Product, Producer]]:
    """Batches by lot, product, area, code or producer, the newest first. The days are those of their beginning."""
    statement = (
        select(Batch, Product, Producer)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == Batch.producer_id)
        .where(*_words(wanted.text, Batch.search, Producer.search))
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc(), col(Batch.id))
    )
    if state := _member(BatchState, wanted.state):
        statement = statement.where(Batch.state == state)
    if wanted.category:
        statement = statement.where(Product.category == wanted.category)
    if wanted.producer_id:
        statement = statement.where(Batch.producer_id == wanted.producer_id)
    if wanted.first:
        statement = statement.where(col(Batch.started_on) >= wanted.first)
    if wanted.last:
        statement = statement.where(col(Batch.started_on) <= wanted.last)
    return _page(session, statement, wanted.number)


def producers(session: Session, wanted: Wanted) -> Page[Producer]:
    """Producers by name or code, in the order of the dictionary."""
    statement = (
        select(Producer)
        .where(*_words(wanted.text, Producer.search))
        .order_by(col(Producer.sort_key), col(Producer.id))
    )
    if state := _member(ProducerState, wanted.state):
        statement = statement.where(Producer.state == state)
    if wanted.category:
        matching = select(ProducerCategory.producer_id).where(ProducerCategory.category == wanted.category)
        statement = statement.where(col(Producer.id).in_(matching))
    return _page(session, statement, wanted.number)


def areas(session: Session, wanted: Wanted) -> Page[tuple[GrowingArea, Producer]]:
    """Growing areas by name, code (however it is typed) or producer, by name."""
    found: list[Any] = _words(wanted.text, GrowingArea.search, Producer.search)
    if key := fold(lookup_key(sought(wanted.text))):
        found = [sa.or_(sa.and_(*found), col(GrowingArea.search).contains(key, autoescape=True))]
    statement = (
        select(GrowingArea, Producer)
        .join(Producer, col(Producer.id) == GrowingArea.producer_id)
        .where(*found)
        .order_by(col(GrowingArea.search), col(GrowingArea.id))
    )
    if state := _member(AreaState, wanted.state):
        statement = statement.where(GrowingArea.state == state)
    if wanted.state in ("code_suspended", "code_applied"):
        code_state = CodeState(wanted.state.removeprefix("code_"))
        coded = select(AreaCode.area_id).where(AreaCode.state == code_state)
        statement = statement.where(col(GrowingArea.id).in_(coded))
    if wanted.producer_id:
        statement = statement.where(GrowingArea.producer_id == wanted.producer_id)
    return _page(session, statement, wanted.number)


def products(session: Session, wanted: Wanted) -> Page[tuple[Product, Producer]]:
    """Products by name, code, GTIN or producer, in the order of the dictionary."""
    statement = (
        select(Product, Producer)
        .join(Producer, col(Producer.id) == Product.producer_id)
        .where(*_words(wanted.text, Product.search, Producer.search))
        .order_by(col(Product.sort_key), col(Product.id))
    )
    if state := _member(ProductState, wanted.state):
        statement = statement.where(Product.state == state)
    if wanted.category:
        statement = statement.where(Product.category == wanted.category)
    if wanted.producer_id:
        statement = statement.where(Product.producer_id == wanted.producer_id)
    return _page(session, statement, wanted.number)


def stamp_orders(session: Session, wanted: Wanted) -> Page[tuple[StampOrder, Batch, Product, Producer]]:
    """Stamp orders by number, lot, product or producer, the newest first."""
    statement = (
        select(StampOrder, Batch, Product, Producer)
        .join(Batch, col(Batch.id) == StampOrder.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == StampOrder.producer_id)
        .where(*_words(wanted.text, sa.func.lower(StampOrder.number), Batch.search, Producer.search))
        .order_by(col(StampOrder.created_at).desc(), col(StampOrder.id))
    )
    if state := _member(RangeState, wanted.state):
        matching = select(StampRange.order_id).where(StampRange.state == state)
        statement = statement.where(col(StampOrder.id).in_(matching))
    if wanted.producer_id:
        statement = statement.where(StampOrder.producer_id == wanted.producer_id)
    return _page(session, statement, wanted.number)


def inspections(session: Session, wanted: Wanted) -> Page[tuple[Inspection, Producer]]:
    """Inspections by number or producer, the newest first; `open`: those with a finding that is not settled."""
    statement = (
        select(Inspection, Producer)
        .join(Producer, col(Producer.id) == Inspection.producer_id)
        .where(*_words(wanted.text, sa.func.lower(Inspection.number), Producer.search))
        .order_by(col(Inspection.on_day).desc(), col(Inspection.created_at).desc())
    )
    if wanted.state == "open":
        unsettled = select(Finding.inspection_id).where(Finding.state != FindingState.CORRECTED)
        statement = statement.where(col(Inspection.id).in_(unsettled))
    if wanted.producer_id:
        statement = statement.where(Inspection.producer_id == wanted.producer_id)
    return _page(session, statement, wanted.number)


def recalls(session: Session, wanted: Wanted) -> Page[tuple[Recall, Batch, Product, Producer]]:
    """Recalls by number, lot, product or producer, the newest first."""
    statement = (
        select(Recall, Batch, Product, Producer)
        .join(Batch, col(Batch.id) == Recall.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .join(Producer, col(Producer.id) == Recall.producer_id)
        .where(*_words(wanted.text, sa.func.lower(Recall.number), Batch.search, Producer.search))
        .order_by(col(Recall.opened_at).desc())
    )
    if state := _member(RecallState, wanted.state):
        statement = statement.where(Recall.state == state)
    if wanted.producer_id:
        statement = statement.where(Recall.producer_id == wanted.producer_id)
    return _page(session, statement, wanted.number)


# --- what lists show beside the rows ---------------------------------------------------------------------------------


def counts_by(session: Session, column: Any, ids: Collection[str]) -> dict[str, int]:
    """How many rows of a table name each of these ids in a column (the batches of each producer)."""
    found: dict[str, int] = {}
    for portion in records.portions(ids):
        statement = select(column, sa.func.count()).where(column.in_(portion)).group_by(column)
        found |= {str(key): int(number) for key, number in session.exec(statement).all()}
    return {key: found.get(key, 0) for key in ids}


# --- inside ----------------------------------------------------------------------------------------------------------


def _words(text: str, *columns: Any) -> list[Any]:
    """Each word that was typed stands in one of the (folded) columns."""
    words = sought(text).split()
    return [sa.or_(*(column.contains(word, autoescape=True) for column in columns)) for word in words]


def _member(kind: Any, word: str) -> Any:
    return kind(word) if word in {member.value for member in kind} else None


def _page(session: Session, statement: Any, number: int | None) -> Page[Any]:
    if number is None:
        rows = list(session.exec(statement.limit(EXPORT_LIMIT)).all())
        return Page(rows, 1, 1, len(rows))
    counted = statement.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)
    count = int(session.execute(counted).scalar_one())
    pages = max(1, -(-count // PAGE_SIZE))
    number = min(max(number, 1), pages)
    rows = list(session.exec(statement.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all())
    return Page(rows, number, pages, count)
