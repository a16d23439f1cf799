"""The batch (lô hàng): a quantity of one product with one history, named by its lot.

A batch begins as a harvest from a growing area or as the output of a transform. Its grams are conserved: what was made
is on hand, shipped, used as an input, or lost, and nothing else; the schema holds the sum for ever.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, func, select

from traceability.domain import area_grants, code_draws, ledger, own_references, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import local_day, now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import Event, EventType, signature
from traceability.domain.identifiers import LOT_LENGTH, Lot
from traceability.domain.key_data import KeyData
from traceability.domain.moments import Moment, start_of
from traceability.domain.ownership import ProducerOwned
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.quantities import Day, Kilograms, kg_text
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.text import Block, Line, ShortLine, fold

#: A remark of at most 1000 characters.
Note = Annotated[Block, Field(max_length=1000)]
PAGE_SIZE = 20


class Origin(StrEnum):
    """How a batch began."""

    HARVEST = "harvest"
    TRANSFORM = "transform"
    SPLIT = "split"
    MERGE = "merge"
    REPACK = "repack"
    REWORK = "rework"
    RETURN = "return"


class BatchState(StrEnum):
    """The life of a batch. Released: the gate of public data holds, the page is published."""

    OPEN = "open"
    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"
    CLOSED = "closed"


class Batch(Record, ProducerOwned, table=True):
    """A batch. All weights are whole grams."""

    __table_args__ = (
        sa.UniqueConstraint("product_id", "lot"),
        sa.CheckConstraint("made_g >= 0", name="made"),
        sa.CheckConstraint(
            "on_hand_g >= 0 AND shipped_g >= 0 AND used_g >= 0 AND lost_g >= 0", name="not_negative"
        ),
        sa.CheckConstraint("on_hand_g + shipped_g + used_g + lost_g = made_g", name="conserved"),
        sa.CheckConstraint(
            "(origin = 'harvest' AND area_id IS NOT NULL AND harvested_on IS NOT NULL) OR origin <> 'harvest'",
            name="harvest_has_area",
        ),
        sa.CheckConstraint("in_units_g >= 0 AND in_units_g <= on_hand_g", name="in_units"),
        sa.CheckConstraint("best_before_on IS NULL OR best_before_on >= started_on", name="best_before"),
        sa.Index("ix_batch_newest", "producer_id", "started_on"),
        own_references.unique("batch"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "product_id",
            "lot",
            "origin",
            "area_id",
            "started_on",
            "harvested_on",
            "packed_on",
            "best_before_on",
            "state",
        }
    )
    LATER: ClassVar[dict[str, Any]] = {"in_units_g": 0, "best_before_limit_on": None}
    UNLOGGED: ClassVar[dict[str, str]] = {
        "search": "derived from the lot and product",
        "page_version": "a counter for caches of the public page",
        "reference_in_index": own_references.WHY_UNLOGGED,
    }

    product_id: str = Field(foreign_key="product.id", index=True, max_length=16)
    lot: str = Field(max_length=20, index=True)
    search: str = Field(default="", max_length=900)
    origin: Origin = Field(sa_type=choice(Origin))
    area_id: str | None = Field(default=None, foreign_key="growing_area.id", index=True, max_length=16)
    #: the growing-area code claimed for this batch, as text: codes are opaque and outlive their rows
    area_code: str = Field(default="", max_length=60)
    #: the first day of its history: harvest day, or the day its transform began
    started_on: date = Field(index=True)
    harvested_on: date | None = None
    packed_on: date | None = None
    best_before_on: date | None = None
    #: the best-before day of what it was split, merged or repacked from, which it never outlives
    best_before_limit_on: date | None = None
    made_g: int = Field(sa_type=sa.BigInteger)
    on_hand_g: int = Field(sa_type=sa.BigInteger)
    shipped_g: int = Field(default=0, sa_type=sa.BigInteger)
    used_g: int = Field(default=0, sa_type=sa.BigInteger)
    lost_g: int = Field(default=0, sa_type=sa.BigInteger)
    #: grams on hand that lie in closed cartons and pallets: nobody draws on them but with the whole carton
    in_units_g: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    unit_count: int | None = Field(default=None, ge=0)
    picker: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=1000)
    state: BatchState = Field(default=BatchState.OPEN, sa_type=choice(BatchState), index=True)
    #: the state to come back to when a hold or recall is lifted
    state_before: BatchState | None = Field(default=None, sa_type=choice(BatchState, "state_before"))
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    page_version: int = 1
    external_ref: str | None = Field(default=None, max_length=80)
    reference_in_index: bool = own_references.in_index()
    recorded_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    on_behalf_agency_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)

    @property
    def may_move(self) -> bool:
        """Whether goods of the batch may leave, be worked up or be stamped."""
        return self.state in (BatchState.OPEN, BatchState.RELEASED)

    @property
    def loose_g(self) -> int:
        """Grams on hand that lie in no carton or pallet."""
        return self.on_hand_g - self.in_units_g

    def must_move(self, field: str | None = None) -> None:
        """Demands that goods of the batch may leave, be worked up or be stamped.

        Raises `RuleBroken`: `batches.held`, `batches.recalled`, `batches.closed`.
        """
        if not self.may_move:
            raise RuleBroken(f"batches.{self.state.value}", field, lot=self.lot)

    def must_hold(
        self, grams: int, left_g: int, actor: Actor, field: str = "kilograms", *, delivered: bool = False
    ) -> None:
        """Demands that at least `grams` of the `left_g` are left, and (unless they were delivered) that they lie loose.

        Raises `RuleBroken`: `batches.not_enough`, `batches.in_units`.
        """
        if left_g >= grams > self.loose_g and not delivered:
            facts = {"left": self.loose_g, "packed": self.in_units_g, "asked": grams}
            said = {name: kg_text(weight, actor.language) for name, weight in facts.items()}
            raise RuleBroken("batches.in_units", field, lot=self.lot, **said)
        if grams > left_g:
            left, asked = kg_text(left_g, actor.language), kg_text(grams, actor.language)
            raise RuleBroken("batches.not_enough", field, lot=self.lot, left=left, asked=asked)

    def begin_shelf_life(self, product: Product) -> None:
        """Sets the best-before day: the shelf life counts from the first packing, else from the first day; goods that
        were in another lot before keep the day they had there."""
        if product.shelf_life_days is None:
            self.best_before_on = None
        else:
            start = self.packed_on or self.harvested_on or self.started_on
            self.best_before_on = start + timedelta(days=product.shelf_life_days)
        limit = self.best_before_limit_on
        if limit is not None and (self.best_before_on is None or limit < self.best_before_on):
            self.best_before_on = limit


class HarvestInput(BaseModel):
    """What a person may say of a harvest. Without a lot the next free one of the day is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area_id: RecordId
    product_id: RecordId
    area_code: Annotated[Line | None, Field(max_length=60)] = None
    harvested_on: Day
    harvested_at: Moment | None = None
    kilograms: Kilograms
    lot: Lot | None = None
    picker: Line | None = None
    details: KeyData = Field(default_factory=dict)
    note: Note = ""
    external_ref: ShortLine | None = None


def register(session: Session, actor: Actor, value: HarvestInput) -> Batch:
    """A harvest becomes a batch of the area's producer, with its first event.

    Raises `RuleBroken`: `access.not_permitted`, `batches.area_unknown`, `batches.product_unknown`,
    `batches.area_of_another`, `areas.*` (not approved, withdrawn, another crop), `products.suspended`,
    `batches.producer_suspended`, `code_authorisations.*`, `batches.harvest_in_future`,
    `batches.harvest_on_two_days`, `batches.lot_taken`, `.reference_taken`, and `rules.*` (an area or code suspended or
    out of validity on the day, a code of somebody else's ...).
    """
    actor.must(Permission.REGISTER_BATCHES)
    product = product_for(session, value.product_id)
    own_references.must_be_new(session, Batch, product.producer_id, value.external_ref)
    try:
        area = records.find(session, GrowingArea, value.area_id)
    except NotFound:
        raise RuleBroken("batches.area_unknown", "area_id") from None
    if area.producer_id != product.producer_id:
        raise RuleBroken("batches.area_of_another", "area_id", area=area.name)
    moment = value.harvested_at or start_of(value.harvested_on)
    if value.harvested_on > today() or moment > now():
        raise RuleBroken("batches.harvest_in_future", "harvested_on", today=today())
    if local_day(moment) != value.harvested_on:
        raise RuleBroken("batches.harvest_on_two_days", "harvested_on")
    area.must_be_of(product.crop_id)
    claimed = value.area_code or ""
    code = area_grants.known_code(session, area.id, claimed) if claimed else None
    lent_out = bool(claimed) and code is None and code_draws.is_lent(session, product.producer_id, claimed)
    batch = Batch(
        producer_id=product.producer_id,
        product_id=product.id,
        lot=free_lot(session, product, value.lot, value.harvested_on),
        origin=Origin.HARVEST,
        area_id=area.id,
        area_code=code.code if code else claimed,
        started_on=value.harvested_on,
        harvested_on=value.harvested_on,
        made_g=int(value.kilograms),
        on_hand_g=int(value.kilograms),
        picker=value.picker or "",
        note=value.note,
        external_ref=value.external_ref,
        **signature(actor),
    )
    if lent_out:  # somebody else's: its holder signed for these kilograms
        lent = code_draws.claim(
            session,
            actor,
            claimed,
            batch,
            producer_id=batch.producer_id,
            grams=batch.made_g,
            day=value.harvested_on,
            text=batch.lot,
        )
        batch.area_code = lent.code
    batch.search = fold(" ".join([batch.lot, product.name, product.code, batch.area_code, area.name]))[:900]
    batch.begin_shelf_life(product)
    session.add(batch)
    session.flush()
    event = Event(
        producer_id=batch.producer_id,
        batch_id=batch.id,
        area_id=area.id,
        type=EventType.HARVEST,
        happened_at=moment,
        output_g=batch.made_g,
        details=value.details,
        **signature(actor),
    )
    session.add(event)
    session.flush()
    rules.judge(session, batch, "register")
    ledger.record(session, "batch.registered", batch, event)
    return batch


def product_for(session: Session, product_id: str) -> Product:
    """The product of a batch that is about to begin, locked so that lots are given out one after the other.

    Raises `RuleBroken`: `batches.product_unknown`, `products.suspended`, `batches.producer_suspended`.
    """
    try:
        product = records.lock(session, Product, product_id)
    except NotFound:
        raise RuleBroken("batches.product_unknown", "product_id") from None
    if product.state is ProductState.SUSPENDED:
        product.must_be_approved()
    producer = records.find(session, Producer, product.producer_id)
    if producer.state is ProducerState.SUSPENDED:
        raise RuleBroken("batches.producer_suspended", None, name=producer.name)
    return product


def free_lot(
    session: Session, product: Product, wanted: str | None, day: date, *, of: str = "", field: str = "lot"
) -> str:
    """The lot that was asked for, or the next free one: of the day, or (`of`) after the lot it comes from.

    Raises `RuleBroken` ("batches.lot_taken").
    """
    suggestion = suggested_lot(session, product.id, day, of=of)
    if wanted is None:
        return suggestion
    if session.exec(select(Batch.id).where(Batch.product_id == product.id, Batch.lot == wanted)).first():
        raise RuleBroken("batches.lot_taken", field, lot=wanted, suggestion=suggestion)
    return wanted


def suggested_lot(session: Session, product_id: str, day: date, *, of: str = "") -> str:
    """The next free lot of a product for a day (`L26112401`, `L26112402` ...), or of a lot (`L26112401-1` ...)."""
    stem, digits = (f"{of}-", 1) if of and len(of) <= LOT_LENGTH - 4 else (f"L{day:%y%m%d}", 2)
    taken = set(
        session.exec(
            select(Batch.lot).where(
                Batch.product_id == product_id, col(Batch.lot).startswith(stem, autoescape=True)
            )
        )
    )
    number = 1
    while f"{stem}{number:0{digits}d}" in taken:
        number += 1
    return f"{stem}{number:0{digits}d}"


# --- Questions -------------------------------------------------------------------------------------------


def choose(session: Session, batch_id: str, field: str = "batch_id") -> Batch:
    """A batch named in a form, locked. Raises `RuleBroken` ("batches.unknown") for a foreign one as for a missing."""
    try:
        return records.lock(session, Batch, batch_id)
    except NotFound:
        raise RuleBroken("batches.unknown", field) from None


def listed(
    session: Session,
    *,
    text: str = "",
    state: BatchState | None = None,
    product_id: str | None = None,
    producer_id: str | None = None,
    page: int = 1,
) -> tuple[list[tuple[Batch, Product]], int]:
    """One page of batches, the newest first, and how many pages there are. `text` is a folded key (`text.sought`)."""
    wanted: list[Any] = [col(Batch.search).contains(word, autoescape=True) for word in text.split()]
    if state is not None:
        wanted.append(Batch.state == state)
    if product_id:
        wanted.append(Batch.product_id == product_id)
    if producer_id:
        wanted.append(Batch.producer_id == producer_id)
    count = session.exec(select(func.count()).select_from(Batch).where(*wanted)).one()
    pages = max(1, -(-count // PAGE_SIZE))
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(*wanted)
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc())
        .offset((min(max(page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return [(batch, product) for batch, product in session.exec(statement).all()], pages


def newest(session: Session, producer_id: str) -> Batch | None:
    """The harvest that was registered last: what a form begins with, since the next is mostly like it."""
    statement = (
        select(Batch)
        .where(Batch.producer_id == producer_id, Batch.origin == Origin.HARVEST)
        .order_by(col(Batch.created_at).desc())
        .limit(1)
    )
    return session.exec(statement).first()


def in_stock(session: Session, producer_id: str) -> list[tuple[Batch, Product]]:
    """The batches of a producer of which something is on hand and may move, the newest first."""
    statement = (
        select(Batch, Product)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(
            Batch.producer_id == producer_id,
            Batch.on_hand_g > 0,
            col(Batch.state).in_([BatchState.OPEN, BatchState.RELEASED]),
        )
        .order_by(col(Batch.started_on).desc(), col(Batch.created_at).desc())
        .limit(300)
    )
    return [(batch, product) for batch, product in session.exec(statement).all()]
