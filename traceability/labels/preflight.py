"""What must hold before the press runs, and the figures that the person who prints wants to see."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from traceability.domain.errors import RuleBroken
from traceability.labels import imposition, qr, reading, sheet, single
from traceability.labels.compose import compose
from traceability.labels.face import Face
from traceability.labels.layout import Fit, Layout
from traceability.labels.order import PrintedForm, PrintOrder

TARGET_MODULE_MM = 0.495
"""The GS1 General Specifications' target X-dimension of a Digital Link symbol for retail scanners."""

_SHORT_PATH = re.compile(r"/S/")
_LINK_PATH = re.compile(r"/01/\d{14}/10/[^/?#]{1,60}/21/")
_SAMPLE = 16


@dataclass(frozen=True)
class Report:
    """The figures of a print that passes. `below_target` says that retail scanners want larger modules."""

    version: int
    modules: int
    module_mm: float
    dots_per_module: int
    symbol_mm: float
    quiet_mm: float
    area_mm: float
    """Side of the symbol with its quiet zone: the least width and height of a stamp."""
    pages: int
    mask: int
    below_target: bool


def check(
    order: PrintOrder,
    layout: Layout,
    *,
    public_root: str,
    start: int = 0,
    small_modules: bool = False,
    decoded: int = 0,
) -> Report:
    """Look over a print without printing it. So many stamps (`decoded`), from the first to the last, are drawn in the
    printer's dots and decoded.

    Raises RuleBroken when the address is not at `public_root` or has another path than the form asks for
    ("labels.foreign_address"), when the layout, the module's size, the texts or the start do not fit, and
    ("labels.symbol_differs") should sampled symbols ever differ from the standard's plain encoder, or a drawn stamp
    not say its address.
    """
    _check_address(order, public_root)
    fit = layout.fit(order, small_modules=small_modules)
    face = compose(order.text, fit, demo=order.demo, pin_width=order.pin_width)
    pages = imposition.pages(layout, order.count, start)
    sheet.compose(order.number, layout, pages)
    mask = _check_symbols(order, fit)
    for n in sorted({k * (order.count - 1) // max(1, decoded - 1) for k in range(decoded)}):
        _check_drawn(order, face, fit, n)
    return Report(
        version=fit.version,
        modules=fit.modules,
        module_mm=fit.module_mm,
        dots_per_module=fit.dots_per_module,
        symbol_mm=fit.symbol_mm,
        quiet_mm=(fit.area_mm - fit.symbol_mm) / 2,
        area_mm=fit.area_mm,
        pages=pages,
        mask=mask,
        below_target=order.form is PrintedForm.DIGITAL_LINK and fit.module_mm < TARGET_MODULE_MM,
    )


def _check_address(order: PrintOrder, public_root: str) -> None:
    """The prefix leads to our own host, by the path of its form."""
    printed, ours = urlsplit(order.prefix), urlsplit(public_root)
    # The scheme and the host are case-insensitive (RFC 3986, 6.2.2.1): the short form prints them in capitals.
    same_host = (printed.scheme, printed.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    path = _SHORT_PATH if order.form is PrintedForm.SHORT else _LINK_PATH
    if not same_host or printed.query or printed.fragment or not path.fullmatch(printed.path):
        raise RuleBroken("labels.foreign_address", field="prefix", address=order.prefix, ours=ours.netloc)


def _check_symbols(order: PrintOrder, fit: Fit) -> int:
    """Draw a few symbols both ways; returns the order's mask."""
    encoder = order.encoder()
    step = max(1, order.count // _SAMPLE)
    for n in range(0, order.count, step):
        code = order.code(n)
        image = encoder.rows(order.codes(n, 1))[0].tobytes()
        plain = qr.encode(order.prefix + code, fit.version, order.level, order.form.mode, encoder.mask)
        if image != plain.to_bytes(encoder.image_bytes, "big"):
            raise RuleBroken("labels.symbol_differs", n=n)
    return encoder.mask


def _check_drawn(order: PrintOrder, face: Face, fit: Fit, n: int) -> None:
    """The nth stamp, drawn as it is printed, says its own address."""
    left, top = face.symbol
    dots = single.drawn(order, face, fit, n)[top : top + fit.area_dots, left : left + fit.area_dots]
    try:
        text = reading.read(dots, fit.dots_per_module)
    except reading.Unreadable:
        text = ""
    if text != order.prefix + order.code(n):
        raise RuleBroken("labels.symbol_differs", n=n)
