"""The producer's mark on a stamp: black dots on white, as every label printer prints them.

A picture is turned into dots once, when it is received; its scaling to a printer's dots is whole-number
arithmetic of our own, so that a reprint is the same with any version of any library.
"""

import base64
import io
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from traceability.domain.errors import RuleBroken

_LARGEST_FILE = 4 << 20
_MOST_PIXELS = 25_000_000
_LARGEST_SIDE = 480
_SIZE_BYTES = 2
_FORMATS = ("PNG", "JPEG", "WEBP")

Dots = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Logo:
    """A mark as a 1-bit picture: `rows` of whole bytes, the leftmost dot in the highest bit, 1 = black."""

    width: int
    height: int
    rows: bytes

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or len(self.rows) != self.height * (-(-self.width // 8)):
            raise ValueError("a logo's bytes do not match its size")

    @classmethod
    def from_picture(cls, data: bytes) -> "Logo":
        """A mark out of a PNG, JPEG or WebP: without its white border, at most 480 dots on a side, divided into
        black and white where the picture's own tones part (Otsu), so that a pale colour is not lost.

        Raises RuleBroken("labels.logo_unreadable") and, for a picture of one tone, ("labels.logo_empty").
        """
        grey = _grey(data)
        dark = np.asarray(grey) <= _threshold(grey.histogram())
        if not dark.any() or dark.all():
            raise RuleBroken("labels.logo_empty", field="logo")
        down, across = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        return cls.from_dots(dark[down[0] : down[-1] + 1, across[0] : across[-1] + 1])

    @classmethod
    def from_dots(cls, dots: Dots) -> "Logo":
        """A mark out of dots, True = black, shape (height, width)."""
        return cls(dots.shape[1], dots.shape[0], np.packbits(dots, axis=1).tobytes())

    def packed(self) -> bytes:
        """The mark as it is kept: width and height in two bytes each, then the rows, deflated."""
        size = b"".join(side.to_bytes(_SIZE_BYTES, "big") for side in (self.width, self.height))
        return size + zlib.compress(self.rows, 9)

    @classmethod
    def unpacked(cls, data: bytes) -> "Logo":
        """The mark out of what `packed` gave."""
        width, height = (
            int.from_bytes(data[at : at + _SIZE_BYTES], "big")
            for at in range(0, 2 * _SIZE_BYTES, _SIZE_BYTES)
        )
        return cls(width, height, zlib.decompress(data[2 * _SIZE_BYTES :]))

    def dots(self) -> Dots:
        """The mark as it is, shape (height, width)."""
        rows = np.frombuffer(self.rows, dtype=np.uint8).reshape(self.height, -1)
        return np.unpackbits(rows, axis=1)[:, : self.width].astype(bool)

    def data_uri(self) -> str:
        """The mark as a picture inside a page."""
        written = io.BytesIO()
        Image.fromarray(~self.dots()).convert("1").save(written, "PNG")
        return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"

    def scaled(self, width: int, height: int) -> Dots:
        """The mark in `width` x `height` dots: black where at least half of the area that a dot covers is."""
        by_rows = _shares(self.height, height) @ self.dots().astype(np.int64) @ _shares(self.width, width).T
        return np.asarray(2 * by_rows >= self.width * self.height)


def _shares(have: int, want: int) -> npt.NDArray[np.int64]:
    """How much of each old dot lies in each new one, counted in parts of 1/want: shape (want, have)."""
    new, old = np.arange(want)[:, None], np.arange(have)[None, :]
    overlap = np.minimum((new + 1) * have, (old + 1) * want) - np.maximum(new * have, old * want)
    shares: npt.NDArray[np.int64] = np.maximum(overlap, 0)
    return shares


def _grey(data: bytes) -> Image.Image:
    try:
        if len(data) > _LARGEST_FILE:
            raise ValueError("too large a file")
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
        if opened.width * opened.height > _MOST_PIXELS:
            raise ValueError("too many pixels")
        picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RuleBroken("labels.logo_unreadable", field="logo") from error
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    grey = Image.alpha_composite(white, picture).convert("L")
    grey.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    return grey


def _threshold(histogram: list[int]) -> int:
    """The tone that parts dark from light with the largest variance between them (Otsu, 1979)."""
    counts = np.array(histogram, dtype=np.float64)
    tones = np.arange(256)
    below, sums = counts.cumsum(), (counts * tones).cumsum()
    above = below[-1] - below
    apart = (sums * above - (sums[-1] - sums) * below) ** 2 / np.maximum(below * above, 1)
    return int(apart.argmax())
