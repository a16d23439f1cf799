"""The producer's first page, and its own details."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain import personal_data
from traceability.domain.actors import Permission, Role
from traceability.domain.certificates import CertificateInput, add
from traceability.domain.clock import today

pytestmark = SQLITE_ONLY


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


def test_a_new_producer_is_shown_the_way(us: Visit) -> None:
    page = us.get("/producer/")
    assert "Các bước để có con tem đầu tiên" in page
    assert "Không có việc nào chờ bạn" in page
    assert "Ghi thu hoạch" in page


def test_the_overview_names_what_waits(us: Visit) -> None:
    factories.area(us.database, us.producer, approved=False)
    factories.product(us.database, us.producer, approved=False)
    batch = factories.harvest(us.database, us.producer)
    factories.sent(
        us.database, factories.harvest(us.database, factories.producer(us.database)), 5, us.producer
    )
    actor = factories.manager_of(us.producer)
    with us.database.transaction(actor) as session:
        value = CertificateInput(
            scheme="VietGAP",
            number="VG-7",
            issuer="Mẫu",
            covered_id=us.producer.id,
            issued_on=today(),
            expires_on=today() + timedelta(days=5),
        )
        add(session, actor, value)
    page = us.get("/producer/")
    for line in (
        "Vùng trồng chờ duyệt: 1",
        "Sản phẩm chờ duyệt: 1",
        "Sản phẩm chưa có ảnh: 2",
        "Lô hàng chưa công bố: 1",
        "Hàng đang giao đến cơ sở: 1",
        "Chứng nhận sắp hết hạn: VietGAP VG-7",
    ):
        assert line in page, line
    assert batch.producer_id == us.producer.id


def test_a_manager_keeps_the_details(us: Visit) -> None:
    assert "Tỉnh Vĩnh Long" in us.get("/producer/profile/edit")
    sent = {
        "commune_name": "Phường Bình Minh",
        "phone": "0270 3823456",
        "legacy_address": "Xã Thuận An, TX Bình Minh",
    }
    assert us.accepted("/producer/profile/edit", **sent) == "/producer/profile"
    page = us.get("/producer/profile")
    assert "Phường Bình Minh, Tỉnh Vĩnh Long" in page
    assert "trước 7/2025: Xã Thuận An, TX Bình Minh" in page
    assert "Chưa có ai xem" in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"commune_name": ""}, "commune_name"),
        ({"phone": "gọi tôi"}, "phone"),
        ({"email": "@"}, "email"),
        ({"latitude": "105.8", "longitude": "10.0"}, "latitude"),
        ({"latitude": "10.0"}, "longitude"),
    ],
)
def test_bad_details_come_back_at_their_field(us: Visit, changes, field: str) -> None:
    page = us.refused(
        "/producer/profile/edit", **{"commune_name": "Phường", "address_line": "Số 5"} | changes
    )
    assert f'id="f-{field}-error"' in page
    assert 'value="Số 5"' in page


def test_the_producer_sees_who_looked_at_its_data(us: Visit, app: Flask) -> None:
    agency = factories.agency(us.database, Permission.INSPECT)
    who = factories.account(us.database, agency)
    personal_data.declare_reading(
        us.database, factories.actor_of(us.database, who), "producer", us.producer.id
    )
    page = us.get("/producer/profile")
    assert who.display_name in page
    assert agency.name in page


def test_a_clerk_sees_the_details_but_changes_none(app: Flask, database: Database) -> None:
    clerk = visit(app, database, role=Role.CLERK)
    assert "Sửa thông tin" not in clerk.get("/producer/profile")
    assert clerk.client.get("/producer/profile/edit").status_code == 403


def test_every_page_of_places_reads_in_english_too(us: Visit) -> None:
    area = factories.area(us.database, us.producer)
    product = factories.product(us.database, us.producer)
    for path in (
        "/producer/", "/producer/profile", "/producer/areas", f"/producer/areas/{area.id}", "/producer/areas/new",
        "/producer/products", f"/producer/products/{product.id}", "/producer/products/new", "/producer/certificates",
        "/producer/certificates/new", "/producer/packing-houses", "/producer/packing-houses/new",
    ):  # fmt: skip
        page = us.get(path + "?lang=en")
        assert '<html lang="en"' in page


@pytest.mark.parametrize(
    ("kinds", "menu", "one"),
    [
        (("aquaculture",), "Vùng nuôi", "Vùng nuôi"),
        (("apiculture",), "Điểm đặt ong", "Điểm đặt ong"),
        (("vegetable",), "Vùng trồng", "Vùng trồng"),
        (("aquaculture", "vegetable"), "Vùng trồng, vùng nuôi", "Vùng trồng, vùng nuôi"),
    ],
)
def test_menu_lists_and_forms_call_the_places_of_a_producer_by_what_it_raises(
    us: Visit, kinds: tuple[str, ...], menu: str, one: str
) -> None:
    for kind in kinds:
        factories.crop(us.database, f"crop_{kind}", kind=kind)
        factories.area(us.database, us.producer, crop_id=f"crop_{kind}")
    for path in ("/producer/", "/producer/areas"):
        page = us.get(path)
        assert re.search(rf'href="/producer/areas"[^>]*>(<svg.*?</svg>)?\s*(<[^>]+>)?\s*{menu}<', page, re.S)
    assert f"<h1>{menu}</h1>" in page
    assert re.search(rf'<label for="f-area_id">{one}[<\s]', us.get("/producer/diary/new"))
