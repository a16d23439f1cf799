"""Search over everything (tìm kiếm): one box for a lot, a producer, a code, a product, a paper's number, a stamp.

Accents, case and the hyphens of codes do not matter. What is found comes in groups, each with its best rows; only what
lies within the scope is found.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability.domain import registers
from traceability.domain.area_codes import lookup_key
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.certificates import Certificate
from traceability.domain.errors import NotFound
from traceability.domain.inspections import Inspection
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.recalls import Recall
from traceability.domain.registers import Wanted
from traceability.domain.stamp_ranges import holding
from traceability.domain.stamps import StampOrder, StampRange
from traceability.domain.text import fold, sought

#: So many rows of each group are shown; the register shows the rest.
GROUP_SIZE = 8
#: A single letter finds everything and therefore nothing.
SHORTEST = 2


@dataclass(frozen=True)
class StampFound:
    """One stamp: its serial, the range it lies in, the order and the batch."""

    epoch: int
    serial: int
    stamps: StampRange
    order: StampOrder
    batch: Batch
    product: Product


@dataclass(frozen=True)
class Found:
    """What a search has found; `counts` says how many there are of each group, shown or not."""

    stamp: StampFound | None
    producers: list[Producer]
    batches: list[tuple[Batch, Product, Producer]]
    areas: list[tuple[GrowingArea, Producer]]
    codes: list[tuple[AreaCode, GrowingArea]]
    products: list[tuple[Product, Producer]]
    packing_houses: list[PackingHouse]
    orders: list[tuple[StampOrder, Batch, Product, Producer]]
    certificates: list[Certificate]
    inspections: list[tuple[Inspection, Producer]]
    recalls: list[tuple[Recall, Batch, Product, Producer]]
    counts: dict[str, int]

    @property
    def nothing(self) -> bool:
        """Whether no group holds anything."""
        return self.stamp is None and not any(self.counts.values())


def find_everything(session: Session, text: str, stamp: tuple[int, int] | None = None) -> Found:
    """Everything within the scope that a text names. `stamp` is the (epoch, serial) where the text reads as a code."""
    wanted = Wanted(text=text)
    key = sought(text)
    enough = len(key.replace(" ", "")) >= SHORTEST
    registered: dict[str, Any] = {
        name: getattr(registers, register)(session, wanted) if enough else None
        for name, register in (
            ("producers", "producers"),
            ("batches", "batches"),
            ("areas", "areas"),
            ("products", "products"),
            ("orders", "stamp_orders"),
            ("inspections", "inspections"),
            ("recalls", "recalls"),
        )
    }
    rows: dict[str, list[Any]] = {
        name: page.rows[:GROUP_SIZE] if page else [] for name, page in registered.items()
    }
    counts = {name: page.count if page else 0 for name, page in registered.items()}
    for name, found in (
        ("codes", _codes(session, key) if enough else []),
        ("packing_houses", _packing_houses(session, key) if enough else []),
        ("certificates", _certificates(session, key) if enough else []),
    ):
        rows[name], counts[name] = found, len(found)
    return Found(stamp=stamp_of(session, *stamp) if stamp else None, counts=counts, **rows)


def stamp_of(session: Session, epoch: int, serial: int) -> StampFound | None:
    """The range, order and batch of a stamp; None where it is not on record or lies outside the scope."""
    try:
        stamps = holding(session, epoch, serial)
    except NotFound:
        return None
    statement = (
        select(StampOrder, Batch, Product)
        .join(Batch, col(Batch.id) == StampOrder.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(StampOrder.id == stamps.order_id)
    )
    order, batch, product = session.exec(statement).one()
    return StampFound(epoch, serial, stamps, order, batch, product)


def _codes(session: Session, key: str) -> list[tuple[AreaCode, GrowingArea]]:
    plain = lookup_key(key)
    if len(plain) < SHORTEST:
        return []
    statement = (
        select(AreaCode, GrowingArea)
        .join(GrowingArea, col(GrowingArea.id) == AreaCode.area_id)
        .where(col(AreaCode.search).contains(plain, autoescape=True))
        .order_by(col(AreaCode.code), col(AreaCode.market))
        .limit(GROUP_SIZE)
    )
    return [(code, area) for code, area in session.exec(statement).all()]


def _packing_houses(session: Session, key: str) -> list[PackingHouse]:
    plain = fold(lookup_key(key))
    words = [col(PackingHouse.search).contains(word, autoescape=True) for word in key.split()]
    matching = sa.and_(*words)
    if len(plain) >= SHORTEST:
        matching = sa.or_(matching, col(PackingHouse.search).contains(plain, autoescape=True))
    statement = select(PackingHouse).where(matching).order_by(col(PackingHouse.search)).limit(GROUP_SIZE)
    return list(session.exec(statement).all())


def _certificates(session: Session, key: str) -> list[Certificate]:
    words = [col(Certificate.search).contains(word, autoescape=True) for word in key.split()]
    statement = select(Certificate).where(*words).order_by(col(Certificate.search)).limit(GROUP_SIZE)
    return list(session.exec(statement).all())
