"""The press: one order on one layout as a PDF, streamed.

ReportLab has drawn the face once (`face_form`); this module feeds whole page streams. A stamp is a record
of fixed width: go to the cell, show the form, show the code, paint the symbol as a 1-bit inline image. All
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
from traceability.labels import face, face_form, imposition
from traceability.labels.face import PT_PER_MM
from traceability.labels.layouts import QUIET_MODULES, Fit, Layout
from traceability.labels.order import PrintOrder

# Renderers round the edges of a picture outwards, which would give single modules a dot more than the
# others: the symbol is drawn smaller by this much.
_SHRINK_PT = 0.02
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
        composed = face.compose(order.text, self.fit, demo=order.demo)
        self._form = face_form.draw(composed, self.fit)
        record = _Record(self._form, composed, self.fit, self._encoder.row_bytes)
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

    # --- pieces of the file ---------------

    def _prologue(self) -> tuple[bytes, list[int]]:
        """Everything in front of the first page, and the offset of each object in it (0: not used)."""
        # A hair less than whole dots: renderers count in single precision and round a page's size up.
        width, height = (_number(dots * self.fit.dot_pt - 0.001) for dots in self.fit.page_dots)
        nodes = b" ".join(b"%d 0 R" % (self._root + 1 + node) for node in range(self._nodes))
        objects = [
            *self._form.objects,
            _object(
                self._catalog,
                b"<</Type/Catalog/Pages %d 0 R/Lang(vi)"
                b"/ViewerPreferences<</PrintScaling/None>>>>" % self._root,
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
                self.layout,
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
        for data in self._contents():
            pieces: list[bytes | memoryview] = []
            for content in data:
                page = len(page_offsets)
                body: bytes | memoryview = zlib.compress(content, _DEFLATE_LEVEL) if compress else content
                parts = (self._page(page), self._opening(page, len(body), compress), body, _CLOSING)
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
        for contents in (False, True):
            for first in range(0, self.pages, _KIDS):
                pages = range(first, min(first + _KIDS, self.pages))
                yield b"".join(
                    [
                        _xref_line(page_offsets[page] + (len(self._page(page)) if contents else 0))
                        for page in pages
                    ]
                )
        yield self._trailer(at)

    def _contents(self) -> Iterator[list[memoryview]]:
        """The page streams, some thousand stamps at a time. The views hold until the next step."""
        cells = self.layout.per_page
        pages_at_once = max(1, _STAMPS_AT_ONCE // cells)
        holes = self._record
        sheet = np.tile(self._records, (min(pages_at_once, self.pages), 1))
        length = sheet.shape[1]
        flat = sheet.reshape(-1).data
        for first_page in range(0, self.pages, pages_at_once):
            pages = min(pages_at_once, self.pages - first_page)
            # Cells are counted from the top of the first sheet, stamps from the first free cell.
            first_cell = max(first_page * cells, self.start)
            last_cell = min((first_page + pages) * cells, self.start + self.order.count)
            codes = self.order.codes(first_cell - self.start, last_cell - first_cell)
            if codes.shape != (last_cell - first_cell, LENGTH):
                raise ValueError("the order gave another number of codes than asked for")
            filled = sheet[first_cell - first_page * cells : last_cell - first_page * cells]
            holes.fill(filled, codes, self._encoder.rows(codes))
            views = []
            for page in range(first_page, first_page + pages):
                top = max(page * cells, first_cell) - first_page * cells
                end = min((page + 1) * cells, last_cell) - first_page * cells
                views.append(flat[top * length : end * length])
            yield views

    @property
    def content_length(self) -> int:
        """Exact number of bytes of an uncompressed run, without running it."""
        record = self._records.shape[1]
        total = len(self._prologue()[0])
        # Pages differ in the digits of their numbers, and the first and the last in their stamps.
        total += sum(map(len, self._tree())) + sum(len(self._page(page)) for page in range(self.pages))
        for page in range(self.pages):
            stamps = imposition.stamps_on(self.layout, page, self.order.count, self.start)
            length = record * len(stamps)
            total += len(self._opening(page, length, compress=False)) + length + len(_CLOSING)
        table = len(b"xref\n0 %d\n" % self._objects) + len(_xref_line(0)) * self._objects
        return total + table + len(self._trailer(total))


_CLOSING = b"\nendstream\nendobj\n"


def _xref_line(offset: int) -> bytes:
    """One entry of the cross-reference table; no object starts at 0, so 0 means that the number is free."""
    return b"%010d 00000 n \n" % offset if offset else b"0000000000 65535 f \n"


def _object(number: int, text: bytes) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (number, text)


def _number(points: float) -> bytes:
    """A coordinate with four decimals: far below a dot of any printer, and of one width for one layout."""
    return b"%.4f" % points


class _Record:
    """The page stream's text for one stamp, with holes for its code and its image.

    Codes use letters and digits only, so they stand in a literal string as they are.
    """

    def __init__(self, form: face_form.FaceForm, composed: face.Face, fit: Fit, row_bytes: int) -> None:
        self._fit = fit
        self._form = form
        height = fit.stamp_dots[1] * fit.dot_pt
        self._image_bytes = fit.modules * row_bytes
        self._code_holes: list[tuple[int, int, int]] = []
        show = bytearray()
        for line in composed.code_lines:
            show += b"BT%s %s Tf %s %s Td(" % (
                form.code_font,
                _number(line.size_pt),
                _number(line.x_mm * PT_PER_MM),
                _number(height - line.baseline_mm * PT_PER_MM),
            )
            for first, last in line.groups:
                self._code_holes.append((len(show), first, last))
                show += b"-" * (last - first) + b"-"
            if not line.ends_in_hyphen:
                del show[-1:]
            show += b")Tj ET "
        margin = QUIET_MODULES * fit.dots_per_module * fit.dot_pt
        side = fit.modules * fit.dots_per_module * fit.dot_pt
        corner = _number(margin + _SHRINK_PT / 2), _number(height - margin - side + _SHRINK_PT / 2)
        drawn = _number(side - _SHRINK_PT)
        self._show = bytes(show)
        self._paint = b"%s 0 0 %s %s %s cm BI/W %d/H %d/BPC 1/IM true/D[1 0]/L %d ID " % (
            drawn,
            drawn,
            *corner,
            fit.modules,
            fit.modules,
            self._image_bytes,
        )
        self._before = 0

    def text(self, x: int, y: int) -> bytes:
        """The record of the stamp whose top left corner is at these dots; all records are of one length."""
        fit = self._fit
        left = x * fit.dot_pt
        bottom = (fit.page_dots[1] - y - fit.stamp_dots[1]) * fit.dot_pt
        place = b"q 1 0 0 1 %9.4f %9.4f cm%s Do " % (left, bottom, self._form.form_name)
        self._before = len(place)
        return place + self._show + self._paint + bytes(self._image_bytes) + b"\nEI Q\n"

    def fill(
        self, records: npt.NDArray[np.uint8], codes: npt.NDArray[np.uint8], images: npt.NDArray[np.uint8]
    ) -> None:
        """Write codes and images into as many records."""
        for at, first, last in self._code_holes:
            hole = self._before + at
            records[:, hole : hole + last - first] = codes[:, first:last]
        image = self._before + len(self._show) + len(self._paint)
        records[:, image : image + self._image_bytes] = images
