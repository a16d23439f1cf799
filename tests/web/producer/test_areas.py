"""Growing areas on the producer's pages: written down, drawn, uploaded, refused in words, taken away as files."""

import io
import json
import re

import pytest
from flask import Flask
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.factories import square
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain import areas
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.areas import AreaState, CodeState
from traceability.domain.ledger import LogLeaf

pytestmark = SQLITE_ONLY


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    factories.crop(database, name_vi="Bưởi Năm Roi", name_en="Nam Roi pomelo")
    return visit(app, database)


def fields(**changes):
    values = {
        "name": "Vùng bưởi Mỹ Hòa",
        "crop_id": factories.POMELO,
        "declared_ha": "4,85",
        "geometry": json.dumps(square()),
        "commune_name": "Phường Cái Vồn",
        "province_code": "86",
    }
    return values | changes


RING = square()["coordinates"][0]


def polygon(ring) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def ours(us: Visit):
    with us.database.reading(SYSTEM.scope) as session:
        return areas.all_of(session, us.producer.id)


def test_an_area_is_written_down_and_shown_with_both_areas(us: Visit) -> None:
    page = us.get(us.accepted("/producer/areas/new", **fields(declared_ha="6,00")))
    assert "Chờ duyệt" in page
    assert "6 ha" in page.replace("\u00a0", " ")
    assert "4,85 ha" in page.replace("\u00a0", " ")
    assert "lệch 24 %" in page
    assert "Vùng bưởi Mỹ Hòa" in us.get("/producer/areas")


def test_the_same_form_sent_twice_makes_one_area(us: Visit) -> None:
    first = us.accepted("/producer/areas/new", once="a-token-of-the-page", **fields())
    assert us.accepted("/producer/areas/new", once="a-token-of-the-page", **fields()) == first
    assert len(ours(us)) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("vung.geojson", json.dumps({"type": "Feature", "properties": {}, "geometry": square()})),
        (
            "vung.kml",
            '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><Polygon><outerBoundaryIs><LinearRing>'
            "<coordinates>105.83,10.015 105.832,10.015 105.832,10.017 105.83,10.017 105.83,10.015</coordinates>"
            "</LinearRing></outerBoundaryIs></Polygon></Placemark></kml>",
        ),
        ("vung.txt", "vĩ độ; kinh độ\n10,015; 105,83\n10,015; 105,832\n10,017; 105,832\n10,017; 105,83\n"),
    ],
)
def test_a_boundary_comes_as_a_file(us: Visit, name: str, data: str) -> None:
    upload = (io.BytesIO(data.encode()), name)
    us.accepted("/producer/areas/new", **fields(geometry="", boundary=upload))
    assert ours(us)[0].geometry == square()


def test_corners_may_be_typed_without_a_script(us: Visit) -> None:
    corners = "10.015, 105.83\n10.015, 105.832\n10.017, 105.832\n10.017, 105.83"
    us.accepted("/producer/areas/new", **fields(geometry="", corners=corners))
    assert ours(us)[0].geometry == square()


def test_a_refused_file_keeps_the_drawing_and_says_why(us: Visit) -> None:
    upload = (io.BytesIO(b"PK\x03\x04 zipped"), "vung.kmz")
    page = us.refused("/producer/areas/new", **fields(boundary=upload))
    assert "KMZ" in page
    assert json.dumps(square()) in page
    assert not ours(us)


def test_a_refused_file_without_a_drawing_is_the_only_thing_said(us: Visit) -> None:
    swapped = polygon([[y, x] for x, y in RING]).encode()
    page = us.refused(
        "/producer/areas/new", **fields(geometry="", boundary=(io.BytesIO(swapped), "vung.geojson"))
    )
    assert "đảo" in page
    assert "Chưa có ranh giới" not in page


def test_two_drawn_corners_come_back_with_the_refusal(us: Visit) -> None:
    corners = "10.0150000, 105.8300000\n10.0150000, 105.8320000"
    page = us.refused("/producer/areas/new", **fields(geometry="", corners=corners))
    assert corners in page.replace("\r\n", "\n")
    assert "ba góc" in page or "3 góc" in page


def test_an_empty_drawing_is_no_empty_file(us: Visit) -> None:
    page = us.refused("/producer/areas/new?lang=en", **fields(geometry=""))
    assert "Please draw the area" in page
    assert "file is empty" not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Vui lòng điền"),
        ({"name": "x" * 161}, "161"),
        ({"name": "Vùng \x00"}, "U+0000"),
        ({"name": "Vùng \u202egnùv"}, "U+202E"),
        ({"declared_ha": "0"}, "0"),
        ({"declared_ha": "-3"}, "âm"),
        ({"declared_ha": "NaN"}, "số"),
        ({"crop_id": "cheese"}, "Hãy chọn cây trồng trong danh sách."),
        ({"households": "nhiều"}, "12"),
        ({"planted_year": "9999"}, "tương lai"),
        ({"geometry": ""}, "ranh giới"),
        ({"geometry": polygon([[105.8, 10], [105.81, 10.01], [105.81, 10], [105.8, 10.01], [105.8, 10]])}, "cắt"),
        ({"geometry": polygon([[y, x] for x, y in RING])}, "đảo"),
        ({"geometry": json.dumps(square(2.3, 48.8))}, "ngoài Việt Nam"),
        ({"geometry": polygon(RING[:-1])}, "khép"),
        ({"geometry": "[" * 5000}, "GeoJSON"),
        ({"vintage": "1999"}, "chọn"),
        ({"commune_code": "abc"}, "5 chữ số"),
    ],
)  # fmt: skip
def test_a_bad_value_comes_back_with_a_sentence_and_what_was_typed(us: Visit, changes, sentence: str) -> None:
    sent = fields(note="Ghi chú dài của tôi") | changes
    page = us.refused("/producer/areas/new", **sent)
    assert "Ghi chú dài của tôi" in page
    assert f'id="f-{next(iter(changes))}' in page
    assert sentence in page
    assert not ours(us)


def test_a_hundred_thousand_corners_get_a_sentence_too(us: Visit) -> None:
    ring = [[round(105.8 + i * 1e-6, 6), 10.0] for i in range(100_000)]
    page = us.refused("/producer/areas/new", **fields(geometry=polygon(ring)))
    assert "Vùng bưởi Mỹ Hòa" in page
    assert "MB" in page or "5.000" in page or "5000" in page


def test_a_name_taken_is_told_at_its_field(us: Visit) -> None:
    us.accepted("/producer/areas/new", **fields())
    assert "Bạn đã có vùng trồng tên Vùng bưởi Mỹ Hòa" in us.refused("/producer/areas/new", **fields())


def test_overlaps_are_shown_in_square_metres_without_naming_the_neighbour(us: Visit) -> None:
    neighbour = factories.producer(us.database, name="Cơ sở Bí Mật")
    factories.area(us.database, neighbour, geometry=square(105.831), name="Vùng hàng xóm")
    page = us.get(us.accepted("/producer/areas/new", **fields()))
    assert "Vùng hàng xóm" in page
    assert "24.2" in page
    assert "Cơ sở Bí Mật" not in page


def test_saving_an_area_unchanged_keeps_its_approval(us: Visit) -> None:
    area = factories.area(us.database, us.producer)
    page = us.get(f"/producer/areas/{area.id}/edit")
    assert 'value="4,84"' in page
    sent = fields(name=area.name, declared_ha="4,84", geometry=json.dumps(area.geometry))
    us.accepted(f"/producer/areas/{area.id}/edit", **sent)
    assert ours(us)[0].state is AreaState.APPROVED


def test_without_a_script_the_corners_are_corrected_as_lines(us: Visit) -> None:
    """The page then sends both: the boundary as it was, and the lines that were typed."""
    area = factories.area(us.database, us.producer, geometry=factories.square())
    here = f"/producer/areas/{area.id}/edit"
    kept = {"name": area.name, "declared_ha": "4,84", "geometry": json.dumps(area.geometry)}
    lines = re.search(r'name="corners"[^>]*>\n([^<]*)<', us.get(here))[1]
    us.accepted(here, **fields(**kept, corners=lines))
    assert ours(us)[0].state is AreaState.APPROVED
    us.accepted(here, **fields(**kept, corners=lines.replace("10.015", "10.0151")))
    assert min(latitude for _longitude, latitude in ours(us)[0].geometry["coordinates"][0]) == 10.0151


def test_a_code_is_added_and_an_odd_one_only_remarked(us: Visit) -> None:
    area = factories.area(us.database, us.producer)
    here = f"/producer/areas/{area.id}/codes/new"
    assert "VN-VLOR-0095" in us.get(here)
    page = us.get(us.accepted(here, family="export", market="CN", code="vn vlor 95", authority="Cục"))
    assert "vn vlor 95" in page
    assert "Mã có chữ thường" in page
    assert "Đã đề nghị" in page
    page = us.refused(here, family="export", market="VN", code="VN-1", valid_to="31/02/2026")
    assert "31/2/2026" in page or "31" in page
    with us.database.reading(SYSTEM.scope) as session:
        assert [code.state for code in areas.codes_of(session, [area.id])[area.id]] == [CodeState.APPLIED]


@pytest.mark.parametrize("kind", ["geojson", "kml"])
def test_the_boundary_is_taken_away_as_a_file_that_comes_back_in(us: Visit, kind: str) -> None:
    area = factories.area(us.database, us.producer, name="Vùng <b>đậm</b> & co")
    answer = us.client.get(f"/producer/areas/{area.id}.{kind}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    upload = (io.BytesIO(answer.data), f"a.{kind}")
    us.accepted("/producer/areas/new", **fields(geometry="", boundary=upload))
    assert {json.dumps(found.geometry) for found in ours(us)} == {json.dumps(area.geometry)}
    assert us.client.get(f"/producer/areas.{kind}").status_code == 200


def test_another_producers_area_is_not_there(us: Visit) -> None:
    area = factories.area(us.database, factories.producer(us.database))
    for path in ("", "/edit", "/codes/new", ".kml"):
        assert us.client.get(f"/producer/areas/{area.id}{path}").status_code == 404
    assert us.post(f"/producer/areas/{area.id}/edit", **fields()).status_code == 404


def test_a_clerk_draws_areas_too(app: Flask, database: Database) -> None:
    factories.crop(database)
    clerk = visit(app, database, role=Role.CLERK)
    assert clerk.accepted("/producer/areas/new", **fields())


def test_packing_houses_are_written_down_and_corrected(us: Visit) -> None:
    sent = {"name": "Nhà đóng gói", "code": "VN-VLPH-9001", "markets": ["CN", "US"]}
    assert us.accepted("/producer/packing-houses/new", **sent) == "/producer/packing-houses"
    page = us.get("/producer/packing-houses")
    assert "VN-VLPH-9001" in page
    assert "Trung Quốc, Hoa Kỳ" in page
    edit = page.split('href="/producer/packing-houses/')[2].split('"')[0]
    assert 'value="CN" checked' in us.get(f"/producer/packing-houses/{edit}")
    us.accepted(f"/producer/packing-houses/{edit}", **sent | {"code": "VN-VLOR-9001"})
    assert "Chữ OR là mã vùng trồng" in us.get("/producer/packing-houses")
    assert "GLN" in us.refused("/producer/packing-houses/new", **sent | {"code": "X", "gln": "123"})


def test_an_office_draws_for_a_producer_without_an_account(app: Flask, database: Database) -> None:
    factories.crop(database)
    producer = factories.producer(database)
    office = factories.agency(database, Permission.VIEW_ALL, Permission.DATA_ENTRY_ON_BEHALF)
    who = factories.account(database, office, role=Role.DATA_ENTRY)
    client = app.test_client()
    factories.sign_in_as(client, database, who, acting_for=producer)
    here = Visit(client, database, producer)
    assert producer.name in here.get(here.accepted("/producer/areas/new", **fields()))
    assert ours(here)[0].producer_id == producer.id
    with database.reading(SYSTEM.scope) as session:
        leaf = session.exec(select(LogLeaf).where(LogLeaf.kind == "area.registered")).one()
    assert (leaf.actor, leaf.tenant) == (who.id, producer.id)
    assert b'"on_behalf":true' in leaf.body
