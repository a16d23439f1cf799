"""The product (sản phẩm, trade item): what is sold, and the crop or line it comes from.

A product without a GTIN of its own is named by our short form; nobody is given an invented number.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from traceability.domain.addresses import Address
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Register
from traceability.domain.records import Instant, Json, Record, choice


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
