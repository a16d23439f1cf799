"""How a polygon comes in and goes out: the drawn map, a GeoJSON or KML file, a table of corner coordinates.

Files are read strictly, because nobody has seen what they hold: a ring must be closed, and there must be
one polygon. What is drawn or typed is closed by us: people do not type the first corner twice. Refusals are
`RuleBroken`s with codes `polygon.*` (see `geometry`) and `polygon_file.*`, `polygon_table.*`.
"""

import json
import re
from typing import Annotated, Any, Final, NoReturn
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from traceability.domain.errors import RuleBroken
from traceability.domain.geometry import MAX_CORNERS, Polygon, corners_of, polygon_of

MAX_BYTES: Final = 2 * 1024 * 1024

_NUMBER = re.compile(r"[+-]?(\d{1,20}\.?\d{0,30}|\.\d{1,30})([eE][+-]?\d{1,3})?")
_WITH_COMMA = re.compile(r"[+-]?\d{1,3},\d+")


def _refuse(code: str, field: str | None, **facts: Any) -> NoReturn:
    raise RuleBroken(code, field, **facts)


def read_file(data: bytes, field: str | None = "polygon") -> Polygon:
    """The one polygon of an uploaded GeoJSON or KML file, or of a text file with a table of corners.

    The kind is told from the content; the name of a file proves nothing. Raises `RuleBroken`:
    `polygon_file.empty`, `.too_large`, `.kmz`, `.encoding`, `.unknown`, `.not_geojson`, `.not_kml`,
    `.entities`, `.no_polygon`, `.several`, `.holes`, and whatever `polygon_of` and `read_table` refuse.
    """
    if len(data) > MAX_BYTES:
        _refuse("polygon_file.too_large", field, limit=MAX_BYTES // 1024 // 1024)
    if data.startswith(b"PK\x03\x04"):
        _refuse("polygon_file.kmz", field)
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        _refuse("polygon_file.encoding", field)
    if not text:
        _refuse("polygon_file.empty", field)
    if "\0" in text:
        _refuse("polygon_file.unknown", field)
    if text.startswith("<"):
        return _from_kml(text, field)
    if text.startswith(("{", "[")):
        return _from_geojson(_json(text, field), field)
    if re.match(r"[-+\d]|[^\n]{0,60}\n\s*[-+\d]", text):
        return read_table(text, field)
    _refuse("polygon_file.unknown", field)


def read_drawn(text: str, field: str | None = "polygon") -> Polygon:
    """The polygon of the map's editor: GeoJSON or a list of `[longitude, latitude]`, closed or not."""
    if len(text) > MAX_BYTES:
        _refuse("polygon_file.too_large", field, limit=MAX_BYTES // 1024 // 1024)
    if not text.strip():
        _refuse("polygon.missing", field)
    found = _json(text, field)
    if isinstance(found, list):
        return polygon_of(found, field, close=True)
    return _from_geojson(found, field, close=True)


def _json(text: str, field: str | None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # The second is a file of nothing but brackets.
        _refuse("polygon_file.not_geojson", field)


def _from_geojson(found: Any, field: str | None, close: bool = False) -> Polygon:
    """Follows Feature and FeatureCollection to their one polygon (a `MultiPolygon` of one part too)."""
    if not isinstance(found, dict):
        _refuse("polygon_file.not_geojson", field)
    kind = found.get("type")
    if kind == "FeatureCollection" and isinstance(found.get("features"), list):
        if len(found["features"]) > 1:
            _refuse("polygon_file.several", field, count=len(found["features"]))
        if not found["features"]:
            _refuse("polygon_file.no_polygon", field)
        found = found["features"][0]
        kind = found.get("type") if isinstance(found, dict) else None
    if kind == "Feature":
        found = found.get("geometry")
        kind = found.get("type") if isinstance(found, dict) else None
        if found is None:
            _refuse("polygon_file.no_polygon", field)
    rings = found.get("coordinates") if isinstance(found, dict) else None
    if kind == "MultiPolygon" and isinstance(rings, list):
        if len(rings) > 1:
            _refuse("polygon_file.several", field, count=len(rings))
        kind, rings = "Polygon", rings[0] if rings else []
    if kind in ("Point", "MultiPoint", "LineString", "MultiLineString", "GeometryCollection"):
        _refuse("polygon_file.no_polygon", field)
    if kind != "Polygon" or not isinstance(rings, list) or not all(isinstance(ring, list) for ring in rings):
        _refuse("polygon_file.not_geojson", field)
    if len(rings) > 1:
        _refuse("polygon_file.holes", field)
    return polygon_of(rings[0] if rings else [], field, close)


def _from_kml(text: str, field: str | None) -> Polygon:
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        _refuse("polygon_file.entities", field)
    except (ParseError, ValueError):
        _refuse("polygon_file.not_kml", field)
    polygons = [element for element in root.iter() if _name(element) == "Polygon"]
    if not polygons:
        _refuse("polygon_file.no_polygon" if _name(root) == "kml" else "polygon_file.not_kml", field)
    if len(polygons) > 1:
        _refuse("polygon_file.several", field, count=len(polygons))
    if any(_name(element) == "innerBoundaryIs" for element in polygons[0].iter()):
        _refuse("polygon_file.holes", field)
    texts = [element.text or "" for element in polygons[0].iter() if _name(element) == "coordinates"]
    if len(texts) != 1:
        _refuse("polygon_file.not_kml", field)
    tuples = texts[0].split()
    if len(tuples) > MAX_CORNERS + 1:
        _refuse("polygon.too_many_corners", field, count=len(tuples), limit=MAX_CORNERS)
    return polygon_of([[_number(part) for part in corner.split(",")] for corner in tuples], field)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _number(text: str) -> float | None:
    """The number of a text; None, which `polygon_of` refuses, for anything else (`nan` and `1_0` too)."""
    return float(text) if _NUMBER.fullmatch(text) else None


def read_table(text: str, field: str | None = "polygon") -> Polygon:
    """The polygon of a table of corners: one a line, latitude before longitude, as phones and maps show
    them.

    `10.0123, 105.8321`, `10,0123; 105,8321` and `10.0123 105.8321` are read, with or without degree signs
    and the letters N and E; a number in front that counts the lines and a heading without figures are
    passed over. Raises `RuleBroken`: `polygon_table.line`, `polygon_table.swapped`, and whatever
    `polygon_of` refuses.
    """
    if len(text) > MAX_BYTES:
        _refuse("polygon_file.too_large", field, limit=MAX_BYTES // 1024 // 1024)
    numbered = enumerate(text.splitlines(), start=1)
    lines = [(number, line.strip()) for number, line in numbered if line.strip()]
    if lines and not re.search(r"\d", lines[0][1]):
        lines = lines[1:]
    if len(lines) > MAX_CORNERS + 1:
        _refuse("polygon.too_many_corners", field, count=len(lines), limit=MAX_CORNERS)
    corners = []
    for count, (number, line) in enumerate(lines, start=1):
        values = _values(line, count)
        if values is None:
            _refuse("polygon_table.line", field, line=number, text=line[:40])
        corners.append([values[1], values[0]])
    try:
        return polygon_of(corners, field, close=True)
    except RuleBroken as refused:
        if refused.code == "polygon.swapped":
            _refuse("polygon_table.swapped", field)
        raise


def _values(line: str, count: int) -> tuple[float, float] | None:
    bare = re.sub(r"[°º]|(?<=[\d°º. ])[NnEeBbĐđ](?=[\s,;]|$)", "", line).strip()
    words = [word.strip(",") for word in re.split(r"[;\s]+", bare)]
    words = [word for word in words if word]
    if len(words) == 1:
        parts = words[0].split(",")
        words = [f"{parts[0]}.{parts[1]}", f"{parts[2]}.{parts[3]}"] if len(parts) == 4 else parts
    if len(words) == 3 and words[0].rstrip(".:)") == str(count):
        words = words[1:]
    numbers = [_number(word.replace(",", ".") if _WITH_COMMA.fullmatch(word) else word) for word in words]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return None
    return numbers[0], numbers[1]


def to_table(polygon: Polygon) -> str:
    """The corners as `read_table` reads them back, latitude first."""
    return "\n".join(f"{latitude:.7f}, {longitude:.7f}" for longitude, latitude in corners_of(polygon))


def to_geojson(polygon: Polygon, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """A GeoJSON `Feature`."""
    return {"type": "Feature", "properties": properties or {}, "geometry": polygon}


def to_feature_collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    """A GeoJSON `FeatureCollection`."""
    return {"type": "FeatureCollection", "features": features}


def to_kml(places: list[tuple[str, str, Polygon]]) -> str:
    """A KML 2.2 document of (name, description, polygon)."""
    marks = []
    for name, description, polygon in places:
        ring = " ".join(f"{corner[0]:.7f},{corner[1]:.7f}" for corner in polygon["coordinates"][0])
        marks.append(
            f"<Placemark><name>{escape(name)}</name><description>{escape(description)}</description>"
            f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
            "</outerBoundaryIs></Polygon></Placemark>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(marks)}</Document></kml>\n'
    )


def _typed(value: Any) -> Any:
    """For input classes: a refusal in the form pydantic collects, with the code as its type."""
    try:
        if isinstance(value, str):
            return read_drawn(value, None)
        if isinstance(value, dict):
            return _from_geojson(value, None, close=True)
    except RuleBroken as refused:
        raise PydanticCustomError(refused.code, "this polygon is not accepted", refused.facts) from None
    raise PydanticCustomError("polygon.missing", "a polygon is needed")


#: The polygon of a form field (GeoJSON text from the map's editor) or of a JSON body.
DrawnPolygon = Annotated[dict[str, Any], BeforeValidator(_typed)]
