"""The order that the print benchmarks print, and a run of it to nowhere.

A module of its own without the decoders and the bases, so that a run's memory is the press's.
"""

from traceability.domain import stamp_codes
from traceability.labels import FaceText, PrintOrder, pdf
from traceability.labels.layouts import A4_5X13

PREFIX = "HTTPS://TXNG.VINHLONG.GOV.VN/S/"
TEXT = FaceText(
    "Bưởi Năm Roi Bình Minh",
    ("HTX Nông nghiệp Bưởi Mỹ Hòa", "Lô BNR-2026-05", "Thu hoạch 12/05/2026"),
    "txng.vinhlong.gov.vn",
)
LAYOUT = A4_5X13.at(203)
KEY = stamp_codes.EpochKey.from_secret(1, bytes(32))


def order(stamps: int, mask: int | None) -> PrintOrder:
    """An order of so many stamps; mask None chooses one."""
    return PrintOrder(
        "BENCH-1",
        PREFIX,
        lambda first, n: stamp_codes.mint_range(KEY, first, n),
        stamps,
        TEXT,
        False,
        mask=mask,
    )


def stream_order(stamps: int) -> int:
    """Streams an order to nowhere; gives the number of bytes."""
    return sum(map(len, pdf.stream(order(stamps, mask=1), LAYOUT)))
