"""Which picture each product gets: one entry per product code, in the words of the drawings."""

from __future__ import annotations

from collections.abc import Callable

from . import fruit, garden, kitchen, package, water_and_hills
from .pen import at

Icon = Callable[[str], str]
Scene = Callable[[Icon], str]

BACKGROUNDS = {
    "buoi": ("#f4f7d9", "#dbe6a8"),
    "cam-sanh": ("#fff1dc", "#fbd6a2"),
    "sau-rieng": ("#f7f5d4", "#e3dc97"),
    "thanh-tra": ("#fff3d6", "#ffdc9c"),
    "rau-cu-qua": ("#e7f5e4", "#bfe3b9"),
    "banh": ("#fdf0e4", "#f3d3b4"),
    "com": ("#fbf3da", "#eedb9e"),
    "thuy-san": ("#e3f2f8", "#b3d9ea"),
    "trai-cay-khac": ("#fdeaea", "#f6c9c6"),
    "gao": ("#f6f3e6", "#e2d9b6"),
    "che-bien-khac": ("#f3ecf8", "#d9c7ea"),
    "che-shan": ("#e6f3ea", "#b6dcc3"),
    "mat-ong": ("#fff4d2", "#ffdf8e"),
    "dua": ("#e5f6f0", "#b4e2d2"),
    "dua-sap": ("#eef2f6", "#cbd8e6"),
}


def solo(drawing: str, turn: float = 0) -> str:
    """One thing, large."""
    return at(drawing, 95, 88, 290, turn)


def duo(first: str, second: str) -> str:
    """A large thing and a smaller one in front of it."""
    return at(first, 52, 66, 264) + at(second, 250, 206, 188)


def beside(first: str, second: str) -> str:
    """A package with what is in it."""
    return at(first, 48, 66, 290) + at(second, 282, 232, 160)


def trio(first: str, second: str, third: str) -> str:
    """Three things: two behind, one in front."""
    return at(first, 54, 84, 222) + at(second, 214, 72, 222) + at(third, 144, 194, 204)


_ROSE = ("#c9d68a", "#eef3d8", "#f3919b", "#d9606f")
_PALE = ("#d8dc6a", "#f8f6da", "#f6ecb4", "#d9c978")


def _orange_half() -> str:
    return fruit.half("#e08a1e", "#fff3dc", "#f9962b", "#d96f0c", 10, 0.1)


def _hg_orange() -> str:
    return fruit.orange("#ffd27a", "#f7a327", "#d57c0c", "#e0b23c")


SCENES: dict[str, Scene] = {
    "VLP001": lambda icon: duo(fruit.pomelo(), fruit.half(*_PALE)),
    "VLP002": lambda icon: beside(package.carton(fruit.pomelo()), fruit.pomelo()),
    "VLP003": lambda icon: (
        at(fruit.pomelo(), 70, 84, 230)
        + at(fruit.pomelo(), 214, 130, 206)
        + at(icon("herb"), 60, 286, 120, -24)
    ),
    "VLP004": lambda icon: duo(package.vacuum(fruit.segment()), fruit.segment()),
    "VLP005": lambda icon: duo(fruit.pomelo("#b9dc78", "#7db046", "#4a7d26", pear=False), fruit.half(*_ROSE)),
    "VLP006": lambda icon: beside(package.jar("#efd98a", "#c99a3a", fruit.pomelo()), kitchen.peel_strips()),
    "VLP007": lambda icon: beside(package.bottle("#f6eeb0", "#dccf6a", fruit.pomelo()), fruit.half(*_PALE)),
    "VLP008": lambda icon: trio(fruit.orange(), fruit.orange(), _orange_half()),
    "VLP009": lambda icon: beside(package.net_bag(fruit.orange()), _orange_half()),
    "VLP010": lambda icon: (
        at(fruit.orange(), 64, 92, 250)
        + at(_orange_half(), 236, 190, 190)
        + at(icon("herb"), 270, 70, 120, 20)
    ),
    "VLP011": lambda icon: beside(
        package.bottle("#ffb347", "#e8851c", _orange_half(), "#3f8a3a"), _orange_half()
    ),
    "VLP012": lambda icon: duo(package.tin("#e86a33", "#a83a16", fruit.orange()), fruit.orange()),
    "VLP013": lambda icon: solo(fruit.durian()),
    "VLP014": lambda icon: beside(package.carton(fruit.durian()), fruit.durian()),
    "VLP015": lambda icon: duo(fruit.durian("#9fae52", "#c8d27e", "#6c7e30"), fruit.durian_open()),
    "VLP016": lambda icon: beside(package.pouch("#f2c230", "#c78f12", fruit.durian()), kitchen.cubes()),
    "VLP017": lambda icon: (
        at(fruit.durian_open(), 62, 66, 250)
        + at(fruit.durian_pod(), 104, 236, 170, -8)
        + at(fruit.durian_pod(), 236, 232, 176, 6)
        + at(icon("snowflake"), 326, 66, 100)
    ),
    "VLP018": lambda icon: solo(fruit.spray(fruit.plum_mango())),
    "VLP019": lambda icon: solo(fruit.spray(fruit.plum_mango("#ffe27a", "#f6bf2a", "#cf930c"))),
    "VLP020": lambda icon: duo(package.crate(fruit.plum_mango()), fruit.plum_mango()),
    "VLP021": lambda icon: beside(
        package.bottle("#f9a72b", "#d97706", fruit.plum_mango(), "#7a5230"), fruit.plum_mango()
    ),
    "VLP022": lambda icon: solo(garden.watercress()),
    "VLP023": lambda icon: solo(garden.mustard_greens()),
    "VLP024": lambda icon: solo(garden.choy_sum()),
    "VLP025": lambda icon: solo(garden.water_spinach()),
    "VLP026": lambda icon: solo(garden.spring_onion()),
    "VLP027": lambda icon: solo(icon("cucumber")),
    "VLP028": lambda icon: (
        at(garden.bitter_gourd(), 70, 60, 280, -18) + at(garden.bitter_gourd(), 130, 176, 250, 10)
    ),
    "VLP029": lambda icon: at(garden.radish(), 70, 84, 270, -16) + at(garden.radish(), 170, 90, 270, 14),
    "VLP030": lambda icon: trio(icon("hot-pepper"), icon("hot-pepper"), icon("hot-pepper")),
    "VLP031": lambda icon: (
        at(package.tray(garden.straw_mushroom(), "#f3f7f4"), 70, 96, 310)
        + at(garden.straw_mushroom(), 300, 236, 140)
    ),
    "VLP032": lambda icon: (
        at(garden.sweet_potato(), 60, 80, 290) + at(garden.sweet_potato_slice(), 226, 220, 180)
    ),
    "VLP033": lambda icon: beside(package.carton(garden.sweet_potato()), garden.sweet_potato()),
    "VLP034": lambda icon: solo(kitchen.rice_paper()),
    "VLP035": lambda icon: solo(kitchen.rice_paper("#f6e0ae", "#cfa45a", "#7a5220")),
    "VLP036": lambda icon: (
        at(kitchen.rice_paper("#ffffff", "#dfe3dc"), 64, 100, 280) + at(icon("glass-of-milk"), 290, 210, 150)
    ),
    "VLP037": lambda icon: duo(kitchen.puffed_cake(), kitchen.puffed_cake()),
    "VLP038": lambda icon: solo(kitchen.banh_tet()),
    "VLP039": lambda icon: (
        at(kitchen.pressed_cake(), 64, 76, 230)
        + at(kitchen.pressed_cake(), 206, 180, 220)
        + at(icon("pea-pod"), 286, 66, 116)
    ),
    "VLP040": lambda icon: (
        at(kitchen.biscuit(), 60, 84, 220)
        + at(kitchen.biscuit(), 196, 176, 230)
        + at(garden.sweet_potato(), 280, 66, 140)
    ),
    "VLP041": lambda icon: at(kitchen.puffed_bar(), 60, 84, 290) + at(icon("ginger-root"), 274, 224, 160),
    "VLP042": lambda icon: solo(kitchen.green_flakes()),
    "VLP043": lambda icon: beside(
        package.tin("#d99a3c", "#9a6420", icon("sheaf-of-rice")),
        kitchen.puffed_bar("#f0dcb0", "#b87a34", "#4a2f12"),
    ),
    "VLP044": lambda icon: (
        at(water_and_hills.fillet(), 66, 62, 270, -8)
        + at(water_and_hills.fillet(), 120, 170, 280, 6)
        + at(icon("snowflake"), 330, 66, 84)
    ),
    "VLP045": lambda icon: at(
        water_and_hills.fish("#5f7684", "#eef2f3", "#465a66", 0.92, whiskers=True), 56, 56, 368
    ),
    "VLP046": lambda icon: at(water_and_hills.fish("#e8735c", "#fbd9c9", "#c9503c", 1.3), 62, 60, 352),
    "VLP047": lambda icon: (
        at(water_and_hills.dried_fish(), 60, 60, 280, -6) + at(water_and_hills.dried_fish(), 130, 176, 280, 8)
    ),
    "VLP048": lambda icon: (
        at(package.tray(water_and_hills.fish_ball()), 60, 92, 310)
        + at(water_and_hills.fish("#8a97a0", "#f2f4f2", "#64727c", 1.1), 262, 64, 160)
    ),
    "VLP049": lambda icon: (
        trio(water_and_hills.steak(), water_and_hills.steak(), water_and_hills.steak())
        + at(icon("snowflake"), 66, 300, 84)
    ),
    "VLP050": lambda icon: trio(fruit.rambutan(), fruit.rambutan(), fruit.rambutan_open()),
    "VLP051": lambda icon: trio(
        fruit.rambutan("#e58a2e", "#f7c06a", "#b3541a", "#d9b23a", 0.2),
        fruit.rambutan("#dd6a3a", "#f7a06a", "#a8401a", "#d9b23a", 0.2),
        fruit.rambutan_open("#dd7a32"),
    ),
    "VLP052": lambda icon: trio(fruit.longan(), fruit.longan(), fruit.longan(opened=True)),
    "VLP053": lambda icon: duo(icon("mango"), icon("mango")),
    "VLP054": lambda icon: duo(fruit.jackfruit(), fruit.jackfruit_bulb()),
    "VLP055": lambda icon: duo(fruit.lime_whole(), icon("lime")),
    "VLP056": lambda icon: duo(fruit.guava(), fruit.guava(cut=True)),
    "VLP057": lambda icon: duo(
        package.sack("#d7e3b4", "#9ab46a", icon("sheaf-of-rice")), icon("cooked-rice")
    ),
    "VLP058": lambda icon: duo(
        package.sack("#f2e6c8", "#d0b478", icon("cooked-rice")), icon("sheaf-of-rice")
    ),
    "VLP059": lambda icon: beside(
        package.pouch("#d9b24a", "#a67c1e", kitchen.tofu_skin()), kitchen.tofu_skin()
    ),
    "VLP060": lambda icon: beside(package.vacuum(kitchen.tofu_skin("#f7e8b4", "#d6b25c")), icon("salt")),
    "VLP061": lambda icon: beside(
        package.pouch("#8d5bb0", "#5a2f80", garden.sweet_potato()), kitchen.chips()
    ),
    "VLS001": lambda icon: duo(fruit.pomelo("#a9d46a", "#6aa23c", "#3c6f20", pear=False), fruit.half(*_ROSE)),
    "VLS002": lambda icon: beside(
        package.carton(fruit.pomelo("#a9d46a", "#6aa23c", "#3c6f20", pear=False)),
        fruit.pomelo("#a9d46a", "#6aa23c", "#3c6f20", pear=False),
    ),
    "VLS003": lambda icon: trio(_hg_orange(), _hg_orange(), _orange_half()),
    "VLS004": lambda icon: duo(package.tin("#d9902e", "#8f5410", _hg_orange()), _hg_orange()),
    "VLS005": lambda icon: beside(
        package.pouch("#5fae72", "#2f7a48", water_and_hills.tea_bud()),
        water_and_hills.tea_glass("#b7cf5a", "#dbe88e"),
    ),
    "VLS006": lambda icon: duo(
        package.tin("#2f7a56", "#174a32", water_and_hills.tea_bud(down=True)),
        water_and_hills.tea_glass("#c4d664", "#e6f0a0"),
    ),
    "VLS007": lambda icon: (
        at(water_and_hills.tea_bud(down=True), 60, 70, 240)
        + at(water_and_hills.tea_glass("#f0dfa0", "#fbf3cf"), 242, 196, 190)
    ),
    "VLS008": lambda icon: (
        at(water_and_hills.tea_heap("#3a1f14", "#5a3020", "#7a4026"), 50, 96, 250)
        + at(water_and_hills.tea_glass("#b3401a", "#dd7a3a"), 246, 180, 200)
    ),
    "VLS009": lambda icon: (
        at(water_and_hills.tea_cake(), 60, 76, 270)
        + at(water_and_hills.tea_glass("#7a3a16", "#a85c26"), 266, 214, 170)
    ),
    "VLS010": lambda icon: (
        at(water_and_hills.tea_heap("#3d5a2c", "#56763c", "#74924e"), 50, 100, 250)
        + at(icon("teacup-without-handle"), 252, 190, 190)
    ),
    "VLS011": lambda icon: beside(
        package.bottle("#f4b52c", "#c97d0c", icon("honeybee"), "#7a4a14"), water_and_hills.mint_flower()
    ),
    "VLS012": lambda icon: beside(
        package.jar("#f6c040", "#cc860f", icon("honeybee")), water_and_hills.mint_flower()
    ),
    "VLS013": lambda icon: (
        at(water_and_hills.mint_flower(), 46, 96, 190)
        + at(icon("honey-pot"), 150, 110, 250)
        + at(icon("honeybee"), 318, 62, 100)
    ),
    "VLS014": lambda icon: (
        at(fruit.coconut_green(), 60, 110, 230) + at(fruit.coconut_green(straw=True), 198, 150, 230)
    ),
    "VLS015": lambda icon: beside(package.carton(fruit.coconut_trimmed()), fruit.coconut_trimmed()),
    "VLS016": lambda icon: trio(fruit.coconut_brown(), fruit.coconut_brown(), fruit.coconut_half()),
    "VLS017": lambda icon: beside(package.tin("#3f9a6a", "#1f6a44", fruit.coconut_half()), kitchen.sweet()),
    "VLS018": lambda icon: beside(
        package.tin("#e0b93a", "#a8801a", fruit.durian()), kitchen.sweet("#fff3c4", "#d9a520")
    ),
    "VLS019": lambda icon: beside(
        package.bottle("#f7fbf4", "#d5e6dc", fruit.coconut_half(), "#c9a24a"), fruit.coconut_half()
    ),
    "VLS020": lambda icon: beside(
        package.can("#4aa3c8", "#23708f", fruit.coconut_half()), fruit.coconut_half()
    ),
    "VLS021": lambda icon: duo(fruit.coconut_green(), fruit.coconut_half(waxy=True)),
    "VLS022": lambda icon: (
        beside(package.pouch("#7fb2d6", "#3f7aa8", fruit.coconut_half(waxy=True)), kitchen.shreds())
        + at(icon("snowflake"), 350, 72, 84)
    ),
    "VLS023": lambda icon: beside(
        package.tin("#8fb0cc", "#4f7494", fruit.coconut_half(waxy=True)), kitchen.sweet("#ffffff", "#6f9ac0")
    ),
    "VLS024": lambda icon: duo(fruit.durian("#84943a", "#b2bb5a", "#53651f"), fruit.durian_pod()),
}
