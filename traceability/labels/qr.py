"""One QR symbol, by the book: ISO/IEC 18004:2015, versions 1 to 10, alphanumeric and byte mode.

This is the plain half of the engine: capacities, the bit stream, Reed-Solomon, where each bit lies, masks,
format and version bits. `symbol` builds on it to draw a whole order at once.

A symbol is a Python integer: `size` rows of `row_bytes(version)` whole bytes, the top row in the most
significant bits, the leftmost module in a row's most significant bit, 1 = dark, padding bits 0. Written out
with `to_bytes` it is the data of a 1-bit image.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

Level = Literal["L", "M", "Q", "H"]
Mode = Literal["alphanumeric", "byte"]

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LARGEST_VERSION = 10

# fmt: off
# Table 9: error correction codewords per block, then (blocks, data codewords in each), for versions 1 to
# 10.
_BLOCKS: dict[Level, tuple[tuple[int, tuple[tuple[int, int], ...]], ...]] = {
    "L": ((7, ((1, 19),)), (10, ((1, 34),)), (15, ((1, 55),)), (20, ((1, 80),)), (26, ((1, 108),)),
          (18, ((2, 68),)), (20, ((2, 78),)), (24, ((2, 97),)), (30, ((2, 116),)), (18, ((2, 68), (2,
          69)))),
    "M": ((10, ((1, 16),)), (16, ((1, 28),)), (26, ((1, 44),)), (18, ((2, 32),)), (24, ((2, 43),)),
          (16, ((4, 27),)), (18, ((4, 31),)), (22, ((2, 38), (2, 39))), (22, ((3, 36), (2, 37))),
          (26, ((4, 43), (1, 44)))),
    "Q": ((13, ((1, 13),)), (22, ((1, 22),)), (18, ((2, 17),)), (26, ((2, 24),)), (18, ((2, 15), (2, 16))),
          (24, ((4, 19),)), (18, ((2, 14), (4, 15))), (22, ((4, 18), (2, 19))), (20, ((4, 16), (4, 17))),
          (24, ((6, 19), (2, 20)))),
    "H": ((17, ((1, 9),)), (28, ((1, 16),)), (22, ((2, 13),)), (16, ((4, 9),)), (22, ((2, 11), (2, 12))),
          (28, ((4, 15),)), (26, ((4, 13), (1, 14))), (26, ((4, 14), (2, 15))), (24, ((4, 12), (4, 13))),
          (28, ((6, 15), (2, 16)))),
}
# fmt: on
# Annex E: centres of the alignment patterns.
_ALIGNMENT: tuple[tuple[int, ...], ...] = (
    (),
    (6, 18),
    (6, 22),
    (6, 26),
    (6, 30),
    (6, 34),
    (6, 22, 38),
    (6, 24, 42),
    (6, 26, 46),
    (6, 28, 50),
)
_LEVEL_BITS: dict[Level, int] = {"L": 1, "M": 0, "Q": 3, "H": 2}


def size(version: int) -> int:
    """Modules along one side, without the quiet zone."""
    return 17 + 4 * version


def row_bytes(version: int) -> int:
    """Whole bytes that one row of modules takes in a 1-bit image."""
    return (size(version) + 7) // 8


def data_codewords(version: int, level: Level) -> int:
    """Codewords that carry data, over all blocks (table 7)."""
    return sum(blocks * data for blocks, data in _BLOCKS[level][version - 1][1])


def _count_bits(version: int, mode: Mode) -> int:
    # Table 3: the width of the character count indicator.
    if mode == "byte":
        return 8 if version <= 9 else 16
    return 9 if version <= 9 else 11


def payload_bits(length: int, mode: Mode) -> int:
    """Bits that `length` characters take, without mode and count indicators (7.4.4, 7.4.5)."""
    return 8 * length if mode == "byte" else 11 * (length // 2) + 6 * (length % 2)


def header_bits(version: int, mode: Mode) -> int:
    """Bits of the mode and count indicators in front of the payload."""
    return 4 + _count_bits(version, mode)


def smallest_version(length: int, mode: Mode, level: Level) -> int | None:
    """The first version of 1 to 10 whose data area holds `length` characters, or None."""
    for version in range(1, LARGEST_VERSION + 1):
        needed = header_bits(version, mode) + payload_bits(length, mode)
        if needed <= 8 * data_codewords(version, level):
            return version
    return None


def data_stream(payload: str, version: int, level: Level, mode: Mode) -> bytes:
    """The data codewords of a payload: indicators, characters, terminator and padding (7.4).

    Raises ValueError when the payload does not fit or has a character that the mode cannot carry.
    """
    capacity = 8 * data_codewords(version, level)
    bits = f"{0b0100 if mode == 'byte' else 0b0010:04b}{len(payload):0{_count_bits(version, mode)}b}"
    if mode == "byte":
        bits += "".join(f"{byte:08b}" for byte in payload.encode("ascii"))
    else:
        values = [ALPHANUMERIC.index(character) for character in payload]
        bits += "".join(f"{45 * a + b:011b}" for a, b in zip(values[::2], values[1::2], strict=False))
        if len(values) % 2:
            bits += f"{values[-1]:06b}"
    if len(bits) > capacity:
        raise ValueError("the payload does not fit this version and level")
    bits += "0" * min(4, capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    stream = bytearray(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    padding = (0xEC, 0x11)
    stream += bytes(padding[i % 2] for i in range(capacity // 8 - len(stream)))
    return bytes(stream)


# --- Reed-Solomon over GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1 (7.5) ---------------

_EXP = [1] * 510
for _i in range(1, 510):
    _EXP[_i] = _EXP[_i - 1] << 1 ^ (0x11D if _EXP[_i - 1] & 0x80 else 0)
_LOG = {_EXP[_i]: _i for _i in range(255)}


@lru_cache
def _generator(degree: int) -> tuple[int, ...]:
    """Logarithms of the generator polynomial's coefficients after the leading 1."""
    polynomial = [1]
    for i in range(degree):
        shifted = [*polynomial, 0]
        for at, coefficient in enumerate(polynomial):
            if coefficient:
                shifted[at + 1] ^= _EXP[_LOG[coefficient] + i]
        polynomial = shifted
    return tuple(_LOG[coefficient] for coefficient in polynomial[1:])


def remainder(data: Sequence[int], degree: int) -> bytes:
    """The `degree` error correction codewords of one block."""
    generator = _generator(degree)
    rest = [0] * degree
    for byte in bytes(data).lstrip(b"\0"):
        factor = byte ^ rest.pop(0)
        rest.append(0)
        if factor:
            log = _LOG[factor]
            rest = [r ^ _EXP[log + g] for r, g in zip(rest, generator, strict=True)]
    return bytes(rest)


def blocks_of(version: int, level: Level) -> tuple[int, list[tuple[int, int]]]:
    """(error correction codewords per block, [(first data codeword, number of them) for each block])."""
    degree, groups = _BLOCKS[level][version - 1]
    spans, start = [], 0
    for blocks, data in groups:
        for _ in range(blocks):
            spans.append((start, data))
            start += data
    return degree, spans


@lru_cache
def interleaving(version: int, level: Level) -> tuple[list[int], list[list[int]]]:
    """Where codewords go in the final message (7.6).

    Returns the places of the data codewords, and for each block the places of its error correction
    codewords.
    """
    degree, spans = blocks_of(version, level)
    data_place = [0] * data_codewords(version, level)
    place = 0
    for at in range(max(data for _, data in spans)):
        for start, data in spans:
            if at < data:
                data_place[start + at] = place
                place += 1
    correction = [[place + at * len(spans) + block for at in range(degree)] for block in range(len(spans))]
    return data_place, correction


# --- the plane ---------------


@lru_cache
def _function_patterns(version: int) -> tuple[list[list[int]], list[list[bool]]]:
    """(dark modules of the function patterns, which modules carry no data) as rows of columns (6.3)."""
    side = size(version)
    dark = [[0] * side for _ in range(side)]
    taken = [[False] * side for _ in range(side)]

    def put(row: int, column: int, value: int) -> None:
        if 0 <= row < side and 0 <= column < side:
            dark[row][column] = value
            taken[row][column] = True

    for i in range(8, side - 8):
        put(6, i, 1 - i % 2)
        put(i, 6, 1 - i % 2)
    for row, column in ((3, 3), (3, side - 4), (side - 4, 3)):
        for dr in range(-4, 5):
            for dc in range(-4, 5):
                put(row + dr, column + dc, int(max(abs(dr), abs(dc)) not in (2, 4)))
    centres = _ALIGNMENT[version - 1]
    for row in centres:
        for column in centres:
            if (row, column) in ((6, 6), (6, side - 7), (side - 7, 6)):
                continue
            for dr in range(-2, 3):
                for dc in range(-2, 3):
                    put(row + dr, column + dc, int(max(abs(dr), abs(dc)) != 1))
    for row, column, _ in format_places(version):
        put(row, column, 0)
    put(side - 8, 8, 1)
    if version >= 7:
        for i in range(18):
            bit = _version_information(version) >> i & 1
            put(side - 11 + i % 3, i // 3, bit)
            put(i // 3, side - 11 + i % 3, bit)
    return dark, taken


def _version_information(version: int) -> int:
    rest = version << 12
    for shift in range(5, -1, -1):
        if rest >> (12 + shift) & 1:
            rest ^= 0x1F25 << shift
    return version << 12 | rest


def format_places(version: int) -> list[tuple[int, int, int]]:
    """(row, column, bit of the 15-bit format information) of both copies (7.9, figure 25)."""
    side = size(version)
    around = [(i, 8) for i in range(6)] + [(7, 8), (8, 8), (8, 7)] + [(8, 5 - i) for i in range(6)]
    split = [(8, side - 1 - i) for i in range(8)] + [(side - 7 + i, 8) for i in range(7)]
    return [(row, column, bit) for copy in (around, split) for bit, (row, column) in enumerate(copy)]


def format_information(level: Level, mask: int) -> int:
    """The 15 bits that say the level and the mask, with their own error correction (7.9)."""
    data = _LEVEL_BITS[level] << 3 | mask
    rest = data << 10
    for shift in range(4, -1, -1):
        if rest >> (10 + shift) & 1:
            rest ^= 0x537 << shift
    return (data << 10 | rest) ^ 0x5412


@lru_cache
def placement(version: int) -> list[tuple[int, int]]:
    """(row, column) of every bit of the final message in its order, remainder bits included (7.7.3)."""
    side = size(version)
    taken = _function_patterns(version)[1]
    places: list[tuple[int, int]] = []
    upward = True
    for right in range(side - 1, 0, -2):
        # The vertical timing pattern takes column 6 out of the pairs.
        pair = right if right > 6 else right - 1
        for step in range(side):
            row = side - 1 - step if upward else step
            places.extend((row, column) for column in (pair, pair - 1) if not taken[row][column])
        upward = not upward
    return places


def _masked(mask: int, row: int, column: int) -> bool:
    # Table 10.
    product = row * column
    return (
        (row + column) % 2,
        row % 2,
        column % 3,
        (row + column) % 3,
        (row // 2 + column // 3) % 2,
        product % 2 + product % 3,
        (product % 2 + product % 3) % 2,
        ((row + column) % 2 + product % 3) % 2,
    )[mask] == 0


def bit_at(version: int, row: int, column: int) -> int:
    """The integer with only this module dark."""
    return 1 << (8 * row_bytes(version) * (size(version) - row) - 1 - column)


@lru_cache
def frame(version: int, level: Level, mask: int) -> int:
    """Everything in a symbol that no data bit changes: function patterns, format, version and the mask
    itself."""
    dark, taken = _function_patterns(version)
    plane = 0
    for row in range(size(version)):
        for column in range(size(version)):
            if dark[row][column] if taken[row][column] else _masked(mask, row, column):
                plane |= bit_at(version, row, column)
    information = format_information(level, mask)
    for row, column, bit in format_places(version):
        if information >> bit & 1:
            plane |= bit_at(version, row, column)
    return plane


@lru_cache
def _message_bits(version: int) -> list[int]:
    return [bit_at(version, row, column) for row, column in placement(version)]


def data_plane(data: bytes | Sequence[int], version: int, level: Level) -> int:
    """The unmasked data area for these data codewords: linear over GF(2) in the bits of `data`."""
    degree, spans = blocks_of(version, level)
    data_place, correction = interleaving(version, level)
    bits = _message_bits(version)
    plane = 0

    def put(place: int, byte: int) -> None:
        nonlocal plane
        for i in range(8):
            if byte >> (7 - i) & 1:
                plane |= bits[8 * place + i]

    for at, byte in enumerate(data):
        put(data_place[at], byte)
    for block, (start, length) in enumerate(spans):
        span = data[start : start + length]
        if any(span):
            for place, byte in zip(correction[block], remainder(span, degree), strict=True):
                put(place, byte)
    return plane


def encode(payload: str, version: int, level: Level, mode: Mode, mask: int) -> int:
    """The finished symbol of one payload. Raises ValueError when the payload does not fit."""
    stream = data_stream(payload, version, level, mode)
    return frame(version, level, mask) ^ data_plane(stream, version, level)
