"""What happens to a stamp between the press and a camera: more ink than drawn, a blurred view, a round fruit.

All work on one stamp in the dots of its printer, 255 = white.
"""

import numpy as np
from PIL import Image, ImageFilter

INK_GAIN = 0.05
"""How much wider a dark module comes out, of its width."""
BLUR_SIGMA = 0.8
"""Dots at 300 dpi, 0.068 mm."""
CYLINDER_MM = 40.0


def with_ink_gain(stamp: Image.Image, dots_per_module: int) -> Image.Image:
    """Every dark part grown on all sides, so that a module becomes wider by INK_GAIN at least."""
    # Ink is laid on a grid so much finer than the dots.
    finer = 4 if dots_per_module >= 8 else 8
    fine = np.repeat(np.repeat(np.asarray(stamp), finer, axis=0), finer, axis=1)
    for _ in range(max(1, round(INK_GAIN * dots_per_module * finer / 2))):
        for axis in (0, 1):
            fine = np.minimum(fine, np.minimum(np.roll(fine, 1, axis), np.roll(fine, -1, axis)))
    return Image.fromarray(fine).reduce(finer)


def blurred(stamp: Image.Image, dpi: int) -> Image.Image:
    """Seen by a camera that is slightly out of focus: the same blur in millimetres at every resolution."""
    return stamp.filter(ImageFilter.GaussianBlur(BLUR_SIGMA * dpi / 300))


def around_a_cylinder(stamp: Image.Image, dpi: int, middle: float) -> Image.Image:
    """Stuck around a cylinder of 40 mm whose nearest line runs down the stamp at `middle` (dots), and seen from
    the front: the sides are compressed."""
    radius = CYLINDER_MM / 2 / 25.4 * dpi
    first, last = (
        radius * np.sin(np.clip((edge - middle) / radius, -1.5, 1.5)) for edge in (0, stamp.width - 1)
    )
    seen = np.arange(np.ceil(first), np.floor(last) + 1)
    unrolled = np.clip(radius * np.arcsin(seen / radius) + middle, 0, stamp.width - 1.001)
    left = unrolled.astype(int)
    share = unrolled - left
    dots = np.asarray(stamp, dtype=np.float64)
    bent = dots[:, left] * (1 - share) + dots[:, left + 1] * share
    return Image.fromarray(bent.round().astype(np.uint8))
