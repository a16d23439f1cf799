"""Digital Links in the compressed form of older versions of the standard: one word of base64url letters.

GS1 Digital Link URI Syntax 1.2, section 5: optional to read since GS1-Conformant Resolver 1.2.0, and no longer made
by anybody. The bits hold application identifiers as decimal nibbles (or one octet for a usual group of them), numbers
in as many bits as their digits need, and texts in the poorest alphabet that has all their letters.

Read strictly: what does not end within the padding, breaks a format or fails a check digit is no compressed link.
"""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from urllib.parse import quote

from traceability.domain.identifiers import APPLICATION_IDENTIFIERS, DigitalLink, parse_digital_link

_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WORD = re.compile(r"[A-Za-z0-9_-]{3,400}")
#: Nothing shorter holds a key of GS1.
_SHORTEST = 10
_DIGITS_ONLY, _LOWER_HEX, _UPPER_HEX, _IN_BASE64, _ASCII = range(5)
#: Octets that stand for a usual group of application identifiers.
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "0A": ("01", "22"), "0B": ("01", "10"), "0C": ("01", "21"), "0D": ("01", "17"), "0E": ("01", "7003"),
    "0F": ("01", "30"), "1A": ("01", "10", "21", "17"), "1B": ("01", "15"), "1C": ("01", "11"), "1D": ("01", "16"),
    "1E": ("01", "91"), "1F": ("01", "10", "15"),
    "9A": ("8010", "8011"), "9B": ("8017", "8019"), "9C": ("8018", "8019"), "9D": ("414", "254"),
    **{f"2{'ABCDEF'[n]}": ("01", f"310{n}") for n in range(6)},
    **{f"3{'ABCDEF'[n]}": ("01", f"320{n}") for n in range(6)},
    **{f"A{n}": ("01", f"392{n}") for n in range(10)},
    **{f"C{n}": ("255", f"390{n}") for n in range(10)},
    **{f"C{'ABCD'[n]}": ("255", f"394{n}") for n in range(4)},
}  # fmt: skip

#: GS1's own toolkit sorts each group before it writes.
_SORTED_GROUPS: Final = {octet: tuple(sorted(group)) for octet, group in _GROUPS.items()}


class _Unreadable(Exception):
    """The bits are no compressed link."""


class _Bits:
    """A word of base64url, read from its left end."""

    def __init__(self, word: str) -> None:
        self._bits = "".join(f"{_BASE64.index(letter):06b}" for letter in word)
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._bits) - self._at

    def take(self, count: int) -> int:
        """The next bits as a number. Raises `_Unreadable` at the end."""
        if count > self.left:
            raise _Unreadable
        piece = self._bits[self._at : self._at + count]
        self._at += count
        return int(piece, 2) if piece else 0

    def is_padding(self) -> bool:
        """Whether nothing but the filling of the last letter is left."""
        return self.left < 8 and "1" not in self._bits[self._at :]


def uncompressed(target: str) -> DigitalLink | None:
    """The Digital Link of a request target in compressed form (`/DBFR...`, or `/01/GTIN/EIK...` with the key in clear).

    None for everything else. Data attributes and other pairs that were compressed with it go into the query.
    """
    path, _, query = target.partition("?")
    segments = path.removeprefix("/").removesuffix("/").split("/")
    if len(segments) not in (1, 3) or not _WORD.fullmatch(segments[-1]):
        return None
    if len(segments) == 1 and len(segments[0]) < _SHORTEST:
        return None
    clear = [(segments[0], segments[1])] if len(segments) == 3 else []
    for groups in (_GROUPS, _SORTED_GROUPS):
        try:
            found = clear + list(_pairs(_Bits(segments[-1]), groups))
        except _Unreadable:
            continue
        link = parse_digital_link(_path(dict(found)))
        if isinstance(link, DigitalLink) and len(dict(found)) == len(found):
            return DigitalLink(link.elements, "&".join(part for part in (link.query, query) if part))
    return None


def looks_compressed(path: str) -> bool:
    """Whether a decoded path of one segment is a compressed link: by reading it, for a page may be called anything."""
    return path.count("/") == 1 and uncompressed(path) is not None


def _path(found: dict[str, str]) -> str:
    """The uncompressed target: the key, its qualifiers in the standard's order, the rest as a query."""
    known = APPLICATION_IDENTIFIERS
    key = next((ai for ai in found if ai in known and known[ai].is_key), None)
    if key is None:
        return ""
    allowed = next(
        (order for order in known[key].sequences if any(ai in found for ai in order)), ()
    )  # the order that the qualifiers belong to
    in_path = [key, *(ai for ai in allowed if ai in found)]
    path = "".join(f"/{ai}/{quote(found[ai], safe='')}" for ai in in_path)
    rest = "&".join(
        f"{quote(ai, safe='')}={quote(value, safe='')}" for ai, value in found.items() if ai not in in_path
    )
    return f"{path}?{rest}" if rest else path


def _pairs(bits: _Bits, groups: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    while not bits.is_padding():
        high, low = bits.take(4), bits.take(4)
        octet = f"{high:X}{low:X}"
        if octet in groups:
            for ai in groups[octet]:
                yield ai, _value(bits, ai)
        elif high == 15:  # a pair that is not GS1's
            length = low << 3 | bits.take(3)
            name = "".join(_BASE64[bits.take(6)] for _letter in range(length))
            encoding, size = bits.take(3), bits.take(7)
            yield name, _text(bits, encoding, size)
        else:
            ai = octet
            for _digit in range(_ai_lengths().get(octet, 0) - 2):
                ai += str(bits.take(4))
            if ai not in APPLICATION_IDENTIFIERS:
                raise _Unreadable
            yield ai, _value(bits, ai)


@cache
def _ai_lengths() -> dict[str, int]:
    """The first two digits of an application identifier tell how many it has."""
    return {ai[:2]: len(ai) for ai in APPLICATION_IDENTIFIERS}


@cache
def _components(ai: str) -> tuple[tuple[bool, int, bool], ...]:
    """What a value is made of: whether of digits, how long at most, whether always so long. Runs of digits are one."""
    merged: list[tuple[bool, int, bool]] = []
    for part in APPLICATION_IDENTIFIERS[ai].parts:
        numeric, fixed = part.is_numeric, part.shortest == part.longest and not part.optional
        if numeric and fixed and merged and merged[-1][0] and merged[-1][2]:
            merged[-1] = (True, merged[-1][1] + part.longest, True)
        else:
            merged.append((numeric, part.longest, fixed))
    return tuple(merged)


def _value(bits: _Bits, ai: str) -> str:
    if ai not in APPLICATION_IDENTIFIERS:
        raise _Unreadable
    value = ""
    for numeric, longest, fixed in _components(ai):
        encoding = _DIGITS_ONLY if numeric else bits.take(3)
        size = longest if fixed else bits.take(math.ceil(math.log2(longest) + 0.01))
        if size > longest:
            raise _Unreadable
        value += _text(bits, encoding, size)
    return value


def _text(bits: _Bits, encoding: int, size: int) -> str:
    if encoding == _DIGITS_ONLY:
        number = bits.take(math.ceil(size * math.log2(10) + 0.01)) if size else 0
        digits = str(number).zfill(size) if size else ""
        if len(digits) != size:
            raise _Unreadable
        return digits
    if encoding in (_LOWER_HEX, _UPPER_HEX):
        text = "".join("0123456789abcdef"[bits.take(4)] for _letter in range(size))
        return text.upper() if encoding == _UPPER_HEX else text
    if encoding == _IN_BASE64:
        return "".join(_BASE64[bits.take(6)] for _letter in range(size))
    if encoding == _ASCII:
        return "".join(chr(bits.take(7)) for _letter in range(size))
    raise _Unreadable
