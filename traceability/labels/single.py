"""One stamp as SVG or PNG, for previews on screen; the same face and symbol as on paper, to the dot."""

import io
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from traceability.labels import face as faces
from traceability.labels.face import FONTS, PT_PER_MM, Face
from traceability.labels.layouts import QUIET_MODULES, Fit, Layout
from traceability.labels.order import PrintOrder
from traceability.labels.symbol import SymbolEncoder

_CSS_FAMILY = "'Be Vietnam Pro', 'Noto Sans', 'Segoe UI', Roboto, sans-serif"
_CSS_WEIGHT = {faces.REGULAR: 400, faces.CODE: 600, faces.BOLD: 700}


def svg(order: PrintOrder, layout: Layout, n: int = 0, *, small_modules: bool = False) -> str:
    """The nth stamp (counted from 0) as an SVG document whose user unit is one millimetre.

    Each line of text carries its measured length, so that another font in a reader takes the same room.
    Raises RuleBroken as the press does, and ("labels.no_such_stamp") for an n outside the order.
    """
    code = order.code(n)
    fit = layout.fit(order, small_modules=small_modules)
    face = faces.compose(order.text, fit, demo=order.demo)
    width, height = layout.stamp_width_mm, layout.stamp_height_mm
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(order.text.product)}>',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        _svg_symbol(_modules(order.encoder(), code), fit),
    ]
    parts += [
        f'<rect x="{bar.x_mm:.3f}" y="{bar.top_mm:.3f}" width="{bar.width_mm:.3f}" '
        f'height="{bar.height_mm:.3f}"/>'
        for bar in face.bars
    ]
    for x, baseline, size, font, text, white in _texts(face, code):
        length = faces.width_pt(text, font, size) / PT_PER_MM
        parts.append(
            f'<text x="{x:.3f}" y="{baseline:.3f}" font-size="{size / PT_PER_MM:.3f}" '
            f'font-family="{_CSS_FAMILY}" font-weight="{_CSS_WEIGHT[font]}" fill="{"#fff" if white else "#000"}" '
            f'textLength="{length:.3f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        )
    return "".join([*parts, "</svg>"])


def png(order: PrintOrder, layout: Layout, n: int = 0, *, small_modules: bool = False) -> bytes:
    """The nth stamp as a PNG in the dots of the layout's print profile. Raises as `svg` does."""
    code = order.code(n)
    fit = layout.fit(order, small_modules=small_modules)
    face = faces.compose(order.text, fit, demo=order.demo)
    picture = Image.new("L", fit.stamp_dots, 255)
    draw = ImageDraw.Draw(picture)
    for bar in face.bars:
        left, top = fit.dots(bar.x_mm), fit.dots(bar.top_mm)
        draw.rectangle(
            (left, top, left + fit.dots(bar.width_mm) - 1, top + fit.dots(bar.height_mm) - 1), fill=0
        )
    for x, baseline, size, font, text, white in _texts(face, code):
        type_face = ImageFont.truetype(str(FONTS / f"{font}.ttf"), size / fit.dot_pt)
        draw.text(
            (x / fit.dot_mm, baseline / fit.dot_mm),
            text,
            fill=255 if white else 0,
            font=type_face,
            anchor="ls",
        )
    modules = _modules(order.encoder(), code)
    dots = np.kron(1 - modules, np.full((fit.dots_per_module, fit.dots_per_module), 255, dtype=np.uint8))
    margin = QUIET_MODULES * fit.dots_per_module
    picture.paste(Image.fromarray(dots), (margin, margin))
    written = io.BytesIO()
    picture.save(written, "PNG", dpi=(fit.layout.dpi, fit.layout.dpi))
    return written.getvalue()


def _modules(encoder: SymbolEncoder, code: str) -> npt.NDArray[np.uint8]:
    """The symbol as rows of modules, 1 = dark."""
    image = encoder.symbol(code).to_bytes(encoder.image_bytes, "big")
    rows = np.frombuffer(image, dtype=np.uint8).reshape(encoder.size, encoder.row_bytes)
    return np.unpackbits(rows, axis=1)[:, : encoder.size]


def _svg_symbol(modules: npt.NDArray[np.uint8], fit: Fit) -> str:
    """One path of horizontal runs in whole modules, scaled to millimetres."""
    runs = []
    for y, row in enumerate(modules):
        edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
        runs += [
            f"M{first} {y}h{last - first}v1h-{last - first}z"
            for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        ]
    margin = QUIET_MODULES * fit.module_mm
    return (
        f'<path transform="translate({margin:.5f} {margin:.5f}) scale({fit.module_mm:.6f})" '
        f'shape-rendering="crispEdges" d="{"".join(runs)}"/>'
    )


def _texts(face: Face, code: str) -> list[tuple[float, float, float, str, str, bool]]:
    """(x mm, baseline mm, size pt, font, text, white) of every line, the code's included."""
    words = [
        (line.x_mm, line.baseline_mm, line.size_pt, line.font, line.text, line.white) for line in face.lines
    ]
    return words + [
        (line.x_mm, line.baseline_mm, line.size_pt, faces.CODE, line.text(code), False)
        for line in face.code_lines
    ]
