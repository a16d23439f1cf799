"""The stamp order (phiếu cấp tem): so many stamps for one batch, no more than its grams allow.

An order is made in two steps. `order` takes the serials and freezes all that the print will need, in one transaction
with the batch locked. The root over the codes and the mask of the symbols are computed outside any lock, and `prepare`
commits them: only then is the order ready to be downloaded. Between the two an order is `ordered`, and can be prepared
again at any time.
"""

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, SQLModel, col, func, select

from traceability.domain import (
    batches,
    layouts,
    ledger,
    merkle,
    own_references,
    records,
    rules,
    stamp_approvals,
    stamp_codes,
    stamp_logos,
    stamp_ranges,
    suspended_ground,
    used_sheets,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.errors import RuleBroken
from traceability.domain.layouts import PrintLayout
from traceability.domain.producers import Producer
from traceability.domain.products import Product, ProductState
from traceability.domain.quantities import Kilograms, count_text
from traceability.domain.records import RecordId
from traceability.domain.rule_book import RuleCode
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_logos import StampLogo
from traceability.domain.stamp_quota import CONFIRMED_ABOVE, Quota, StampCount, quota_of
from traceability.domain.stamps import (
    RangeState,
    SerialCounter,
    StampEpoch,
    StampForm,
    StampOrder,
    StampRange,
)
from traceability.domain.text import ShortLine

PAGE_SIZE = 20
_PIECE = 65_536
_NUMBER_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class OrderInput(BaseModel):
    """What a person may say of an order. `layout` is the name of a ready layout, `dpi` the printer's resolution (left
    out, the layout's own), `start_position` the first free cell of the first sheet, counted from 1; `on_used_sheet`
    takes it from the sheet of this layout that was used last. `gross_weight` is what a carton weighs with all that is
    in it, for layouts that print it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RecordId
    quantity: StampCount
    layout: Annotated[str, Field(max_length=32)]
    dpi: int | None = None
    form: StampForm = StampForm.SHORT
    start_position: Annotated[int, Field(ge=1)] = 1
    on_used_sheet: bool = False
    pins: bool = False
    gross_weight: Kilograms | None = None
    #: the password or the code of the second factor, which the page looks at for a large order
    proof: Annotated[str, Field(max_length=1000, repr=False)] = ""
    external_ref: ShortLine | None = None


@dataclass(frozen=True)
class Printable:
    """What an order is to print: the rows that its face speaks of, and how it is laid out."""

    batch: Batch
    product: Product
    producer: Producer
    value: OrderInput
    #: the producer's own layout, when the order names one
    own: PrintLayout | None = None
    #: the producer's mark, for layouts with a place for it
    logo: StampLogo | None = None


@dataclass(frozen=True)
class Frozen:
    """What a print needs for ever: the layout by name, what stands before the code, words and measures as JSON, and
    the mark."""

    layout: str
    url_prefix: str
    print_data: str
    logo: bytes | None = None


@dataclass(frozen=True)
class Minting:
    """The mint as an order needs it: the epoch that gives serials, and how a print is frozen.

    `freeze` raises `RuleBroken` for what cannot be printed (a text too long, a symbol too large for the stamp).
    """

    epoch_number: int
    demo: bool
    freeze: Callable[[Printable], Frozen]


def order(
    session: Session, actor: Actor, value: OrderInput, *, minting: Minting, proven: bool = False
) -> StampOrder:
    """Orders stamps for a batch: serials are taken and the print is frozen. The order still has to be prepared.

    `proven` says that whoever orders has just given the password or a code again, which a large order demands. An
    order above `APPROVED_ABOVE` waits for a second person (`stamp_approvals`).

    Raises `RuleBroken`: `access.not_permitted`, `batches.unknown`, `batches.held`, `.recalled`, `.closed`,
    `stamps.not_allowed`, `producers.suspended`, `products.suspended`, `stamps.ground_suspended`, `stamps.large`,
    `stamps.exceed_batch`, `stamps.nothing_left`, `.reference_taken`, and what `minting.freeze` refuses.
    """
    actor.must(Permission.ORDER_STAMPS)
    batch = batches.choose(session, value.batch_id)
    own_references.must_be_new(session, StampOrder, batch.producer_id, value.external_ref)
    producer = records.find(session, Producer, batch.producer_id)
    product = _must_be_orderable(session, batch, producer)
    _must_allow(quota_of(session, batch, product), value.quantity, batch, actor)
    if value.quantity > CONFIRMED_ABOVE and not proven:
        count = count_text(value.quantity, actor.language)
        raise RuleBroken("stamps.large", "proof", count=count)
    if value.on_used_sheet:
        rest = used_sheets.of_layout(session, producer.id, value.layout)
        value = value.model_copy(update={"start_position": rest.next_cell if rest else 1})
    own = layouts.named(session, value.layout, producer.id)
    logo = stamp_logos.of_producer(session, producer.id)
    frozen = minting.freeze(Printable(batch, product, producer, value, own, logo))
    made = StampOrder(
        **_numbers(session, minting, batch, value.quantity),
        **vars(frozen),
        form=value.form,
        start_position=value.start_position,
        pins=value.pins,
        external_ref=value.external_ref,
        ordered_by_id=actor.user_id,
    )
    return _place(session, made)


def order_again(
    session: Session, actor: Actor, old: StampOrder, serial: int, *, minting: Minting
) -> StampOrder:
    """Orders one stamp in place of another of the same batch, printed as the old one was; see `stamp_reprints`."""
    actor.must(Permission.ORDER_STAMPS)
    batch = batches.choose(session, old.batch_id)
    producer = records.find(session, Producer, batch.producer_id)
    product = _must_be_orderable(session, batch, producer)
    _must_allow(quota_of(session, batch, product), 1, batch, actor)
    made = StampOrder(
        **_numbers(session, minting, batch, 1),
        layout=old.layout,
        url_prefix=old.url_prefix,
        print_data=old.print_data,
        logo=old.logo,
        form=old.form,
        pins=old.pins,
        ordered_by_id=actor.user_id,
        reprints_id=old.id,
        reprints_serial=serial,
    )
    return _place(session, made)


def _must_be_orderable(session: Session, batch: Batch, producer: Producer) -> Product:
    """Demands that stamps may be ordered for a batch at all; answers its product."""
    product = records.find(session, Product, batch.product_id)
    if not producer.has_stamps:
        raise RuleBroken("stamps.not_allowed", None, name=producer.name)
    producer.must_not_be_suspended()
    batch.must_move("batch_id")
    if product.state is ProductState.SUSPENDED:
        product.must_be_approved("batch_id")
    stopped = suspended_ground.of_batch(session, batch)
    if stopped is not None:
        facts = {"lot": stopped.lot, "name": stopped.name, "since": stopped.since}
        raise RuleBroken("stamps.ground_suspended", "batch_id", **facts)
    return product


def _numbers(session: Session, minting: Minting, batch: Batch, quantity: int) -> dict[str, Any]:
    """What every new order has: its owner, its number, its serials."""
    return {
        "producer_id": batch.producer_id,
        "number": _free_number(session),
        "batch_id": batch.id,
        "quantity": quantity,
        "epoch_number": minting.epoch_number,
        "first_serial": _take_serials(session, minting.epoch_number, quantity),
        "demo": minting.demo,
    }


def _place(session: Session, made: StampOrder) -> StampOrder:
    """Writes a new order with one range over all its serials."""
    session.add(made)
    session.flush()
    whole = StampRange(
        producer_id=made.producer_id,
        order_id=made.id,
        batch_id=made.batch_id,
        epoch_number=made.epoch_number,
        first_serial=made.first_serial,
        last_serial=made.first_serial + made.quantity - 1,
    )
    session.add(whole)
    session.flush()
    rules.judge(session, made, "order")
    ledger.record(session, "stamps.ordered", made, whole)
    if made.waits_for_approval:
        stamp_approvals.ask(session, made)
    return made


def _must_allow(quota: Quota, quantity: int, batch: Batch, actor: Actor) -> None:
    if quantity > quota.left:
        counts = {"allowed": quota.left, "units": quota.units, "ordered": quota.ordered}
        facts = {name: count_text(count, actor.language) for name, count in counts.items()}
        code = "stamps.exceed_batch" if quota.left else "stamps.nothing_left"
        said = {"ordered": quota.ordered + quantity, "units": quota.units, "allowance": quota.allowance}
        noted = {"rule": RuleCode.STAMP_OVERUSE.value, "batch_id": batch.id, "evidence": said}
        raise RuleBroken(code, "quantity", lot=batch.lot, **facts, **noted)


def _take_serials(session: Session, epoch_number: int, count: int) -> int:
    """The first of `count` serials that nobody had before. Raises `RuleBroken` ("stamps.mint_missing",
    "stamps.mint_changed")."""
    table: Any = SQLModel.metadata.tables[str(SerialCounter.__tablename__)]
    statement = (
        table.update()
        .where(table.c.epoch_id == epoch_number)
        .values(next_serial=table.c.next_serial + count)
        .returning(table.c.next_serial)
    )
    after = session.connection().execute(statement).scalar_one_or_none()
    if after is None:
        raise RuleBroken("stamps.mint_missing")
    # Asked once the counter is ours: whoever retires the epoch holds it too, so this sees what was committed by then.
    epochs = SQLModel.metadata.tables[str(StampEpoch.__tablename__)]
    ended = sa.select(epochs.c.retired_at).where(epochs.c.number == epoch_number)
    if session.connection().execute(ended).scalar() is not None:
        raise RuleBroken("stamps.mint_changed")
    return int(after) - count


def _free_number(session: Session) -> str:
    """`PC261124-7K3M`: a number to say aloud that tells nobody how many orders there are."""
    while True:
        number = f"PC{today():%y%m%d}-{''.join(secrets.choice(_NUMBER_LETTERS) for _ in range(4))}"
        if not session.connection().execute(_numbered(number)).first():
            return number


def _numbered(number: str) -> Any:
    table = SQLModel.metadata.tables[str(StampOrder.__tablename__)]
    return sa.select(table.c.id).where(table.c.number == number)


def code_hashes(key: EpochKey, first: int, count: int) -> Iterator[bytes]:
    """SHA-256 of each code of an order, in the order of the serials."""
    for start in range(first, first + count, _PIECE):
        codes = stamp_codes.mint_range(key, start, min(_PIECE, first + count - start)).tobytes()
        for at in range(0, len(codes), stamp_codes.LENGTH):
            yield sha256(codes[at : at + stamp_codes.LENGTH]).digest()


def code_root(key: EpochKey, first: int, count: int) -> bytes:
    """The Merkle root (RFC 6962) over the SHA-256 of the codes: it binds the order to its codes and shows none."""
    return merkle.root(code_hashes(key, first, count))


def prepare(session: Session, actor: Actor, order_id: str, *, root: bytes, qr_mask: int) -> StampOrder:
    """Commits what was computed over the codes: the order is ready. An order that is ready already stays as it is.

    Raises `RuleBroken`: `access.not_permitted`, `stamps.not_approved`.
    """
    actor.must(Permission.ORDER_STAMPS, Permission.ISSUE_STAMPS)
    made = records.lock(session, StampOrder, order_id)
    if made.code_root is not None:
        return made
    if made.waits_for_approval:
        raise RuleBroken("stamps.not_approved", None, number=made.number)
    ranges = stamp_ranges.locked(session, order_id)
    made.code_root, made.qr_mask, made.ready_at = root, qr_mask, now()
    for found in ranges:
        if found.state is RangeState.ORDERED:
            found.state = RangeState.READY
    ledger.record(session, "stamps.ready", made, *ranges)
    return made


# --- Questions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """An order in a list, with how many of its stamps are in which state."""

    order: StampOrder
    batch: Batch
    product: Product
    counts: dict[RangeState, int]


def listed(
    session: Session,
    *,
    producer_id: str | None = None,
    batch_id: str | None = None,
    page: int = 1,
) -> tuple[list[Listed], int]:
    """One page of orders within the scope, the newest first, and how many pages there are."""
    wanted: list[Any] = []
    if producer_id:
        wanted.append(StampOrder.producer_id == producer_id)
    if batch_id:
        wanted.append(StampOrder.batch_id == batch_id)
    count = session.exec(select(func.count()).select_from(StampOrder).where(*wanted)).one()
    pages = max(1, -(-count // PAGE_SIZE))
    statement = (
        select(StampOrder, Batch, Product)
        .join(Batch, col(Batch.id) == StampOrder.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(*wanted)
        .order_by(col(StampOrder.created_at).desc(), col(StampOrder.id))
        .offset((min(max(page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    rows = session.exec(statement).all()
    counts = counts_of(session, [row[0].id for row in rows])
    return [Listed(made, batch, product, counts[made.id]) for made, batch, product in rows], pages


def counts_of(session: Session, order_ids: Collection[str]) -> dict[str, dict[RangeState, int]]:
    """How many stamps of each order are in which state; states without a stamp are left out."""
    count = func.sum(col(StampRange.last_serial) - col(StampRange.first_serial) + 1)
    found: dict[str, dict[RangeState, int]] = {order_id: {} for order_id in order_ids}
    for portion in records.portions(found):
        statement = (
            select(StampRange.order_id, StampRange.state, count)
            .where(col(StampRange.order_id).in_(portion))
            .group_by(col(StampRange.order_id), col(StampRange.state))
        )
        for order_id, state, number in session.exec(statement).all():
            found[order_id][RangeState(state)] = int(number)
    return {
        order_id: {state: counts[state] for state in RangeState if state in counts}
        for order_id, counts in found.items()
    }


def dossier(session: Session, order_id: str) -> Listed:
    """One order with its batch, product and counts. Raises `NotFound`."""
    made = records.find(session, StampOrder, order_id)
    batch = records.find(session, Batch, made.batch_id)
    product = records.find(session, Product, batch.product_id)
    return Listed(made, batch, product, counts_of(session, [made.id])[made.id])


def may_have_stamps(session: Session, producer_id: str) -> list[tuple[Batch, Product, Quota]]:
    """The batches of a producer for which stamps may be ordered now, the newest first."""
    found = []
    for batch, product in batches.in_stock(session, producer_id)[:100]:
        quota = quota_of(session, batch, product)
        if quota.left and product.state is not ProductState.SUSPENDED:
            found.append((batch, product, quota))
    return found
