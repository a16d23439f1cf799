"""The print room: symbols, sheets, bytes, memory and codes, each beside what one would write first.

The stamp is the smallest that is printed: 30 x 20 mm, 5 x 13 on A4, short address, QR version 3-M at three dots
of 203 dpi, four lines of Vietnamese text and the code.
"""

import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path

import pypdfium2
import zxingcpp

from bench import million, naive_labels  # noqa: F401 - million_http registers itself
from bench.print_run import KEY, LAYOUT, PREFIX, TEXT, order, stream_order
from bench.runner import Contender, Row, apart, benchmark, compare, rate
from traceability.domain import stamp_codes
from traceability.labels import pdf
from traceability.labels.layouts import DPI_PROFILES
from traceability.labels.symbol import SymbolEncoder

SYMBOLS = 10_000
SHEETS = 1_500
NAIVE_STAMPS = 65
MILLION = 1_000_000
_serials = count()


@lru_cache(maxsize=1)
def _mask() -> int:
    return order(1_000, mask=None).chosen_mask()


def _naive_addresses(stamps: int) -> list[str]:
    return [PREFIX + stamp_codes.mint(KEY, next(_serials)) for _ in range(stamps)]


@benchmark("labels")
def qr_codes() -> Iterator[Row]:
    """QR symbols a second on one core, in orders of 10,000 whose mask is known."""
    version = SymbolEncoder(PREFIX, mode="alphanumeric").version
    codes = stamp_codes.mint_range(KEY, 0, SYMBOLS)
    mask = _mask()

    def ours() -> int:
        return len(SymbolEncoder(PREFIX, mode="alphanumeric", mask=mask).rows(codes))

    def with_mask() -> int:
        encoder = SymbolEncoder(PREFIX, mode="alphanumeric")
        return len(encoder.with_mask(encoder.best_mask(codes[:128])).rows(codes))

    def base() -> int:
        return len([naive_labels.symbol(address, version) for address in _naive_addresses(5)])

    library = Contender("qrcode, best mask", lambda: rate(base))
    yield Row.of("qr_codes", "codes/s", compare(Contender("ours", lambda: rate(ours)), library))
    yield Row.of(
        "qr_codes_mask_chosen",
        "codes/s",
        compare(Contender("ours", lambda: rate(with_mask)), library),
        note="the choice of the order's mask from 128 sampled codes included",
    )


@benchmark("labels")
def sheets() -> Iterator[Row]:
    """Stamps a CPU second on A4 sheets, codes and QR included, and bytes a stamp."""
    note = f"{_scanned()} of {65 * len(DPI_PROFILES)} sampled stamps scan at 203, 300 and 600 dpi"
    stamps = SHEETS * LAYOUT.per_page

    def ours(compress: bool) -> int:
        for _ in pdf.stream(order(stamps, _mask()), LAYOUT, compress=compress):
            pass
        return stamps

    def base() -> int:
        naive_labels.sheets(_naive_addresses(NAIVE_STAMPS), TEXT)
        return NAIVE_STAMPS

    naive = Contender("qrcode, PIL, ReportLab drawImage", lambda: rate(base))
    for id, compress in (("pdf_compressed", True), ("pdf_raw", False)):
        contender = Contender("ours", lambda compress=compress: rate(lambda: ours(compress)))  # type: ignore[misc]
        yield Row.of(id, "stamps/s", compare(contender, naive), note=note)

    size = sum(map(len, pdf.stream(order(stamps, _mask()), LAYOUT, compress=True))) / stamps
    loose = len(naive_labels.sheets(_naive_addresses(4 * NAIVE_STAMPS), TEXT)) / (4 * NAIVE_STAMPS)
    yield Row.single(
        "bytes_per_stamp", "bytes", size, loose, naive.name, note=f"one part in {loose / size:.1f}"
    )


def _scanned() -> int:
    """How many stamps of one sheet scan at each resolution, counted together."""
    found = 0
    for dpi in DPI_PROFILES:
        printed, layout = order(65, _mask()), LAYOUT.at(dpi)
        page = pypdfium2.PdfDocument(b"".join(pdf.stream(printed, layout)))[0]
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        read = zxingcpp.read_barcodes(
            picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
        )
        found += len({barcode.text for barcode in read} & {PREFIX + printed.code(n) for n in range(65)})
    return found


@benchmark("labels")
def peak_memory() -> Iterator[Row]:
    """The most memory that a process has used which streamed an order to the end."""
    large = apart(stream_order, stamps=MILLION).peak_bytes
    small = apart(stream_order, stamps=SYMBOLS).peak_bytes
    yield Row.single(
        "peak_memory",
        "bytes",
        large,
        small,
        "the same program at 10,000 stamps",
        note="1,000,000 stamps, A4, raw",
    )


@benchmark("labels")
def million_to_disk() -> Iterator[Row]:
    """A million stamps from their serials to a file, beside a plain write of as many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stamps.pdf"

        def ours() -> float:
            return _wall(file, pdf.stream(order(MILLION, _mask()), LAYOUT))

        ours()
        piece = bytes(1 << 20)
        pieces = file.stat().st_size >> 20
        base = Contender(
            "a plain write of the same bytes", lambda: _wall(file, (piece for _ in range(pieces)))
        )
        yield Row.of("million_to_disk", "s", compare(Contender("ours", ours), base, rounds=3, warm_up=False))


def _wall(file: Path, pieces: Iterator[bytes]) -> float:
    start = time.perf_counter()
    with file.open("wb") as written:
        for piece in pieces:
            written.write(piece)
    return time.perf_counter() - start


@benchmark("labels")
def codes_bulk() -> Iterator[Row]:
    """Stamp codes a second on one core, in bulk."""

    def ours() -> int:
        return len(stamp_codes.mint_range(KEY, 0, 100_000))

    def base() -> int:
        return len([naive_labels.code() for _ in range(1_000)])

    yield Row.of(
        "codes_bulk",
        "codes/s",
        compare(
            Contender("ours", lambda: rate(ours)),
            Contender("secrets.choice per character", lambda: rate(base)),
        ),
    )
