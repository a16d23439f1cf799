"""The stamp (tem): an order of stamps for a batch is one row, a run of them in one state is one row, a stamp is none.

The codes are derived from (epoch, serial) under keys kept outside the database (`stamp_codes`). Serials are taken from
one counter inside the order's transaction. A range splits where a part of it changes state; ranges never overlap and
always add up to what was ordered.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from traceability.domain import own_references
from traceability.domain.clock import now
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Json, Record, choice

#: An order of more stamps than this needs a second person.
APPROVED_ABOVE = 100_000


class RangeState(StrEnum):
    """The life of a stamp range."""

    ORDERED = "ordered"
    READY = "ready"
    DOWNLOADED = "downloaded"
    PRINTED = "printed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    VOID = "void"
    CLOSED = "closed"


class StampForm(StrEnum):
    """What the QR says: the short form `/S/CODE`, or the GS1 Digital Link."""

    SHORT = "short"
    DIGITAL_LINK = "digital_link"


class VoidReason(StrEnum):
    """Why stamps were made void; decides the words a shopper reads."""

    MISPRINT = "misprint"
    SPOILED = "spoiled"
    LOST = "lost"
    STOLEN = "stolen"
    RETURNED = "returned"
    COUNTERFEIT = "counterfeit"
    OVERPRINT = "overprint"


class FileKind(StrEnum):
    """What file is given out of an order. A PNG or an SVG shows one stamp; a packet is what a print shop gets."""

    PDF = "pdf"
    ZPL = "zpl"
    CSV = "csv"
    PNG = "png"
    SVG = "svg"
    PACKET = "packet"

    @property
    def is_single(self) -> bool:
        """Whether the file shows one stamp only."""
        return self in (FileKind.PNG, FileKind.SVG)


class StampEpoch(Record, table=True):
    """A period of the mint with one key. Several epochs verify, one mints. A demo epoch stays demo for ever."""

    __tablename__ = "stamp_epoch"
    OPEN: ClassVar[frozenset[str]] = frozenset({"number", "demo", "retired_at"})

    #: the number by which codes and keys know the epoch
    number: int = Field(unique=True, ge=1)
    #: random name of the key file in the key folder
    key_name: str = Field(max_length=40)
    demo: bool = False
    retired_at: datetime | None = Field(default=None, sa_type=Instant)


class SerialCounter(SQLModel, table=True):
    """The next free serial of an epoch. Shared by all producers on purpose."""

    __tablename__ = "serial_counter"
    __table_args__ = (
        sa.CheckConstraint("next_serial >= 0 AND next_serial <= 1099511627776", name="forty_bits"),
    )

    epoch_id: int = Field(primary_key=True)
    next_serial: int = Field(default=0, sa_type=sa.BigInteger)


class StampOrder(Record, ProducerOwned, table=True):
    """An order of stamps for one batch. All that the print needs is frozen here: a reprint is byte-identical."""

    __tablename__ = "stamp_order"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.UniqueConstraint("epoch_number", "first_serial"),
        own_references.unique("stamp_order"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {
            "number",
            "epoch_number",
            "code_root",
            "ready_at",
            "form",
            "demo",
            "approved_at",
            "closed_at",
            "brought_back_at",
        }
    )
    LATER: ClassVar[dict[str, Any]] = {"logo": None, "brought_back_at": None}
    UNLOGGED: ClassVar[dict[str, str]] = {"reference_in_index": own_references.WHY_UNLOGGED}

    number: str = Field(max_length=20, unique=True)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    quantity: int
    epoch_number: int = Field(index=True)
    first_serial: int = Field(sa_type=sa.BigInteger)
    form: StampForm = Field(default=StampForm.SHORT, sa_type=choice(StampForm))
    #: name and resolution of the layout ("roll-30x20@203"); its measures stand in `print_data`
    layout: str = Field(max_length=40)
    #: the cell of the first sheet that takes the first stamp, counted from 1
    start_position: int = Field(default=1, ge=1)
    #: what stands before the code in the QR, frozen with the order ("HTTPS://HOST/S/")
    url_prefix: str = Field(max_length=200)
    qr_mask: int | None = Field(default=None, ge=0, le=7)
    #: the words of the face and the whole layout as JSON, frozen with the order
    print_data: str = Field(default="", max_length=4000)
    demo: bool = False
    #: Merkle root over the hashes of the codes; None until the order is ready
    code_root: bytes | None = None
    ready_at: datetime | None = Field(default=None, sa_type=Instant)
    external_ref: str | None = Field(default=None, max_length=80)
    reference_in_index: bool = own_references.in_index()
    ordered_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    #: a large order is prepared only when a second person has approved it
    approved_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    #: whether a PIN stands under a scratch panel; PINs are derived, never stored
    pins: bool = False
    #: the producer's mark as it is printed (`labels.Logo.packed`), frozen with the order; None where none is
    logo: bytes | None = None
    #: the order one of whose stamps this one replaces, and the serial that became void
    reprints_id: str | None = Field(default=None, foreign_key="stamp_order.id", index=True, max_length=16)
    reprints_serial: int | None = Field(default=None, sa_type=sa.BigInteger)
    #: every stamp has been accounted for: stuck on, or void with its reason
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    #: put on record again from its signed manifest, after a restore had lost it (`lost_orders`)
    brought_back_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def waits_for_approval(self) -> bool:
        """Whether a second person has to approve the order before its codes are made."""
        large = self.quantity > APPROVED_ABOVE and self.ordered_by_id is not None
        return large and self.approved_at is None


class StampRange(Record, ProducerOwned, table=True):
    """A run of serials of one order in one state. Both ends are included."""

    __tablename__ = "stamp_range"
    __table_args__ = (
        sa.CheckConstraint("first_serial <= last_serial", name="order"),
        sa.UniqueConstraint("epoch_number", "first_serial"),
        sa.UniqueConstraint("epoch_number", "last_serial"),
        sa.CheckConstraint("(state = 'void') = (void_reason IS NOT NULL)", name="void_has_reason"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"order_id", "batch_id", "state", "void_reason"})

    order_id: str = Field(foreign_key="stamp_order.id", index=True, max_length=16)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    epoch_number: int
    first_serial: int = Field(sa_type=sa.BigInteger)
    last_serial: int = Field(sa_type=sa.BigInteger)
    state: RangeState = Field(default=RangeState.ORDERED, sa_type=choice(RangeState), index=True)
    #: the state to come back to when a suspension is lifted
    state_before: RangeState | None = Field(default=None, sa_type=choice(RangeState, "state_before"))
    void_reason: VoidReason | None = Field(default=None, sa_type=choice(VoidReason))
    note: str = Field(default="", max_length=400)
    activated_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last_serial - self.first_serial + 1


class StampActivation(Record, ProducerOwned, table=True):
    """One activation of a run: who let it speak and when, and what it was before, so that it can be taken back."""

    __tablename__ = "stamp_activation"
    OPEN: ClassVar[frozenset[str]] = frozenset({"order_id", "at", "undone_at"})

    order_id: str = Field(foreign_key="stamp_order.id", index=True, max_length=16)
    first_serial: int = Field(sa_type=sa.BigInteger)
    last_serial: int = Field(sa_type=sa.BigInteger)
    #: the stamps that became active; void ones between them are not counted
    count: int
    #: [first serial, last serial, state before] of each part that became active
    before: list[list[Any]] = Field(default_factory=list, sa_type=Json)
    by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    at: datetime = Field(sa_type=Instant)
    undone_at: datetime | None = Field(default=None, sa_type=Instant)


class StampDownload(Record, ProducerOwned, table=True):
    """One download of an order's print file: asked for by a POST, streamed once by the link it makes.

    With `handed_to` it is a sealed hand-off: the link is for a print shop without an account, lives some days, and
    comes with a signed manifest that names the very files.
    """

    __tablename__ = "stamp_download"
    OPEN: ClassVar[frozenset[str]] = frozenset({"order_id"})
    UNLOGGED: ClassVar[dict[str, str]] = {"token_hash": "a secret of one link"}
    LATER: ClassVar[dict[str, Any]] = {"kind": FileKind.PDF, "rows": None, "serial": None}

    order_id: str = Field(foreign_key="stamp_order.id", index=True, max_length=16)
    token_hash: str = Field(max_length=64, unique=True)
    layout: str = Field(max_length=40)
    start_position: int = Field(default=1, ge=1)
    kind: FileKind = Field(
        default=FileKind.PDF, sa_type=choice(FileKind), sa_column_kwargs={"server_default": "pdf"}
    )
    #: of a roll: so many stamps one below the other on a page; None: as the layout has it
    rows: int | None = Field(default=None, ge=1)
    #: the one stamp that a picture shows
    serial: int | None = Field(default=None, sa_type=sa.BigInteger)
    asked_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    asked_at: datetime = Field(default_factory=now, sa_type=Instant)
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    size: int | None = Field(default=None, sa_type=sa.BigInteger)
    sha256: str | None = Field(default=None, max_length=64)
    handed_to: str = Field(default="", max_length=80)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    #: the canonical bytes of the manifest as text, and their Ed25519 signature
    manifest: str = Field(default="", max_length=8000)
    signature: bytes | None = None
