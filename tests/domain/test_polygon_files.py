"""Polygons come in from files, tables and the map's editor, and go out so that they can come in again."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from traceability.domain.errors import RuleBroken
from traceability.domain.geometry import polygon_of
from traceability.domain.polygon_files import (
    MAX_BYTES,
    DrawnPolygon,
    read_drawn,
    read_file,
    read_table,
    to_feature_collection,
    to_geojson,
    to_kml,
    to_table,
)

RING = [
    [105.8200001, 10.01],
    [105.8236, 10.0100002],
    [105.8236, 10.0136],
    [105.82, 10.0136],
    [105.8200001, 10.01],
]
PLOT = polygon_of(RING)
KML = to_kml([("Vùng bưởi <1> & 2", "VN-VLOR-9001", PLOT)])


def refusal(data: bytes | str | dict[str, Any]) -> str:
    raw = json.dumps(data) if isinstance(data, dict) else data
    with pytest.raises(RuleBroken) as caught:
        read_file(raw.encode() if isinstance(raw, str) else raw)
    return caught.value.code


def collection(*polygons: dict[str, Any]) -> dict[str, Any]:
    return to_feature_collection([to_geojson(polygon) for polygon in polygons])


@pytest.mark.parametrize(
    "found",
    [
        PLOT,
        to_geojson(PLOT, {"name": "Vùng 1"}),
        collection(PLOT),
        {"type": "MultiPolygon", "coordinates": [PLOT["coordinates"]]},
    ],
)
def test_every_shape_of_geojson_that_holds_one_polygon_is_read(found: dict[str, Any]) -> None:
    assert read_file(json.dumps(found).encode()) == PLOT
    assert read_file(b"\xef\xbb\xbf" + json.dumps(found).encode()) == PLOT


def test_what_is_exported_can_be_uploaded_again_to_the_seventh_decimal() -> None:
    assert read_file(KML.encode()) == PLOT
    assert read_file(to_table(PLOT).encode()) == PLOT
    assert "Vùng bưởi &lt;1&gt; &amp; 2" in KML


def test_kml_of_other_makers_is_read() -> None:
    other = (
        "<kml><Folder><Placemark><Polygon><extrude>1</extrude><outerBoundaryIs><LinearRing><coordinates>\n"
        "\t105.82,10.01,0 105.8236,10.01,0\n 105.8236,10.0136,0 105.82,10.01,0 </coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></Folder></kml>"
    )
    assert len(read_file(other.encode())["coordinates"][0]) == 4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "polygon_file.empty"),
        (b"x" * (MAX_BYTES + 1), "polygon_file.too_large"),
        (b"PK\x03\x04doc.kml", "polygon_file.kmz"),
        (b"\xff\xfe<\0k\0", "polygon_file.encoding"),
        (b"\x89PNG\r\n\x1a\n\0\0", "polygon_file.encoding"),
        (b"a\0b", "polygon_file.unknown"),
        ("xin chào", "polygon_file.unknown"),
        ("{", "polygon_file.not_geojson"),
        ("[" * 500_000, "polygon_file.not_geojson"),
        ('{"a":' * 200_000, "polygon_file.not_geojson"),
        ("[1, 2]", "polygon_file.not_geojson"),
        ({"type": "Polygon"}, "polygon_file.not_geojson"),
        ({"type": "Polygon", "coordinates": [5]}, "polygon_file.not_geojson"),
        ({"type": "FeatureCollection", "features": [7]}, "polygon_file.not_geojson"),
        ({"type": "Topology"}, "polygon_file.not_geojson"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 1], [1, 1], [1, 2], [NaN, 1]]]}', "polygon.not_numbers"),
        ({"type": "Polygon", "coordinates": []}, "polygon.missing"),
        ({"type": "Polygon", "coordinates": [RING, RING]}, "polygon_file.holes"),
        ({"type": "Polygon", "coordinates": [RING[:-1]]}, "polygon.open_ring"),
        ({"type": "Point", "coordinates": [105, 10]}, "polygon_file.no_polygon"),
        ({"type": "Feature", "geometry": None}, "polygon_file.no_polygon"),
        (collection(), "polygon_file.no_polygon"),
        (collection(PLOT, PLOT), "polygon_file.several"),
        ({"type": "MultiPolygon", "coordinates": [[RING], [RING]]}, "polygon_file.several"),
        ("<kml><Placemark/></kml>", "polygon_file.no_polygon"),
        ("<html></html>", "polygon_file.not_kml"),
        ("<kml>", "polygon_file.not_kml"),
        ("<a>" * 300_000 + "</a>" * 290_000, "polygon_file.not_kml"),
        (KML.replace("</kml>", KML.partition("?>")[2]), "polygon_file.not_kml"),
        (KML.replace("</Document>", KML[KML.index("<Placemark") : KML.index("</Document>")] + "</Document>"),
         "polygon_file.several"),
        ('<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>', "polygon_file.entities"),
        ('<!DOCTYPE kml SYSTEM "file:///etc/passwd"><kml/>', "polygon_file.entities"),
        (KML.replace("105.8236000,", "nan,"), "polygon.not_numbers"),
        (KML.replace("105.8236000,", "10_5,"), "polygon.not_numbers"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_single_polygon_is_refused(data: Any, why: str) -> None:
    assert refusal(data) == why


def test_a_file_of_a_hundred_thousand_corners_is_refused() -> None:
    ring = [[105.0, 10.0]] * 100_000
    assert refusal({"type": "Polygon", "coordinates": [ring]}) == "polygon.too_many_corners"
    many = KML.replace("<coordinates>", "<coordinates>" + "105,10 " * 100_000)
    assert refusal(many) == "polygon.too_many_corners"


@pytest.mark.parametrize(
    "table",
    [
        "10.01, 105.82\n10.01, 105.8236\n10.0136, 105.8236",
        "10,01; 105,82\r\n10,01; 105,8236\r\n10,0136; 105,8236\r\n",
        "10,01\t105,82\n10,01\t105,8236\n10,0136\t105,8236",
        "Vĩ độ\tKinh độ\n1. 10.01 105.82\n\n2. 10.01 105.8236\n3. 10.0136 105.8236\n10.01, 105.82",
        "10.01°N 105.82°E\n10.01° N, 105.8236° E\n10.0136N, 105.8236E",
        "10.01,105.82\n10,01,105,8236\n10.0136,105.8236",
    ],
)
def test_a_table_of_corners_is_read_as_phones_and_sheets_write_it(table: str) -> None:
    triangle = polygon_of([[105.82, 10.01], [105.8236, 10.01], [105.8236, 10.0136]], close=True)
    assert read_table(table) == triangle
    assert read_file(table.encode()) == triangle


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("", "polygon.missing"),
        ("10.01, 105.82\n10.01", "polygon_table.line"),
        ("10.01, 105.82\nhai, ba", "polygon_table.line"),
        ("10.01, nan\n10.01, 105.82", "polygon_table.line"),
        ("10.01, 105.82\n10.01, 105.83", "polygon.too_few_corners"),
        ("105.82, 10.01\n105.8236, 10.01\n105.8236, 10.0136", "polygon_table.swapped"),
        ("10.01, 105.82\n" * 6000, "polygon.too_many_corners"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_line(table: str, why: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        read_table(table)
    assert caught.value.code == why
    if why == "polygon_table.line":
        assert caught.value.facts["line"] in (1, 2)


def test_the_editor_of_the_map_need_not_close_its_ring() -> None:
    assert read_drawn(json.dumps(RING[:-1])) == PLOT
    assert read_drawn(json.dumps({"type": "Polygon", "coordinates": [RING[:-1]]})) == PLOT
    for text, why in (
        ("  ", "polygon.missing"),
        ("[[1", "polygon_file.not_geojson"),
        ("7", "polygon_file.not_geojson"),
    ):
        with pytest.raises(RuleBroken) as caught:
            read_drawn(text)
        assert caught.value.code == why


def test_a_form_field_takes_a_polygon_and_collects_the_refusal() -> None:
    field = TypeAdapter(DrawnPolygon)
    assert field.validate_python(json.dumps(RING)) == PLOT == field.validate_python(PLOT)
    for value, why in (
        (json.dumps([RING[0], RING[2], RING[1], RING[3]]), "polygon.crossing_edges"),
        (5, "polygon.missing"),
    ):
        with pytest.raises(ValidationError) as caught:
            field.validate_python(value)
        assert caught.value.errors()[0]["type"] == why
