"""The pen: small pieces of SVG that every drawing is made of.

A drawing is a string of SVG in a square of 200 x 200 units. Gradients need identifiers that are unique in a
document, so they are numbered in the order in which they are asked for: the same drawing gives the same text.
"""

from __future__ import annotations

import math
from itertools import count

_numbers = count(1)


def restart() -> None:
    """Number identifiers from 1 again: call it before each picture, so that pictures do not depend on each other."""
    global _numbers
    _numbers = count(1)


def unique(stem: str) -> str:
    """A fresh identifier."""
    return f"{stem}{next(_numbers)}"


def glow(light: str, base: str, dark: str, cx: float = 0.36, cy: float = 0.3) -> tuple[str, str]:
    """A radial gradient lit from the upper left, as (definition, fill value)."""
    name = unique("g")
    definition = (
        f'<radialGradient id="{name}" cx="{cx}" cy="{cy}" r="0.8"><stop offset="0" stop-color="{light}"/>'
        f'<stop offset="0.55" stop-color="{base}"/><stop offset="1" stop-color="{dark}"/></radialGradient>'
    )
    return definition, f"url(#{name})"


def slope(first: str, second: str, upright: bool = False) -> tuple[str, str]:
    """A linear gradient from left to right (or top to bottom), as (definition, fill value)."""
    name = unique("l")
    end = 'x2="0" y2="1"' if upright else 'x2="1" y2="0"'
    definition = (
        f'<linearGradient id="{name}" x1="0" y1="0" {end}><stop offset="0" stop-color="{first}"/>'
        f'<stop offset="1" stop-color="{second}"/></linearGradient>'
    )
    return definition, f"url(#{name})"


def oval(cx: float, cy: float, rx: float, ry: float, fill: str, more: str = "") -> str:
    """An ellipse."""
    return f'<ellipse cx="{cx:.1f}" cy="{cy:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}" {more}/>'


def shape(path: str, fill: str = "none", more: str = "") -> str:
    """A filled path."""
    return f'<path d="{path}" fill="{fill}" {more}/>'


def line(path: str, colour: str, width: float, more: str = "") -> str:
    """A stroked path with round ends."""
    ends = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width}" {ends} {more}/>'


def box(x: float, y: float, width: float, height: float, radius: float, fill: str, more: str = "") -> str:
    """A rectangle with round corners."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"'
    return f'<rect {size} fill="{fill}" {more}/>'


def at(drawing: str, x: float, y: float, size: float, turn: float = 0) -> str:
    """Put a drawing of 200 x 200 into a square of `size` whose upper left corner is (x, y), turned by degrees."""
    rotation = f" rotate({turn} 100 100)" if turn else ""
    return f'<g transform="translate({x:.1f} {y:.1f}) scale({size / 200:.4f}){rotation}">{drawing}</g>'


def leaf(
    x: float, y: float, length: float, turn: float, colour: str = "#4c9a2a", vein: str = "#2f7a1c"
) -> str:
    """A pointed leaf that starts at (x, y) and grows to the right before it is turned."""
    half = length * 0.3
    path = f"M0 0 C{length * 0.3} {-half} {length * 0.75} {-half} {length} 0 C{length * 0.75} {half} {length * 0.3} {half} 0 0Z"
    inside = shape(path, colour) + line(f"M2 0 L{length * 0.86} 0", vein, max(1.5, length * 0.035))
    return f'<g transform="translate({x} {y}) rotate({turn})">{inside}</g>'


def scatter(number: int, rx: float, ry: float) -> list[tuple[float, float]]:
    """Evenly strewn points of an ellipse around (0, 0), by the sunflower's spiral."""
    golden = math.pi * (3 - math.sqrt(5))
    return [
        (
            rx * math.sqrt((i + 0.5) / number) * math.cos(i * golden),
            ry * math.sqrt((i + 0.5) / number) * math.sin(i * golden),
        )
        for i in range(number)
    ]


def star(cx: float, cy: float, rx: float, ry: float, points: int, depth: float, turn: float = 0) -> str:
    """The path of an ellipse with `points` teeth of relative height `depth`."""
    parts = []
    for i in range(points * 2):
        angle = math.pi * i / points + math.radians(turn)
        factor = 1 + depth if i % 2 == 0 else 1
        parts.append(f"{cx + rx * factor * math.cos(angle):.1f} {cy + ry * factor * math.sin(angle):.1f}")
    return "M" + "L".join(parts) + "Z"
