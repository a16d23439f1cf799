"""Fish of the delta; tea and mint flowers of the highlands, drawn by us."""

from __future__ import annotations

from .pen import box, glow, leaf, line, oval, scatter, shape, slope


def fish(
    back: str = "#6f8796",
    belly: str = "#e6edf0",
    fin: str = "#55697a",
    tall: float = 1.0,
    whiskers: bool = False,
) -> str:
    """A whole fish that swims to the left; `tall` makes it deeper in the body."""
    definition, fill = slope(back, belly, upright=True)
    h = 38 * tall
    tail = shape(f"M158 102 L196 {102 - 40} Q184 102 196 {102 + 40}Z", fin)
    fins = shape(
        f"M72 {104 - h * 0.86:.0f} Q104 {104 - h * 1.75:.0f} 138 {104 - h * 0.62:.0f}Z", fin
    ) + shape(f"M92 {100 + h * 0.9:.0f} Q104 {104 + h * 1.55:.0f} 128 {100 + h * 0.66:.0f}Z", fin)
    body = shape(
        f"M8 106 C30 {104 - h * 1.25:.0f} 110 {104 - h * 1.35:.0f} 166 102 C110 {104 + h * 1.35:.0f} 36 {106 + h * 1.1:.0f} 8 106Z",
        fill,
    )
    face = (
        oval(38, 96, 7, 7, "#fff")
        + oval(37, 96, 4, 4, "#1c252b")
        + line(f"M60 {104 - h * 0.7:.0f} Q74 104 58 {104 + h * 0.75:.0f}", fin, 3)
        + line("M10 108 q12 4 20 2", fin, 3)
    )
    hair = line("M14 112 q-8 14 -14 18 M22 114 q-2 14 -6 22", fin, 3) if whiskers else ""
    return (
        definition
        + tail
        + fins
        + body
        + face
        + shape("M76 108 q22 -2 28 14 q-20 4 -28 -14Z", fin, 'opacity="0.7"')
        + hair
    )


def fillet() -> str:
    """A skinless fish fillet."""
    definition, fill = glow("#fffaf6", "#fbe3d8", "#eebfae")
    grain = line("M20 106 C70 94 130 94 184 86", "#e3a48f", 4) + "".join(
        line(f"M{x} 100 l-14 -22 M{x} 102 l-12 24", "#efc4b4", 3) for x in range(48, 166, 20)
    )
    return (
        definition
        + shape(
            "M6 112 C20 76 70 58 118 60 C156 62 190 70 194 84 C190 104 168 126 128 138 C84 150 20 150 6 112Z",
            fill,
            'stroke="#e8b7a5" stroke-width="2"',
        )
        + grain
    )


def steak() -> str:
    """A slice across a fish."""
    skin = shape(
        "M100 24 C148 24 180 62 178 108 C176 152 146 180 128 182 C116 176 112 158 100 158 C88 158 84 176 72 182 C54 180 24 152 22 108 C20 62 52 24 100 24Z",
        "#6f8796",
    )
    meat = shape(
        "M100 34 C142 34 170 66 168 108 C166 144 144 168 130 172 C118 160 112 146 100 146 C88 146 82 160 70 172 C56 168 34 144 32 108 C30 66 58 34 100 34Z",
        "#fbe6dc",
    )
    rings = line(
        "M100 50 C130 50 152 74 150 106 M100 50 C70 50 48 74 50 106 M100 70 C118 70 132 84 130 108 M100 70 C82 70 68 84 70 108",
        "#efbfac",
        4,
    )
    return (
        skin
        + meat
        + rings
        + oval(100, 96, 13, 15, "#fff", 'stroke="#d9a08d" stroke-width="3"')
        + line("M100 111 V140", "#d9a08d", 3)
    )


def dried_fish() -> str:
    """A split, dried snakehead."""
    definition, fill = glow("#d9a566", "#b0743a", "#754519")
    body = shape("M14 100 C30 50 92 44 150 84 L192 56 Q182 100 192 146 L150 118 C92 158 30 152 14 100Z", fill)
    ribs = line("M22 100 H160", "#754519", 4) + "".join(
        line(f"M{x} 100 l-16 -26 M{x} 100 l-16 26", "#8f5a26", 3) for x in range(56, 146, 15)
    )
    return definition + body + ribs + oval(34, 84, 5, 5, "#3b210b") + oval(34, 116, 5, 5, "#3b210b")


def fish_ball() -> str:
    """A ball of fish paste with herbs and pepper."""
    definition, fill = glow("#fbf3ea", "#e7d5c4", "#bda48d")
    herbs = "".join(
        box(
            100 + x,
            100 + y,
            12,
            4,
            2,
            ("#5a9a3a", "#3d3430")[i % 2],
            f'transform="rotate({i * 50} {100 + x:.0f} {100 + y:.0f})"',
        )
        for i, (x, y) in enumerate(scatter(16, 52, 52))
    )
    return definition + oval(100, 104, 78, 74, fill) + herbs


def tea_bud(down: bool = False) -> str:
    """One bud and two leaves; `down` shows the white hair of Shan buds."""
    twig = line("M100 196 C98 150 100 120 102 92", "#6f8f3a", 6)
    leaves = leaf(100, 130, 84, -28, "#4f9a3a") + leaf(99, 118, 84, -150, "#3f8630")
    definition, fill = slope("#dcebb8", "#86b85a", upright=True)
    bud = shape("M102 96 C84 74 86 40 104 12 C120 40 122 74 102 96Z", fill)
    hairs = (
        line("M96 40 l-10 -6 M96 56 l-12 -4 M112 44 l10 -6 M112 60 l11 -4 M104 14 l0 -8", "#f3f7e2", 3)
        if down
        else ""
    )
    return definition + twig + leaves + bud + hairs


def tea_glass(liquor: str, light: str) -> str:
    """A cup of tea without a handle; the liquor shows the kind."""
    definition, fill = slope(light, liquor, upright=True)
    cup = shape(
        "M34 72 L166 72 C164 130 146 176 128 182 H72 C54 176 36 130 34 72Z",
        "#f6f7f4",
        'stroke="#c9d1cc" stroke-width="3"',
    )
    steam = line(
        "M76 46 q-10 -14 0 -26 M104 44 q-10 -14 0 -28 M132 46 q-10 -14 0 -26", "#ffffff", 5, 'opacity="0.9"'
    )
    return (
        definition
        + cup
        + oval(100, 74, 66, 20, "#e6ebe7")
        + oval(100, 76, 58, 15, fill)
        + box(70, 180, 60, 8, 4, "#c9d1cc")
        + steam
    )


def tea_heap(one: str, two: str, three: str) -> str:
    """A heap of rolled dry tea."""
    parts = [oval(100, 160, 90, 20, two)]
    for i, (x, y) in enumerate(sorted(scatter(90, 82, 52), key=lambda p: p[1])):
        colour = (one, two, three)[i % 3]
        top = 132 + y * 0.75 - (1 - abs(x) / 84) * 34
        parts.append(line(f"M{100 + x - 9:.0f} {top:.0f}q9 {(-7, 7)[i % 2]} 18 {(i * 5) % 9 - 4}", colour, 6))
    return "".join(parts)


def tea_cake() -> str:
    """A pressed round of dark tea."""
    definition, fill = glow("#8a6a45", "#5f4429", "#38260f")
    flakes = "".join(
        line(
            f"M{100 + x:.0f} {98 + y:.0f}q6 {(-5, 5)[i % 2]} 13 1",
            ("#9c7b50", "#7d5c36", "#452f18")[i % 3],
            4,
        )
        for i, (x, y) in enumerate(scatter(70, 76, 68))
    )
    return (
        definition
        + oval(100, 112, 90, 78, "#38260f")
        + oval(100, 100, 90, 78, fill)
        + flakes
        + oval(100, 100, 15, 12, "#38260f", 'opacity="0.7"')
    )


def mint_flower() -> str:
    """A spike of the violet mint that the bees of the plateau visit."""
    parts = [
        line("M100 196 L100 40", "#5f8a3a", 6),
        leaf(100, 160, 64, -24),
        leaf(100, 168, 64, -156),
        leaf(100, 128, 52, -28),
        leaf(100, 134, 52, -152),
    ]
    for i, y in enumerate(range(22, 116, 16)):
        for dx in (-1, 0, 1):
            parts.append(
                oval(
                    100 + dx * (10 + i * 2.4),
                    y + abs(dx) * 5,
                    9,
                    8,
                    ("#9a6fd0", "#b48be2", "#8155b8")[(i + dx) % 3],
                )
            )
    return "".join(parts)
