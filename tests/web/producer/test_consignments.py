"""Pages of export consignments: put together, refused with every reason, sealed, departed, printed."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain import suspensions
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.suspensions import SuspendedKind, SuspensionInput

pytestmark = SQLITE_ONLY
HOUSE = "VN-VLPH-0001"


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


@pytest.fixture
def batch(us: Visit, database: Database) -> Batch:
    factories.packing_house(database, us.producer, code=HOUSE, markets=["CN"])
    area = factories.area(database, us.producer)
    factories.area_code(database, area, "VN-VLOR-9001", "CN")
    return factories.harvest(database, us.producer, 1000, area_id=area.id)


def begun(us: Visit, **changes: str) -> str:
    fields = {
        "market": "CN",
        "buyer": "Guangxi Fruit (minh họa)",
        "leaves_on": today().isoformat(),
        "packing_house_code": HOUSE,
        "container_no": "MSKU1234565",
        "seal_no": "VN0001",
        "treatment": "irradiation",
    }
    return us.accepted("/producer/consignments/new", **fields | changes)


def test_a_consignment_goes_from_draft_to_departure(
    us: Visit, batch: Batch, app: Flask, database: Database
) -> None:
    page = begun(us)
    assert "Chưa thêm lô hàng nào" in us.get(page)
    us.accepted(f"{page}/lots", batch_id=batch.id, kilograms="400")
    ready = us.get(page)
    assert "Có thể niêm phong" in ready
    assert "chưa có mức dư lượng cho phép của thị trường Trung Quốc" in ready
    assert "chưa có kết quả kiểm nghiệm nào" in ready
    us.accepted(f"{page}/seal")
    shown = us.get(page)
    assert "đã niêm phong" in shown
    assert "VN-VLOR-9001" in shown  # what was checked is kept
    late = us.refused(
        f"{page}/depart", departed_on=(today() + timedelta(days=1)).isoformat(), phyto_no="KD-1"
    )
    assert "Ngày rời đi ở trong tương lai" in late
    us.accepted(f"{page}/depart", departed_on=today().isoformat(), phyto_no="KD-1")
    paper = us.get(f"{page}/paper")
    for text in ("KD-1", "MSKU1234565", "VN0001", "Chiếu xạ", "400\u00a0kg"):
        assert text in paper
    client = app.test_client()
    agency = factories.agency(database, Permission.VIEW_ALL)
    factories.sign_in_as(client, database, factories.account(database, agency))
    number = re.search(r"XK\d{6}-\w{5}", paper)
    assert number is not None
    assert number[0] in client.get("/inspector/consignments").get_data(as_text=True)
    seen = client.get(page.replace("/producer/", "/inspector/"))
    assert "KD-1" in unescape(seen.get_data(as_text=True))


def test_what_came_after_the_seal_stands_on_the_page_and_keeps_it_here(
    us: Visit, batch: Batch, database: Database
) -> None:
    page = begun(us)
    us.accepted(f"{page}/lots", batch_id=batch.id, kilograms="400")
    us.accepted(f"{page}/seal")
    for shown in (page, "/producer/consignments"):
        assert "chưa được xuất" not in us.get(shown)
    assert 'name="phyto_no"' in us.get(page)
    with database.transaction(SYSTEM) as session:
        value = SuspensionInput(subject_kind=SuspendedKind.BATCH, subject_id=batch.id, reason="Chờ kết quả")
        suspensions.suspend(session, SYSTEM, value)
    assert re.search(
        r"Lô hàng xuất khẩu XK\S+ đi Trung Quốc chưa được xuất\. .*từ ngày", us.get("/account/notices")
    )
    assert "Theo tình trạng hôm nay, lô hàng này chưa được xuất" in us.get(page)
    late = us.refused(f"{page}/depart", departed_on=today().isoformat(), phyto_no="KD-7")
    assert "sau khi niêm phong đã phát sinh 1 vướng mắc" in late
    for seen in (late, us.get(page)):  # what cannot be done is not offered; what can be done instead is said
        assert 'name="phyto_no"' not in seen
        assert "Chỉ ghi nhận xuất hàng khi" in seen
        assert f"Quản trị hệ thống tạm dừng từ ngày {today():%d/%m/%Y}" in seen
    assert "chưa được xuất" in us.get("/producer/consignments")  # and the list marks it


def test_every_reason_stands_by_its_lot_and_nothing_is_sealed(us: Visit, batch: Batch) -> None:
    page = begun(us, market="US", container_no="")
    us.accepted(f"{page}/lots", batch_id=batch.id, kilograms="2000")
    text = us.get(page)
    for said in (
        "không có mã số cho thị trường Hoa Kỳ",
        "chỉ còn 1.000\u00a0kg",
        "Chưa có số container",
        "không có hiệu lực cho thị trường Hoa Kỳ",
    ):
        assert said in text, said
    us.accepted(f"{page}/seal")
    assert "đang lập" in us.get(page)


def test_hostile_input_is_refused_with_a_sentence(us: Visit, batch: Batch) -> None:
    page = begun(us)
    for fields in (
        {"batch_id": "' OR 1=1", "kilograms": "1"},
        {"batch_id": batch.id, "kilograms": "-5"},
        {"batch_id": batch.id, "kilograms": "NaN"},
        {"batch_id": "0" * 16, "kilograms": "1"},
        {"batch_id": batch.id},
    ):
        us.refused(f"{page}/lots", **fields)
    us.refused("/producer/consignments/new", market="CN", buyer="x\x00", leaves_on="31/02/2026")
    us.refused("/producer/consignments/new", market="XYZ", buyer="A", leaves_on=today().isoformat())


def test_a_neighbour_sees_no_consignment(us: Visit, batch: Batch, app: Flask, database: Database) -> None:
    page = begun(us)
    other = visit(app, database)
    assert other.client.get(page).status_code == 404
    assert other.client.get(f"{page}/paper").status_code == 404
    assert other.post(f"{page}/cancel", reason="Phá rối").status_code == 404
    us.accepted(f"{page}/cancel", reason="Khách hủy đơn")
    assert "Khách hủy đơn" in us.get(page)
