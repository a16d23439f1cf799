"""The bases of the print benchmarks: what one writes first, with the usual libraries."""

import io
import secrets

import qrcode
import qrcode.util
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from traceability.domain.stamp_codes import ALPHABET, LENGTH, group
from traceability.labels import FaceText, typeset


def code() -> str:
    """A random code, chosen character by character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def symbol(address: str, version: int) -> list[list[bool | None]]:
    """One QR symbol with the best of the eight masks, as the qrcode library finds it."""
    drawn = qrcode.QRCode(version=version, error_correction=qrcode.ERROR_CORRECT_M, border=0)
    drawn.add_data(address, optimize=0)
    drawn.make(fit=False)
    return drawn.modules


def sheets(addresses: list[str], text: FaceText) -> bytes:
    """A4 sheets of 5 x 13 stamps: qrcode draws a picture of each symbol, ReportLab places it and the words."""
    typeset.register_fonts()
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=A4)
    for n, address in enumerate(addresses):
        if n and n % 65 == 0:
            canvas.showPage()
        row, column = divmod(n % 65, 5)
        x, y = (22 + 34 * column) * mm, (297 - 9.5 - 20 - 21.5 * row) * mm
        drawn = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
        drawn.add_data(address)
        picture = drawn.make_image().get_image()
        canvas.drawImage(ImageReader(picture), x, y + 6 * mm, 14 * mm, 14 * mm)
        canvas.setFont(typeset.BOLD, 5.5)
        canvas.drawString(x + 14 * mm, y + 17 * mm, text.product)
        canvas.setFont(typeset.REGULAR, 4.5)
        for line, words in enumerate(text.lines):
            canvas.drawString(x + 14 * mm, y + (15 - 2 * line) * mm, words)
        canvas.drawString(x + 1 * mm, y + 1 * mm, text.domain)
        canvas.setFont(typeset.CODE, 5.2)
        canvas.drawString(x + 1 * mm, y + 3.2 * mm, group(address[-LENGTH:]))
    canvas.save()
    return written.getvalue()
