"""Files and texts that come from outside, damaged at random: each is read, or refused in words, and nothing breaks.

Few examples in the ordinary run, thousands with TRACE_SOAK=1. Codes, links and drawn corners have their own such tests
beside their concepts (tests/domain); requests of programs in tests/web/api/test_contract.py.
"""

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from traceability import logs, picture_files, sheet_reading, sheets
from traceability.domain.checkpoints import BadNote, Checkpoint, Signer, Verifier, read_checkpoint
from traceability.domain.errors import RuleBroken
from traceability.domain.geometry import polygon_of
from traceability.domain.polygon_files import read_drawn, read_file, read_table, to_geojson, to_kml, to_table
from traceability.labels.logo import Logo

PLOT = polygon_of(
    [[105.82, 10.01], [105.8236, 10.01], [105.8236, 10.0136], [105.82, 10.0136], [105.82, 10.01]]
)
GEOJSON = json.dumps(to_geojson(PLOT, {"name": "Vùng bưởi"})).encode()
KML = to_kml([("Vùng bưởi <1> & 2", "VN-VLOR-9001", PLOT)]).encode()
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><kml>&b;</kml>'
SIGNER = Signer("tx.example.vn/log", bytes(range(32)))
NOTE = SIGNER.note(Checkpoint(SIGNER.name, 7, bytes(32)))


def _picture(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    drawn = Image.new("RGB", (40, 30), (20, 120, 60))
    drawn.putpixel((3, 4), (255, 0, 0))
    drawn.save(out, kind, **options)
    return out.getvalue()


PICTURES = [
    _picture("PNG"),
    _picture("JPEG", quality=60),
    _picture("WEBP"),
    _picture("GIF"),
    _picture("TIFF"),
]

_change = st.tuples(
    st.sampled_from(["flip", "cut", "put", "repeat", "end"]),
    st.floats(0, 1),
    st.binary(min_size=1, max_size=12),
)


def damaged(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """A file after some damage, each at a place given as a part of its length."""
    for kind, where, bite in changes:
        place = int(where * len(data))
        if kind == "flip":
            data = data[:place] + bite[: max(1, len(data) - place)] + data[place + len(bite) :]
        elif kind == "cut":
            data = data[:place] + data[place + 8 * len(bite) :]
        elif kind == "put":
            data = data[:place] + bite + data[place:]
        elif kind == "repeat":
            data = data[:place] + data[place : place + 64] * len(bite) + data[place:]
        else:
            data = data[:place]
    return data


@given(st.sampled_from([GEOJSON, KML, ENTITIES]), st.lists(_change, max_size=4))
def test_a_damaged_file_of_an_area_is_read_or_refused(sample: bytes, changes: list[Any]) -> None:
    try:
        polygon = read_file(damaged(sample, changes))
    except RuleBroken as refused:
        assert refused.field == "polygon"
    else:
        assert polygon_of(polygon["coordinates"][0]) == polygon


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "features", "geometry", "geometries", "x"]),
            inner,
            max_size=4,
        )
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "Point"]),
                "coordinates": inner,
            }
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_any_json_is_an_area_or_refused(value: Any) -> None:
    text = json.dumps(value)
    for read in (lambda: read_file(text.encode()), lambda: read_drawn(text)):
        try:
            read()
        except RuleBroken as refused:
            assert refused.field == "polygon"


@given(st.lists(_change, max_size=4), st.text(max_size=60))
def test_any_table_of_corners_is_read_or_refused(changes: list[Any], junk: str) -> None:
    table = damaged(to_table(PLOT).encode(), changes).decode(errors="replace")
    for text in (table, junk, table + junk):
        try:
            read_table(text)
        except RuleBroken as refused:
            assert refused.field == "polygon"


@given(sample=st.sampled_from(PICTURES), changes=st.lists(_change, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_picture_is_read_or_refused_and_leaves_nothing(
    tmp_path: Path, sample: bytes, changes: list[Any]
) -> None:
    before = set(tmp_path.iterdir())
    try:
        stored = picture_files.store(damaged(sample, changes), tmp_path)
    except RuleBroken as refused:
        assert refused.field == "picture"
        assert set(tmp_path.iterdir()) == before
    else:
        kept = picture_files.path_of(stored.sha256, tmp_path)
        assert kept is not None
        with Image.open(kept) as picture:
            assert picture.format == "WEBP"


TABLE = [["SP-01", "Vùng bưởi", date(2026, 11, 24), 1250.5, "=1+1"], ["SP-02", "a;b", None, 7, '"']]
COLUMNS = ["Mã", "Vùng", "Ngày", "kg", "Ghi chú"]
SHEETS = [sheets.csv_bytes(COLUMNS, TABLE), sheets.xlsx_bytes("x", COLUMNS, TABLE)]
PARTS = (
    "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml",
    "xl/worksheets/sheet1.xml",
)  # fmt: skip


def _read(data: bytes) -> None:
    try:
        table = sheet_reading.read(data, 500)
    except RuleBroken as refused:
        assert refused.code.startswith("sheets.")
        assert refused.field == "file"
    else:
        assert 0 < len(table.lines) <= 500
        assert {len(line.cells) for line in table.lines} == {len(table.header)}


@given(st.sampled_from([*SHEETS, b"PK\x03\x04"]), st.lists(_change, max_size=4))
def test_a_damaged_sheet_is_read_or_refused(sample: bytes, changes: list[Any]) -> None:
    _read(damaged(sample, changes))


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_sheet_or_refused(data: bytes) -> None:
    _read(data)


@given(st.sampled_from(PARTS), st.lists(_change, min_size=1, max_size=4))
def test_a_workbook_whose_insides_are_damaged_is_read_or_refused(part: str, changes: list[Any]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHEETS[1])) as whole, zipfile.ZipFile(out, "w") as broken:
        for name in whole.namelist():
            body = whole.read(name)
            broken.writestr(name, damaged(body, changes) if name == part else body)
    _read(out.getvalue())


@given(st.sampled_from(PICTURES), st.lists(_change, max_size=3))
def test_a_damaged_logo_is_read_or_refused(sample: bytes, changes: list[Any]) -> None:
    try:
        logo = Logo.from_picture(damaged(sample, changes))
    except (RuleBroken, ValueError):
        return
    assert Logo.unpacked(logo.packed()) == logo


_live = st.sampled_from(["=", "+", "-", "@", "\t=", "\r=", " =", "|", "％="])
_cell = st.text(st.characters(codec="utf-8"), max_size=30) | st.builds(
    lambda start, rest: start + rest, _live, st.text(st.characters(codec="utf-8"), max_size=20)
)


@given(st.lists(_cell, min_size=1, max_size=4))
def test_no_text_becomes_a_formula_in_a_sheet(cells: list[str]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheets.xlsx_bytes("x", ["a"] * len(cells), [cells])))
    assert [cell.data_type for row in book.active.iter_rows() for cell in row if cell.data_type == "f"] == []
    rows = list(csv.reader(io.StringIO(sheets.csv_bytes(["a"] * len(cells), [cells]).decode("utf-8-sig"))))
    for cell in rows[-1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


@given(st.lists(_change, min_size=1, max_size=3))
def test_a_damaged_checkpoint_is_never_taken_for_another(changes: list[Any]) -> None:
    text = damaged(NOTE.encode(), changes).decode(errors="replace")
    try:
        found = read_checkpoint(text, Verifier(SIGNER.vkey))
    except BadNote:
        return
    assert found == Checkpoint(SIGNER.name, 7, bytes(32))


@given(
    st.text(max_size=200)
    | st.builds(lambda part, times: part * times, st.text(min_size=1, max_size=6), st.integers(1, 400))
)
def test_any_line_can_be_logged(text: str) -> None:  # fmt: skip
    assert isinstance(logs.scrubbed(text), str)


@pytest.mark.parametrize(
    "part", ["a", "A1", "a@", "1.", "0:", "Key (", "input_value=", "?a=", "[parameters: ", "/s/", "a-"]
)
def test_no_line_keeps_the_log_waiting(part: str) -> None:  # fmt: skip
    began = perf_counter()
    assert len(logs.scrubbed(part * (2_000_000 // len(part)))) <= logs.LONGEST + 100
    assert perf_counter() - began < 5.0
