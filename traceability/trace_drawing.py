"""Where the boxes and arrows of a trace stand: a layered drawing, left to right, from plain numbers to plain numbers.

Each box has a level; arrows run from lower levels to higher ones. Levels become columns, boxes are ordered in their
columns so that arrows cross little (barycentres, some sweeps), then moved as near to their neighbours as the gaps
allow. An arrow over several columns bends through a narrow lane in each, so that it hides no box. All measures are
the user units of an SVG, which a browser shows as CSS pixels.
"""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

BOX_WIDTH = 200
COLUMN_GAP = 110
GAP = 16
LANE = 12
MARGIN = 12
_SWEEPS = 8
#: An arrow's weight is written where at most so many arrows meet.
_MOST_LABELS = 4


@dataclass(frozen=True)
class Shape:
    """A box to be placed: its level and its height."""

    id: str
    level: int
    height: int


@dataclass(frozen=True)
class Arrow:
    """An arrow to be drawn, as thick as its weight (None: unknown, drawn thin and broken)."""

    source: str
    target: str
    weight: float | None
    label: str = ""


@dataclass(frozen=True)
class Placed:
    """A box with its upper left corner."""

    id: str
    x: float
    y: float
    height: int
    width: int = BOX_WIDTH


@dataclass(frozen=True)
class Drawn:
    """An arrow as the `d` of a path; where its label stands, and on which side of that point it ends."""

    arrow: Arrow
    path: str
    thickness: float
    label_x: float
    label_y: float
    anchor: str
    labelled: bool


@dataclass(frozen=True)
class Drawing:
    """The whole drawing with its size."""

    width: int
    height: int
    boxes: tuple[Placed, ...]
    arrows: tuple[Drawn, ...]


Key = Hashable


@dataclass
class _Cell:
    """A box or a lane in a column."""

    key: Key
    column: int
    height: float
    before: list["_Cell"] = field(default_factory=list)
    after: list["_Cell"] = field(default_factory=list)
    y: float = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def draw(shapes: Sequence[Shape], arrows: Sequence[Arrow]) -> Drawing:
    """Places boxes and arrows. Every arrow must run from a lower level to a higher one between boxes that are there."""
    levels = {level: place for place, level in enumerate(sorted({shape.level for shape in shapes}))}
    cells = {shape.id: _Cell(shape.id, levels[shape.level], shape.height) for shape in shapes}
    columns: list[list[_Cell]] = [[] for _level in levels]
    for cell in cells.values():
        columns[cell.column].append(cell)
    ways = [_way(arrow, number, cells, columns) for number, arrow in enumerate(arrows)]
    _order(columns)
    _settle(columns)
    top = min((cell.y for column in columns for cell in column), default=0.0)
    for column in columns:
        for cell in column:
            cell.y += MARGIN - top
    bottom = max((cell.y + cell.height for column in columns for cell in column), default=0.0)
    placed = tuple(
        Placed(shape.id, _left(cells[shape.id].column), round(cells[shape.id].y, 1), shape.height)
        for shape in shapes
    )
    width = MARGIN * 2 + len(columns) * BOX_WIDTH + max(0, len(columns) - 1) * COLUMN_GAP
    return Drawing(width, round(bottom + MARGIN), placed, _arrows(ways, arrows))


def _left(column: int) -> int:
    return MARGIN + column * (BOX_WIDTH + COLUMN_GAP)


def _way(arrow: Arrow, number: int, cells: dict[str, _Cell], columns: list[list[_Cell]]) -> list[_Cell]:
    """The cells an arrow goes through, its two boxes included; a lane is made in each column between."""
    source, target = cells[arrow.source], cells[arrow.target]
    if source.column >= target.column:
        raise ValueError(f"an arrow must run forward: {arrow.source} to {arrow.target}")
    way = [source]
    for column in range(source.column + 1, target.column):
        lane = _Cell((number, column), column, LANE)
        columns[column].append(lane)
        way.append(lane)
    way.append(target)
    for here, there in itertools.pairwise(way):
        here.after.append(there)
        there.before.append(here)
    return way


def _order(columns: list[list[_Cell]]) -> None:
    """Orders each column by where the neighbours stand, forward and back in turn."""
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            places = {
                cell.key: place / max(1, len(there) - 1)
                for there in columns
                for place, cell in enumerate(there)
            }
            wanted = {cell.key: _mean(cell, places, forward, places[cell.key]) for cell in column}
            column.sort(key=lambda cell: wanted[cell.key])


def _mean(cell: _Cell, places: dict[Key, float], forward: bool, otherwise: float) -> float:
    near = cell.before if forward else cell.after
    return sum(places[one.key] for one in near) / len(near) if near else otherwise


def _settle(columns: list[list[_Cell]]) -> None:
    """Moves the cells of each column as near to their neighbours' height as their order and the gaps allow."""
    for column in columns:
        y = 0.0
        for cell in column:
            cell.y, y = y, y + cell.height + GAP
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wanted = []
            for cell in column:
                near = (cell.before if forward else cell.after) or [cell]
                wanted.append(sum(one.middle for one in near) / len(near) - cell.height / 2)
            for cell, y in zip(column, spread([cell.height + GAP for cell in column], wanted), strict=True):
                cell.y = y


def spread(sizes: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """The positions nearest to the wanted ones (least squares) at which things of these sizes stand in order and do
    not overlap: things that would are laid together into blocks, each at the mean of what its members want."""
    blocks: list[tuple[float, int]] = []  # sum of wanted starts, number of members
    offset, starts = 0.0, []
    for size, want in zip(sizes, wanted, strict=True):
        starts.append(offset)
        blocks.append((want - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((last[0] + before[0], last[1] + before[1]))
        offset += size
    positions: list[float] = []
    for total, count in blocks:
        positions += [total / count] * count
    return [start + position for start, position in zip(starts, positions, strict=True)]


def _arrows(ways: list[list[_Cell]], arrows: Sequence[Arrow]) -> tuple[Drawn, ...]:
    """The arrows with ports spread along the sides of their boxes, in the order of where they go."""
    leaving, arriving = defaultdict(list), defaultdict(list)
    for number, way in enumerate(ways):
        leaving[way[0].key].append(number)
        arriving[way[-1].key].append(number)
    for numbers in leaving.values():
        numbers.sort(key=lambda number: ways[number][1].middle)
    for numbers in arriving.values():
        numbers.sort(key=lambda number: ways[number][-2].middle)
    heaviest = max((arrow.weight or 0 for arrow in arrows), default=0) or 1
    drawn = []
    for number, (way, arrow) in enumerate(zip(ways, arrows, strict=True)):
        outs, ins = leaving[way[0].key], arriving[way[-1].key]
        points: list[tuple[float, float]] = [(_left(way[0].column) + BOX_WIDTH, _port(way[0], outs, number))]
        for lane in way[1:-1]:
            points += [(_left(lane.column), lane.middle), (_left(lane.column) + BOX_WIDTH, lane.middle)]
        points.append((_left(way[-1].column), _port(way[-1], ins, number)))
        at_source = len(outs) <= len(ins)
        x, y = points[0] if at_source else points[-1]
        drawn.append(
            Drawn(
                arrow=arrow,
                path=_path(points),
                thickness=round(1.2 + 4.8 * ((arrow.weight or 0) / heaviest) ** 0.5, 1),
                label_x=x + 6 if at_source else x - 10,
                label_y=round(y - 4, 1),
                anchor="start" if at_source else "end",
                labelled=bool(arrow.label) and min(len(outs), len(ins)) <= _MOST_LABELS,
            )
        )
    return tuple(drawn)


def _port(cell: _Cell, numbers: list[int], number: int) -> float:
    return cell.y + cell.height * (numbers.index(number) + 1) / (len(numbers) + 1)


def _path(points: list[tuple[float, float]]) -> str:
    """A smooth line: curves over the gaps, straight through the lanes."""
    (x, y), *rest = points
    parts = [f"M{x:g} {y:.1f}"]
    for place, (to_x, to_y) in enumerate(rest):
        if place % 2:  # through a lane
            parts.append(f"H{to_x:g}")
        else:
            middle = (x + to_x) / 2
            parts.append(f"C{middle:g} {y:.1f} {middle:g} {to_y:.1f} {to_x:g} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(parts)
