"""What a phone's camera reads of a print file."""

import pypdfium2
import zxingcpp


def scanned(pdf: bytes, dpi: int = 203) -> list[str]:
    """The text of every symbol of a PDF, each a QR Code Model 2, as one reads: page by page, row by row."""
    found: list[str] = []
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
        symbols = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        corners = [(symbol.position.top_left, symbol.text) for symbol in symbols]
        row = dpi / 25.4 * 10  # rows of stamps are at least a centimetre high
        found += [text for _row, _x, text in sorted((round(at.y / row), at.x, text) for at, text in corners)]
    return found
