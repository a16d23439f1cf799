"""The press for thermal printers: one order on a roll as ZPL II, streamed, the same dots as the PDF's.

The printer's own fonts have no Vietnamese, so the face is drawn here and stored in the printer once (~DG);
each stamp recalls it (^XG), paints its symbol as a bitmap in whole dots (^GF, so that the grid of modules is
ours) and recalls the characters of its code one by one from stored glyphs. Graphics are written as hex, in
which a colon repeats the row above; cheap printers that understand ZPL know this as well. At the end the
stored graphics are deleted.

A format (^XA ... ^XZ) is one row of stamps; the gap and the darkness are the printer's own settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import ALPHABET
from traceability.labels import imposition, raster, typeset
from traceability.labels.compose import compose
from traceability.labels.layout import QUIET_MODULES, Fit, Layout
from traceability.labels.order import PrintOrder
from traceability.labels.symbol import Codes

_PRINTS_AT_ONCE = 1024
_HYPHEN = ord("-")
# Stored names are letters and digits; U is no character of a code.
_HYPHEN_NAME = "U"
_HEX = np.frombuffer(b"".join(b"%02X" % byte for byte in range(256)), dtype=np.uint8).reshape(256, 2)
_CLEANING = b"^XA^IDR:TEM*.GRF^FS^XZ\n"


def stream(
    order: PrintOrder, layout: Layout, *, start: int = 0, small_modules: bool = False
) -> Iterator[bytes]:
    """The ZPL of an order in pieces; nothing is kept, the same order gives the same bytes.

    The layout is a roll: one row of one or more stamps. Raises RuleBroken, before the first piece, for
    another ("labels.zpl_needs_roll") and as the PDF's press does.
    """
    return ThermalPress(order, layout, start=start, small_modules=small_modules).run()


class ThermalPress:
    """One order, laid out for a thermal printer; the face and the glyphs are drawn on construction."""

    def __init__(
        self, order: PrintOrder, layout: Layout, *, start: int = 0, small_modules: bool = False
    ) -> None:
        if order.count < 1:
            raise RuleBroken("labels.nothing_to_print", field="count")
        if layout.rows != 1:
            raise RuleBroken("labels.zpl_needs_roll", field="layout")
        # With one stamp in a row the printer repeats the format by itself.
        self._repeats = layout.copies if layout.columns == 1 else 1
        self.order, self.start = order, start
        self.layout = replace(layout, copies=1) if layout.columns == 1 else layout
        self.fit = layout.fit(order, small_modules=small_modules)
        self.pages = imposition.pages(self.layout, order.count, start)
        self._encoder = order.encoder()
        self._face = compose(order.text, self.fit, demo=order.demo, pin_width=order.pin_width)
        self._runs = self._code_runs()
        self._cells = [self._cell(column) for column in range(layout.columns)]
        width, height = self.fit.page_dots
        self._opening = b"^XA^PW%d^LL%d^LH0,0" % (width, height)
        self._closing = b"^PQ%d,0,0,N^XZ\n" % self._repeats

    # --- what is drawn once ---------------

    def _code_runs(self) -> list["_Run"]:
        """The changing texts: lines of the code, and the PIN."""
        runs = []
        for line in self._face.code_lines:
            slots: list[int] = []
            for first, last in line.groups:
                slots += [*range(first, last), -1]
            if not line.ends_in_hyphen:
                del slots[-1]
            runs.append(_Run.of(self.fit, line.x_mm, line.baseline_mm, line.size_pt, b"TEMC", slots, False))
        if self._face.pin:
            pin = self._face.pin
            slots = list(range(pin.characters))
            runs.append(_Run.of(self.fit, pin.x_mm, pin.baseline_mm, pin.size_pt, b"TEMP", slots, True))
        return runs

    def _prologue(self) -> bytes:
        """The graphics that the printer keeps for the job."""
        face = raster.draw(self._face, self.fit, raster.static_texts(self._face)) < 128
        stored = [_stored(b"TEMF", face)]
        seen = set()
        for run in self._runs:
            if run.prefix not in seen:
                seen.add(run.prefix)
                stored += [
                    _stored(run.prefix + chr(run.name[ord(c)]).encode(), g) for c, g in run.glyphs.items()
                ]
        return b"".join(stored)

    def _cell(self, column: int) -> "_Cell":
        """The format's text for one stamp of a row, with holes."""
        fit = self.fit
        x, y = fit.cell_dots(column, 0)
        text = bytearray(b"^FO%d,%d^XGR:TEMF.GRF,1,1^FS" % (x, y))
        quiet = QUIET_MODULES * fit.dots_per_module
        side = fit.modules * fit.dots_per_module
        row = -(-side // 8)
        corner = (x + self._face.symbol[0] + quiet, y + self._face.symbol[1] + quiet)
        text += b"^FO%d,%d^GFA,%d,%d,%d," % (*corner, row * side, row * side, row)
        image = len(text)
        text += b"0" * (fit.modules * (2 * row + fit.dots_per_module - 1)) + b"^FS"
        characters = []
        for run in self._runs:
            for _ in run.slots:
                # Four digits of the place, then the stored glyph's name.
                characters.append(len(text) + 3)
                text += b"^FO0000,%d^XGR:%s?.GRF,1,1^FS" % (y + run.top, run.prefix)
        return _Cell(np.frombuffer(bytes(text), dtype=np.uint8), x, image, characters)

    # --- the run ---------------

    def run(self) -> Iterator[bytes]:
        """The file, piece by piece."""
        yield self._prologue()
        columns = self.layout.columns
        pages_at_once = max(1, _PRINTS_AT_ONCE // columns)
        for first_page in range(0, self.pages, pages_at_once):
            pages = range(first_page, min(first_page + pages_at_once, self.pages))
            on = [imposition.prints_on(self.layout, page, self.order.count, self.start) for page in pages]
            records = self._records(on[0].start, on[-1].stop)
            numbered = zip(range(on[0].start, on[-1].stop), records, strict=True)
            rows = groupby(numbered, key=lambda each: (each[0] + self.start) // columns)
            yield b"".join(
                self._opening + b"".join(record for _, record in row) + self._closing for _, row in rows
            )
        yield _CLEANING

    @property
    def content_length(self) -> int:
        """Exact number of bytes of a run, without running it."""
        columns, first = self.layout.columns, self.start
        last = first + self.order.count * self.layout.copies
        cells = sum(
            len(cell.text) * ((last - 1 - column) // columns - (first - 1 - column) // columns)
            for column, cell in enumerate(self._cells)
        )
        frames = self.pages * (len(self._opening) + len(self._closing))
        return len(self._prologue()) + frames + cells + len(_CLEANING)

    def _records(self, first: int, last: int) -> list[bytes]:
        """The texts of prints `first` to `last` - 1."""
        copies, order = self.layout.copies, self.order
        stamp, stop = first // copies, -(-last // copies)
        codes = order.codes(stamp, stop - stamp)
        pins = order.pins(stamp, stop - stamp) if order.pins else None
        images = _hex_rows(self._encoder.rows(codes), self.fit, self._encoder.row_bytes)
        chosen = np.arange(first, last) // copies - stamp
        places = [run.placed(pins if run.is_pin and pins is not None else codes) for run in self._runs]
        records: list[bytes] = [b""] * (last - first)
        for column, cell in enumerate(self._cells):
            mine = np.flatnonzero((np.arange(first, last) + self.start) % len(self._cells) == column)
            texts = np.tile(cell.text, (len(mine), 1))
            texts[:, cell.image : cell.image + images.shape[1]] = images[chosen[mine]]
            holes = iter(cell.characters)
            for run, (x, names) in zip(self._runs, places, strict=True):
                for slot in range(len(run.slots)):
                    hole = next(holes)
                    across = x[chosen[mine], slot] + cell.x
                    for digit in range(4):
                        texts[:, hole + digit] = across // 10 ** (3 - digit) % 10 + ord("0")
                    name = hole + 4 + len(b",%d^XGR:%s" % (run.top, run.prefix))
                    texts[:, name] = names[chosen[mine], slot]
            for index, text in zip(mine.tolist(), texts, strict=True):
                records[index] = text.tobytes()
        return records


@dataclass(frozen=True)
class _Cell:
    """One stamp's text: its left edge in dots, where its image and its characters' places are."""

    text: npt.NDArray[np.uint8]
    x: int
    image: int
    characters: list[int]


@dataclass(frozen=True)
class _Run:
    """A line of changing characters, each a stored glyph; `slots` index the code, -1 is a hyphen."""

    prefix: bytes
    slots: list[int]
    is_pin: bool
    start: float
    """Of the first character, in dots from the stamp's left edge."""
    top: int
    """Of every glyph, in dots from the stamp's upper edge."""
    glyphs: dict[str, npt.NDArray[np.bool_]]
    advance: npt.NDArray[np.float64]
    left: npt.NDArray[np.int64]
    name: npt.NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        fit: Fit,
        x_mm: float,
        baseline_mm: float,
        size: float,
        prefix: bytes,
        slots: list[int],
        pin: bool,
    ) -> "_Run":
        drawn = {character: raster.glyph(character, typeset.CODE, size, fit) for character in ALPHABET + "-"}
        top = min(above for _, _, above in drawn.values())
        bottom = max(above + len(dots) for dots, _, above in drawn.values())
        advance, left, name = np.zeros(256), np.zeros(256, dtype=np.int64), np.zeros(256, dtype=np.uint8)
        glyphs = {}
        for character, (dots, beside, above) in drawn.items():
            padding = ((above - top, bottom - above - len(dots)), (0, 0))
            glyphs[character] = np.pad(dots, padding)
            advance[ord(character)] = typeset.width_pt(character, typeset.CODE, size) / fit.dot_pt
            left[ord(character)] = beside
            name[ord(character)] = ord(_HYPHEN_NAME if character == "-" else character)
        baseline = round(baseline_mm / fit.dot_mm)
        return cls(prefix, slots, pin, x_mm / fit.dot_mm, baseline + top, glyphs, advance, left, name)

    def placed(self, codes: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """Left edge in dots and name of each glyph, both of shape (codes, slots)."""
        shown = np.full((len(codes), len(self.slots)), _HYPHEN, dtype=np.uint8)
        for at, slot in enumerate(self.slots):
            if slot >= 0:
                shown[:, at] = codes[:, slot]
        widths = self.advance[shown]
        origins = self.start + np.cumsum(widths, axis=1) - widths
        return np.rint(origins).astype(np.int64) + self.left[shown], self.name[shown]


def _hex_rows(images: npt.NDArray[np.uint8], fit: Fit, row_bytes: int) -> npt.NDArray[np.uint8]:
    """The symbols in the printer's dots as hex: each row of modules once, then a colon for each repeat."""
    modules = np.unpackbits(images.reshape(len(images), fit.modules, row_bytes), axis=2)[:, :, : fit.modules]
    rows = np.packbits(np.repeat(modules, fit.dots_per_module, axis=2), axis=2)
    written = np.full(
        (len(images), fit.modules, 2 * rows.shape[2] + fit.dots_per_module - 1), ord(":"), dtype=np.uint8
    )
    written[:, :, : 2 * rows.shape[2]] = _HEX[rows].reshape(len(images), fit.modules, -1)
    return written.reshape(len(images), -1)


def _stored(name: bytes, dots: npt.NDArray[np.bool_]) -> bytes:
    """The command that keeps a graphic in the printer's memory."""
    rows = np.packbits(dots, axis=1)
    lines: list[bytes] = []
    for row, before in zip(rows, [None, *rows], strict=False):
        same = before is not None and (row == before).all()
        lines.append(b":" if same else _HEX[row].tobytes())
    return b"~DGR:%s.GRF,%d,%d,%s\n" % (name, rows.size, rows.shape[1], b"".join(lines))
