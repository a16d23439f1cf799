"""Polygons of growing areas: what is accepted, how large they are, where they overlap.

A polygon is stored as a GeoJSON `Polygon` (RFC 7946): WGS 84, one outer ring of `[longitude, latitude]`,
counted against the clock, its first corner repeated at the end, without holes, seven decimals (about a
centimetre). Areas are measured on the ellipsoid, not on a flat map.

Every refusal is a `RuleBroken` with a code `polygon.*`, worded in `traceability.wording.geometry`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn, TypeVar

from pyproj import Geod
from shapely import Polygon as Shape
from shapely import get_parts
from shapely.validation import explain_validity

from traceability.domain.errors import RuleBroken

#: A GeoJSON geometry of type `Polygon`.
Polygon = dict[str, Any]
#: Longitude and latitude, in degrees.
Corner = tuple[float, float]

MAX_CORNERS: Final = 5_000
DECIMALS: Final = 7
#: West, south, east, north of Vietnam's mainland and coast, in degrees.
VIETNAM: Final = (102.0, 8.0, 110.0, 23.5)
#: The smallest and the largest area taken for a growing area: 1 m2 and 100,000 ha.
SMALLEST_M2: Final = 1
LARGEST_M2: Final = 10**9

#: In square degrees, about a thousandth of a square metre: corners on one line, but for rounding.
_NO_AREA: Final = 1e-13
_ELLIPSOID: Final = Geod(ellps="WGS84")
_Key = TypeVar("_Key")


def _refuse(code: str, field: str | None, **facts: Any) -> NoReturn:
    raise RuleBroken(f"polygon.{code}", field, **facts)


def polygon_of(corners: Sequence[Any], field: str | None = "polygon", close: bool = False) -> Polygon:
    """The polygon of a ring of `[longitude, latitude]` corners (a third number, the height, is dropped).

    Repaired: the direction of the ring, corners given twice in a row, decimals beyond the seventh, and with
    `close` a ring that does not return to its first corner. Raises `RuleBroken`: `polygon.missing`,
    `too_many_corners`, `not_numbers`, `open_ring`, `too_few_corners`, `swapped`, `projected`,
    `outside_vietnam`, `no_area`, `crossing_edges`, `too_large`.
    """
    if not corners:
        _refuse("missing", field)
    if len(corners) > MAX_CORNERS + 1:
        _refuse("too_many_corners", field, count=len(corners), limit=MAX_CORNERS)
    ring = [_corner(place, corner, field) for place, corner in enumerate(corners, start=1)]
    if len(set(ring)) < 3:
        _refuse("too_few_corners", field, count=len(set(ring)))
    if ring[0] != ring[-1]:
        if not close:
            _refuse("open_ring", field)
        ring.append(ring[0])
    if len(ring) > MAX_CORNERS + 1:
        _refuse("too_many_corners", field, count=len(ring) - 1, limit=MAX_CORNERS)
    ring = [corner for place, corner in enumerate(ring) if place == 0 or corner != ring[place - 1]]
    _check_place(ring, field)
    shape = Shape(ring)
    if shape.convex_hull.area < _NO_AREA:
        _refuse("no_area", field)
    if not shape.is_valid:
        longitude, latitude = _crossing(shape)
        _refuse("crossing_edges", field, latitude=latitude, longitude=longitude)
    if not shape.exterior.is_ccw:
        ring.reverse()
    polygon = {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}
    square_metres = area_m2(polygon)
    if square_metres < SMALLEST_M2:
        _refuse("no_area", field)
    if square_metres > LARGEST_M2:
        _refuse("too_large", field, hectares=square_metres // 10_000)
    return polygon


def _corner(place: int, corner: Any, field: str | None) -> Corner:
    if not isinstance(corner, list | tuple) or not 2 <= len(corner) <= 4:
        _refuse("not_numbers", field, place=place)
    for value in corner[:2]:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(_as_float(value))
        ):
            _refuse("not_numbers", field, place=place)
    return round(float(corner[0]), DECIMALS), round(float(corner[1]), DECIMALS)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def inside_vietnam(longitude: float, latitude: float) -> bool:
    """Whether a place lies in the rectangle around Vietnam."""
    west, south, east, north = VIETNAM
    return west <= longitude <= east and south <= latitude <= north


def _check_place(ring: list[Corner], field: str | None) -> None:
    for place, (x, y) in enumerate(ring, start=1):
        if inside_vietnam(x, y):
            continue
        if all(inside_vietnam(latitude, longitude) for longitude, latitude in ring):
            _refuse("swapped", field)
        if abs(x) > 180 or abs(y) > 180:
            # Metres of a projected system, most often VN-2000, the one of the land registry.
            _refuse("projected", field, place=place)
        _refuse("outside_vietnam", field, place=place, latitude=f"{y:.4f}", longitude=f"{x:.4f}")


def _crossing(shape: Shape) -> tuple[str, str]:
    """Where a ring meets itself: longitude and latitude, as text for the sentence."""
    found = explain_validity(shape).partition("[")[2].rstrip("]").split()
    return (f"{float(found[0]):.5f}", f"{float(found[1]):.5f}") if len(found) >= 2 else ("?", "?")


def shape_of(polygon: Polygon) -> Shape:
    """A stored polygon as a shape to calculate with."""
    return Shape(polygon["coordinates"][0])


def corners_of(polygon: Polygon) -> list[Corner]:
    """The corners of a stored polygon as (longitude, latitude), each once."""
    return [(corner[0], corner[1]) for corner in polygon["coordinates"][0][:-1]]


def _geodesic_m2(shape: Shape) -> float:
    area, _perimeter = _ELLIPSOID.geometry_area_perimeter(shape)
    return abs(float(area))


def area_m2(polygon: Polygon) -> int:
    """The area on the WGS 84 ellipsoid, in whole square metres."""
    return round(_geodesic_m2(shape_of(polygon)))


def hectares(polygon: Polygon) -> float:
    """The area on the WGS 84 ellipsoid, in hectares."""
    return area_m2(polygon) / 10_000


def perimeter_m(polygon: Polygon) -> int:
    """The length of the boundary on the WGS 84 ellipsoid, in whole metres."""
    _area, perimeter = _ELLIPSOID.geometry_area_perimeter(shape_of(polygon))
    return round(float(perimeter))


def bounds(polygon: Polygon) -> tuple[float, float, float, float]:
    """West, south, east and north, in degrees."""
    west, south, east, north = shape_of(polygon).bounds
    return float(west), float(south), float(east), float(north)


def centre(polygon: Polygon) -> Corner:
    """A point inside the polygon (longitude, latitude), for a marker or a label."""
    point = shape_of(polygon).representative_point()
    return float(point.x), float(point.y)


def overlap_m2(one: Polygon, other: Polygon) -> int:
    """How much two polygons share, in whole square metres. Neighbours along one boundary share nothing."""
    return _overlap(shape_of(one), shape_of(other))


def _overlap(one: Shape, other: Shape) -> int:
    if not one.intersects(other):
        return 0
    parts = get_parts(one.intersection(other))
    return round(sum(_geodesic_m2(part) for part in parts if part.geom_type == "Polygon"))


def overlaps(polygon: Polygon, others: Iterable[tuple[_Key, Polygon]]) -> list[tuple[_Key, int]]:
    """Those of the others that share at least 1 m2, with the square metres, the largest first."""
    shape = shape_of(polygon)
    shared = [(key, _overlap(shape, shape_of(other))) for key, other in others]
    return sorted((pair for pair in shared if pair[1] >= SMALLEST_M2), key=lambda pair: -pair[1])
