"""One stamp as SVG or PNG, for previews on screen; the same face and symbol as on paper, to the dot.

A PIN is never shown on a screen: hyphens stand in its place.
"""

import io
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
from PIL import Image

from traceability.labels import raster, typeset
from traceability.labels.compose import compose
from traceability.labels.face import Face, PlacedLogo
from traceability.labels.layout import QUIET_MODULES, Fit, Layout
from traceability.labels.order import PrintOrder
from traceability.labels.raster import Text
from traceability.labels.symbol import SymbolEncoder
from traceability.labels.typeset import PT_PER_MM

_CSS_FAMILY = "'Be Vietnam Pro', 'Noto Sans', 'Segoe UI', Roboto, sans-serif"
_CSS_WEIGHT = {typeset.REGULAR: 400, typeset.CODE: 600, typeset.BOLD: 700}


def svg(order: PrintOrder, layout: Layout, n: int = 0, *, small_modules: bool = False) -> str:
    """The nth stamp (counted from 0) as an SVG document whose user unit is one millimetre.

    Each line of text carries its measured length, so that another font in a reader takes the same room.
    Raises RuleBroken as the press does, and ("labels.no_such_stamp") for an n outside the order.
    """
    code = order.code(n)
    fit = layout.fit(order, small_modules=small_modules)
    face = compose(order.text, fit, demo=order.demo, pin_width=order.pin_width)
    width, height = layout.stamp_width_mm, layout.stamp_height_mm
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(order.text.product)}>',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        _svg_symbol(_modules(order.encoder(), code), face, fit),
    ]
    parts += [
        f'<rect x="{bar.x_mm:.3f}" y="{bar.top_mm:.3f}" width="{bar.width_mm:.3f}" '
        f'height="{bar.height_mm:.3f}"/>'
        for bar in face.black()
    ]
    if face.logo is not None:
        parts.append(_svg_logo(face.logo, fit))
    for x, baseline, size, font, text, white in _texts(face, code):
        length = typeset.width_mm(text, font, size)
        parts.append(
            f'<text x="{x:.3f}" y="{baseline:.3f}" font-size="{size / PT_PER_MM:.3f}" '
            f'font-family="{_CSS_FAMILY}" font-weight="{_CSS_WEIGHT[font]}" fill="{"#fff" if white else "#000"}" '
            f'textLength="{length:.3f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        )
    return "".join([*parts, "</svg>"])


def png(order: PrintOrder, layout: Layout, n: int = 0, *, small_modules: bool = False) -> bytes:
    """The nth stamp as a PNG in the dots of the layout's print profile. Raises as `svg` does."""
    fit = layout.fit(order, small_modules=small_modules)
    face = compose(order.text, fit, demo=order.demo, pin_width=order.pin_width)
    dots = drawn(order, face, fit, n)
    written = io.BytesIO()
    Image.fromarray(dots).save(written, "PNG", dpi=(layout.dpi, layout.dpi))
    return written.getvalue()


def drawn(order: PrintOrder, face: Face, fit: Fit, n: int) -> raster.Grey:
    """The nth stamp in dots, shape (height, width), 0 = black."""
    code = order.code(n)
    dots = raster.draw(face, fit, _texts(face, code))
    modules = _modules(order.encoder(), code)
    symbol = np.kron(1 - modules, np.full((fit.dots_per_module, fit.dots_per_module), 255, dtype=np.uint8))
    left, top = (corner + QUIET_MODULES * fit.dots_per_module for corner in face.symbol)
    dots[top : top + len(symbol), left : left + len(symbol)] = symbol
    return dots


def _modules(encoder: SymbolEncoder, code: str) -> npt.NDArray[np.uint8]:
    """The symbol as an array of 0 and 1, shape (size, size)."""
    image = encoder.symbol(code).to_bytes(encoder.image_bytes, "big")
    rows = np.frombuffer(image, dtype=np.uint8).reshape(encoder.size, encoder.row_bytes)
    return np.unpackbits(rows, axis=1)[:, : encoder.size]


def _svg_symbol(modules: npt.NDArray[np.uint8], face: Face, fit: Fit) -> str:
    """One path of horizontal runs in whole modules, scaled to millimetres."""
    left, top = (corner * fit.dot_mm + QUIET_MODULES * fit.module_mm for corner in face.symbol)
    return (
        f'<path transform="translate({left:.5f} {top:.5f}) scale({fit.module_mm:.6f})" '
        f'shape-rendering="crispEdges" d="{_runs(modules)}"/>'
    )


def _runs(dots: npt.NDArray[np.uint8]) -> str:
    """The dark dots of a picture as a path of horizontal runs."""
    runs = []
    for y, row in enumerate(dots):
        edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
        runs += [
            f"M{first} {y}h{last - first}v1h-{last - first}z"
            for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        ]
    return "".join(runs)


def _svg_logo(placed: PlacedLogo, fit: Fit) -> str:
    """The mark as a picture inside the document."""
    x, y, width, height = (
        dots * fit.dot_mm for dots in (placed.left, placed.top, placed.width, placed.height)
    )
    return (
        f'<image x="{x:.3f}" y="{y:.3f}" width="{width:.3f}" height="{height:.3f}" '
        f'href="{placed.logo.data_uri()}"/>'
    )


def _texts(face: Face, code: str) -> list[Text]:
    """Every line, the code's included; hyphens for the PIN."""
    texts = raster.static_texts(face) + [
        (line.x_mm, line.baseline_mm, line.size_pt, typeset.CODE, line.text(code), False)
        for line in face.code_lines
    ]
    if face.pin:
        pin = face.pin
        texts.append((pin.x_mm, pin.baseline_mm, pin.size_pt, typeset.CODE, "-" * pin.characters, False))
    return texts
