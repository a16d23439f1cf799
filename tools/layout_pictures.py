"""Renders the first page of every ready layout into docs/pictures/layouts: `python -m tools.layout_pictures`.

The stamps are samples: their codes come from a key that no installation uses, and they say so.
"""

import io
from dataclasses import replace
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageOps

from traceability.domain import stamp_codes
from traceability.labels import LAYOUTS, FaceText, Layout, PrintOrder, pdf
from traceability.labels.layouts import CARTON_100X50, Arrangement
from traceability.labels.logo import Logo
from traceability.labels.order import TextKind

FOLDER = Path(__file__).resolve().parent.parent / "docs/pictures/layouts"
_KEY = stamp_codes.EpochKey.from_secret(1, b"only for the pictures of layouts")
_PREFIX = "HTTPS://TXNG.VINHLONG.GOV.VN/S/"
_DOMAIN = "txng.vinhlong.gov.vn"
# Pixels of the longer side: a sheet is shown as a whole, a single stamp close.
_SHEET_PIXELS, _STAMP_PIXELS = 1000, 560
_GREYS = 16

PRODUCE = FaceText(
    "Bưởi Năm Roi Bình Minh",
    ("HTX Nông nghiệp Bưởi Mỹ Hòa", "Lô BNR-2026-05", "Thu hoạch 12/05/2026"),
    _DOMAIN,
    (TextKind.PRODUCER, TextKind.LOT, TextKind.HARVESTED_ON),
)
TEA = FaceText(
    "Trà mãng cầu",
    ("HTX Mãng cầu Tam Bình", "Lô TMC-2026-11", "Khối lượng tịnh: 250 g", "Hạn dùng: 12/11/2027"),
    _DOMAIN,
    (TextKind.PRODUCER, TextKind.LOT, TextKind.NET_WEIGHT, TextKind.BEST_BEFORE),
)
CARTON = FaceText(
    "Bưởi Năm Roi Bình Minh",
    (
        "HTX Nông nghiệp Bưởi Mỹ Hòa",
        "Số lô: BNR-2026-05",
        "Khối lượng tịnh: 10,0 kg",
        "Khối lượng cả bì: 10,8 kg",
        "Đóng gói: 14/05/2026",
    ),
    _DOMAIN,
    (
        TextKind.PRODUCER,
        TextKind.LOT,
        TextKind.NET_WEIGHT,
        TextKind.GROSS_WEIGHT,
        TextKind.PACKED_ON,
    ),
)


def sample_logo() -> Logo:
    """A made-up mark: a leaf in a ring."""
    drawn = Image.new("L", (240, 240), 255)
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((4, 4, 236, 236), outline=0, width=16)
    pen.chord((50, 60, 250, 260), 170, 280, fill=0)
    pen.line((60, 196, 176, 84), fill=255, width=8)
    written = io.BytesIO()
    drawn.save(written, "PNG")
    return Logo.from_picture(written.getvalue())


def sample_order(layout: Layout) -> PrintOrder:
    """An order that shows what a layout is for: enough stamps for its first page."""
    text = PRODUCE
    if layout.arrangement is Arrangement.STACKED:
        text = TEA
    elif layout == CARTON_100X50 or layout.stamp_height_mm > 60:
        text = CARTON
    return PrintOrder(
        "PCT-2026-0001",
        _PREFIX,
        lambda first, count: stamp_codes.mint_range(_KEY, first, count),
        layout.per_page,
        replace(text, logo=sample_logo() if layout.logo_mm else None),
        demo=True,
    )


def picture(layout: Layout, pixels: int | None = None) -> Image.Image:
    """The first page of the sample order, in greys; single stamps get an outline so that their edge is seen."""
    page = pypdfium2.PdfDocument(b"".join(pdf.stream(sample_order(layout), layout)))[0]
    single = layout.per_page == 1
    wanted = pixels or (_STAMP_PIXELS if single else _SHEET_PIXELS)
    drawn: Image.Image = page.render(scale=wanted / max(page.get_size()), grayscale=True).to_pil()
    return ImageOps.expand(drawn, border=1, fill=160)


def layout_pictures(folder: Path = FOLDER) -> list[Path]:
    """Writes one PNG per ready layout; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, layout in LAYOUTS.items():
        files.append(folder / f"{name}.png")
        picture(layout).quantize(_GREYS).save(files[-1], optimize=True)
    return files


if __name__ == "__main__":
    for file in layout_pictures():
        print(f"{file.name}: {file.stat().st_size} bytes")
