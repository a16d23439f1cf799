"""The link (liên kết): what a producer registers under the GTIN of a product, a lot of it, or one stamp.

The platform's own links (the product's page, the lot's, the stamp's, the state of recalls) are made from the records
themselves, so that no product is ever without one and a recall changes them by its own transaction; see `anchors`. What
stands here comes beside them, and steps back while the goods are stopped.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, records, resolver, scans, stamp_codes
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import Lot
from traceability.domain.ownership import ProducerOwned
from traceability.domain.products import Product
from traceability.domain.records import Instant, Record
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.text import Line, ShortLine

#: So many links one product has at most, all levels together.
MOST_LINKS = 60
#: Link types that only the platform may fill: what they say must follow from the records.
RESERVED = frozenset(
    {"defaultLink", "defaultLinkMulti", "handledBy", "recallStatus", "verificationService", "traceability"}
)
#: Languages of link targets; the linkset's schema takes two letters, with a region or without.
LINK_LANGUAGES = ("vi", "en", "zh", "ja", "ko", "km", "fr", "de")
MEDIA_TYPES = (
    "text/html",
    "application/pdf",
    "application/json",
    "application/ld+json",
    "image/jpeg",
    "video/mp4",
)


class LinkLevel(StrEnum):
    """What a link is registered under."""

    PRODUCT = "product"
    LOT = "lot"
    STAMP = "stamp"


class Link(Record, ProducerOwned, table=True):
    """One link. Without lot and serial it stands at the product; never both (Resolver 2.5.9 rule 2)."""

    __table_args__ = (
        sa.CheckConstraint("lot = '' OR serial = ''", name="one_level"),
        sa.Index("ix_link_anchor", "product_id", "lot", "serial"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"product_id", "lot", "serial", "link_type", "title", "language", "media_type", "href", "is_default"}
    )

    product_id: str = Field(foreign_key="product.id", max_length=16)
    lot: str = Field(default="", max_length=20)
    #: the stamp's code
    serial: str = Field(default="", max_length=20)
    link_type: str = Field(max_length=40)
    title: str = Field(max_length=200)
    #: empty: the target speaks no language
    language: str = Field(default="", max_length=5)
    media_type: str = Field(default="text/html", max_length=60)
    href: str = Field(max_length=500)
    #: a plain scan leads here
    is_default: bool = False
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def level(self) -> LinkLevel:
        if self.serial:
            return LinkLevel.STAMP
        return LinkLevel.LOT if self.lot else LinkLevel.PRODUCT


def _web_address(value: Any) -> Any:
    """An https or http address as a browser would follow it: no user name, no script, nothing invisible."""
    if not isinstance(value, str):
        return value
    try:
        address = pydantic.HttpUrl(value.strip())
    except pydantic.ValidationError:
        raise PydanticCustomError("links_address", "this is no web address") from None
    if address.username or address.password or not address.host or "." not in address.host:
        raise PydanticCustomError("links_address", "this is no web address")
    return str(address)


WebAddress = Annotated[str, BeforeValidator(_web_address), pydantic.Field(max_length=500)]


class LinkInput(BaseModel):
    """What a producer may say of a link."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: LinkLevel = LinkLevel.PRODUCT
    lot: Lot | None = None
    stamp: ShortLine | None = None
    link_type: Annotated[str, pydantic.Field(max_length=40)]
    title: Line
    language: Annotated[str, pydantic.Field(max_length=5)] = ""
    media_type: Annotated[str, pydantic.Field(max_length=60)] = "text/html"
    href: WebAddress
    is_default: bool = False


def register(
    session: Session, actor: Actor, product_id: str, value: LinkInput, epochs: Mapping[int, EpochKey]
) -> Link:
    """A producer registers a link of one of its products. `epochs` read the code of a stamp.

    Raises `NotFound`, and `RuleBroken`: `access.not_permitted`, `links.enough`, `links.type`, `links.language`,
    `links.media_type`, `links.lot_missing`, `links.lot_unknown`, `links.stamp_missing`, `links.stamp_unknown`,
    `links.default_of_stamp`.
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    product = records.lock(session, Product, product_id)
    standing = select(func.count()).where(Link.product_id == product.id, col(Link.withdrawn_at).is_(None))
    if session.exec(standing).one() >= MOST_LINKS:
        raise RuleBroken("links.enough", limit=MOST_LINKS)
    link = Link(
        producer_id=product.producer_id, product_id=product.id, **_columns(session, product, value, epochs)
    )
    session.add(link)
    session.flush()
    ledger.record(session, "link.registered", link, *_only_default(session, link))
    return link


def revise(
    session: Session, actor: Actor, link_id: str, value: LinkInput, epochs: Mapping[int, EpochKey]
) -> Link:
    """A producer changes a link that stands. Raises as `register` does, and `links.withdrawn`."""
    actor.must(Permission.MANAGE_PRODUCTS)
    link = records.lock(session, Link, link_id)
    if link.withdrawn_at is not None:
        raise RuleBroken("links.withdrawn")
    product = records.find(session, Product, link.product_id)
    for column, content in _columns(session, product, value, epochs).items():
        setattr(link, column, content)
    ledger.record(session, "link.revised", link, *_only_default(session, link))
    return link


def withdraw(session: Session, actor: Actor, link_id: str) -> Link:
    """A producer takes a link away. Raises `RuleBroken`: `access.not_permitted`, `links.withdrawn`."""
    actor.must(Permission.MANAGE_PRODUCTS)
    link = records.lock(session, Link, link_id)
    if link.withdrawn_at is not None:
        raise RuleBroken("links.withdrawn")
    link.withdrawn_at = now()
    ledger.record(session, "link.withdrawn", link)
    return link


def of_product(session: Session, product_id: str) -> list[Link]:
    """The links of a product that stand, by level."""
    statement = select(Link).where(Link.product_id == product_id, col(Link.withdrawn_at).is_(None))
    return list(session.exec(statement.order_by(Link.lot, Link.serial, Link.link_type, col(Link.created_at))))


def _columns(
    session: Session, product: Product, value: LinkInput, epochs: Mapping[int, EpochKey]
) -> dict[str, Any]:
    if value.link_type not in resolver.link_types() or value.link_type in RESERVED:
        raise RuleBroken("links.type", "link_type")
    if value.language and value.language not in LINK_LANGUAGES:
        raise RuleBroken("links.language", "language")
    if value.media_type not in MEDIA_TYPES:
        raise RuleBroken("links.media_type", "media_type")
    if value.level is LinkLevel.STAMP and value.is_default:
        raise RuleBroken("links.default_of_stamp", "is_default")
    return {
        "lot": _lot(session, product, value.lot) if value.level is LinkLevel.LOT else "",
        "serial": _serial(session, product, value.stamp, epochs) if value.level is LinkLevel.STAMP else "",
        "link_type": value.link_type,
        "title": value.title,
        "language": value.language,
        "media_type": value.media_type,
        "href": value.href,
        "is_default": value.is_default,
    }


def _lot(session: Session, product: Product, lot: str | None) -> str:
    """A lot of the product. An invented one is not registered (Resolver 2.4)."""
    if not lot:
        raise RuleBroken("links.lot_missing", "lot")
    if session.exec(select(Batch.id).where(Batch.product_id == product.id, Batch.lot == lot)).first() is None:
        raise RuleBroken("links.lot_unknown", "lot", lot=lot)
    return lot


def _serial(session: Session, product: Product, text: str | None, epochs: Mapping[int, EpochKey]) -> str:
    """The code of a stamp that was issued for the product."""
    if not text:
        raise RuleBroken("links.stamp_missing", "stamp")
    issued = stamp_codes.read(epochs.values(), text) if epochs else None
    stamp = scans.resolve(session, *issued, today()) if issued else None
    if stamp is None or records.find(session, Batch, stamp.batch_id).product_id != product.id:
        raise RuleBroken("links.stamp_unknown", "stamp")
    return str(stamp_codes.normalise(text))


def _only_default(session: Session, link: Link) -> list[Link]:
    """A level has one default: the others of this level step back. Answers the links that changed."""
    if not link.is_default:
        return []
    same = (Link.product_id == link.product_id, Link.lot == link.lot, Link.serial == link.serial)
    others = select(Link).where(
        *same, col(Link.is_default), Link.id != link.id, col(Link.withdrawn_at).is_(None)
    )
    changed = list(session.exec(others.order_by(Link.id).with_for_update()))
    for other in changed:
        other.is_default = False
    return changed
