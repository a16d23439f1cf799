"""The product (sản phẩm, trade item): what is sold, and the crop or line it comes from.

A product without a GTIN of its own is named by our short form; nobody is given an invented number.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, model_validator
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import contacts, ledger, notices, ownership, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import Address, AddressInput
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import PublicGtin
from traceability.domain.ownership import ProducerOwned
from traceability.domain.pictures import Picture
from traceability.domain.producers import Producer, Register
from traceability.domain.product_categories import CategoryCode, ProductForm
from traceability.domain.quantities import Kilograms
from traceability.domain.records import Instant, Json, Record, choice
from traceability.domain.text import Block, Line, Name, ShortLine, collation_key, fold

#: More standards than this nobody reads on a page.
MAX_STANDARDS = 5


class ProductState(StrEnum):
    """The life of a product on the platform."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUSPENDED = "suspended"


class RiskLevel(StrEnum):
    """Risk under the quality law (78/2025/QH15); which goods are of high risk is for the ministries to list."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class Crop(Record, table=True):
    """A crop or processing line with its yields, seasons, steps and ratios: reference data, the same for everybody.

    `facts` holds the entry of the crop table as loaded (yield ceilings, harvest months, inputs, conversion bands).
    """

    OPEN: ClassVar[frozenset[str]] = frozenset({"name", "name_en", "kind", "facts"})

    id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=120)
    name_en: str = Field(default="", max_length=120)
    kind: str = Field(default="", max_length=40)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Product(Record, ProducerOwned, Address, table=True):
    """A trade item of one producer. The address is the place of origin; `standards` are {code, title, kind}."""

    __table_args__ = (
        sa.CheckConstraint("net_weight_g > 0", name="net_weight"),
        sa.CheckConstraint("shelf_life_days IS NULL OR shelf_life_days > 0", name="shelf_life"),
        sa.Index("ix_product_state_sort", "state", "sort_key"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "code",
            "name",
            "name_en",
            "category",
            "crop_id",
            "gtin",
            "brand",
            "standards",
            "state",
            "net_weight_g",
        }
    )
    UNLOGGED: ClassVar[dict[str, str]] = {
        "search": "derived from the names, code and GTIN",
        "sort_key": "derived from the name",
    }

    code: str = Field(max_length=20, unique=True)
    name: str = Field(max_length=200)
    name_en: str = Field(default="", max_length=200)
    search: str = Field(default="", max_length=700)
    sort_key: str = Field(default="", max_length=600)
    category: str = Field(max_length=40, index=True)
    crop_id: str = Field(foreign_key="crop.id", index=True, max_length=40)
    form: str = Field(default="", max_length=40)
    #: what one stamp is stuck to: "trái", "túi", "thùng"
    unit: str = Field(max_length=30)
    variety: str = Field(default="", max_length=100)
    scientific_name: str = Field(default="", max_length=120)
    net_weight_g: int = Field(sa_type=sa.BigInteger)
    net_weight_text: str = Field(default="", max_length=100)
    storage: str = Field(default="", max_length=200)
    #: None: no shelf life applies
    shelf_life_days: int | None = None
    hs_code: str = Field(default="", max_length=12)
    #: 14 digits, or None
    gtin: str | None = Field(default=None, max_length=14, unique=True)
    brand: str = Field(default="", max_length=100)
    standards: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    ocop_stars: int | None = Field(default=None, ge=3, le=5)
    gi_note: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=2000)
    warnings: str = Field(default="", max_length=1000)
    risk_level: RiskLevel = Field(default=RiskLevel.UNKNOWN, sa_type=choice(RiskLevel))
    picture_id: str | None = Field(default=None, foreign_key="picture.id", max_length=16)
    register_of: Register = Field(default=Register.VINH_LONG, sa_type=choice(Register))
    state: ProductState = Field(default=ProductState.DRAFT, sa_type=choice(ProductState), index=True)
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_by_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    def must_be_approved(self, field: str = "product_id") -> None:
        """Demands that batches of the product may be made.

        Raises `RuleBroken`: `products.still_draft`, `products.suspended`.
        """
        if self.state is not ProductState.APPROVED:
            word = "still_draft" if self.state is ProductState.DRAFT else "suspended"
            raise RuleBroken(f"products.{word}", field, name=self.name)


class StandardInput(BaseModel):
    """A standard that the producer declares to apply."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: ShortLine
    title: Line | None = None
    kind: ShortLine | None = None


class ProductInput(AddressInput):
    """What a person may say of a product. `net_weight` is what one stamp stands for.

    Either `shelf_life_days` is given or `no_shelf_life` is ticked: an empty field is a forgotten one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    name_en: Name | None = None
    code: contacts.RegisterCode | None = None
    category: CategoryCode
    crop_id: ShortLine
    form: ProductForm = ProductForm.OTHER
    unit: Annotated[ShortLine, pydantic.Field(max_length=30)]
    variety: ShortLine | None = None
    scientific_name: ShortLine | None = None
    net_weight: Kilograms
    net_weight_text: ShortLine | None = None
    storage: Line | None = None
    shelf_life_days: int | None = pydantic.Field(default=None, ge=1, le=3650)
    no_shelf_life: bool = False
    hs_code: Annotated[str, pydantic.Field(pattern=r"^[0-9]{4}(\.?[0-9]{2}){0,3}$", max_length=12)] | None = (
        None
    )
    gtin: PublicGtin | None = None
    brand: ShortLine | None = None
    standards: list[StandardInput] = pydantic.Field(default_factory=list, max_length=MAX_STANDARDS)
    ocop_stars: int | None = pydantic.Field(default=None, ge=3, le=5)
    gi_note: Line | None = None
    description: Annotated[Block, pydantic.Field(max_length=2000)] | None = None
    warnings: Annotated[Block, pydantic.Field(max_length=1000)] | None = None
    risk_level: RiskLevel = RiskLevel.UNKNOWN

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_standards(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("standards"), list):
            return data | {"standards": [row for row in data["standards"] if row]}
        return data


def load_crop(session: Session, actor: Actor, entry: dict[str, Any]) -> Crop:
    """Takes one entry of the crop table into the reference data, or brings it up to date. For the program itself.

    `entry` has `id`, `name_vi`, `name_en`, `kind`; all of it is kept as `facts`.
    """
    actor.must(Permission.ADMINISTER)
    crop = session.get(Crop, str(entry["id"]))
    if crop is None:
        crop = Crop(id=str(entry["id"]), name=entry["name_vi"])
        session.add(crop)
    elif crop.facts == entry:
        return crop
    crop.name = str(entry["name_vi"])
    crop.name_en = str(entry.get("name_en") or "")
    crop.kind = str(entry.get("kind") or "")
    crop.facts = entry
    ledger.record(session, "crop.loaded", crop)
    return crop


def crops(session: Session) -> list[Crop]:
    """All crops and lines, by name."""
    return sorted(session.exec(select(Crop)).all(), key=lambda crop: collation_key(crop.name))


def register(session: Session, actor: Actor, value: ProductInput) -> Product:
    """A producer writes a product down, as a draft to be approved.

    Raises `RuleBroken`: `access.not_permitted`, `products.crop_unknown`, `products.name_taken`, `products.gtin_taken`,
    `products.code_taken`, `products.shelf_life_missing`, `products.shelf_life_twice`.
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    code = value.code or f"SP-{records.new_id()[:6].upper()}"
    _check(session, actor.tenant(), value, None)
    with ownership.beyond_scope(session):  # codes are unique over all producers
        if session.exec(select(Product.id).where(Product.code == code)).first():
            raise RuleBroken("products.code_taken", "code", code=code)
    producer = records.find(session, Producer, actor.tenant())
    product = Product(
        producer_id=producer.id, code=code, register_of=producer.register_of, **_columns(value, code)
    )
    session.add(product)
    session.flush()
    ledger.record(session, "product.registered", product, register=product.register_of)
    return product


def revise(session: Session, actor: Actor, product_id: str, value: ProductInput) -> Product:
    """A producer corrects a product. With another name, category, crop or GTIN an approved one is a draft again.

    Raises as `register` does, `products.gtin_fixed` (a GTIN never moves to another product, nor away, once it was
    approved), `products.net_weight_fixed` (stamps are counted by it as soon as there is a batch) and
    `products.suspended_unchangeable`.
    """
    actor.must(Permission.MANAGE_PRODUCTS)
    product = records.lock(session, Product, product_id)
    _check(session, product.producer_id, value, product.id)
    columns = _columns(value, product.code)
    if product.gtin and product.approved_at and product.gtin != value.gtin:
        raise RuleBroken("products.gtin_fixed", "gtin", gtin=product.gtin)
    if product.net_weight_g != columns["net_weight_g"] and _has_batches(session, product):
        raise RuleBroken("products.net_weight_fixed", "net_weight")
    identity = ("name", "category", "crop_id", "gtin")
    if any(getattr(product, column) != columns[column] for column in identity):
        if product.state is ProductState.SUSPENDED:
            raise RuleBroken("products.suspended_unchangeable", "name")
        product.state = ProductState.DRAFT
    for column, content in columns.items():
        setattr(product, column, content)
    ledger.record(session, "product.revised", product)
    return product


def approve(session: Session, actor: Actor, product_id: str, seen: int | None = None) -> Product:
    """An agency approves a draft: batches of it may be published from now on (a draft may have batches already).

    `seen` is the revision that was looked at. Raises `RuleBroken`: `access.not_permitted`, `products.not_a_draft`,
    `records.changed`.
    """
    actor.must(Permission.APPROVE_FACILITY, Permission.CONFIRM_FACILITY)
    product = records.lock(session, Product, product_id)
    if product.state is not ProductState.DRAFT:
        raise RuleBroken("products.not_a_draft")
    product.must_be_as_seen(seen)
    product.state = ProductState.APPROVED
    product.approved_at = now()
    product.approved_by_agency_id = actor.agency_id
    ledger.record(session, "product.approved", product)
    notices.post(
        session, "product_approved", producer_id=product.producer_id, subject=product, name=product.name
    )
    return product


def set_picture(session: Session, actor: Actor, product_id: str, picture: Picture) -> Product:
    """Shows a stored picture of the producer's own with the product. Raises `RuleBroken` ("access.not_permitted")."""
    actor.must(Permission.MANAGE_PRODUCTS)
    product = records.lock(session, Product, product_id)
    if picture.producer_id != product.producer_id:
        raise RuleBroken("products.foreign_picture", "picture")
    product.picture_id = picture.id
    ledger.record(session, "product.picture_set", product)
    return product


def all_of(session: Session, producer_id: str | None = None) -> list[Product]:
    """The products within the scope (of one producer, if named), by name."""
    statement = select(Product).order_by(Product.sort_key)
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    return list(session.exec(statement).all())


def waiting_for_approval(session: Session) -> list[Product]:
    """The drafts within the scope, the oldest first."""
    statement = select(Product).where(Product.state == ProductState.DRAFT).order_by(col(Product.created_at))
    return list(session.exec(statement).all())


def _has_batches(session: Session, product: Product) -> bool:
    batch = SQLModel.metadata.tables["batch"]  # its concept stands on this one
    return (
        session.connection().execute(sa.select(batch.c.id).where(batch.c.product_id == product.id)).first()
        is not None
    )


def _check(session: Session, producer_id: str, value: ProductInput, product_id: str | None) -> None:
    if value.shelf_life_days is None and not value.no_shelf_life:
        raise RuleBroken("products.shelf_life_missing", "shelf_life_days")
    if value.shelf_life_days is not None and value.no_shelf_life:
        raise RuleBroken("products.shelf_life_twice", "shelf_life_days")
    if session.get(Crop, value.crop_id) is None:
        raise RuleBroken("products.crop_unknown", "crop_id")
    same = select(Product.id).where(Product.producer_id == producer_id, Product.name == value.name)
    if any(found != product_id for found in session.exec(same).all()):
        raise RuleBroken("products.name_taken", "name", name=value.name)
    if value.gtin:
        with ownership.beyond_scope(session):  # a GTIN names one product in the whole world
            holders = session.exec(select(Product.id).where(Product.gtin == value.gtin)).all()
        if any(found != product_id for found in holders):
            raise RuleBroken("products.gtin_taken", "gtin", gtin=value.gtin)


def _columns(value: ProductInput, code: str) -> dict[str, Any]:
    standards = [
        {"code": row.code, "title": row.title or "", "kind": row.kind or ""} for row in value.standards
    ]
    same = ("category", "crop_id", "unit", "shelf_life_days", "gtin", "ocop_stars", "risk_level")
    texts = (
        "name_en",
        "variety",
        "scientific_name",
        "net_weight_text",
        "storage",
        "hs_code",
        "brand",
        "gi_note",
    )
    blocks = ("description", "warnings")
    words = [value.name, value.name_en or "", code, value.gtin or "", value.brand or ""]
    return (
        value.address_columns()
        | {column: getattr(value, column) for column in same}
        | {column: getattr(value, column) or "" for column in (*texts, *blocks)}
        | {
            "name": value.name,
            "form": value.form.value,
            "net_weight_g": int(value.net_weight),
            "standards": standards,
            "search": fold(" ".join(words))[:700],
            "sort_key": collation_key(value.name),
        }
    )
