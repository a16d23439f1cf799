"""The QR symbols of a whole order at once, by superposition.

A QR symbol is an affine map over GF(2) of its data bits: Reed-Solomon is linear, interleaving and placement
permute, masks and function patterns are constants. All stamps of an order share prefix, version, level and
width of code, so that

    symbol = base XOR T0[first two characters] XOR T1[next two] XOR ...

with one row of modules per pair of characters. (In alphanumeric mode it takes the pair: the 11 bits of
45a + b are not linear in a and b alone.) The tables depend on lengths only, never on the prefix's letters
or the mask, so they are built once in a process for all orders of one shape; an order costs one base
symbol.

`rows` is the numpy path, `symbol` the plain-integer one; both equal `qr.encode`, bit for bit.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import ALPHABET, LENGTH
from traceability.labels import penalty, qr
from traceability.labels.qr import Level, Mode

Codes = npt.NDArray[np.uint8]
"""ASCII of codes, shape (number of codes, characters of a code)."""

MASK_SAMPLE = 128
"""How many of an order's codes are scored to choose its mask."""

# Some thousand symbols of 100 bytes stay in the processor's second cache beside a table.
_PIECE = 2048


class _Group(NamedTuple):
    """One or two neighbouring characters of the code that one table row stands for."""

    first: int
    characters: int
    offset: int
    """Of the group's bits in the data stream."""
    bits: int
    before: int
    """Alphanumeric value that shares the group's bits with its first character (the prefix's last), or
    0."""

    def value(self, mode: Mode, characters: str) -> int:
        if mode == "byte":
            return int.from_bytes(characters.encode("ascii"), "big")
        value = self.before
        for character in characters:
            value = 45 * value + qr.ALPHANUMERIC.index(character)
        return value


class _Shape(NamedTuple):
    """What the tables of an order depend on."""

    version: int
    level: Level
    mode: Mode
    prefix_length: int
    shared: int
    """Alphanumeric value of the prefix's last character where it shares its 11 bits with the code, else
    0."""
    width: int

    def groups(self) -> list[_Group]:
        start = qr.header_bits(self.version, self.mode)
        odd = self.mode == "alphanumeric" and self.prefix_length % 2
        groups, first = [], 0
        if odd:
            offset = start + qr.payload_bits(self.prefix_length - 1, self.mode)
            groups.append(_Group(0, 1, offset, 11, self.shared))
            first = 1
        while first < self.width:
            characters = min(2, self.width - first)
            offset = start + qr.payload_bits(self.prefix_length + first, self.mode)
            groups.append(_Group(first, characters, offset, qr.payload_bits(characters, self.mode), 0))
            first += characters
        return groups


@lru_cache(maxsize=16)
def _integer_tables(shape: _Shape) -> list[list[int]]:
    """One table per group; row i is the plane of the group's characters counted in base 32."""
    stream_bytes = qr.data_codewords(shape.version, shape.level)
    tables = []
    for group in shape.groups():
        planes = [0]
        for bit in range(group.bits):
            at = 8 * stream_bytes - (group.offset + group.bits - bit)
            alone = (1 << at).to_bytes(stream_bytes, "big")
            plane = qr.data_plane(alone, shape.version, shape.level)
            planes += [known ^ plane for known in planes]
        texts = ALPHABET if group.characters == 1 else [a + b for a in ALPHABET for b in ALPHABET]
        tables.append([planes[group.value(shape.mode, text)] for text in texts])
    return tables


class _Lanes(NamedTuple):
    """The tables of a shape as rows of 64-bit lanes, the last lane padded."""

    pairs: list[npt.NDArray[np.uint64]]
    first_pair: int
    """The character at which the first pair starts; the others follow."""
    ends: npt.NDArray[np.uint64] | None
    """One table for the characters that have no partner: the first, the last, or both as if they were a pair."""
    end_characters: list[int]


@lru_cache(maxsize=16)
def _lane_tables(shape: _Shape) -> _Lanes:
    groups = shape.groups()
    tables = [_lanes(table, shape.version) for table in _integer_tables(shape)]
    pairs = [table for group, table in zip(groups, tables, strict=True) if group.characters == 2]
    ends = [table for group, table in zip(groups, tables, strict=True) if group.characters == 1]
    both = (ends[0][:, None, :] ^ ends[1][None, :, :]).reshape(1024, -1) if len(ends) == 2 else None
    return _Lanes(
        pairs=pairs,
        first_pair=next((group.first for group in groups if group.characters == 2), 0),
        ends=both if both is not None else ends[0] if ends else None,
        end_characters=[group.first for group in groups if group.characters == 1],
    )


def _lanes(planes: Sequence[int], version: int) -> npt.NDArray[np.uint64]:
    used = qr.size(version) * qr.row_bytes(version)
    padding = -used % 8
    data = b"".join([(plane << 8 * padding).to_bytes(used + padding, "big") for plane in planes])
    return np.frombuffer(data, dtype=np.uint64).reshape(len(planes), -1)


def _pair_index() -> npt.NDArray[np.intp]:
    """Row of a table for two ASCII bytes read as one word of this machine; -1 where no code has them."""
    index = np.full(65536, -1, dtype=np.intp)
    pairs = "".join(a + b for a in ALPHABET for b in ALPHABET)
    index[np.frombuffer(pairs.encode(), dtype=np.uint16)] = np.arange(1024)
    return index


def _single_index() -> npt.NDArray[np.intp]:
    index = np.full(256, -1, dtype=np.intp)
    index[np.frombuffer(ALPHABET.encode(), dtype=np.uint8)] = np.arange(32)
    return index


_PAIR_INDEX = _pair_index()
_SINGLE_INDEX = _single_index()


class SymbolEncoder:
    """Draws the symbols of one order: `prefix` followed by a code of `width` characters.

    The symbol's version is the smallest that fits unless given. `size` is the number of modules along a
    side, `image_bytes` the bytes of one 1-bit image (rows padded to whole bytes, 1 = dark).

    Raises RuleBroken("labels.address_too_long") when nothing up to version 10 holds the address, and
    ("labels.address_characters") when the mode cannot carry the prefix.
    """

    def __init__(
        self,
        prefix: str,
        *,
        mode: Mode,
        level: Level = "M",
        mask: int = 0,
        version: int | None = None,
        width: int = LENGTH,
    ) -> None:
        length = len(prefix) + width
        if not prefix.isascii() or (mode == "alphanumeric" and not set(prefix) <= set(qr.ALPHANUMERIC)):
            raise RuleBroken("labels.address_characters", field="prefix", address=prefix)
        smallest = qr.smallest_version(length, mode, level)
        if smallest is None or (version is not None and version < smallest):
            raise RuleBroken("labels.address_too_long", field="prefix", length=length, level=level)
        self.prefix, self.width, self.mode, self.level, self.mask = prefix, width, mode, level, mask
        self.version = version if version is not None else smallest
        self.size = qr.size(self.version)
        self.row_bytes = qr.row_bytes(self.version)
        self.image_bytes = self.size * self.row_bytes
        odd = mode == "alphanumeric" and len(prefix) % 2
        shared = qr.ALPHANUMERIC.index(prefix[-1]) if odd else 0
        self._shape = _Shape(self.version, level, mode, len(prefix), shared, width)
        self._groups = self._shape.groups()
        self._base = self._base_plane()

    def _base_plane(self) -> int:
        """The symbol with all bits of the code, and those they share with the prefix, at zero."""
        stream = qr.data_stream(self.prefix + ALPHABET[0] * self.width, self.version, self.level, self.mode)
        number = int.from_bytes(stream, "big")
        for group in self._groups:
            below = 8 * len(stream) - group.offset - group.bits
            number &= ~(((1 << group.bits) - 1) << below)
        plane = qr.data_plane(number.to_bytes(len(stream), "big"), self.version, self.level)
        return plane ^ qr.frame(self.version, self.level, self.mask)

    def symbol(self, code: str) -> int:
        """One symbol as a plain integer (see `qr`). Raises ValueError for a code that is not one."""
        if len(code) != self.width:
            raise ValueError(f"a code has {self.width} characters")
        plane = self._base
        for group, table in zip(self._groups, _integer_tables(self._shape), strict=True):
            row = 0
            for character in code[group.first : group.first + group.characters]:
                row = 32 * row + ALPHABET.index(character)
            plane ^= table[row]
        return plane

    def rows(self, codes: Codes) -> npt.NDArray[np.uint8]:
        """The symbols of many codes: shape (number of codes, image_bytes), the bytes of their 1-bit images.

        Raises ValueError for a character outside the codes' alphabet or another width.
        """
        if codes.ndim != 2 or codes.shape[1] != self.width:
            raise ValueError(f"a code has {self.width} characters")
        lanes = _lane_tables(self._shape)
        tables = lanes.pairs if lanes.ends is None else [*lanes.pairs, lanes.ends]
        first = tables[0] ^ _lanes([self._base], self.version)
        symbols = np.empty((len(codes), first.shape[1]), dtype=np.uint64)
        other = np.empty((min(_PIECE, len(codes)), first.shape[1]), dtype=np.uint64)
        for start in range(0, len(codes), _PIECE):
            into = symbols[start : start + _PIECE]
            spare = other[: len(into)]
            indexes = self._indexes(codes[start : start + _PIECE], lanes)
            np.take(first, indexes[0], axis=0, out=into, mode="clip")
            for table, index in zip(tables[1:], indexes[1:], strict=True):
                np.take(table, index, axis=0, out=spare, mode="clip")
                np.bitwise_xor(into, spare, out=into)
        return symbols.view(np.uint8)[:, : self.image_bytes]

    @staticmethod
    def _indexes(codes: Codes, lanes: _Lanes) -> list[npt.NDArray[np.intp]]:
        """The row of each table for each code: first those of the pairs, then that of the ends."""
        stop = lanes.first_pair + 2 * len(lanes.pairs)
        words = np.ascontiguousarray(codes[:, lanes.first_pair : stop]).view(np.uint16)
        # One table after the other, so that each reads its rows' numbers in a line.
        indexes = list(np.take(_PAIR_INDEX, np.ascontiguousarray(words.T)))
        for character in lanes.end_characters:
            index = _SINGLE_INDEX[codes[:, character]]
            both = len(indexes) > len(lanes.pairs)
            indexes[len(lanes.pairs) :] = [
                np.where(index < 0, -1, 32 * indexes[-1] + index) if both else index
            ]
        if any(index.size and index.min() < 0 for index in indexes):
            raise ValueError("a code has a character outside the alphabet")
        return indexes

    def with_mask(self, mask: int) -> "SymbolEncoder":
        """The same order under another mask."""
        return SymbolEncoder(
            self.prefix, mode=self.mode, level=self.level, mask=mask, version=self.version, width=self.width
        )

    def best_mask(self, sample: Codes) -> int:
        """The mask (0 to 7) with the least mean ISO penalty over sampled codes, the lowest number on a tie.

        The prefix dominates the symbol, so one mask per order costs little quality; stored with the order,
        it makes a reprint the same to the last module.
        """
        plain = self.rows(sample) ^ self._frame_bytes(self.mask)
        scores = [
            penalty.mean(plain ^ self._frame_bytes(mask), self.size, self.row_bytes) for mask in range(8)
        ]
        return min(range(8), key=scores.__getitem__)

    def _frame_bytes(self, mask: int) -> npt.NDArray[np.uint8]:
        plane = qr.frame(self.version, self.level, mask)
        return np.frombuffer(plane.to_bytes(self.image_bytes, "big"), dtype=np.uint8)
