"""Reading a symbol back, by the book: ISO/IEC 18004:2015, clause 12, for symbols that were just drawn.

Nothing is corrected and nothing is guessed: a symbol that is about to be printed has no errors, so whatever is not as
the standard has it is refused.
"""

import numpy as np
import numpy.typing as npt

from traceability.labels import qr
from traceability.labels.layout import QUIET_MODULES

Dots = npt.NDArray[np.uint8]
_LEVELS: tuple[qr.Level, ...] = ("L", "M", "Q", "H")


class Unreadable(ValueError):
    """What was drawn is no symbol."""


def read(dots: Dots, per_module: int) -> str:
    """The text of a symbol out of its dots with the quiet zone, shape (side, side), 0 = black and 255 = white.

    Every module is so many dots of one tone, and the quiet zone is white. Raises `Unreadable`.
    """
    side = len(dots)
    if dots.shape != (side, side) or side % per_module:
        raise Unreadable("not a square of whole modules")
    across = side // per_module
    modules = dots.reshape(across, per_module, across, per_module)
    if (modules.min(axis=(1, 3)) != modules.max(axis=(1, 3))).any():
        raise Unreadable("a module of two tones")
    dark = modules[:, 0, :, 0] < 128
    quiet = QUIET_MODULES
    inner = dark[quiet:-quiet, quiet:-quiet]
    if dark.sum() != inner.sum():
        raise Unreadable("the quiet zone is not white")
    return text_of(inner)


def text_of(dark: npt.NDArray[np.bool_]) -> str:
    """The text of a symbol out of its modules, shape (size, size). Raises `Unreadable`."""
    side = len(dark)
    version, rest = divmod(side - 17, 4)
    if rest or not 1 <= version <= qr.LARGEST_VERSION:
        raise Unreadable("of no version from 1 to 10")
    level, mask = _format(dark, version)
    image = 0
    for row in dark:
        line = sum(1 << (8 * qr.row_bytes(version) - 1 - int(column)) for column in np.flatnonzero(row))
        image = image << 8 * qr.row_bytes(version) | line
    # The frame holds all that is no data, and the mask: what is left lies in the data's own places.
    plane = image ^ qr.frame(version, level, mask)
    bits = [plane & qr.bit_at(version, row, column) != 0 for row, column in qr.placement(version)]
    codewords = np.packbits(np.array(bits[: len(bits) // 8 * 8])).tobytes()
    data = bytes(codewords[place] for place in qr.interleaving(version, level)[0])
    if qr.data_plane(data, version, level) != plane:
        raise Unreadable("the error correction or a pattern does not belong to the data")
    return _text(data, version)


def _format(dark: npt.NDArray[np.bool_], version: int) -> tuple[qr.Level, int]:
    """Level and mask, which both copies of the format information must say (7.9)."""
    said = [int(dark[row, column]) << bit for row, column, bit in qr.format_places(version)]
    copies = {sum(said[:15]), sum(said[15:])}
    for level in _LEVELS:
        for mask in range(8):
            if copies == {qr.format_information(level, mask)}:
                return level, mask
    raise Unreadable("without format information")


def _text(data: bytes, version: int) -> str:
    """The characters of the one segment that our symbols have (7.4)."""
    bits = "".join(f"{byte:08b}" for byte in data)
    mode: qr.Mode = {"0100": "byte", "0010": "alphanumeric"}.get(bits[:4], "")  # type: ignore[assignment]
    if not mode:
        raise Unreadable("in another mode")
    start = qr.header_bits(version, mode)
    count = int(bits[4:start], 2)
    end = start + qr.payload_bits(count, mode)
    if end > len(bits):
        raise Unreadable("cut short")
    if mode == "byte":
        return int(bits[start:end], 2).to_bytes(count, "big").decode("ascii") if count else ""
    text = ""
    for at in range(start, end, 11):
        value = int(bits[at : min(at + 11, end)], 2)
        text += "".join(qr.ALPHANUMERIC[part] for part in (divmod(value, 45) if end - at >= 11 else (value,)))
    return text
