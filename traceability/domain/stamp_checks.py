"""The check of a scratch PIN (kiểm mã cào): whoever bought the goods types what stood under the panel.

The first right PIN is remembered for ever with its moment; a later right one is told when that was, and nobody is
called a cheat for asking twice. Few wrong tries a day are taken of one stamp, so that a PIN cannot be guessed; asking
again with the right one uses up none and leaves no row. Nothing is kept of who tried. The PIN itself is derived when it
is asked for and stands nowhere.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, func, select

from traceability.domain import ledger, records, scans, stamp_pins
from traceability.domain.actors import Actor
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import ProducerOwned
from traceability.domain.records import Instant, Record
from traceability.domain.scans import Verdict
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import StampOrder, StampRange
from traceability.domain.text import ShortLine

#: So many wrong tries of one stamp are taken on one day.
MOST_A_DAY = 10
#: Stamps that should be on no goods have nothing to check.
_NOT_IN_USE = frozenset({Verdict.INACTIVE, Verdict.VOID})


class StampCheck(Record, ProducerOwned, table=True):
    """One try. `first_of` names the stamp on the first right one only, so that there can be no second first."""

    __tablename__ = "stamp_check"
    __table_args__ = (
        sa.Index("ix_stamp_check_stamp", "epoch_number", "serial", "day"),
        sa.CheckConstraint("first_of IS NULL OR is_right", name="first_is_right"),
    )
    WRITABLE_BY_VISITORS: ClassVar[bool] = True
    OPEN: ClassVar[frozenset[str]] = frozenset({"at"})

    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    epoch_number: int
    serial: int = Field(sa_type=sa.BigInteger)
    #: cut to the minute
    at: datetime = Field(sa_type=Instant)
    day: date
    is_right: bool
    first_of: str | None = Field(default=None, unique=True, max_length=24)


class CheckInput(BaseModel):
    """The PIN as somebody typed it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pin: Annotated[ShortLine, pydantic.Field(max_length=40)]


@dataclass(frozen=True)
class Outcome:
    """What came of a try. `first_at`: when the PIN was checked right for the first time; `is_first`: just now.

    `left` wrong tries are taken today.
    """

    is_right: bool
    is_first: bool
    first_at: datetime | None
    left: int


def check(
    session: Session, actor: Actor, value: CheckInput, *, key: EpochKey, serial: int, today: date
) -> Outcome:
    """Compares what was typed with the stamp's PIN. `key` is the key of its epoch.

    A wrong PIN is an outcome, not a refusal: the try has to be counted. Raises `NotFound` for a stamp that is not on
    record, and `RuleBroken`: `stamp_checks.no_pin`, `stamp_checks.not_in_use`, `stamp_checks.enough`.
    """
    found = scans.resolve(session, key.epoch_id, serial, today)
    if found is None:
        raise NotFound("stamp")
    run = records.lock(session, StampRange, found.stamps_id)  # tries of one stamp come one after the other
    if not records.find(session, StampOrder, run.order_id).pins:
        raise RuleBroken("stamp_checks.no_pin")
    if found.verdict in _NOT_IN_USE:
        raise RuleBroken("stamp_checks.not_in_use")
    wrong = select(func.count()).where(
        StampCheck.epoch_number == key.epoch_id,
        StampCheck.serial == serial,
        StampCheck.day == today,
        ~col(StampCheck.is_right),
    )
    left = MOST_A_DAY - session.exec(wrong).one()
    if left <= 0:
        raise RuleBroken("stamp_checks.enough", "pin", most=MOST_A_DAY)
    is_right = stamp_pins.matches(key, serial, value.pin)
    before = first_right(session, key.epoch_id, serial)
    is_first = is_right and before is None
    if is_right and not is_first:
        return Outcome(True, False, before, left)
    row = StampCheck(
        producer_id=run.producer_id,
        batch_id=found.batch_id,
        epoch_number=key.epoch_id,
        serial=serial,
        at=now().replace(second=0, microsecond=0),
        day=today,
        is_right=is_right,
        first_of=f"{key.epoch_id}:{serial}" if is_first else None,
    )
    session.add(row)
    session.flush()
    ledger.record(session, "stamp_check.passed" if is_right else "stamp_check.failed", row)
    return Outcome(is_right, is_first, row.at if is_first else before, left - (not is_right))


def first_right(session: Session, epoch: int, serial: int) -> datetime | None:
    """When the PIN of a stamp was checked right for the first time; None: never."""
    statement = select(StampCheck.at).where(
        StampCheck.epoch_number == epoch, StampCheck.serial == serial, col(StampCheck.first_of).is_not(None)
    )
    return session.exec(statement).one_or_none()


def has_pins(session: Session, stamps_id: str | None) -> bool:
    """Whether the stamps of a range carry a PIN under a scratch panel."""
    statement = (
        select(StampOrder.pins)
        .join(StampRange, col(StampRange.order_id) == col(StampOrder.id))
        .where(StampRange.id == (stamps_id or ""))
    )
    return bool(session.exec(statement).one_or_none())
