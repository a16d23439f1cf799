"""Polygons as SVG path data: pure arithmetic, no markup.

The public sees where an area lies, not where its corners are: `blurred` gives a coarse outline whose
corners stand on a grid of a thousandth of a degree (about 110 m), and nothing else of a polygon may reach a
public page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shapely import MultiPoint, get_coordinates
from shapely import Polygon as Shape

from traceability.domain.geometry import Polygon, corners_of, shape_of

#: The grid of a public outline, in degrees.
GRID: Final = 0.001
_METRES_PER_DEGREE: Final = 111_320
_ROUND_NUMBERS: Final = [round(step * 10**power) for power in range(6) for step in (1, 2, 5)]


def blurred(polygon: Polygon) -> Polygon:
    """The outline for the public: the hull of the cells of the grid in which the corners lie.

    It covers the whole area and is never smaller than one cell (about a hectare).
    """
    points = []
    for longitude, latitude in corners_of(polygon):
        column, row = math.floor(longitude / GRID), math.floor(latitude / GRID)
        points += [(x * GRID, y * GRID) for x in (column, column + 1) for y in (row, row + 1)]
    hull = Shape(get_coordinates(MultiPoint(points).convex_hull))
    corners = [[round(x, 3), round(y, 3)] for x, y in hull.exterior.coords]
    if not hull.exterior.is_ccw:
        corners.reverse()
    return {"type": "Polygon", "coordinates": [corners]}


@dataclass(frozen=True)
class Frame:
    """A small flat map: where a place lies on a drawing of `width` by `height`, north up, true to shape."""

    width: float
    height: float
    west: float
    north: float
    #: Units of the drawing per degree of longitude and of latitude.
    x_scale: float
    y_scale: float

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """A place on the drawing, to a tenth of a unit."""
        return (
            round((longitude - self.west) * self.x_scale, 1),
            round((self.north - latitude) * self.y_scale, 1),
        )

    def path(self, polygon: Polygon) -> str:
        """The `d` of an SVG `<path>`. Corners that fall on one point of the drawing are drawn once."""
        points: list[tuple[float, float]] = []
        for corner in polygon["coordinates"][0]:
            point = self.point(corner[0], corner[1])
            if not points or point != points[-1]:
                points.append(point)
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z"

    def scale_bar(self, longest: float) -> tuple[int, float]:
        """The longest round number of metres that takes at most `longest` units, and the units it takes."""
        per_metre = self.y_scale / _METRES_PER_DEGREE
        metres = max((number for number in _ROUND_NUMBERS if number * per_metre <= longest), default=1)
        return metres, round(metres * per_metre, 1)


def frame(polygons: Sequence[Polygon], width: float, height: float, padding: float = 8) -> Frame:
    """The map on which all these polygons fill the drawing, `padding` units from its edges.

    Raises ValueError without polygons.
    """
    if not polygons:
        raise ValueError("a frame needs something to show")
    boxes = [shape_of(polygon).bounds for polygon in polygons]
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    middle = math.radians((south + north) / 2)
    # A degree of longitude shrinks with the latitude; 1e-6 keeps a flat box from dividing by zero.
    wide, high = max((east - west) * math.cos(middle), 1e-6), max(north - south, 1e-6)
    y_scale = min((width - 2 * padding) / wide, (height - 2 * padding) / high)
    x_scale = y_scale * math.cos(middle)
    return Frame(
        width=width,
        height=height,
        west=west - (width / x_scale - (east - west)) / 2,
        north=north + (height / y_scale - (north - south)) / 2,
        x_scale=x_scale,
        y_scale=y_scale,
    )


def outline_svg(polygon: Polygon, width: float, height: float, blur: bool = True, padding: float = 8) -> str:
    """The `d` of an SVG `<path>` of one area in a drawing of `width` by `height`; blurred unless told."""
    shown = blurred(polygon) if blur else polygon
    return frame([shown], width, height, padding).path(shown)
