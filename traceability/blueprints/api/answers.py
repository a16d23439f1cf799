"""What programs read: one model for each kind of thing, from which both the answers and the contract are made.

Weights are whole grams, areas whole square metres, moments ISO 8601 in UTC.
"""

from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from traceability.domain.areas import AreaState, CodeFamily, CodeState
from traceability.domain.batches import BatchState, Origin
from traceability.domain.history import EventType
from traceability.domain.products import ProductState
from traceability.domain.recalls import RecallKind, RecallState

A = TypeVar("A", bound="Answer")


class Answer(BaseModel):
    """What is said of one row; fields are read from the row of the same name."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: str

    @classmethod
    def said(cls, row: Any) -> dict[str, Any]:
        """A row as JSON holds it."""
        return cls.model_validate(row).model_dump(mode="json")


class AreaAnswer(Answer):
    """A growing area; its outline stays on the pages."""

    name: str
    crop_id: str
    state: AreaState
    declared_m2: int
    computed_m2: int
    gln: str | None
    external_ref: str | None


class AreaCodeAnswer(Answer):
    """A code of a growing area for one market."""

    area_id: str
    family: CodeFamily
    market: str
    code: str
    state: CodeState
    authority: str
    decision_no: str
    issued_on: date | None
    valid_from: date | None
    valid_to: date | None


class CropAnswer(Answer):
    """A crop or a line of processing: reference data of the province."""

    name: str
    name_en: str
    kind: str


class LayoutAnswer(Answer):
    """How stamps lie on a sheet or a roll, by the name under which an order asks for it."""

    name: str
    own: bool
    stamp_width_mm: float
    stamp_height_mm: float
    page_width_mm: float
    page_height_mm: float
    per_page: int
    dpi: int


class ProductAnswer(Answer):
    """A product; `net_weight_g` is what one stamp stands for, `unit` what it is stuck to."""

    code: str
    name: str
    name_en: str
    gtin: str | None
    unit: str
    net_weight_g: int
    category: str
    crop_id: str
    shelf_life_days: int | None
    state: ProductState


class BatchAnswer(Answer):
    """A batch with its account of kilograms."""

    lot: str
    product_id: str
    area_id: str | None
    origin: Origin
    state: BatchState
    started_on: date
    harvested_on: date | None
    best_before_on: date | None
    made_g: int
    on_hand_g: int
    shipped_g: int
    used_g: int
    lost_g: int
    external_ref: str | None
    revision: int


class EventAnswer(Answer):
    """An entry of a batch's history."""

    batch_id: str | None
    type: EventType
    step: str
    happened_at: datetime
    input_g: int | None
    output_g: int | None
    loss_g: int | None
    corrects_id: str | None
    external_ref: str | None


class AttachmentAnswer(Answer):
    """A picture of a batch's history, as it was kept: WebP, at most 1200 pixels a side."""

    event_id: str | None
    note: str
    sha256: str
    width: int
    height: int
    size: int
    created_at: datetime


class RecallAnswer(Answer):
    """A recall, and how many batches it reaches."""

    number: str
    kind: RecallKind
    batch_id: str
    state: RecallState
    reason: str
    hazard: str
    public_text: str
    decision_no: str
    decided_on: date | None
    due_on: date | None
    reached: int
    opened_at: datetime
    lifted_at: datetime | None
    external_ref: str | None


class StampOrderAnswer(Answer):
    """A stamp order; `code_root` is the Merkle root of its codes' hashes once they are made."""

    number: str
    batch_id: str
    quantity: int
    layout: str
    ready_at: datetime | None
    code_root: str | None
    external_ref: str | None


class ActivationAnswer(Answer):
    """A run of stamps that has begun to speak: its first range, its order, how many stamps."""

    order_id: str
    activated: int
