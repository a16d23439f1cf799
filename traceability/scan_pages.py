"""Pages of stamps kept ready: rendered once per run of stamps and language, with the single stamp's part put in.

A kept page is never older than a write that was acknowledged. Each scan asks the database how the stamp stands and how
far the log has come; a page is used only while nothing was written, since it was made, of any producer in its story.
That holds for any number of processes and machines, because nothing is told from one to another.
"""

import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from threading import Lock
from typing import Any

from traceability import i18n
from traceability.domain import scan_lookup, stamp_codes
from traceability.domain.scan_lookup import Ask, Row
from traceability.domain.scans import Resolution, Verdict
from traceability.stamp_pages import UNUSUALLY_OFTEN, provinces_in

#: Values that stand in a page while it is made, where the stamp's own are put later.
CODE = "QZXJVWKYQJZXWVYK"
COUNT, VISITORS = 987_654_321, 876_543_219
FIRST = datetime(1987, 6, 5, 4, 32, tzinfo=UTC)
_START, _END = "<!--stamp-->", "<!--/stamp-->"
#: Where visitors were, as it stands in a page while that is made.
PROVINCES = "86:876543218 79:765432198"
#: Around what is said of some stamps only: opened unusually often; how many visitors there were, and where.
_SAID_OF_SOME = re.compile(r"<!--(unusual|visitors|provinces)-->(.*?)<!--/\1-->", re.DOTALL)
#: So many pages one process keeps.
MOST_PAGES = 600
#: A process that was asleep does not read more of the log than this: it forgets its pages.
_MOST_FACTS = 1000
_GONE_BACK = 5.0


@dataclass
class KeptPage:
    """A page in two halves around the stamp's part. `head`: up to this leaf of the log it is known to be right."""

    state: Row
    day: date
    verdict: Verdict
    batch_id: str
    head: int
    producers: frozenset[str]
    language: str
    before: bytes
    first_time: str
    again: str
    after: bytes
    headers: list[tuple[str, str]]
    generation: int = -1
    packed_before: bytes = field(init=False)
    packed_after: bytes = field(init=False)
    crc: int = field(init=False)
    crc_past_after: Callable[[int], int] = field(init=False)
    packed_headers: list[tuple[str, str]] = field(init=False)
    #: the stamp's part by what it says: nothing yet, or whether it was often, how many visitors, and where
    parts: "dict[tuple[bool, bool, bool] | None, Slots]" = field(init=False)

    def __post_init__(self) -> None:
        self.parts = {None: Slots(self.first_time, self.language)}
        front = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.packed_before = _GZIP_HEADER + front.compress(self.before) + front.flush(zlib.Z_FULL_FLUSH)
        rear = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.packed_after = rear.compress(self.after) + rear.flush()
        self.crc = zlib.crc32(self.before)
        self.crc_past_after = checksum_past(self.after)
        self.packed_headers = [*self.headers, ("Content-Encoding", "gzip")]

    def stamp_part(self, code: str, opened: int, first: Any, visitors: int | None, provinces: str) -> bytes:
        """The part of one stamp: its code, and how often it was opened. `first`: the moment as the driver gives it."""
        grouped = f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}"
        if first is None:
            return self.parts[None].filled(code.encode(), grouped.encode())
        kind = (opened >= UNUSUALLY_OFTEN, bool(visitors), bool(provinces))
        part = self.parts.get(kind) or self._part(*kind)
        count, moment = _number_in(self.language, opened), _moment_in(self.language, first)
        different = _number_in(self.language, visitors) if visitors else b""
        where = _provinces_in(self.language, provinces) if provinces else b""
        return part.filled(code.encode(), grouped.encode(), count, moment, different, where)

    def _part(self, often: bool, visitors: bool, provinces: bool) -> "Slots":
        said = with_said(self.again, unusual=often, visitors=visitors, provinces=provinces)
        part = self.parts[often, visitors, provinces] = Slots(said, self.language)
        return part

    def plain(self, part: bytes) -> bytes:
        """The page."""
        return self.before + part + self.after

    def packed(self, part: bytes) -> bytes:
        """The page as one gzip member, without compressing anything now: the part goes in as a stored block."""
        size = len(part)
        stored = b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + part
        crc = self.crc_past_after(zlib.crc32(part, self.crc))
        total = len(self.before) + size + len(self.after)
        end = crc.to_bytes(4, "little") + (total & 0xFFFFFFFF).to_bytes(4, "little")
        return b"".join((self.packed_before, stored, self.packed_after, end))


def checksum_past(ending: bytes) -> Callable[[int], int]:
    """What gives CRC-32 of anything followed by `ending` from CRC-32 of the anything, without reading `ending` again.

    The register moves through known bytes by an affine map over GF(2): one table row per byte of the register.
    """
    alone = zlib.crc32(ending, 0)
    bits = [zlib.crc32(ending, 1 << bit) ^ alone for bit in range(32)]
    tables: list[list[int]] = []
    for first in range(0, 32, 8):
        rows = [0]
        for image in bits[first : first + 8]:
            rows += [row ^ image for row in rows]
        tables.append(rows)
    low, second, third, high = tables
    low = [row ^ alone for row in low]
    return lambda crc: low[crc & 255] ^ second[crc >> 8 & 255] ^ third[crc >> 16 & 255] ^ high[crc >> 24]


_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_GROUPED = stamp_codes.group(CODE)
_COUNT_IN = {language: i18n.number_in(language, COUNT) for language in i18n.LANGUAGES}
_FIRST_IN = {language: i18n.moment_in(language, FIRST) for language in i18n.LANGUAGES}
_VISITORS_IN = {language: i18n.number_in(language, VISITORS) for language in i18n.LANGUAGES}
_PROVINCES_IN = {language: str(provinces_in(language, PROVINCES)) for language in i18n.LANGUAGES}
#: What stands in a page for the values, in the order in which `Slots.filled` takes them.
_KINDS = {
    language: (
        CODE,
        _GROUPED,
        *(said[language] for said in (_COUNT_IN, _FIRST_IN, _VISITORS_IN, _PROVINCES_IN)),
    )
    for language in i18n.LANGUAGES
}
_SLOTS = {language: re.compile("|".join(map(re.escape, kinds))) for language, kinds in _KINDS.items()}


class Slots:
    """A text with places for a stamp's code (plain and in groups), its count, first opening, visitors and where."""

    def __init__(self, text: str, language: str) -> None:
        kinds = _KINDS[language]
        self._pieces: list[bytes] = []
        self._places: list[tuple[int, int]] = []
        start = 0
        for found in _SLOTS[language].finditer(text):
            self._pieces += [text[start : found.start()].encode(), b""]
            self._places.append((len(self._pieces) - 1, kinds.index(found[0])))
            start = found.end()
        self._pieces.append(text[start:].encode())

    def filled(self, *values: bytes) -> bytes:
        """The text with values in its places: code, code in groups, count, first opening, visitors, where."""
        pieces = self._pieces.copy()
        for place, kind in self._places:
            pieces[place] = values[kind]
        return b"".join(pieces)


@lru_cache(maxsize=1024)
def _number_in(language: str, number: int) -> bytes:
    return i18n.number_in(language, number).encode()


@lru_cache(maxsize=1024)
def _provinces_in(language: str, provinces: str) -> bytes:
    return provinces_in(language, provinces).encode()


@lru_cache(maxsize=4096)
def _moment_in(language: str, moment: Any) -> bytes:
    known = scan_lookup.instant(moment)
    assert known is not None
    return i18n.moment_in(language, known).encode()


def with_stand_ins(found: Resolution, first: datetime | None) -> Resolution:
    """What is known of a stamp, with what stands in for its own numbers while a page is made that is kept."""
    return replace(found, opened=COUNT, first_opened_at=first, visitors=VISITORS, provinces=PROVINCES)


def split(page: str) -> tuple[str, str, str] | None:
    """A rendered page around the stamp's part; None where the marks are not what was expected."""
    before, start, rest = page.partition(_START)
    part, end, after = rest.partition(_END)
    marked = start and end and CODE not in before + after
    return (before, part, after) if marked else None


def without_marks(page: str) -> str:
    """A rendered page as it is sent when it is not kept: what it says of some stamps is said of this one."""
    return _SAID_OF_SOME.sub(r"\2", page.replace(_START, "", 1).replace(_END, "", 1))


def with_said(part: str, **said: bool) -> str:
    """A stamp's part with or without each of the things that are said of some stamps only."""
    return _SAID_OF_SOME.sub(lambda found: found[2] if said[found[1]] else "", part)


def has_places(part: str, language: str) -> bool:
    """Whether the numbers and the moment stand in a part just once, so that they can be put in."""
    return all(part.count(kind) == 1 for kind in _KINDS[language][2:])


class PageShelf:
    """The pages that one process keeps ready, and what it knows of the log."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._pages: OrderedDict[tuple[str, str], KeptPage] = OrderedDict()
        self._lock = Lock()
        self._seen: int | None = None
        self._seen_at = 0.0
        #: the leaf up to which all pages are doubtful, and the same for the pages of single producers
        self._everybody = -1
        self._changed: dict[str, int] = {}
        self.generation = 0

    def get(self, row: Row, language: str, day: date) -> KeptPage | None:
        """The page for a stamp as it stands on a day; None where there is none that is surely right."""
        page = self._pages.get((row[4], language))
        if page is None or page.day != day or page.state != row[1:10]:
            return None
        if page.head == row[12] and page.generation == self.generation:
            return page
        return page if self._still_right(page, scan_lookup.head_of(row)) else None

    def put(self, row: Row, page: KeptPage) -> None:
        """Keeps a page that was made after the stamp was looked up."""
        place = (scan_lookup.range_of(row), page.language)
        with self._lock:
            self._catch_up(scan_lookup.head_of(row))
            page.generation = self.generation
            self._pages[place] = page
            self._pages.move_to_end(place)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)

    def _still_right(self, page: KeptPage, head: int) -> bool:
        with self._lock:
            self._catch_up(head)
            doubtful = page.generation != self.generation or head < page.head or self._everybody > page.head
            if doubtful or any(self._changed.get(one, -1) > page.head for one in page.producers):
                return False
            page.head = head
            return True

    def _catch_up(self, head: int) -> None:
        """Reads what was written since the last look, so that pages of others stay."""
        if self._seen is None or (head < self._seen and time.monotonic() - self._seen_at > _GONE_BACK):
            self.generation += 1  # the first look; or the database is another one than before
            self._pages.clear()
            self._changed.clear()
            self._everybody = -1
            self._seen, self._seen_at = head, time.monotonic()
        if head <= self._seen:
            return
        touched: Iterable[str | None] = (None,)
        if head - self._seen <= _MOST_FACTS:
            touched = scan_lookup.touched(self._ask, self._seen, head)
        for producer_id in touched:
            if producer_id is None:
                self._everybody = head
            else:
                self._changed[producer_id] = head
        self._seen, self._seen_at = head, time.monotonic()
