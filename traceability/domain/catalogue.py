"""The public catalogue: products, producers, published lots, and the figures of the home page.

Drafts are not in it. The counters of the register count Vĩnh Long's own; sister producers are shown and never counted.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, func, select

from traceability.domain import provenance
from traceability.domain.accounts import Account
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.errors import NotFound
from traceability.domain.journeys import public_name
from traceability.domain.pictures import Picture
from traceability.domain.producers import LegalForm, Producer, ProducerState, Register
from traceability.domain.products import Product, ProductState
from traceability.domain.public_facts import PublicPicture, PublicProducer, PublicProduct
from traceability.domain.scans import StampCount
from traceability.domain.stamps import StampOrder
from traceability.domain.text import fold

#: Published lots on the page of a product.
MOST_LOTS = 12


@dataclass(frozen=True)
class Counters:
    """What the home page counts. The first four are the province's own register."""

    products: int
    producers: int
    with_stamps: int
    agencies: int
    areas: int
    lots: int
    stamps: int
    scans: int


@dataclass(frozen=True)
class ProductCard:
    """A product in a list. `producer` is empty for a household; `of_the_province`: the register counts it."""

    code: str
    name: str
    name_en: str
    category: str
    producer: str
    net_weight: str
    ocop_stars: int | None
    picture: PublicPicture | None
    of_the_province: bool


@dataclass(frozen=True)
class ProducerCard:
    """A producer in a list. `name` is empty for a household."""

    code: str
    name: str
    name_en: str
    legal_form: LegalForm
    place: str
    products: int
    has_stamps: bool
    of_the_province: bool


@dataclass(frozen=True)
class LotCard:
    """A published lot in a list."""

    lot: str
    state: BatchState
    made_on: date
    best_before_on: date | None


def counters(session: Session) -> Counters:
    """The figures of the home page."""
    own_producer = (Producer.register_of == Register.VINH_LONG, Producer.state != ProducerState.DRAFT)
    with_account = select(Account.producer_id).where(
        col(Account.producer_id).is_not(None), col(Account.disabled_at).is_(None)
    )
    return Counters(
        products=_count(
            session, Product, Product.register_of == Register.VINH_LONG, Product.state != ProductState.DRAFT
        ),
        producers=_count(session, Producer, *own_producer),
        with_stamps=_count(
            session, Producer, *own_producer, col(Producer.has_stamps), col(Producer.id).in_(with_account)
        ),
        agencies=_count(
            session, Agency, Agency.register_of == Register.VINH_LONG, Agency.state == AgencyState.ACTIVE
        ),
        areas=_count(
            session, GrowingArea, col(GrowingArea.state).in_([AreaState.APPROVED, AreaState.SUSPENDED])
        ),
        lots=_count(session, Batch, col(Batch.released_at).is_not(None)),
        stamps=session.exec(select(func.coalesce(func.sum(StampOrder.quantity), 0))).one(),
        scans=session.exec(select(func.coalesce(func.sum(StampCount.opened), 0))).one(),
    )


def products(session: Session, sought: str = "", producer_id: str | None = None) -> list[ProductCard]:
    """The products in the order of a Vietnamese dictionary; those that hold every word of `sought`, accents or not."""
    statement = (
        select(Product, Producer, Picture)
        .join(Producer, col(Producer.id) == col(Product.producer_id))
        .join(Picture, col(Picture.id) == col(Product.picture_id), isouter=True)
        .where(Product.state != ProductState.DRAFT, Producer.state != ProducerState.DRAFT)
        .order_by(col(Product.sort_key), col(Product.code))
    )
    for word in fold(sought).split()[:8]:
        in_product = col(Product.search).contains(word, autoescape=True)
        in_producer = col(Producer.search).contains(word, autoescape=True)
        open_name = Producer.legal_form != LegalForm.HOUSEHOLD
        statement = statement.where(in_product | (in_producer & open_name))
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    return [
        ProductCard(
            code=product.code,
            name=product.name,
            name_en=product.name_en,
            category=product.category,
            producer=public_name(producer),
            net_weight=product.net_weight_text,
            ocop_stars=product.ocop_stars,
            picture=provenance.picture_of(picture),
            of_the_province=product.register_of is Register.VINH_LONG,
        )
        for product, producer, picture in session.exec(statement)
    ]


def product(session: Session, code: str) -> tuple[PublicProduct, PublicProducer, list[LotCard]]:
    """A product with its producer and its newest published lots. Raises `NotFound`."""
    row = session.exec(
        select(Product, Producer)
        .join(Producer, col(Producer.id) == col(Product.producer_id))
        .where(Product.code == code, Product.state != ProductState.DRAFT)
    ).one_or_none()
    if row is None:
        raise NotFound("Product", code)
    found, producer = row
    lots = session.exec(
        select(Batch)
        .where(Batch.product_id == found.id, col(Batch.released_at).is_not(None))
        .order_by(col(Batch.started_on).desc())
        .limit(MOST_LOTS)
    )
    cards = [LotCard(lot.lot, lot.state, lot.packed_on or lot.started_on, lot.best_before_on) for lot in lots]
    return provenance.product_of(session, found), provenance.producer_of(session, producer), cards


def producers(session: Session, sought: str = "") -> list[ProducerCard]:
    """The producers in the order of a dictionary; those that hold every word of `sought`. Households come last."""
    number = (
        select(func.count())
        .where(Product.producer_id == Producer.id, Product.state != ProductState.DRAFT)
        .correlate(Producer)
        .scalar_subquery()
    )
    statement = select(Producer, number).where(Producer.state != ProducerState.DRAFT)
    words = fold(sought).split()[:8]
    rows = sorted(session.exec(statement).all(), key=lambda row: _place_in_list(row[0]))
    cards = [
        ProducerCard(
            code=producer.code,
            name=public_name(producer),
            name_en="" if producer.legal_form is LegalForm.HOUSEHOLD else producer.name_en,
            legal_form=producer.legal_form,
            place=", ".join(part for part in (producer.commune_name, producer.province_name) if part),
            products=count,
            has_stamps=producer.has_stamps,
            of_the_province=producer.register_of is Register.VINH_LONG,
        )
        for producer, count in rows
    ]
    # sought in what is shown, so that a search cannot feel out what a household keeps to itself
    texts = ((card, fold(f"{card.name} {card.name_en} {card.code} {card.place}")) for card in cards)
    return [card for card, text in texts if all(word in text for word in words)]


def producer(session: Session, code: str) -> tuple[PublicProducer, list[ProductCard]]:
    """A producer with its products. Raises `NotFound`."""
    found = session.exec(
        select(Producer).where(Producer.code == code, Producer.state != ProducerState.DRAFT)
    ).one_or_none()
    if found is None:
        raise NotFound("Producer", code)
    return provenance.producer_of(session, found), products(session, producer_id=found.id)


def lot(session: Session, product_code: str, lot_number: str) -> Batch:
    """The published batch with this lot of a product. Raises `NotFound`."""
    batch = session.exec(
        select(Batch)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(Product.code == product_code, Batch.lot == lot_number)
    ).one_or_none()
    if batch is None or not provenance.is_published(batch):
        raise NotFound("Batch", lot_number)
    return batch


def goods_of(session: Session, batch_id: str) -> tuple[str, str]:
    """The name of a batch's product, and its lot."""
    statement = select(Product.name, Batch.lot).join(Batch, col(Batch.product_id) == col(Product.id))
    name, number = session.exec(statement.where(Batch.id == batch_id)).one()
    return name, number


def _place_in_list(producer: Producer) -> tuple[bool, str, str]:
    """Households come last and by their codes: the order must not tell their names."""
    household = producer.legal_form is LegalForm.HOUSEHOLD
    return household, "" if household else producer.sort_key, producer.code


def _count(session: Session, table: Any, *conditions: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()
