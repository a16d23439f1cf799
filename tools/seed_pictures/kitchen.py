"""Cakes, sweets and other things a workshop makes, drawn by us."""

from __future__ import annotations

import math

from .pen import box, glow, line, oval, scatter, shape, slope, star, unique


def rice_paper(tone: str = "#fbf4e0", edge: str = "#dccb9d", seeds: str = "", sheets: int = 4) -> str:
    """A stack of round rice papers with the weave of the drying mat; `seeds` is a colour for sesame."""
    parts = [oval(100, 124 - i * 9, 92, 56, tone, f'stroke="{edge}" stroke-width="3"') for i in range(sheets)]
    top = 124 - (sheets - 1) * 9
    name = unique("c")
    weave = "".join(
        line(f"M{x} {top - 60} L{x + 40} {top + 60} M{x + 40} {top - 60} L{x} {top + 60}", edge, 1.6)
        for x in range(-10, 200, 20)
    )
    parts.append(
        f'<clipPath id="{name}">{oval(100, top, 86, 51, "#000")}</clipPath><g clip-path="url(#{name})" opacity="0.55">{weave}</g>'
    )
    if seeds:
        parts += [oval(100 + x, top + y, 4, 2.4, seeds) for x, y in scatter(44, 78, 45)]
    return "".join(parts)


def puffed_cake() -> str:
    """Bánh phồng: a puffed, blistered sheet."""
    definition, fill = glow("#fff6d8", "#f2d99a", "#d0a85a")
    blisters = "".join(
        oval(100 + x, 104 + y, 12, 10, "#fff4d0", 'stroke="#ddb870" stroke-width="1.6" opacity="0.85"')
        for x, y in scatter(26, 70, 62)
    )
    return definition + shape(star(100, 104, 86, 76, 15, 0.05), fill) + blisters


def banh_tet() -> str:
    """A bánh tét in its leaf with a cut slice of three fillings."""
    definition, fill = slope("#6c9a3a", "#35611c", upright=True)
    roll = box(4, 26, 150, 72, 34, fill) + "".join(
        box(22 + i * 28, 24, 6, 76, 2, "#e4cf96") for i in range(5)
    )
    cut = (
        oval(138, 134, 56, 54, "#4c7a2a")
        + oval(138, 134, 49, 47, "#f6f3e2")
        + "".join(oval(138 + x, 134 + y, 5, 3, "#dedac0") for x, y in scatter(34, 44, 42))
    )
    filling = (
        oval(138, 134, 27, 26, "#f2c744") + oval(130, 138, 11, 9, "#d8847a") + oval(147, 126, 8, 8, "#e06a2b")
    )
    whole = (
        oval(54, 144, 44, 42, "#4c7a2a")
        + oval(54, 144, 38, 36, "#ece2f2")
        + oval(54, 144, 21, 20, "#f2c744")
        + oval(54, 144, 9, 9, "#d8847a")
    )
    return definition + roll + whole + cut + filling


def pressed_cake(tone: str = "#f3e3a4", edge: str = "#cfae53", mark: str = "#b98f33") -> str:
    """Bánh in: a pressed cake with a flower mark."""
    petals = "".join(
        oval(
            100 + 24 * math.cos(a),
            100 + 24 * math.sin(a),
            15,
            11,
            "none",
            f'stroke="{mark}" stroke-width="4" transform="rotate({math.degrees(a):.0f} {100 + 24 * math.cos(a):.1f} {100 + 24 * math.sin(a):.1f})"',
        )
        for a in (i * math.pi / 3 for i in range(6))
    )
    side = shape(star(100, 110, 78, 78, 16, 0.06), edge)
    return (
        side
        + shape(star(100, 100, 78, 78, 16, 0.06), tone, f'stroke="{edge}" stroke-width="3"')
        + oval(100, 100, 58, 58, "none", f'stroke="{mark}" stroke-width="4"')
        + petals
        + oval(100, 100, 9, 9, mark)
    )


def biscuit(tone: str = "#8b5fb0", light: str = "#b48bd0", dark: str = "#5d3583") -> str:
    """A round biscuit."""
    definition, fill = glow(light, tone, dark)
    dots = "".join(oval(100 + x, 100 + y, 5, 5, dark, 'opacity="0.7"') for x, y in scatter(13, 58, 58))
    return (
        definition
        + shape(star(100, 100, 80, 80, 22, 0.05), fill)
        + oval(100, 100, 62, 62, "none", f'stroke="{dark}" stroke-width="3" opacity="0.35"')
        + dots
    )


def puffed_bar(grain: str = "#f6e3b0", glaze: str = "#c98a35", specks: str = "#5f3b16") -> str:
    """Cốm: a bar of puffed grain."""
    definition, fill = slope("#e8bd6c", glaze, upright=True)
    top = "M20 76 L128 44 L188 92 L78 130Z"
    sides = shape("M20 76 L78 130 L78 168 L20 112Z", glaze) + shape(
        "M78 130 L188 92 L188 128 L78 168Z", "#b37428"
    )
    name = unique("c")
    grains = "".join(
        oval(
            102 + x,
            87 + y,
            9,
            6,
            grain,
            f'stroke="{glaze}" stroke-width="1.6" transform="rotate({(i * 47) % 180} {102 + x:.0f} {87 + y:.0f})"',
        )
        for i, (x, y) in enumerate(scatter(64, 96, 52))
    )
    bits = "".join(oval(102 + x, 87 + y, 3, 2, specks) for x, y in scatter(17, 80, 40))
    front = "".join(
        oval(132 + x, 130 + y, 8, 5.5, grain, f'stroke="{glaze}" stroke-width="1.4"')
        for x, y in scatter(30, 56, 30)
    )
    left = "".join(
        oval(49 + x, 122 + y, 7, 6, grain, f'stroke="{glaze}" stroke-width="1.4"')
        for x, y in scatter(18, 28, 34)
    )
    clip = f'<clipPath id="{name}"><path d="M20 76 L128 44 L188 92 L188 128 L78 168 L20 112Z"/></clipPath>'
    return (
        definition
        + clip
        + sides
        + f'<g clip-path="url(#{name})">{left}{front}{shape(top, fill)}{grains}{bits}</g>'
        + line("M20 76 L78 130 L188 92", "#9a6420", 2.5, 'opacity="0.6"')
    )


def green_flakes() -> str:
    """Cốm dẹp: flattened green rice on a lotus leaf."""
    base = shape("M6 132 C22 84 178 84 194 132 C178 184 22 184 6 132Z", "#3f8a3a") + line(
        "M20 132 H180 M100 100 V170", "#2c6a2a", 3
    )
    flakes = "".join(
        oval(
            100 + x,
            106 + y - (1 - abs(x) / 70) * 26,
            10,
            5,
            ("#c5d97a", "#a9c75a", "#d8e69a")[i % 3],
            f'stroke="#7d9a36" stroke-width="1.2" transform="rotate({(i * 53) % 180 - 90} {100 + x:.0f} {106 + y - (1 - abs(x) / 70) * 26:.0f})"',
        )
        for i, (x, y) in enumerate(sorted(scatter(80, 66, 38), key=lambda p: p[1]))
    )
    return base + flakes


def tofu_skin(tone: str = "#f2d98c", edge: str = "#c99f3c") -> str:
    """Folded sheets of tofu skin."""
    parts = []
    for i, y in enumerate((150, 128, 106, 84, 62)):
        definition, fill = slope(tone, edge)
        wave = f"M12 {y} Q56 {y - 18} 100 {y - 2} T188 {y - 6} L188 {y + 16} Q144 {y + 26} 100 {y + 16} T12 {y + 20}Z"
        parts.append(
            definition + shape(wave, fill, f'stroke="{edge}" stroke-width="2" opacity="{0.88 + i * 0.02}"')
        )
    return "".join(parts)


def peel_strips() -> str:
    """Candied pomelo peel."""
    parts = []
    for i, (x, y, turn) in enumerate(
        ((10, 120, -12), (50, 126, 8), (20, 96, 16), (70, 98, -18), (44, 74, -4), (88, 122, -30))
    ):
        definition, fill = slope(
            ("#f4e7a0", "#d8e29a", "#f2d77e")[i % 3], ("#c9a83e", "#9db14a", "#c98f2e")[i % 3], upright=True
        )
        sugar = "".join(oval(x + 10 + k * 13, y + 6 + (k * 7) % 12, 1.8, 1.8, "#fff") for k in range(6))
        parts.append(
            f'{definition}<g transform="rotate({turn} {x + 45} {y + 11})">{box(x, y, 92, 24, 10, fill)}{sugar}</g>'
        )
    return "".join(parts)


def chips(tone: str = "#7b3fa0", light: str = "#a874c8") -> str:
    """Fried slices in a loose heap."""
    parts = []
    for x, y, turn in (
        (62, 92, -24),
        (122, 88, 18),
        (40, 132, 12),
        (100, 128, -6),
        (154, 130, -16),
        (78, 160, 8),
        (134, 162, -10),
    ):
        definition, fill = glow(light, tone, "#4f2370")
        wave = f"M{x - 36} {y}C{x - 30} {y - 28} {x + 26} {y - 30} {x + 36} {y - 4}C{x + 30} {y + 22} {x - 28} {y + 26} {x - 36} {y}Z"
        inner = shape(wave, fill, 'stroke="#5a2f80" stroke-width="2"') + line(
            f"M{x - 20} {y + 2}q18 -14 40 -4", "#cfa9e6", 3
        )
        parts.append(f'{definition}<g transform="rotate({turn} {x} {y})">{inner}</g>')
    return "".join(parts)


def cubes(tone: str = "#f8e08a", light: str = "#fff6cf", dark: str = "#dcb64a") -> str:
    """Freeze-dried pieces."""
    parts = []
    for x, y in ((30, 108), (86, 118), (134, 104), (58, 66), (108, 64)):
        parts.append(
            shape(f"M{x} {y}l22 -14l24 10l-20 16Z", light)
            + shape(f"M{x} {y}l26 12v30l-26 -14Z", tone)
            + shape(f"M{x + 26} {y + 12}l20 -16v28l-20 18Z", dark)
        )
    return "".join(parts)


def shreds() -> str:
    """Shreds of soft coconut flesh."""
    return "".join(
        line(
            f"M{100 + x - 20:.0f} {112 + y:.0f}q20 {(-16, 14, -6)[i % 3]} 40 {(4, -8, 8)[i % 3]}",
            ("#ffffff", "#f3ead2", "#fffaf0")[i % 3],
            8,
        )
        + line(
            f"M{100 + x - 20:.0f} {116 + y:.0f}q20 {(-16, 14, -6)[i % 3]} 40 {(4, -8, 8)[i % 3]}",
            "#d8caa6",
            1.4,
        )
        for i, (x, y) in enumerate(scatter(26, 60, 44))
    )


def sweet(paper: str = "#f7f3e3", band: str = "#5a9a3a") -> str:
    """A wrapped sweet."""
    definition, fill = slope(paper, "#d9d2b8", upright=True)
    twists = shape(
        "M10 70 L58 96 L58 112 L10 138 Q26 104 10 70Z", paper, 'stroke="#cfc6a6" stroke-width="2"'
    ) + shape(
        "M190 70 L142 96 L142 112 L190 138 Q174 104 190 70Z", paper, 'stroke="#cfc6a6" stroke-width="2"'
    )
    return (
        definition
        + twists
        + box(52, 72, 96, 64, 16, fill, 'stroke="#cfc6a6" stroke-width="2"')
        + box(84, 72, 32, 64, 0, band)
    )
