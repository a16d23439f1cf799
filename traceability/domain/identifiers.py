"""GS1 keys, lot numbers and Digital Link URIs. No other module knows the grammar of GS1.

What an application identifier (AI) looks like, which AIs are primary keys and which qualifiers may follow
them in which order is read from GS1's own syntax dictionary, which stands beside this module. Clause
numbers are those of GS1 Digital Link URI Syntax 1.7.

A link is read from the raw request target: `%2F` inside a lot is part of the lot (clause 4.2), and a
framework's decoded path has lost it. A link that breaks the grammar is `Malformed`, which a page answers
with 400; a link in order that nobody knows is somebody else's matter.

Refusals of typed keys are `PydanticCustomError`s whose types are keys of `traceability.wording.identifiers`.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import quote, unquote_to_bytes

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from traceability.domain.text import clean_line, fold

#: GS1's encodable character set 82 (General Specifications, figure 7.11-1).
SET_82: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"%&'()*+,-./:;<=>?_"
)
_SET_39: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#-/")
LOT_LENGTH: Final = 20
#: Longest link worth reading; the longest legal one has some 500 characters.
_LINK_LENGTH: Final = 2000


# --- Keys ------------------------------------------------------------------------------------------------


def check_digit(body: str) -> str:
    """The check digit that follows the digits of `body`: weights 3, 1, 3 ... from the right, modulo 10."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def has_check_digit(number: str) -> bool:
    """Whether a number of ASCII digits ends with its check digit (GTIN, GLN, SSCC, GSIN ...)."""
    return _digits(number) and len(number) > 1 and number[-1] == check_digit(number[:-1])


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _refuse(refusal: str, **facts: Any) -> NoReturn:
    raise PydanticCustomError(refusal, "this identifier is not accepted", facts)


def _key(kind: str, lengths: tuple[int, ...], value: str) -> str:
    number = re.sub(r"[ -]", "", clean_line(value))
    if not number:
        _refuse(f"{kind}_missing")
    if not _digits(number):
        _refuse(f"{kind}_not_digits")
    if len(number) not in lengths:
        _refuse(f"{kind}_length", length=len(number))
    if not has_check_digit(number):
        _refuse(f"{kind}_check_digit", expected=check_digit(number[:-1]), found=number[-1])
    return number


def gtin14(value: str) -> str:
    """A GTIN-8, -12, -13 or -14 as typed (spaces and hyphens are dropped), as 14 digits.

    Raises `PydanticCustomError`: `gtin_missing`, `gtin_not_digits`, `gtin_length`, `gtin_check_digit`.
    """
    return _key("gtin", (8, 12, 13, 14), value).zfill(14)


def gln(value: str) -> str:
    """A global location number: 13 digits. Raises `gln_*` as `gtin14` does."""
    return _key("gln", (13,), value)


def sscc(value: str) -> str:
    """A serial shipping container code: 18 digits. Raises `sscc_*` as `gtin14` does."""
    return _key("sscc", (18,), value)


def is_restricted(gtin: str) -> bool:
    """Whether a GTIN of 14 digits is for use inside one company or region only: no public code may carry it.

    Restricted circulation numbers: prefixes 02, 04 and 20-29; among the GTIN-8 those that begin with 0 or 2.
    """
    if gtin.startswith("000000"):
        return gtin[6] in "02"
    return gtin[1:4].startswith(("02", "04", "2"))


def is_demonstration(gtin: str) -> bool:
    """Whether a GTIN of 14 digits has the prefix 952, which GS1 keeps for examples."""
    return gtin[1:4] == "952"


def _public_gtin(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    number = gtin14(value)
    if is_restricted(number):
        _refuse("gtin_restricted")
    return number


# --- Lots ------------------------------------------------------------------------------------------------


def lot_number(value: str) -> str:
    """A lot number as it will be printed and scanned: 1-20 characters of set 82, kept as typed.

    Nothing is rewritten; where letters with accents or spaces make it unfit, the refusal carries a
    `suggestion`. Dots alone are refused, because browsers and proxies take `.` and `..` out of an address.
    Raises `PydanticCustomError`: `lot_missing`, `lot_too_long`, `lot_characters`, `lot_only_dots`.
    """
    lot = clean_line(value)
    if not lot:
        _refuse("lot_missing")
    foreign = next((character for character in lot if character not in SET_82), None)
    if foreign:
        suggestion = re.sub(r"[^0-9A-Z.-]+", "-", fold(lot).upper()).strip("-")[:LOT_LENGTH]
        shown = "␣" if foreign == " " else foreign
        _refuse("lot_characters", character=shown, suggestion=suggestion or "LO-01")
    if len(lot) > LOT_LENGTH:
        _refuse("lot_too_long", length=len(lot), limit=LOT_LENGTH)
    if not lot.strip("."):
        _refuse("lot_only_dots")
    return lot


def lot_warnings(lot: str) -> list[str]:
    """What speaks against printing this lot: `lot_not_plain` beyond 0-9 A-Z . - (a denser QR code)."""
    return [] if re.fullmatch(r"[0-9A-Z.-]+", lot) else ["lot_not_plain"]


# --- The dictionary --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    alphabet: frozenset[str]
    shortest: int
    longest: int
    optional: bool
    rules: tuple[str, ...]

    @property
    def is_numeric(self) -> bool:
        return self.alphabet == _ALPHABETS["N"]


@dataclass(frozen=True)
class ApplicationIdentifier:
    """One row of GS1's syntax dictionary. `sequences` are the orders of qualifiers after a primary key."""

    ai: str
    title: str
    is_attribute: bool
    is_key: bool
    sequences: tuple[tuple[str, ...], ...]
    parts: tuple[_Part, ...] = field(repr=False)

    def fault(self, value: str) -> str | None:
        """`value` or `check_digit` for what is wrong with a value of this AI; None for one in order."""
        pieces, rest = [], value
        for part in self.parts:
            if not rest and part.optional:
                break
            piece, rest = rest[: part.longest], rest[part.longest :]
            if len(piece) < part.shortest or not part.alphabet.issuperset(piece):
                return "value"
            pieces.append((part.rules, piece))
        if rest:
            return "value"
        for rules, piece in pieces:
            if "csum" in rules and not has_check_digit(piece):
                return "check_digit"
            if "zero" in rules and piece.strip("0"):
                return "value"
            if "pieceoftotal" in rules and not 0 < int(piece[:2]) <= int(piece[2:]):
                return "value"
        return None


_ALPHABETS = {"N": frozenset("0123456789"), "X": SET_82, "Y": _SET_39}
_ALPHABETS["Z"] = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
_ROW = re.compile(r"(\d{2,4})(?:-(\d{2,4}))?\s+([^\w\s\[]*)\s+(.*?)\s*#\s*(.*)")
_PART = re.compile(r"(\[)?([NXYZ])(\.\.)?(\d+)\]?((?:,\w+)*)")


def read_dictionary(text: str) -> dict[str, ApplicationIdentifier]:
    """The application identifiers of a GS1 syntax dictionary, by AI."""
    table = {}
    for line in text.splitlines():
        row = _ROW.fullmatch(line.strip())
        if line.startswith("#") or not row:
            continue
        first, last, flags, specification, title = row.groups()
        parts: list[_Part] = []
        is_key, sequences = False, list[tuple[str, ...]]()
        for word in specification.split():
            part = _PART.fullmatch(word)
            if part:
                optional, kind, variable, length, rules = part.groups()
                shortest = 1 if variable else int(length)
                parts.append(
                    _Part(
                        _ALPHABETS[kind], shortest, int(length), bool(optional), tuple(rules.split(",")[1:])
                    )
                )
            elif word.startswith("dlpkey"):
                is_key = True
                orders = word.removeprefix("dlpkey").removeprefix("=")
                sequences = [tuple(order.split(",")) for order in orders.split("|") if order]
        for number in range(int(first), int(last or first) + 1):
            ai = str(number).zfill(len(first))
            table[ai] = ApplicationIdentifier(ai, title, "?" in flags, is_key, tuple(sequences), tuple(parts))
    return table


APPLICATION_IDENTIFIERS: Final = read_dictionary(
    Path(__file__).with_name("gs1-syntax-dictionary.txt").read_text(encoding="utf-8")
)


# --- Digital Link ----------------------------------------------------------------------------------------

#: A key or a level: pairs of AI and value, the primary key first.
Level = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Malformed:
    """Why an address is no Digital Link: `reason` is a key of `wording.identifiers`, `facts` fill it."""

    reason: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DigitalLink:
    """A Digital Link: the primary key, its qualifiers in the standard's order, the raw query string."""

    elements: Level
    query: str = ""

    @cached_property
    def _values(self) -> dict[str, str]:
        return dict(self.elements)

    @property
    def key(self) -> str:
        """The AI of the primary key: `01` for a GTIN."""
        return self.elements[0][0]

    @property
    def gtin(self) -> str | None:
        return self._values.get("01")

    @property
    def lot(self) -> str | None:
        return self._values.get("10")

    @property
    def serial(self) -> str | None:
        return self._values.get("21")

    @property
    def path(self) -> str:
        """The canonical path: all outside `A-Z a-z 0-9 - . _ ~` percent-encoded, no slash at the end."""
        return level_path(self.elements)

    def walk_up(self) -> tuple[Level, ...]:
        """The levels that may answer, the most specific first, the bare key last (Resolver 2.5.9).

        A serial number (21) or a third party's (235) identifies by itself, without lot and variant (rule
        2); then come 22 with 10, 22, 10 and the key. Elsewhere qualifiers are dropped from the right.
        """
        key, qualifiers = self.elements[:1], self.elements[1:]
        if self.key not in ("01", "8006"):
            return tuple(key + qualifiers[:count] for count in range(len(qualifiers), -1, -1))
        present = dict(qualifiers)
        steps = [("235",), ("21",), ("22", "10"), ("22",), ("10",), ()]
        return tuple(
            key + tuple((ai, present[ai]) for ai in step) for step in steps if present.keys() >= set(step)
        )


def level_path(elements: Level) -> str:
    """The path of a level, as `DigitalLink.path` writes it."""
    return "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in elements)


def looks_like_digital_link(raw_path: str) -> bool:
    """Whether an address begins with a number, so that `parse_digital_link` is to judge it."""
    first = raw_path.lstrip("/").split("?", 1)[0].split("/", 1)[0]
    return _digits(first)


def _decode(segment: str) -> str | None:
    if re.search(r"%(?![0-9A-Fa-f]{2})", segment):
        return None
    decoded = unquote_to_bytes(segment)
    return decoded.decode("ascii") if decoded.isascii() else None


def parse_digital_link(raw_path: str) -> DigitalLink | Malformed:
    """Reads the raw request target (path and query, still percent-encoded) of a Digital Link.

    One slash at the end is tolerated (Resolver 2.13). Reasons of a `Malformed`: `link_too_long`,
    `link_encoding`, `link_segments` (a segment too many or an empty one), `link_key`, `link_foreign` (an AI
    that may not stand in the path, 4.9-4.10), `link_order`, `link_repeated` (4.9), `link_value` (4.6),
    `link_check_digit`.
    """
    if len(raw_path) > _LINK_LENGTH:
        return Malformed("link_too_long", {"limit": str(_LINK_LENGTH)})
    target = re.sub(r"^https?://[^/?#]*", "", raw_path, flags=re.IGNORECASE)
    path, _, query = target.partition("?")
    segments = [_decode(segment) for segment in path.removeprefix("/").removesuffix("/").split("/")]
    if not path.isascii() or None in segments:
        return Malformed("link_encoding")
    if "" in segments or len(segments) % 2 or not path.startswith("/"):
        return Malformed("link_segments")
    words = [segment for segment in segments if segment is not None]
    elements = tuple(zip(words[::2], words[1::2], strict=True))
    fault = _fault(elements)
    return fault or DigitalLink(elements, query)


def _fault(elements: Level) -> Malformed | None:
    key = APPLICATION_IDENTIFIERS.get(elements[0][0])
    if key is None or not key.is_key:
        return Malformed("link_key", {"ai": elements[0][0][:20]})
    qualifiers = [ai for ai, _ in elements[1:]]
    allowed = {ai for sequence in key.sequences for ai in sequence}
    for ai in qualifiers:
        if ai not in allowed:
            return Malformed("link_foreign", {"ai": ai[:20]})
        if qualifiers.count(ai) > 1:
            return Malformed("link_repeated", {"ai": ai})
    fitting = [sequence for sequence in key.sequences if set(qualifiers) <= set(sequence)]
    if qualifiers and not any(qualifiers == [ai for ai in order if ai in qualifiers] for order in fitting):
        return Malformed("link_order", {"order": ", ".join(key.sequences[0])})
    for ai, value in elements:
        fault = APPLICATION_IDENTIFIERS[ai].fault(value)
        if fault:
            return Malformed(f"link_{fault}", {"ai": ai, "title": APPLICATION_IDENTIFIERS[ai].title})
    return None


def build_digital_link(root: str, gtin: str, lot: str | None = None, serial: str | None = None) -> str:
    """The Digital Link URI of a GTIN, a lot or a serial number under `root` (`https://host`, no query).

    `gtin` may have 8, 12, 13 or 14 digits. Raises ValueError when a part breaks GS1's grammar.
    """
    elements: list[tuple[str, str]] = [("01", gtin14(gtin))]
    if lot is not None:
        elements.append(("10", lot))
    if serial is not None:
        elements.append(("21", serial))
    fault = _fault(tuple(elements))
    if fault:
        raise ValueError(f"no Digital Link: {fault.reason} {fault.facts}")
    return root.rstrip("/") + level_path(tuple(elements))


def _typed(read: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


#: A GTIN for public use: 8, 12, 13 or 14 digits in, 14 out.
PublicGtin = Annotated[str, BeforeValidator(_public_gtin), Field(max_length=14)]
#: A location number of 13 digits.
Gln = Annotated[str, _typed(gln), Field(max_length=13)]
#: A container code of 18 digits.
Sscc = Annotated[str, _typed(sscc), Field(max_length=18)]
#: A lot number: see `lot_number`.
Lot = Annotated[str, _typed(lot_number), Field(max_length=LOT_LENGTH)]
