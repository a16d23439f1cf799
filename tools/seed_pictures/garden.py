"""Vegetables, roots and mushrooms, drawn by us."""

from __future__ import annotations

import math

from .pen import box, glow, leaf, line, oval, scatter, shape, slope, star


def watercress() -> str:
    """A bunch of watercress: round leaves on thin stems."""
    parts = [
        line(
            f"M100 190 C{100 + dx * 0.3} 150 {100 + dx * 0.7} 110 {100 + dx} {60 + abs(dx) * 0.35}",
            "#7fb04a",
            5,
        )
        for dx in (-64, -38, -12, 14, 40, 66)
    ]
    for dx, y in (
        (-64, 82),
        (-38, 62),
        (-12, 46),
        (14, 44),
        (40, 60),
        (66, 84),
        (-52, 116),
        (-24, 96),
        (2, 84),
        (28, 96),
        (54, 118),
        (-10, 124),
        (16, 128),
    ):
        definition, fill = glow("#9ad05a", "#5aa032", "#32701c")
        parts.append(definition + oval(100 + dx, y, 19, 17, fill))
    return "".join(parts) + box(82, 158, 36, 12, 5, "#d9b36a")


def choy_sum() -> str:
    """Cải ngọt: pale stalks, broad leaves, a few yellow flowers."""
    parts = []
    for dx, turn in ((-34, -16), (34, 16), (0, 0)):
        definition, fill = slope("#7cc04a", "#3f8a24", upright=True)
        body = "M100 24 C136 22 152 60 140 96 C132 116 114 122 108 128 L92 128 C86 122 68 116 60 96 C48 60 64 22 100 24Z"
        stalk = shape("M92 126 L108 126 L112 190 Q100 198 88 190Z", "#dff0bd") + line(
            "M100 40 L100 126", "#dff0bd", 5
        )
        parts.append(
            f'{definition}<g transform="translate({dx} 0) rotate({turn} 100 180)">{shape(body, fill)}{stalk}</g>'
        )
    flowers = "".join(
        oval(x, y, 6, 6, "#f7d13d") for x, y in ((92, 20), (108, 16), (100, 30), (116, 28), (86, 32))
    )
    return "".join(parts) + flowers + box(66, 152, 68, 14, 6, "#c98d3a")


def mustard_greens() -> str:
    """Cải xanh: broad frilled leaves."""
    parts = []
    for dx, turn, tone in ((-36, -24, "#3d8b2c"), (36, 24, "#3d8b2c"), (0, 0, "#57a83c")):
        body = shape(star(100, 76, 50, 62, 15, 0.09), tone) + shape(
            "M94 100 L106 100 L114 190 Q100 200 86 190Z", "#c9e29a"
        )
        veins = line(
            "M100 24 L100 120 M100 62 L74 44 M100 62 L126 44 M100 92 L70 76 M100 92 L130 76", "#c9e29a", 4
        )
        parts.append(f'<g transform="translate({dx} 0) rotate({turn} 100 184)">{body}{veins}</g>')
    return "".join(parts) + box(70, 158, 60, 14, 6, "#c98d3a")


def water_spinach() -> str:
    """Rau muống: long hollow stems and arrow-shaped leaves."""
    parts = []
    for dx in (-50, -30, -10, 10, 30, 50):
        parts.append(
            line(
                f"M{100 + dx * 0.3} 192 C{100 + dx * 0.4} 140 {100 + dx * 0.9} 100 {100 + dx} 52",
                "#8cbf55",
                7,
            )
        )
        for k, side in ((0, -1), (1, 1), (2, -1)):
            parts.append(
                leaf(100 + dx * (0.95 - k * 0.14), 56 + k * 26, 46, -90 + side * 34, "#3f8f34", "#2c6d22")
            )
        parts.append(leaf(100 + dx, 58, 50, -92 + dx * 0.3, "#4da13f", "#2c6d22"))
    return "".join(parts) + box(72, 160, 56, 13, 6, "#c98d3a")


def spring_onion() -> str:
    """A bunch of spring onions."""
    parts = []
    for dx in (-42, -26, -10, 6, 22, 38):
        parts.append(
            line(
                f"M{100 + dx * 0.5} 150 C{100 + dx * 0.7} 110 {100 + dx * 1.2} 60 {100 + dx * 1.7} 14",
                "#4f9f3a",
                9,
            )
        )
        parts.append(
            line(
                f"M{100 + dx * 0.5} 150 C{100 + dx * 0.6} 120 {100 + dx * 0.4} 60 {100 + dx * 0.5} 24",
                "#6ab24c",
                7,
            )
        )
        parts.append(
            line(f"M{100 + dx * 0.5} 128 L{100 + dx * 0.5} 166", "#eef3dc", 10)
            + oval(100 + dx * 0.5, 170, 8, 9, "#fbfbf0")
        )
        parts.append(line(f"M{100 + dx * 0.5} 178 l-4 12 m4 -12 l4 12", "#d8cfae", 2))
    return "".join(parts) + box(70, 118, 60, 11, 5, "#d9603b")


def bitter_gourd() -> str:
    """A bitter gourd with its warts."""
    definition, fill = slope("#c4e27a", "#6faa36", upright=True)
    body = shape(
        "M14 108 C30 62 84 52 120 58 C160 64 184 88 192 112 C170 146 118 152 84 146 C50 142 26 132 14 108Z",
        fill,
    )
    warts = "".join(
        oval(102 + x, 103 + y, 7, 4.5, "#8fc455", 'stroke="#5f962f" stroke-width="1.4"')
        for x, y in scatter(44, 76, 37)
    )
    return definition + body + warts + line("M16 108 q-10 -6 -14 -18", "#4f7d26", 7)


def radish() -> str:
    """A white radish with its leaves."""
    definition, fill = slope("#ffffff", "#d9dccf")
    greens = "".join(leaf(100, 56, 58, turn, "#4f9a38") for turn in (-130, -108, -88, -68, -46))
    body = shape("M70 58 C74 46 126 46 130 58 C138 110 122 160 100 196 C78 160 62 110 70 58Z", fill)
    return definition + greens + body + line("M82 88 h18 M104 116 h16 M88 140 h14", "#c3c8b6", 3)


def straw_mushroom() -> str:
    """A straw mushroom: an egg-shaped cap in its cup."""
    definition, fill = glow("#b3a596", "#7d6e60", "#50443a")
    stem = shape("M72 110 C64 150 66 176 78 184 Q100 194 122 184 C134 176 136 150 128 110Z", "#efe6d5")
    cap = shape("M100 22 C142 22 160 66 154 112 C132 130 68 130 46 112 C40 66 58 22 100 22Z", fill)
    cup = shape("M56 150 C60 186 82 196 100 196 C118 196 140 186 144 150 C128 164 72 164 56 150Z", "#cfc3b0")
    return (
        definition
        + stem
        + cap
        + cup
        + oval(80, 62, 11, 20, "#fff", 'opacity="0.25" transform="rotate(16 80 62)"')
    )


def sweet_potato(skin: str = "#8d2f6b", light: str = "#b75a94", dark: str = "#5c1a45") -> str:
    """A whole sweet potato."""
    definition, fill = glow(light, skin, dark)
    body = shape(
        "M8 128 C22 82 66 52 116 54 C160 56 186 76 194 90 C184 130 140 158 92 158 C52 160 20 152 8 128Z", fill
    )
    return (
        definition
        + body
        + line("M60 92 q10 6 22 2 M112 76 q12 6 24 0 M88 130 q12 6 26 0 M140 110 q8 4 18 0", dark, 3.5)
    )


def sweet_potato_slice(flesh: str = "#7b3fa0", ring: str = "#c9a6dc", skin: str = "#6d2152") -> str:
    """A slice of sweet potato."""
    return (
        oval(100, 104, 84, 74, skin)
        + oval(100, 104, 78, 68, ring)
        + oval(100, 104, 68, 58, flesh)
        + "".join(
            line(
                f"M100 104 L{100 + 56 * math.cos(i):.0f} {104 + 46 * math.sin(i):.0f}",
                ring,
                2,
                'opacity="0.45"',
            )
            for i in range(19)
        )
    )
