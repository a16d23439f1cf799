"""Imports (nhập từ bảng tính): many rows of a sheet at once, each through the use case of its form, all or nothing.

A row is judged exactly as if it had been typed: by the same input class, the same rules, with a leaf of its own. Rows
are done one after the other in one transaction, each in a savepoint, so that after a refused row the rest are judged
too and one look names all that is wrong; the caller keeps everything or nothing (`run`, `carry_out`).

What stands in the books already is left as it is. A row is known by its reference, or by what it says: its content is
kept as a reference (`sheet-...`), so that the same file sent again makes nothing, also when a weight was corrected
since, and a file that grew makes only its new rows.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Annotated, Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from traceability.domain import records, rules
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.records import Record
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_figures import OF_A_SHEET

#: Rows of one import, and seconds that it may take: while it is written nobody else can write on SQLite, where others
#: wait 15 seconds. A row takes some 30 ms; a late entry of the diary more, where many harvests are judged again.
MOST_ROWS: Final = 500
MOST_SECONDS: Final = 12.0
_LONGEST_VALUE: Final = 2000

V = TypeVar("V", bound=BaseModel)
R = TypeVar("R", bound=Record)


class Row(NamedTuple):
    """A row of a sheet: its number as the spreadsheet shows it, and its texts by field."""

    number: int
    values: dict[str, str]


class Fate(StrEnum):
    """What becomes of a row."""

    MADE = "made"
    KNOWN = "known"
    LEFT_OUT = "left_out"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What a row came to: the name of what was made or stood there already, or why it was refused, and the flags that
    rules raise for it."""

    row: Row
    fate: Fate
    name: str = ""
    refusals: tuple[RuleBroken, ...] = ()
    flags: tuple[RuleCode, ...] = ()


class Book(ABC, Generic[V, R]):
    """What one kind of import knows: its columns, how a row becomes the input of its use case, what is there already.

    A book is opened for one run, within the transaction, and remembers what it has looked up.
    """

    #: the fields that a sheet may have, in the order of the template
    COLUMNS: ClassVar[tuple[str, ...]]
    #: those that it must have
    REQUIRED: ClassVar[frozenset[str]]
    #: the input's fields that a sheet calls otherwise
    CALLED: ClassVar[Mapping[str, str]] = {}

    def __init__(self, session: Session, tenant: str) -> None:
        self.session = session
        self.tenant = tenant

    def left_out(self, values: Mapping[str, str]) -> bool:
        """Whether a row only tells of something that no longer holds."""
        return False

    @abstractmethod
    def value(self, values: Mapping[str, str]) -> V:
        """The input of a row. Raises `RuleBroken` for unknown names, `ValidationError` for unreadable texts."""

    @abstractmethod
    def standing(self, value: V, reference: str, besides: set[str]) -> R | None:
        """What stands in the books for a row, `besides` those that other rows of the sheet stand for."""

    @abstractmethod
    def make(self, actor: Actor, value: V) -> R:
        """The use case."""

    @abstractmethod
    def name(self, record: R) -> str:
        """How people call what was made."""


def run(session: Session, actor: Actor, book: type[Book[Any, Any]], rows: Sequence[Row]) -> list[Outcome]:
    """Does all rows and tells what each came to. Nothing is kept unless the caller commits; it must not where one was
    refused. Two imports of one producer run one after the other.

    Raises `RuleBroken`: `access.no_producer`, `imports.too_many_rows`, `imports.too_slow`.
    """
    if len(rows) > MOST_ROWS:
        raise RuleBroken("imports.too_many_rows", "rows", limit=MOST_ROWS)
    tenant = actor.tenant()
    records.lock(session, Producer, tenant)
    opened = book(session, tenant)
    accounted: set[str] = set()
    contents: Counter[str] = Counter()
    outcomes: list[Outcome] = []
    until = monotonic() + MOST_SECONDS
    for row in rows:
        if monotonic() > until:
            raise RuleBroken("imports.too_slow", "rows", count=len(rows), done=len(outcomes))
        outcomes.append(_one(opened, actor, row, accounted, contents))
    return outcomes


def carry_out(
    session: Session, actor: Actor, book: type[Book[Any, Any]], rows: Sequence[Row]
) -> list[Outcome]:
    """As `run`, for keeps. Raises also `RuleBroken` ("imports.refused") where a row is refused."""
    outcomes = run(session, actor, book, rows)
    refused = [outcome for outcome in outcomes if outcome.fate is Fate.REFUSED]
    if refused:
        raise RuleBroken("imports.refused", "rows", count=len(refused), row=refused[0].row.number)
    return outcomes


def _one(
    book: Book[Any, Any], actor: Actor, row: Row, accounted: set[str], contents: Counter[str]
) -> Outcome:
    if book.left_out(row.values):
        return Outcome(row, Fate.LEFT_OUT)
    try:
        value = book.value(row.values)
        content = _content(value)
        contents[content] += 1
        reference = value.external_ref or f"{OF_A_SHEET}{content}-{contents[content]}"
        with book.session.no_autoflush:
            known = book.standing(value, reference, accounted)
        if known is not None:
            accounted.add(known.id)
            return Outcome(row, Fate.KNOWN, book.name(known))
        with book.session.begin_nested():
            made = book.make(actor, value.model_copy(update={"external_ref": reference}))
            book.session.flush()
    except ValidationError as error:
        return Outcome(row, Fate.REFUSED, refusals=tuple(_unreadable(book, error)))
    except RuleBroken as refusal:
        return Outcome(row, Fate.REFUSED, refusals=(_placed(book, refusal),))
    accounted.add(made.id)
    flags: tuple[RuleCode, ...] = ()
    if isinstance(made, Batch):
        flags = tuple(flag.rule for flag in rules.flags_of(book.session, made))
    return Outcome(row, Fate.MADE, book.name(made), flags=flags)


def _content(value: BaseModel) -> str:
    """What a row says, as a digest: however its file wrote it, `1.250` or `1250`."""
    said = value.model_dump(mode="json", exclude={"external_ref"}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _unreadable(book: Book[Any, Any], error: ValidationError) -> Iterable[RuleBroken]:
    for problem in error.errors(include_url=False):
        facts = {key: fact for key, fact in problem.get("ctx", {}).items() if key not in ("error", "field")}
        if problem["type"] == "enum":
            facts["written"] = str(problem["input"])[:80]
        place = [str(part) for part in problem["loc"]]
        name = place[-1] if place[:1] == ["details"] else "".join(place[:1])
        yield _placed(book, RuleBroken(problem["type"], name or None, **facts))


def _placed(book: Book[Any, Any], refusal: RuleBroken) -> RuleBroken:
    """The refusal by the column that the sheet has for its field."""
    refusal.field = book.CALLED.get(refusal.field or "", refusal.field)
    return refusal


# --- From one page to the next -----------------------------------------------------------------------------


def packed(rows: Iterable[Row]) -> str:
    """Rows as a text that a page carries to the next step."""
    return json.dumps([[row.number, row.values] for row in rows], ensure_ascii=False, separators=(",", ":"))


def _unpacked(text: Any) -> tuple[Row, ...]:
    """What `packed` made. It comes from a browser, so that it is judged like any other text that was typed."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(_is_row(item) for item in found):
        raise PydanticCustomError("imports.rows_damaged", "these rows are not readable")
    if not 0 < len(found) <= MOST_ROWS:
        raise PydanticCustomError("imports.too_many_rows", "too many rows", {"limit": MOST_ROWS})
    return tuple(Row(number, values) for number, values in found)


def _is_row(item: Any) -> bool:
    return (
        isinstance(item, list)
        and [type(part) for part in item] == [int, dict]
        and 0 < item[0] < 10_000_000
        and len(item[1]) <= 100
        and all(isinstance(text, str) and len(text) <= _LONGEST_VALUE for text in item[1].values())
    )


class ImportInput(BaseModel):
    """The rows that somebody has looked at and wants to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: Annotated[tuple[Any, ...], BeforeValidator(_unpacked)]
