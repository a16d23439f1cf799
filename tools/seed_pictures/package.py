"""Packages, drawn by us: each takes a drawing and shows it on its front."""

from __future__ import annotations

from .pen import at, box, line, oval, shape, slope, unique


def pouch(colour: str, deep: str, picture: str) -> str:
    """A stand-up pouch."""
    definition, fill = slope(colour, deep)
    body = shape("M34 22 H166 L174 176 Q100 198 26 176Z", fill)
    seam = box(32, 14, 136, 16, 4, deep) + line(
        "M34 40 H166", "#ffffff", 2, 'opacity="0.6" stroke-dasharray="3 5"'
    )
    return definition + body + seam + box(48, 56, 104, 104, 16, "#fffdf6") + at(picture, 54, 60, 92)


def carton(picture: str, kraft: str = "#d8b07a", deep: str = "#b78a50") -> str:
    """A shipping carton."""
    top = shape("M14 66 L60 34 H190 L150 66Z", "#e8c795") + shape("M150 66 L190 34 V150 L150 184Z", deep)
    tape = shape("M72 66 L116 34 H136 L96 66Z", "#f3dfba") + box(72, 66, 24, 20, 0, "#f3dfba")
    return (
        top
        + box(14, 66, 136, 118, 3, kraft)
        + tape
        + box(40, 92, 84, 84, 8, "#fff8ea")
        + at(picture, 44, 95, 76)
    )


def tin(colour: str, deep: str, picture: str) -> str:
    """A presentation box with a lid."""
    definition, fill = slope(colour, deep, upright=True)
    lid = box(18, 26, 164, 36, 8, deep) + box(18, 26, 164, 12, 6, "#ffffff", 'opacity="0.25"')
    return (
        definition
        + box(26, 50, 148, 136, 10, fill)
        + lid
        + oval(100, 122, 56, 54, "#fffdf6")
        + at(picture, 58, 80, 84)
    )


def bottle(liquid: str, deep: str, picture: str, cap: str = "#4c8a3a", label: str = "#fffdf6") -> str:
    """A bottle whose liquid shows above and below the label."""
    definition, fill = slope(liquid, deep)
    body = "M80 34 H120 V54 C120 70 146 74 146 98 V178 Q146 192 132 192 H68 Q54 192 54 178 V98 C54 74 80 70 80 54Z"
    shine = line("M66 100 V180", "#ffffff", 6, 'opacity="0.45"')
    return (
        definition
        + shape(body, fill)
        + box(76, 12, 48, 26, 6, cap)
        + box(54, 106, 92, 64, 0, label)
        + at(picture, 68, 106, 64)
        + shine
    )


def jar(content: str, deep: str, picture: str, lid: str = "#c9892f") -> str:
    """A glass jar."""
    definition, fill = slope(content, deep)
    glass = box(32, 48, 136, 142, 26, "#eaf3f2", 'stroke="#c2d6d4" stroke-width="3"')
    return (
        definition
        + glass
        + box(40, 66, 120, 118, 20, fill)
        + box(40, 20, 120, 36, 8, lid)
        + box(56, 92, 88, 74, 10, "#fffdf6")
        + at(picture, 64, 93, 72)
    )


def can(colour: str, deep: str, picture: str) -> str:
    """A tin can."""
    definition, fill = slope(colour, deep)
    steel, metal = slope("#f1f3f4", "#a9b2b8")
    ends = box(38, 24, 124, 160, 0, metal) + oval(100, 184, 62, 14, metal)
    return (
        definition
        + steel
        + ends
        + box(38, 44, 124, 120, 0, fill)
        + oval(100, 24, 62, 14, "#dfe4e7")
        + oval(100, 24, 50, 9, "#c4ccd1")
        + oval(100, 104, 46, 46, "#fffdf6")
        + at(picture, 64, 68, 72)
    )


def sack(colour: str, deep: str, picture: str) -> str:
    """A sack of rice."""
    definition, fill = slope(colour, deep)
    body = "M46 40 C20 80 22 160 36 184 Q100 200 164 184 C178 160 180 80 154 40Z"
    neck = shape("M46 40 L40 12 Q70 24 100 14 Q130 24 160 12 L154 40 Q100 52 46 40Z", colour) + line(
        "M44 42 Q100 56 156 42", "#a97b34", 7
    )
    return definition + shape(body, fill) + neck + oval(100, 118, 54, 54, "#fffdf6") + at(picture, 58, 76, 84)


def tray(picture: str, foam: str = "#ffffff") -> str:
    """A shallow tray with several pieces."""
    edge = 'stroke="#ccd6d2" stroke-width="3" stroke-linejoin="round"'
    rim = shape("M6 118 L30 92 H170 L194 118Z", "#edf2ef", edge)
    pieces = "".join(at(picture, x, y, 70) for x, y in ((30, 48), (100, 48), (66, 40), (42, 74), (90, 74)))
    front = shape("M6 118 H194 L176 162 Q100 172 24 162Z", foam, edge) + line("M26 134 H174", "#dfe7e3", 4)
    return rim + pieces + front


def net_bag(picture: str) -> str:
    """A net bag full of fruit."""
    name = unique("n")
    shell = (
        "M82 34 C70 62 20 82 18 136 C18 180 60 194 100 194 C140 194 182 180 182 136 C180 82 130 62 118 34Z"
    )
    fruit = "".join(
        at(picture, x, y, 66)
        for x, y in ((66, 58), (30, 90), (104, 88), (66, 104), (26, 128), (108, 128), (68, 136))
    )
    mesh = "".join(
        line(f"M{x} 30 L{x + 90} 200 M{x + 90} 30 L{x} 200", "#d9362f", 2) for x in range(-60, 180, 20)
    )
    clip = f'<clipPath id="{name}"><path d="{shell}"/></clipPath>'
    tag = box(74, 8, 52, 30, 4, "#d9362f")
    return (
        clip
        + f'<g clip-path="url(#{name})">{fruit}<g opacity="0.65">{mesh}</g></g>'
        + shape(shell, "none", 'stroke="#d9362f" stroke-width="3"')
        + tag
    )


def vacuum(picture: str) -> str:
    """A clear vacuum pack."""
    edge = box(12, 20, 176, 164, 10, "#eef6f8", 'stroke="#b9d3da" stroke-width="3"')
    seal = line("M22 34 H178 M22 170 H178", "#b9d3da", 3, 'stroke-dasharray="2 6"')
    return (
        edge
        + seal
        + at(picture, 24, 30, 152)
        + line("M34 50 L70 44 M150 158 L170 152", "#ffffff", 8, 'opacity="0.8"')
    )


def crate(picture: str) -> str:
    """A shallow wooden crate heaped with fruit."""
    heap = "".join(at(picture, x, y, 74) for x, y in ((18, 46), (110, 46), (64, 32), (38, 72), (90, 72)))
    slats = "".join(
        box(8, y, 184, 22, 3, "#cf9d5c", 'stroke="#a87638" stroke-width="2"') for y in (118, 144, 170)
    )
    posts = box(14, 114, 14, 80, 2, "#a87638") + box(172, 114, 14, 80, 2, "#a87638")
    return heap + slats + posts
