"""The hand-off to a print shop that sets its own stamps: one line per stamp, streamed.

UTF-8 with a byte order mark, every field in quotation marks, lines end in CRLF. No field can be taken for a
formula: one that begins like a formula gets an apostrophe in front.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import group
from traceability.labels.order import PrintOrder

COLUMNS = ("number", "code", "address", "lot")
PIN_COLUMN = "pin"
_AT_ONCE = 4096
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def stream(
    order: PrintOrder,
    *,
    lot: str,
    headings: Sequence[str] | None = None,
    separator: str = ",",
    pins: bool = False,
) -> Iterator[bytes]:
    """The lines of an order: number in the order counted from 1, code in groups, address, lot, and the PIN
    when `pins` is set and the order has them.

    `headings` are the columns' names in the reader's language. `separator` is "," or ";" (which spreadsheets
    of Vietnamese Windows expect). Raises RuleBroken("labels.nothing_to_print"), and ValueError for headings
    of another number or another separator.
    """
    if order.count < 1:
        raise RuleBroken("labels.nothing_to_print", field="count")
    with_pins = pins and order.pins is not None
    names = headings if headings is not None else [*COLUMNS, PIN_COLUMN][: 4 + with_pins]
    if separator not in (",", ";") or len(names) != 4 + with_pins:
        raise ValueError("a file has a heading for each column and a separator that spreadsheets know")
    return _lines(order, lot, list(names), separator, with_pins)


def content_length(
    order: PrintOrder,
    *,
    lot: str,
    headings: Sequence[str] | None = None,
    separator: str = ",",
    pins: bool = False,
) -> int:
    """Exact number of bytes of `stream`; raises as it does."""
    count = order.count
    first = replace(order, count=min(count, 1))
    heading, line = stream(first, lot=lot, headings=headings, separator=separator, pins=pins)
    # Lines differ in the digits of their numbers only.
    digits, least = 0, 1
    while least <= count:
        digits += len(str(least)) * (min(count, 10 * least - 1) - least + 1)
        least *= 10
    return len(heading) + count * (len(line) - 1) + digits


def _lines(
    order: PrintOrder, lot: str, headings: list[str], separator: str, with_pins: bool
) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + (separator.join(map(field, headings)) + "\r\n").encode()
    address, tail = order.prefix, separator + field(lot)
    for first in range(0, order.count, _AT_ONCE):
        count = min(_AT_ONCE, order.count - first)
        codes = _texts(order.codes(first, count).tobytes(), count)
        ends = [tail] * count
        if with_pins and order.pins is not None:
            secret = _texts(order.pins(first, count).tobytes(), count)
            ends = [f'{tail}{separator}"{pin}"' for pin in secret]
        yield "".join(
            [
                f'"{number}"{separator}"{group(code)}"{separator}{field(address + code)}{end}\r\n'
                for number, code, end in zip(range(first + 1, first + 1 + count), codes, ends, strict=True)
            ]
        ).encode()


def _texts(characters: bytes, count: int) -> list[str]:
    """So many texts of one width."""
    text, width = characters.decode("ascii"), len(characters) // count
    return [text[at : at + width] for at in range(0, len(text), width)]


def field(text: str) -> str:
    """One field, quoted, harmless to a spreadsheet."""
    safe = "'" + text if text.startswith(_FORMULA_STARTS) else text
    return '"' + safe.replace('"', '""') + '"'
