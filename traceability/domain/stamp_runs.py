"""A run of stamps as a person names it: by the first and the last code of a roll or sheet, typed, pasted or scanned."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from sqlmodel import Session

from traceability.domain import stamp_codes, stamp_ranges
from traceability.domain.actors import Actor
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.quantities import count_text
from traceability.domain.stamp_codes import EpochKey, Problem
from traceability.domain.stamps import RangeState, StampRange

#: The keys of all live epochs by number.
Keys = Mapping[int, EpochKey]
#: A typed code, or the address that a stamp's QR says.
TypedCode = Annotated[str, Field(max_length=300)]

_SHORT = re.compile(r"/S/([^/]+)/?$", re.IGNORECASE)
_LINK = re.compile(r"/21/([^/]+)")


@dataclass(frozen=True)
class Run:
    """Neighbouring stamps of one order; both ends are included."""

    order_id: str
    epoch: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Part:
    """The stamps of a run that are in one state, with their first and last code in printed groups."""

    state: RangeState
    count: int
    first_code: str
    last_code: str


def code_in(text: str) -> str:
    """The code in a typed text: what stands after `/S/` or `/21/` of an address, else the text itself."""
    path = re.split(r"[?#]", text.strip(), maxsplit=1)[0]
    found = _SHORT.search(path) or _LINK.search(path)
    return found[1].replace("%20", " ") if found else path


def read(text: str, keys: Keys, field: str) -> tuple[int, int]:
    """The (epoch, serial) of a typed code.

    Raises `RuleBroken` for the field: `stamp_codes.empty`, `.characters` (points at them), `.length`, `.check`, and
    `stamps.code_unknown` for a code that was never issued.
    """
    code = stamp_codes.normalise(code_in(text))
    if isinstance(code, Problem):
        facts = {"found": code.found, "expected": code.expected}
        positions = ", ".join(str(position + 1) for position in code.positions)
        raise RuleBroken(f"stamp_codes.{code.flaw.value}", field, positions=positions, **facts)
    issued = stamp_codes.read(keys.values(), code) if keys else None
    if issued is None:
        raise RuleBroken("stamps.code_unknown", field)
    return issued


def run_of(session: Session, keys: Keys, first_code: str, last_code: str | None = None) -> Run:
    """The run between two typed codes; without the last one, a single stamp.

    Raises `RuleBroken`: as `read` (another producer's code is unknown too), `stamps.two_orders`,
    `stamps.first_after_last`.
    """
    first_epoch, first = read(first_code, keys, "first_code")
    order_id = _order_of(session, first_epoch, first, "first_code")
    if last_code is None:
        return Run(order_id, first_epoch, first, first)
    last_epoch, last = read(last_code, keys, "last_code")
    if _order_of(session, last_epoch, last, "last_code") != order_id:
        raise RuleBroken("stamps.two_orders", "last_code")
    if last < first:
        raise RuleBroken("stamps.first_after_last", "last_code")
    return Run(order_id, first_epoch, first, last)


def _order_of(session: Session, epoch: int, serial: int, field: str) -> str:
    try:
        return stamp_ranges.holding(session, epoch, serial).order_id
    except NotFound:
        raise RuleBroken("stamps.code_unknown", field) from None


def code_of(keys: Keys, epoch: int, serial: int) -> str:
    """The code of a serial in its four printed groups. Raises `KeyError` when the epoch's key is not there."""
    return stamp_codes.group(stamp_codes.mint(keys[epoch], serial))


def parts(keys: Keys, run: Run, ranges: Collection[StampRange]) -> list[Part]:
    """What lies in a run, range by range."""
    found = []
    for stamps in ranges:
        first, last = max(run.first, stamps.first_serial), min(run.last, stamps.last_serial)
        if first <= last:
            codes = code_of(keys, run.epoch, first), code_of(keys, run.epoch, last)
            found.append(Part(stamps.state, last - first + 1, *codes))
    return found


def refuse(code: str, part: Part, actor: Actor, field: str = "first_code") -> RuleBroken:
    """The refusal that names the part of a run in which something stands in the way."""
    count = count_text(part.count, actor.language)
    return RuleBroken(code, field, count=count, first=part.first_code, last=part.last_code)
