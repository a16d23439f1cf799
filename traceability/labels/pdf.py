"""The press: one order on one layout as a PDF, streamed.

ReportLab has drawn the face once (`face_form`); this module feeds whole page streams. A stamp is a record
of fixed width (`page_stream`): go to the cell, show the form, show the code, paint the symbol. All
pages of an order repeat one page of records with holes for images and codes, which numpy fills for many
pages at once. What stays in memory is one number per page, so a million stamps need no more than ten
thousand.

The bytes are a pure function of (order, layout, start): no date, a fixed /ID, nothing random. Without
compression the length is known beforehand (`content_length`).
"""

import hashlib
import zlib
from array import array
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import LENGTH
from traceability.labels import face_form, imposition, sheet
from traceability.labels.compose import compose
from traceability.labels.layout import Layout
from traceability.labels.order import PrintOrder
from traceability.labels.page_stream import Around, Record, number
from traceability.labels.symbol import Codes

_STAMPS_AT_ONCE = 4096
_KIDS = 1000
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_DEFLATE_LEVEL = 1


def stream(
    order: PrintOrder, layout: Layout, *, start: int = 0, compress: bool = False, small_modules: bool = False
) -> Iterator[bytes]:
    """The PDF of an order in pieces of about a megabyte; nothing is kept.

    `start` cells of the first sheet are left empty (used before). `compress` deflates each page.
    Raises RuleBroken, before the first piece, when the order does not fit the layout.
    """
    press = Press(order, layout, start=start, small_modules=small_modules)
    return press.run(compress=compress)


def content_length(order: PrintOrder, layout: Layout, *, start: int = 0, small_modules: bool = False) -> int:
    """Exact number of bytes of the uncompressed `stream`."""
    return Press(order, layout, start=start, small_modules=small_modules).content_length


class Press:
    """One order, laid out and ready to run; the face is drawn and the tables are built on construction.

    Raises RuleBroken when the layout, the texts or the address do not fit, or the order is empty.
    """

    def __init__(
        self, order: PrintOrder, layout: Layout, *, start: int = 0, small_modules: bool = False
    ) -> None:
        if order.count < 1:
            raise RuleBroken("labels.nothing_to_print", field="count")
        self.order, self.layout, self.start = order, layout, start
        self.fit = layout.fit(order, small_modules=small_modules)
        self.pages = imposition.pages(layout, order.count, start)
        self._encoder = order.encoder()
        composed = compose(order.text, self.fit, demo=order.demo, pin_width=order.pin_width)
        around = sheet.compose(order.number, layout, self.pages)
        self._form = face_form.draw(composed, around, self.fit)
        self._around = Around(around, self._form, self.fit)
        record = Record(self._form, composed, self.fit, self._encoder.row_bytes)
        cells = [
            self.fit.cell_dots(column, row) for row in range(layout.rows) for column in range(layout.columns)
        ]
        texts = [record.text(x, y) for x, y in cells]
        self._record = record
        self._records = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), -1)
        # Object numbers: what ReportLab drew, then catalogue, page tree, pages, contents.
        self._catalog = len(self._form.objects) + 1
        self._root = self._catalog + 1
        self._nodes = -(-self.pages // _KIDS)
        self._first_page = self._root + 1 + self._nodes
        self._first_content = self._first_page + self.pages
        self._objects = self._first_content + self.pages

    @property
    def mask(self) -> int:
        """The QR mask of every symbol of the run."""
        return self._encoder.mask

    # --- pieces of the file ---------------

    def _prologue(self) -> tuple[bytes, list[int]]:
        """Everything in front of the first page, and the offset of each object in it (0: not used)."""
        # A hair less than whole dots: renderers count in single precision and round a page's size up.
        width, height = (number(dots * self.fit.dot_pt - 0.001) for dots in self.fit.page_dots)
        nodes = b" ".join(b"%d 0 R" % (self._root + 1 + node) for node in range(self._nodes))
        objects = [
            *self._form.objects,
            _object(
                self._catalog,
                b"<</Type/Catalog/Pages %d 0 R/Lang(%s)"
                b"/ViewerPreferences<</PrintScaling/None>>>>" % (self._root, self.layout.language.encode()),
            ),
            _object(
                self._root,
                b"<</Type/Pages/Count %d/Kids[%s]/MediaBox[0 0 %s %s]/Resources%s>>"
                % (self.pages, nodes, width, height, self._form.resources),
            ),
        ]
        offsets, at = [], len(_HEADER)
        for text in objects:
            offsets.append(at if text is not None else 0)
            at += len(text or b"")
        return _HEADER + b"".join(text for text in objects if text is not None), offsets

    def _page(self, page: int) -> bytes:
        """The page object; its size and resources are inherited from the root of the tree."""
        parent = self._root + 1 + page // _KIDS
        return _object(
            self._first_page + page,
            b"<</Type/Page/Parent %d 0 R/Contents %d 0 R>>" % (parent, self._first_content + page),
        )

    def _opening(self, page: int, length: int, compress: bool) -> bytes:
        """The contents object up to its data."""
        packed = b"/Filter/FlateDecode" if compress else b""
        return b"%d 0 obj\n<</Length %d%s>>\nstream\n" % (self._first_content + page, length, packed)

    def _tree(self) -> Iterator[bytes]:
        """The nodes between the root and the pages."""
        for node in range(self._nodes):
            first = self._first_page + node * _KIDS
            last = min(first + _KIDS, self._first_content)
            kids = b" ".join([b"%d 0 R" % page for page in range(first, last)])
            yield _object(
                self._root + 1 + node,
                b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (self._root, last - first, kids),
            )

    def _trailer(self, at: int) -> bytes:
        identity = self.identity
        return b"trailer\n<</Size %d/Root %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n" % (
            self._objects,
            self._catalog,
            identity,
            identity,
            at,
        )

    @property
    def identity(self) -> bytes:
        """The fixed /ID: it names the order, its address and the layout, and no moment."""
        order = self.order
        named = repr(
            (
                order.number,
                order.prefix,
                order.count,
                order.form.value,
                order.level,
                order.demo,
                self._encoder.mask,
                self.layout.as_json(),
                self.start,
            )
        )
        return hashlib.sha256(named.encode()).hexdigest()[:32].encode()

    # --- the run ---------------

    def run(self, *, compress: bool = False) -> Iterator[bytes]:
        """The file, piece by piece."""
        prologue, offsets = self._prologue()
        yield prologue
        at = len(prologue)
        page_offsets = array("Q")
        for contents in self._contents():
            pieces: list[bytes | memoryview] = []
            for stamps, footer in contents:
                page = len(page_offsets)
                body: tuple[bytes | memoryview, ...] = (self._around.opening, stamps, footer)
                if compress:
                    body = (zlib.compress(b"".join(body), _DEFLATE_LEVEL),)
                opening = self._opening(page, sum(map(len, body)), compress)
                parts = (self._page(page), opening, *body, _CLOSING)
                page_offsets.append(at)
                at += sum(map(len, parts))
                pieces.extend(parts)
            yield b"".join(pieces)
        for text in self._tree():
            offsets.append(at)
            at += len(text)
            yield text
        yield b"xref\n0 %d\n0000000000 65535 f \n" % self._objects
        yield b"".join(map(_xref_line, offsets))
        for is_content in (False, True):
            for first in range(0, self.pages, _KIDS):
                pages = range(first, min(first + _KIDS, self.pages))
                yield b"".join(
                    [
                        _xref_line(page_offsets[page] + (len(self._page(page)) if is_content else 0))
                        for page in pages
                    ]
                )
        yield self._trailer(at)

    def _contents(self) -> Iterator[list[tuple[memoryview, bytes]]]:
        """Stamps and footer of each page, some thousand stamps at a time. The views hold until the next
        step."""
        cells = self.layout.per_page
        pages_at_once = max(1, _STAMPS_AT_ONCE // cells)
        filled_sheets = np.tile(self._records, (min(pages_at_once, self.pages), 1))
        length = filled_sheets.shape[1]
        flat = filled_sheets.reshape(-1).data
        for first_page in range(0, self.pages, pages_at_once):
            pages = range(first_page, min(first_page + pages_at_once, self.pages))
            prints = [imposition.prints_on(self.layout, page, self.order.count, self.start) for page in pages]
            # Cells are counted from the top of the first sheet, prints from the first free cell.
            top = first_page * cells - self.start
            first, last = prints[0].start, prints[-1].stop
            codes = self._fill(filled_sheets[first - top : last - top], first, last)
            yield [
                (
                    flat[(on.start - top) * length : (on.stop - top) * length],
                    self._around.footer(page, codes[on.start - first], codes[on.stop - 1 - first]),
                )
                for page, on in zip(pages, prints, strict=True)
            ]

    def _fill(self, records: npt.NDArray[np.uint8], first: int, last: int) -> Codes:
        """Write prints `first` to `last` - 1 of the order into as many records; returns their codes."""
        copies, order = self.layout.copies, self.order
        stamp, stop = first // copies, -(-last // copies)
        codes = order.codes(stamp, stop - stamp)
        if codes.shape != (stop - stamp, LENGTH):
            raise ValueError("the order gave another number of codes than asked for")
        images = self._encoder.rows(codes)
        pins = order.pins(stamp, stop - stamp) if order.pins else None
        if pins is not None and pins.shape != (stop - stamp, self._record.pin_width):
            raise ValueError("the order gave other PINs than asked for")
        if copies > 1:
            cut = slice(first - stamp * copies, last - stamp * copies)
            codes, images = (np.repeat(each, copies, axis=0)[cut] for each in (codes, images))
            pins = None if pins is None else np.repeat(pins, copies, axis=0)[cut]
        self._record.fill(records, codes, images, pins)
        return codes

    @property
    def content_length(self) -> int:
        """Exact number of bytes of an uncompressed run, without running it."""
        record = self._records.shape[1]
        total = len(self._prologue()[0])
        # Pages differ in the digits of their numbers, and the first and the last in their stamps.
        total += sum(map(len, self._tree())) + sum(len(self._page(page)) for page in range(self.pages))
        for page in range(self.pages):
            prints = imposition.prints_on(self.layout, page, self.order.count, self.start)
            length = record * len(prints) + self._around.length
            total += len(self._opening(page, length, compress=False)) + length + len(_CLOSING)
        table = len(b"xref\n0 %d\n" % self._objects) + len(_xref_line(0)) * self._objects
        return total + table + len(self._trailer(total))


_CLOSING = b"\nendstream\nendobj\n"


def _xref_line(offset: int) -> bytes:
    """One entry of the cross-reference table; no object starts at 0, so 0 means that the number is free."""
    return b"%010d 00000 n \n" % offset if offset else b"0000000000 65535 f \n"


def _object(number: int, text: bytes) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (number, text)
