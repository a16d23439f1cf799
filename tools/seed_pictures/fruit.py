"""Fruit, drawn by us: what the icon sets do not have (pomelo, durian, thanh trà, rambutan, longan, coconut ...)."""

from __future__ import annotations

import math

from .pen import at, glow, leaf, line, oval, scatter, shape, slope, star

WOOD = "#7a5230"


def _stalk(x: float, y: float) -> str:
    return line(f"M{x} {y} q2 -10 6 -18", WOOD, 6)


def pomelo(light: str = "#f2ee8a", base: str = "#c9cf4a", dark: str = "#8fa52c", pear: bool = True) -> str:
    """A pomelo: pear-shaped like Năm Roi or round like da xanh."""
    definition, fill = glow(light, base, dark)
    path = (
        "M100 26 C122 26 128 48 140 66 C156 82 172 104 172 132 C172 170 140 190 100 190 "
        "C60 190 28 170 28 132 C28 104 44 82 60 66 C72 48 78 26 100 26Z"
        if pear
        else "M100 34 C148 34 180 68 180 112 C180 158 146 190 100 190 C54 190 20 158 20 112 C20 68 52 34 100 34Z"
    )
    pores = "".join(oval(100 + x, 122 + y, 1.7, 1.7, dark, 'opacity="0.45"') for x, y in scatter(46, 62, 56))
    top = 28 if pear else 36
    return (
        definition
        + shape(path, fill)
        + pores
        + _stalk(99, top + 2)
        + leaf(104, top - 8, 62, -18)
        + leaf(96, top - 4, 44, -160)
    )


def half(rind: str, pith: str, flesh: str, deep: str, segments: int = 11, thick: float = 0.2) -> str:
    """A citrus cut across."""
    inner = 88 * (1 - thick)
    parts = [
        oval(100, 106, 88, 88, rind),
        oval(100, 106, 82, 82, pith),
        oval(100, 106, inner, inner, "#fff7e6"),
    ]
    for i in range(segments):
        start, end = (2 * math.pi * (i + k) / segments for k in (0.06, 0.94))
        points = [(100 + inner * 0.95 * math.cos(a), 106 + inner * 0.95 * math.sin(a)) for a in (start, end)]
        path = f"M{100 + 9 * math.cos((start + end) / 2):.1f} {106 + 9 * math.sin((start + end) / 2):.1f}"
        path += f"L{points[0][0]:.1f} {points[0][1]:.1f}A{inner * 0.95:.1f} {inner * 0.95:.1f} 0 0 1 "
        path += f"{points[1][0]:.1f} {points[1][1]:.1f}Z"
        parts.append(shape(path, flesh, f'stroke="{deep}" stroke-width="1.5" stroke-linejoin="round"'))
        middle = (start + end) / 2
        parts.append(
            line(
                f"M{100 + 26 * math.cos(middle):.1f} {106 + 26 * math.sin(middle):.1f}"
                f"L{100 + inner * 0.8 * math.cos(middle):.1f} {106 + inner * 0.8 * math.sin(middle):.1f}",
                deep,
                1.6,
                'opacity="0.5"',
            )
        )
    return "".join(parts)


def segment(flesh: str = "#f7e9a8", deep: str = "#dcbf5a") -> str:
    """One peeled segment of pomelo."""
    definition, fill = glow("#fffbe2", flesh, deep)
    grains = "".join(
        line(f"M{x} {64 + abs(x - 100) * 0.35} q4 18 0 {46 - abs(x - 100) * 0.3}", deep, 3, 'opacity="0.55"')
        for x in range(44, 162, 13)
    )
    return (
        definition
        + shape("M14 118 C34 60 74 40 100 40 C126 40 166 60 186 118 C150 146 50 146 14 118Z", fill)
        + grains
    )


def orange(
    light: str = "#ffb84d", base: str = "#f28c1e", dark: str = "#c9620a", blush: str = "#8fa83a"
) -> str:
    """A cam sành: thick rough skin, green over orange."""
    definition, fill = glow(light, base, dark)
    over, green = slope(blush, base, upright=True)
    bumps = "".join(oval(100 + x, 110 + y, 2.6, 2.2, dark, 'opacity="0.3"') for x, y in scatter(70, 78, 72))
    skin = oval(100, 110, 86, 80, fill) + oval(100, 110, 86, 80, green, 'opacity="0.62"')
    return definition + over + skin + bumps + _stalk(100, 36) + leaf(104, 26, 60, 8) + leaf(98, 30, 40, -170)


def durian(base: str = "#8c9a3c", light: str = "#b9bf5e", dark: str = "#5d6d24") -> str:
    """A whole durian."""
    definition, fill = glow(light, base, dark)
    parts = [definition, shape(star(100, 112, 76, 70, 34, 0.13), fill, f'stroke="{dark}" stroke-width="2"')]
    for x, y in sorted(scatter(46, 64, 60), key=lambda point: point[1]):
        parts.append(
            shape(
                f"M{88 + x:.1f} {120 + y:.1f}l12 -20l12 20q-12 6 -24 0Z",
                light,
                f'stroke="{dark}" stroke-width="1.6"',
            )
        )
    parts.append(line("M100 38 q-4 -18 6 -28", WOOD, 11))
    return "".join(parts)


def durian_open() -> str:
    """A durian opened to show its flesh."""
    definition, fill = glow("#b9bf5e", "#8c9a3c", "#5d6d24")
    pod, flesh = glow("#fff3a6", "#f6d04d", "#d9a520")
    husk = shape(star(100, 104, 86, 70, 36, 0.12), fill, 'stroke="#5d6d24" stroke-width="2"')
    inside = oval(100, 104, 74, 58, "#f6efcf") + line("M100 48 L100 160", "#d8cc9a", 6)
    pods = "".join(oval(x, y, 25, 21, flesh) for x, y in ((66, 82), (64, 124), (136, 82), (136, 126)))
    return definition + pod + husk + inside + pods


def durian_pod(light: str = "#fff6b8", base: str = "#f7d65a", dark: str = "#dcae2c") -> str:
    """A piece of durian flesh."""
    definition, fill = glow(light, base, dark)
    path = (
        "M22 120 C18 78 58 48 104 50 C152 52 186 84 182 122 C178 152 146 158 104 156 C62 158 28 154 22 120Z"
    )
    return definition + shape(path, fill) + line("M52 96 C80 76 124 76 150 98", "#fffbe0", 7, 'opacity="0.7"')


def plum_mango(light: str = "#ffc75a", base: str = "#f59a1c", dark: str = "#d4700a") -> str:
    """A thanh trà: a small, smooth, orange fruit."""
    definition, fill = glow(light, base, dark)
    body = oval(100, 112, 62, 74, fill) + oval(
        78, 86, 12, 20, "#fff", 'opacity="0.35" transform="rotate(20 78 86)"'
    )
    return definition + body + _stalk(100, 42)


def spray(fruit: str) -> str:
    """A small bunch of three fruits under leaves."""
    twigs = line("M100 16 Q92 40 62 62 M100 16 Q108 40 138 64 M100 16 V80", WOOD, 5)
    leaves = leaf(101, 28, 92, 2) + leaf(99, 30, 92, 178) + leaf(100, 26, 60, -58)
    return twigs + at(fruit, 4, 46, 116) + at(fruit, 80, 48, 116) + leaves + at(fruit, 42, 76, 118)


def rambutan(
    body: str = "#d7263d",
    light: str = "#f4606c",
    dark: str = "#9c1026",
    hair: str = "#7cb342",
    length: float = 0.34,
) -> str:
    """A rambutan with its soft spines."""
    definition, fill = glow(light, body, dark)
    spines = []
    for ring, radius in ((30, 66), (22, 48), (13, 30), (6, 12)):
        for i in range(ring):
            angle = 2 * math.pi * i / ring + radius
            x, y = 100 + radius * math.cos(angle), 108 + radius * math.sin(angle)
            tip = radius + 66 * length
            ex, ey = 100 + tip * math.cos(angle + 0.24), 108 + tip * math.sin(angle + 0.24)
            colour = hair if radius > 40 else light
            spines.append(
                line(
                    f"M{x:.1f} {y:.1f}Q{(x + ex) / 2 + 5:.1f} {(y + ey) / 2 - 4:.1f} {ex:.1f} {ey:.1f}",
                    colour,
                    4,
                )
            )
    return definition + oval(100, 108, 68, 68, fill) + "".join(spines)


def rambutan_open(hull: str = "#d7263d") -> str:
    """A rambutan with its upper skin off."""
    definition, fill = glow("#ffffff", "#f1f3ea", "#c6cdbb")
    cup = shape(star(100, 128, 66, 56, 26, 0.22, 4), hull)
    return definition + cup + oval(100, 92, 56, 60, fill) + oval(82, 70, 12, 16, "#fff")


def longan(opened: bool = False) -> str:
    """A longan, closed or opened."""
    definition, fill = glow("#d8b27a", "#b98a4b", "#875c2a")
    ball = oval(100, 106, 78, 78, fill) + "".join(
        oval(100 + x, 106 + y, 2, 2, "#875c2a", 'opacity="0.5"') for x, y in scatter(40, 68, 68)
    )
    if not opened:
        return definition + ball
    clear, flesh = glow("#ffffff", "#eef0e4", "#c4c9b6")
    top = shape("M30 92 C34 52 66 26 100 26 C136 26 166 52 170 92 C146 112 54 112 30 92Z", flesh)
    return definition + clear + ball + top + oval(104, 78, 20, 22, "#4b2e1a", 'opacity="0.55"')


def jackfruit() -> str:
    """A jackfruit cut lengthwise beside its bumpy skin."""
    definition, fill = glow("#c8cf6a", "#98a83c", "#667826")
    whole = shape(star(100, 104, 62, 84, 40, 0.045), fill)
    bumps = "".join(
        oval(100 + x, 104 + y, 4.6, 4.6, "#6d7f2a", 'opacity="0.55"') for x, y in scatter(90, 58, 80)
    )
    return definition + whole + bumps + line("M100 20 q0 -10 6 -16", WOOD, 10)


def jackfruit_bulb() -> str:
    """A yellow bulb of jackfruit."""
    definition, fill = glow("#ffe680", "#f9c22e", "#d99a14")
    body = (
        "M100 24 C126 34 168 84 160 134 C154 172 122 182 100 182 C78 182 46 172 40 134 C32 84 74 34 100 24Z"
    )
    seed = oval(100, 136, 26, 32, "#8a5a2b", 'opacity="0.5"')
    return (
        definition
        + shape(body, fill)
        + seed
        + line("M82 60 C66 84 60 104 62 128", "#fff2b3", 7, 'opacity="0.8"')
    )


def guava(cut: bool = False) -> str:
    """A pear guava, whole or cut."""
    definition, fill = glow("#d9ee9a", "#a5cc52", "#719a2c")
    if cut:
        seeds = "".join(oval(100 + x, 112 + y, 3, 3.6, "#c9a56a") for x, y in scatter(30, 36, 34))
        return (
            definition
            + oval(100, 110, 82, 80, fill)
            + oval(100, 110, 74, 72, "#fbfae8")
            + oval(100, 112, 42, 40, "#f1e9c8")
            + seeds
        )
    path = "M100 30 C124 30 132 54 146 74 C164 92 178 112 174 138 C168 172 136 188 100 188 C64 188 32 172 26 138 C22 112 36 92 54 74 C68 54 76 30 100 30Z"
    return (
        definition
        + shape(path, fill)
        + _stalk(100, 34)
        + leaf(104, 26, 60, -6)
        + oval(76, 92, 10, 24, "#fff", 'opacity="0.3" transform="rotate(24 76 92)"')
    )


def lime_whole() -> str:
    """A whole lime."""
    definition, fill = glow("#bfe36a", "#7fb92f", "#4c861a")
    body = shape(
        "M100 30 C112 30 116 40 128 46 C164 60 180 92 174 124 C166 164 130 178 100 186 C70 178 34 164 26 124 C20 92 36 60 72 46 C84 40 88 30 100 30Z",
        fill,
    )
    pores = "".join(
        oval(100 + x, 112 + y, 1.8, 1.8, "#4c861a", 'opacity="0.4"') for x, y in scatter(40, 62, 60)
    )
    return definition + body + pores


def coconut_green(straw: bool = False) -> str:
    """A green drinking coconut, optionally opened with a straw."""
    definition, fill = glow("#b7dd6a", "#7db53a", "#4a7d1f")
    body = shape(
        "M100 24 C150 24 186 66 182 116 C178 160 144 190 100 190 C56 190 22 160 18 116 C14 66 50 24 100 24Z",
        fill,
    )
    ridges = line("M64 36 C44 80 44 140 66 178", "#5f962a", 4, 'opacity="0.5"') + line(
        "M136 36 C156 80 156 140 134 178", "#4a7d1f", 4, 'opacity="0.5"'
    )
    if not straw:
        cap = shape("M72 40 C80 22 120 22 128 40 C120 52 80 52 72 40Z", "#8d7a3d") + line(
            "M100 34 q2 -16 10 -24", WOOD, 9
        )
        return definition + body + ridges + cap
    opening = oval(100, 44, 46, 16, "#f7f4e4") + oval(100, 44, 32, 10, "#d9e8c4")
    return (
        definition
        + body
        + ridges
        + opening
        + line("M108 46 L136 -14", "#e4572e", 8)
        + line("M136 -14 L158 -18", "#e4572e", 8)
    )


def coconut_trimmed() -> str:
    """A coconut trimmed to the diamond shape of the export trade."""
    definition, fill = slope("#fffdf3", "#e2d8b8")
    body = shape(
        "M100 16 L160 74 L152 176 Q100 194 48 176 L40 74Z",
        fill,
        'stroke="#cdbf93" stroke-width="3" stroke-linejoin="round"',
    )
    facets = line("M100 16 L84 78 L88 184 M100 16 L122 78 L116 184 M40 74 Q100 92 160 74", "#d3c69c", 3)
    return definition + body + facets


def coconut_brown() -> str:
    """A husked mature coconut with its three eyes."""
    definition, fill = glow("#b07a4a", "#7d5130", "#4c2f1a")
    fibres = "".join(
        line(f"M{100 + x:.0f} {106 + y:.0f}q7 3 13 0", "#a9835a", 2.4, 'opacity="0.7"')
        for x, y in scatter(44, 66, 68)
    )
    eyes = oval(80, 62, 8, 9, "#35200f") + oval(112, 58, 8, 9, "#35200f") + oval(100, 84, 8, 9, "#35200f")
    return definition + oval(100, 106, 80, 82, fill) + fibres + eyes


def coconut_half(waxy: bool = False) -> str:
    """Half a coconut; the waxy one is filled with thick soft flesh."""
    definition, fill = glow("#9b6a3f", "#6f4526", "#432713")
    parts = (
        definition
        + shape("M16 92 C16 148 52 186 100 186 C148 186 184 148 184 92Z", fill)
        + oval(100, 92, 84, 42, "#5a371d")
    )
    parts += oval(100, 92, 76, 36, "#ffffff")
    if not waxy:
        return parts + oval(100, 96, 54, 22, "#dfe9ea") + oval(92, 92, 30, 9, "#f4fafa")
    lumps = "".join(
        oval(100 + x, 88 + y, 15, 9, "#fdfaf0", 'stroke="#ddd3b8" stroke-width="2"')
        for x, y in scatter(13, 52, 20)
    )
    return parts + lumps
