"""Print orders for tests: real codes, real Vietnamese names."""

from dataclasses import replace

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image

from traceability.domain import stamp_codes
from traceability.labels import FaceText, PrintedForm, PrintOrder
from traceability.labels.compose import compose
from traceability.labels.face import Face
from traceability.labels.layouts import Fit, Layout
from traceability.labels.logo import Logo
from traceability.labels.symbol import SymbolEncoder

KEY = stamp_codes.EpochKey.from_secret(7, bytes(range(32)))
SHORT_PREFIX = "HTTPS://TXNG.VINHLONG.GOV.VN/S/"
LINK_PREFIX = "https://txng.vinhlong.gov.vn/01/08930000000003/10/BNR-2026-05/21/"
TEXT = FaceText(
    "Bưởi Năm Roi Bình Minh",
    ("HTX Nông nghiệp Bưởi Mỹ Hòa", "Lô BNR-2026-05", "Thu hoạch 12/05/2026"),
    "txng.vinhlong.gov.vn",
)
FIRST_SERIAL = 123_456


def codes(first: int, count: int) -> np.ndarray:
    return stamp_codes.mint_range(KEY, FIRST_SERIAL + first, count)


def order(count: int = 3, form: PrintedForm = PrintedForm.SHORT, **changes) -> PrintOrder:
    prefix = SHORT_PREFIX if form is PrintedForm.SHORT else LINK_PREFIX
    return replace(PrintOrder("PCT-2026-0001", prefix, codes, count, TEXT, False, form, mask=1), **changes)


def addresses(printed: PrintOrder) -> list[str]:
    return [printed.prefix + printed.code(n) for n in range(printed.count)]


def modules(encoder: SymbolEncoder, images: np.ndarray) -> np.ndarray:
    """Images of an encoder as 0/1 arrays, shape (symbols, size, size)."""
    rows = np.ascontiguousarray(images).reshape(len(images), encoder.size, encoder.row_bytes)
    return np.unpackbits(rows, axis=2)[:, :, : encoder.size]


def pictures(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Every page as pdfium draws it in the dots of a printer."""
    return [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in pypdfium2.PdfDocument(pdf)]


def scanned(picture: Image.Image) -> list[str]:
    """What a phone reads. Only QR Code Model 2: the general format also finds Micro QR that is not there."""
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    return [barcode.text for barcode in found]


def pins(first: int, count: int) -> np.ndarray:
    """Six digits for each stamp."""
    text = "".join(f"{(n + 1) * 7919 % 1_000_000:06d}" for n in range(first, first + count))
    return np.frombuffer(text.encode(), dtype=np.uint8).reshape(count, 6)


def face_of(printed: PrintOrder, layout: Layout) -> Face:
    return compose(printed.text, layout.fit(printed), demo=printed.demo, pin_width=printed.pin_width)


def symbol_corner(printed: PrintOrder, fit: Fit) -> tuple[int, int]:
    """Where the symbol's quiet zone begins on a stamp, in dots."""
    return face_of(printed, fit.layout).symbol


def _ring() -> Logo:
    y, x = np.mgrid[-60:60, -90:90] + 0.5
    distance = np.hypot(x / 1.5, y)
    return Logo.from_dots((distance < 60) & (distance > 40) | (distance < 15))


LOGO = _ring()
