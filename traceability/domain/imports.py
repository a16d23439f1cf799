"""Imports (nhập từ bảng tính): many rows of a sheet at once, each through the use case of its form, all or nothing.

A row is judged exactly as if it had been typed: by the same input class, the same rules, with a leaf of its own. Rows
are done one after the other, each in a savepoint, so that after a refused row the rest are judged too; a refused row is
tried again without what was refused, so that one look names all that is wrong with it. To keep rows, all run in one
transaction, everything or nothing (`run`, `must_be_accepted`); a look that keeps nothing goes the same `Course` in
portions.

What stands in the books already is left as it is. A row is known by its reference, or by what it says: its content is
kept as a reference (`sheet-...`), so that the same file sent again makes nothing, also when a weight was corrected
since, and a file that grew makes only its new rows.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
#: So often a refused row is tried again for what else is wrong with it, and for so much of the time of an import.
_MOST_TRIES: Final = 6
_TRYING_AGAIN: Final = 0.5

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
    NEVER = "never"
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


class Unreadable(Exception):
    """A row that cannot become an input, with all that is wrong about its cells."""

    def __init__(self, refusals: Iterable[RuleBroken]) -> None:
        super().__init__()
        self.refusals = tuple(refusals)


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
    #: What nothing can be said against: by the column that was refused, the cells that are tried instead (empty: left
    #: out). A column that is not named here cannot be done without.
    HARMLESS: ClassVar[Mapping[str, Mapping[str, str | Callable[[], str]]]] = {}
    #: columns of the day of a row; while another day is tried, only what is refused of these other columns is true
    DAY: ClassVar[str] = ""
    WHATEVER_DAY: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, session: Session, tenant: str) -> None:
        self.session = session
        self.tenant = tenant

    def left_out(self, values: Mapping[str, str]) -> bool:
        """Whether a row only tells of something that no longer holds."""
        return False

    def is_declared_never(self, record: R) -> bool:
        """Whether somebody has declared since that what stands in the books never happened."""
        return False

    @abstractmethod
    def value(self, values: Mapping[str, str]) -> V:
        """The input of a row. Raises `Unreadable` with all unknown names and unreadable texts."""

    @abstractmethod
    def standing(self, value: V, reference: str, besides: set[str]) -> R | None:
        """What stands in the books for a row, `besides` those that other rows of the sheet stand for."""

    @abstractmethod
    def make(self, actor: Actor, value: V) -> R:
        """The use case."""

    @abstractmethod
    def name(self, record: R) -> str:
        """How people call what was made."""


class Course:
    """Rows on their way into the books: `go_on` does as many as fit into its time. `outcomes` tells of those done.

    What the done ones have written must stand in the transaction of the next call.
    """

    def __init__(self, book: type[Book[Any, Any]], rows: Sequence[Row]) -> None:
        if len(rows) > MOST_ROWS:
            raise RuleBroken("imports.too_many_rows", "rows", limit=MOST_ROWS)
        self.outcomes: list[Outcome] = []
        self._book, self._rows = book, rows
        self._accounted: set[str] = set()
        self._contents: Counter[str] = Counter()
        self._spent = 0.0

    @property
    def is_over(self) -> bool:
        return len(self.outcomes) == len(self._rows)

    def go_on(self, session: Session, actor: Actor, seconds: float = MOST_SECONDS) -> None:
        """Does the next rows, at least one, until `seconds` have passed. Two imports of one producer run one after the
        other.

        Raises `RuleBroken`: `access.no_producer`, `imports.too_slow`.
        """
        tenant = actor.tenant()
        records.lock(session, Producer, tenant)
        book = self._book(session, tenant)
        began = monotonic()
        before = self._spent
        while not self.is_over:
            if self._spent > MOST_SECONDS:
                raise RuleBroken("imports.too_slow", "rows", count=len(self._rows), done=len(self.outcomes))
            self.outcomes.append(self._one(book, actor, self._rows[len(self.outcomes)]))
            self._spent = before + monotonic() - began
            if self._spent - before >= seconds:
                break

    def _one(self, book: Book[Any, Any], actor: Actor, row: Row) -> Outcome:
        if book.left_out(row.values):
            return Outcome(row, Fate.LEFT_OUT)
        try:
            value = book.value(row.values)
            content = _content(value)
            self._contents[content] += 1
            reference = value.external_ref or f"{OF_A_SHEET}{content}-{self._contents[content]}"
            with book.session.no_autoflush:
                known = book.standing(value, reference, self._accounted)
            if known is not None:
                self._accounted.add(known.id)
                fate = Fate.NEVER if book.is_declared_never(known) else Fate.KNOWN
                return Outcome(row, fate, book.name(known))
            with book.session.begin_nested():
                made = book.make(actor, value.model_copy(update={"external_ref": reference}))
                book.session.flush()
        except (Unreadable, RuleBroken) as error:
            return Outcome(row, Fate.REFUSED, refusals=self._all_of(book, actor, row, _refusals(book, error)))
        self._accounted.add(made.id)
        flags: tuple[RuleCode, ...] = ()
        if isinstance(made, Batch):
            flags = tuple(flag.rule for flag in rules.flags_of(book.session, made))
        return Outcome(row, Fate.MADE, book.name(made), flags=flags)

    def _all_of(
        self, book: Book[Any, Any], actor: Actor, row: Row, first: tuple[RuleBroken, ...]
    ) -> tuple[RuleBroken, ...]:
        """What a row was refused for, and what it is refused for besides: it is tried again with harmless cells in the
        place of the refused ones, and nothing of that is kept."""
        told, values, replaced = list(first), dict(row.values), {refusal.field for refusal in first}
        found = list(first)
        for _try in range(_MOST_TRIES):
            if self._spent > MOST_SECONDS * _TRYING_AGAIN:
                break
            for refusal in found:
                instead = book.HARMLESS.get(refusal.field or "")
                if instead is None:
                    return tuple(told)
                values |= {name: cell() if callable(cell) else cell for name, cell in instead.items()}
            found = [refusal for refusal in _refused(book, actor, values) if refusal.field not in replaced]
            if book.DAY in replaced:
                found = [refusal for refusal in found if refusal.field in book.WHATEVER_DAY]
            if not found:
                break
            told += found
            replaced |= {refusal.field for refusal in found}
        return tuple(told)


class _Enough(Exception):
    """What was only tried is taken back."""


def _refused(book: Book[Any, Any], actor: Actor, values: Mapping[str, str]) -> tuple[RuleBroken, ...]:
    """What cells would be refused for. Nothing is kept."""
    try:
        value = book.value(values)
        with book.session.begin_nested():
            book.make(actor, value)
            book.session.flush()
            raise _Enough
    except _Enough:
        return ()
    except (Unreadable, RuleBroken) as error:
        return _refusals(book, error)


def _refusals(book: Book[Any, Any], error: Unreadable | RuleBroken) -> tuple[RuleBroken, ...]:
    found = error.refusals if isinstance(error, Unreadable) else (error,)
    return tuple(_placed(book, refusal) for refusal in found)


def run(session: Session, actor: Actor, book: type[Book[Any, Any]], rows: Sequence[Row]) -> list[Outcome]:
    """Does all rows and tells what each came to. Nothing is kept unless the caller commits; it must not where one was
    refused.

    Raises `RuleBroken`: `access.no_producer`, `imports.too_many_rows`, `imports.too_slow`.
    """
    course = Course(book, rows)
    while not course.is_over:
        course.go_on(session, actor)
    return course.outcomes


def must_be_accepted(outcomes: Iterable[Outcome]) -> None:
    """Demands that no row was refused. Raises `RuleBroken` ("imports.refused")."""
    refused = [outcome for outcome in outcomes if outcome.fate is Fate.REFUSED]
    if refused:
        raise RuleBroken("imports.refused", "rows", count=len(refused), row=refused[0].row.number)


def _content(value: BaseModel) -> str:
    """What a row says, as a digest: however its file wrote it, `1.250` or `1250`."""
    said = value.model_dump(mode="json", exclude={"external_ref"}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def unreadable(error: ValidationError) -> Iterable[RuleBroken]:
    """What an input class says against cells, each by its field."""
    for problem in error.errors(include_url=False):
        facts = {key: fact for key, fact in problem.get("ctx", {}).items() if key not in ("error", "field")}
        if problem["type"] == "enum":
            facts["written"] = str(problem["input"])[:80]
        place = [str(part) for part in problem["loc"]]
        name = place[-1] if place[:1] == ["details"] else "".join(place[:1])
        yield RuleBroken(problem["type"], name or None, **facts)


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
