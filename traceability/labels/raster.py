"""A face in the dots of a printer, without a PDF: for previews on screen and for thermal printers.

Words are drawn four times as large as they stand and averaged down, so that no hinting moves a letter away
from where the PDF has it.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from traceability.labels import typeset
from traceability.labels.face import Bar, Face, PlacedLogo
from traceability.labels.layout import Fit
from traceability.labels.typeset import FONTS

_FINER = 4
Grey = npt.NDArray[np.uint8]
Text = tuple[float, float, float, str, str, bool]
"""(x mm, baseline mm, size pt, font, text, white)."""


def static_texts(face: Face) -> list[Text]:
    """The lines that are the same on every stamp."""
    return [
        (line.x_mm, line.baseline_mm, line.size_pt, line.font, line.text, line.white) for line in face.lines
    ]


def draw(face: Face, fit: Fit, texts: Iterable[Text]) -> Grey:
    """Bars, frames, mark and texts of a stamp: shape (height, width) in dots, 0 = black."""
    width, height = fit.stamp_dots
    picture = Image.new("L", (width * _FINER, height * _FINER), 255)
    pen = ImageDraw.Draw(picture)
    fine = fit.dot_mm / _FINER
    for bar in face.black():
        pen.rectangle(_corners(bar, fine), fill=0)
    for x, baseline, size, font, text, white in texts:
        drawn = _font(font, size, fit)
        for letter in text:
            # One by one: drawn at once, each letter's width would be rounded to whole fine dots.
            pen.text((round(x / fine), round(baseline / fine)), letter, 255 * white, drawn, anchor="ls")
            x += typeset.width_mm(letter, font, size)
    dots = np.array(picture.reduce(_FINER))
    if face.logo is not None:
        _stamp_logo(dots, face.logo)
    return dots


def _corners(bar: Bar, fine: float) -> tuple[int, int, int, int]:
    left, top = round(bar.x_mm / fine), round(bar.top_mm / fine)
    right, bottom = round((bar.x_mm + bar.width_mm) / fine), round((bar.top_mm + bar.height_mm) / fine)
    return left, top, max(left, right - 1), max(top, bottom - 1)


def _font(font: str, size_pt: float, fit: Fit) -> ImageFont.FreeTypeFont:
    pixels = size_pt / fit.dot_pt * _FINER
    return ImageFont.truetype(str(FONTS / f"{font}.ttf"), pixels, layout_engine=ImageFont.Layout.BASIC)


def _stamp_logo(dots: Grey, placed: PlacedLogo) -> None:
    area = dots[placed.top : placed.top + placed.height, placed.left : placed.left + placed.width]
    area[placed.logo.scaled(placed.width, placed.height)[: area.shape[0], : area.shape[1]]] = 0


def glyph(character: str, font: str, size_pt: float, fit: Fit) -> tuple[npt.NDArray[np.bool_], int, int]:
    """One character in black dots, drawn with its origin on a dot: (dots, left, top), the last two from the
    origin on the baseline; top is negative above it."""
    drawn = _font(font, size_pt, fit)
    left, top, right, bottom = (
        edge // _FINER if at < 2 else -(-edge // _FINER)
        for at, edge in enumerate(map(int, drawn.getbbox(character, anchor="ls")))
    )
    picture = Image.new("L", ((right - left) * _FINER, (bottom - top) * _FINER), 255)
    pen = ImageDraw.Draw(picture)
    pen.text((-left * _FINER, -top * _FINER), character, fill=0, font=drawn, anchor="ls")
    return np.array(picture.reduce(_FINER)) < 128, left, top
