"""A clerk's pages of batches: harvest, events, processing, deliveries, results, publishing; in clear sentences."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlmodel import func, select

from tests import factories
from tests.browser.fixtures import PHONE, LiveServer
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain import records
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.products import Product

pytestmark = SQLITE_ONLY


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    factories.crop(database, name_vi="Bưởi Năm Roi", kind="perennial_fruit")
    return visit(app, database, role=Role.CLERK)


@pytest.fixture
def fields(us: Visit) -> dict[str, Any]:
    """What a clerk fills in for a harvest."""
    area, product = factories.area(us.database, us.producer), factories.product(us.database, us.producer)
    factories.area_code(us.database, area)
    return {
        "kilograms": "1.250",
        "product_id": product.id,
        "area_id": area.id,
        "harvested_on": today().isoformat(),
        "picker": "Tổ thu hái 2",
    }


@pytest.fixture
def batch(us: Visit) -> Batch:
    return factories.harvest(us.database, us.producer)


def count(us: Visit, table: type[Any] = Batch) -> int:
    with us.database.reading(SYSTEM.scope) as session:
        return int(session.exec(select(func.count()).select_from(table)).one())


def again(us: Visit, batch: Batch) -> Batch:
    with us.database.reading(SYSTEM.scope) as session:
        return records.find(session, Batch, batch.id)


def local(**ago: int) -> str:
    return (now() - timedelta(**ago)).astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")


def test_a_clerk_registers_a_harvest_and_sees_its_page(us: Visit, fields: dict[str, Any]) -> None:
    form = us.get("/producer/batches/new")
    assert "VN-VLOR-9001 · Trung Quốc" in form
    fields |= {"area_code": "VN-VLOR-9001", "details-brix": "11,5"}
    page = us.get(us.accepted("/producer/batches/new", **fields))
    for text in (
        f"L{today():%y%m%d}01",
        "1.250\u00a0kg",
        "VN-VLOR-9001",
        "Tổ thu hái 2",
        "11,5",
        "Chưa công bố",
        "Đã lưu.",
    ):
        assert text in page
    assert "Sản phẩm chưa có ảnh." in page  # the gate says what is missing


def test_what_is_saved_comes_with_the_number_of_its_leaf(us: Visit, fields: dict[str, Any]) -> None:
    answer = us.client.post("/producer/batches/new", data=fields)
    position = int(answer.headers["Log-Index"])
    told = us.client.get(f"/log/entries?start={position}&count=1").get_json()["items"][0]
    leaf = json.loads(base64.b64decode(told["leaf"]))
    assert (told["index"], leaf["kind"]) == (position, "batch.registered")
    assert (
        "Log-Index" not in us.client.post("/producer/batches/new", data=fields | {"kilograms": "0"}).headers
    )


def test_the_next_harvest_begins_with_what_was_typed_last(us: Visit, fields: dict[str, Any]) -> None:
    us.accepted("/producer/batches/new", **fields, area_code="VN-VLOR-9001")
    form = us.get("/producer/batches/new")
    assert f'<option value="{fields["area_id"]}" selected>' in form
    assert 'value="Tổ thu hái 2"' in form
    assert '<option value="VN-VLOR-9001" selected>' in form


def test_the_same_form_sent_twice_makes_one_batch(us: Visit, fields: dict[str, Any]) -> None:
    first = us.accepted("/producer/batches/new", once="token-of-one-page", **fields)
    assert us.accepted("/producer/batches/new", once="token-of-one-page", **fields) == first
    assert count(us) == 1


def test_another_harvest_typed_into_the_same_page_is_not_lost(us: Visit, fields: dict[str, Any]) -> None:
    """The browser's way back shows the page that was sent already, with its token."""
    first = us.accepted("/producer/batches/new", once="token-of-one-page", **fields)
    other = fields | {"kilograms": "37"}
    assert us.accepted("/producer/batches/new", once="token-of-one-page", **other) != first
    assert count(us) == 2


#: Field, what is typed, and a part of the sentence that comes back.
BAD_HARVESTS = [
    ("kilograms", "", "Vui lòng"),
    ("kilograms", "-1", "âm"),
    ("kilograms", "0", "0"),
    ("kilograms", "NaN", "số"),
    ("kilograms", "1" * 400, "số"),
    ("harvested_on", "31/02/2026", "Không có ngày 31/2/2026"),
    ("harvested_on", "2126-01-01", "2126"),
    ("harvested_on", "9999-01-01", "9999"),
    ("harvested_on", "2099-01-01", "Ngày thu hoạch ở tương lai."),
    ("area_id", "0000000000000000", "Hãy chọn một vùng trồng của cơ sở trong danh sách."),
    ("area_id", "a\x00b", "Vui lòng"),
    ("product_id", "0000000000000000", "Hãy chọn một sản phẩm của cơ sở trong danh sách."),
    ("area_code", "VN-XXOR-1", "VN-XXOR-1"),
    ("lot", "Lô Bưởi", "LO-BUOI"),
    ("lot", "..", "dấu chấm"),
    ("picker", "Tổ\x00", "điều khiển"),
    ("picker", "Tổ \u202e2", "chiều đọc"),
    ("picker", "x" * 5000, "5000"),
    ("note", "x" * 1500, "1000"),
    ("details-brix", "x" * 100, "100"),
]


def test_a_bad_value_comes_back_with_a_sentence_and_what_was_typed(us: Visit, fields: dict[str, Any]) -> None:
    for field, typed, sentence in BAD_HARVESTS:
        page = us.refused("/producer/batches/new", **fields | {"note": "Ghi chú của tôi"} | {field: typed})
        assert f'href="#f-{field}"' in page, (field, typed)
        assert sentence in page, (field, typed)
        assert field == "note" or "Ghi chú của tôi" in page
    assert count(us) == 0


def test_a_neighbours_area_product_and_batch_are_as_good_as_missing(
    us: Visit, fields: dict[str, Any]
) -> None:
    neighbour = factories.producer(us.database)
    foreign = factories.harvest(us.database, neighbour)
    page = us.refused("/producer/batches/new", **fields | {"area_id": foreign.area_id})
    assert "Hãy chọn một vùng trồng của cơ sở trong danh sách." in page
    for path in ("", "/event", "/event?type=pack", "/ship", "/test"):
        assert us.client.get(f"/producer/batches/{foreign.id}{path}").status_code == 404
    for act in ("release", "close"):
        assert us.post(f"/producer/batches/{foreign.id}/{act}").status_code in (404, 422)
    for odd in ("%00", "a%00b", "%ff", "..%2f", "x" * 300):
        assert us.client.get(f"/producer/batches/{odd}").status_code in (400, 404)


def test_batches_are_sought_without_accents_and_filtered(us: Visit, batch: Batch) -> None:
    assert batch.lot in us.get("/producer/batches?q=buoi+nam+roi")
    assert batch.lot not in us.get("/producer/batches?q=xoai")
    assert batch.lot in us.get(f"/producer/batches?state=open&product={batch.product_id}")
    assert batch.lot not in us.get("/producer/batches?state=held")
    for odd in (
        "q=%ff%fe",
        "state=nonsense",
        "page=-5",
        "page=x",
        "page=999999999999",
        "q=" + "x" * 9000,
    ):
        us.get(f"/producer/batches?{odd}")


def test_an_event_is_recorded_and_corrected_with_the_original_struck_through(us: Visit, batch: Batch) -> None:
    home = f"/producer/batches/{batch.id}"
    assert "Đã diễn ra việc gì?" in us.get(f"{home}/event")
    us.accepted(f"{home}/event?type=transform", output_kg="900", happened_at=local(), step="Phân loại")
    page = us.get(home)
    assert "900\u00a0kg" in page
    way = re.findall(rf'href="({home}/events/\w+/correct)"', page)[-1]
    assert "100" in us.get(way)
    us.accepted(way, reason="incorrect_data", explanation="Đọc nhầm cân", loss_kg="50")
    page = us.get(home)
    assert "<del>Sơ chế, chế biến: Phân loại</del>" in page
    assert "Đọc nhầm cân" in page
    assert again(us, batch).on_hand_g == 950_000


def test_a_harvest_of_which_only_the_day_is_known_is_corrected_without_a_time(
    us: Visit, batch: Batch
) -> None:
    home = f"/producer/batches/{batch.id}"
    (way,) = re.findall(rf'href="({home}/events/\w+/correct)"', us.get(home))
    day = batch.started_on.isoformat()
    field = re.findall(r'<input [^>]*name="happened_at"[^>]*>', us.get(way))[0]
    assert 'type="date"' in field
    assert f'value="{day}"' in field
    us.accepted(way, reason="incorrect_data", explanation="Đọc nhầm cân", output_kg="900", happened_at=day)
    assert again(us, batch).started_on == batch.started_on
    assert not re.search(r">[^<]*(00:00|12:00)", us.get(home))


BAD_EVENTS: list[tuple[str, dict[str, str], str]] = [
    ("transform", {"output_kg": "1001"}, "output_kg"),
    ("transform", {"happened_at": "2099-01-01T00:00"}, "happened_at"),
    ("transform", {"happened_at": "31/02/2026 10:00"}, "happened_at"),
    ("transform", {"happened_at": ""}, "happened_at"),
    ("transform", {"material": "Đường"}, "material_kg"),
    ("lose", {"loss_kg": ""}, "loss_kg"),
    ("lose", {"loss_kg": "1e400"}, "loss_kg"),
    ("pack", {"details-units": "nhiều"}, "details-units"),
    ("store", {"details-temperature": "\x00"}, "details-temperature"),
]


def test_a_bad_event_comes_back_by_its_field(us: Visit, batch: Batch) -> None:
    for of_type, changes, field in BAD_EVENTS:
        fields = {"happened_at": local(), "note": "Ghi chú của tôi"} | changes
        page = us.refused(f"/producer/batches/{batch.id}/event?type={of_type}", **fields)
        assert f'href="#f-{field}"' in page, (of_type, changes)
        assert "Ghi chú của tôi" in page


def test_processing_takes_rows_wherever_they_were_filled_in(us: Visit, batch: Batch) -> None:
    juice = factories.product(us.database, us.producer)
    form = us.get("/producer/batches/transform")
    assert f'value="batch:{batch.id}"' in form
    fields = {
        "product_id": juice.id,
        "started_on": today().isoformat(),
        "output_kg": "500",
        "inputs-3-source": f"batch:{batch.id}",
        "inputs-3-kilograms": "600",
        "inputs-7-material": "Đường",
        "inputs-7-kilograms": "12,5",
    }
    page = us.refused("/producer/batches/transform", **fields | {"inputs-3-kilograms": "1001"})
    assert 'href="#f-inputs-3-kilograms"' in page
    assert "chỉ còn 1.000\u00a0kg" in page
    page = us.refused("/producer/batches/transform", **fields | {"inputs-7-kilograms": ""})
    assert 'href="#f-inputs-7-kilograms"' in page
    page = us.refused("/producer/batches/transform", **fields | {"inputs-5-kilograms": "5"})
    assert 'href="#f-inputs-5"' in page
    page = us.get(us.accepted("/producer/batches/transform", **fields))
    assert "Đường" in page
    assert batch.lot in page
    assert again(us, batch).used_g == 600_000
    assert "Sản phẩm làm từ lô này" in us.get(f"/producer/batches/{batch.id}")


def test_goods_go_to_another_producer_who_weighs_and_uses_them(us: Visit, app: Flask, batch: Batch) -> None:
    them = visit(app, us.database)
    fields = {
        "kilograms": "100",
        "sent_on": today().isoformat(),
        "to_producer": them.producer.code,
        "market": "VN",
    }
    page = us.refused(f"/producer/batches/{batch.id}/ship", **fields | {"kilograms": "1001"})
    assert "chỉ còn 1.000\u00a0kg" in page
    us.accepted(f"/producer/batches/{batch.id}/ship", **fields)
    assert "đang trên đường" in us.get("/producer/deliveries")
    page = them.get("/producer/deliveries")
    assert us.producer.name in page
    (way,) = re.findall(r'href="(/producer/deliveries/\w+/receive)"', page)
    assert us.client.get(way).status_code == 404  # only the receiver confirms
    weighed = {"kilograms": "99", "received_at": local()}
    assert "Thiếu 1\u00a0kg" in them.refused(way, **weighed)
    them.accepted(way, **weighed, variance_reason="Hao hụt")
    assert "Còn trong kho: 99\u00a0kg" in them.get("/producer/deliveries")
    assert "đã nhận 99\u00a0kg" in us.get("/producer/deliveries")
    factories.product(us.database, them.producer)
    assert us.producer.name in them.get("/producer/batches/transform")
    assert count(us, Delivery) == 1


def test_a_laboratory_report_is_recorded_line_by_line(us: Visit, batch: Batch) -> None:
    fields = {
        "laboratory": "Phòng thử nghiệm (minh họa)",
        "report_no": "KQ-7",
        "sampled_on": today().isoformat(),
        "reported_on": today().isoformat(),
        "results-0-name": "Cadimi",
        "results-0-value": "< 0,01",
        "results-0-passed": "1",
        "results-4-name": "Chì",
        "results-4-value": "0,9",
        "results-4-passed": "0",
    }
    page = us.refused(f"/producer/batches/{batch.id}/test", **fields | {"results-4-passed": ""})
    assert 'href="#f-results-4-passed"' in page
    page = us.get(us.accepted(f"/producer/batches/{batch.id}/test", **fields))
    assert "Có kết quả kiểm nghiệm không đạt." in page


def test_a_batch_is_published_from_its_page_and_shows_its_public_page(us: Visit, batch: Batch) -> None:
    home = f"/producer/batches/{batch.id}"
    assert "Sản phẩm chưa có ảnh." in us.refused(f"{home}/release")
    factories.release(us.database, batch)
    with us.database.reading(SYSTEM.scope) as session:
        code = records.find(session, Product, batch.product_id).code
    assert f'href="/lots/{code}/{batch.lot}"' in us.get(home)
    assert "Lô còn 1.000\u00a0kg" in us.refused(f"{home}/close")
    factories.sent(us.database, batch, 1000)
    us.accepted(f"{home}/close")
    assert "Đã đóng" in us.get(home)


def test_without_an_approved_area_the_page_says_what_to_do_first(us: Visit) -> None:
    assert count(us, GrowingArea) == 0
    assert "chưa có vùng trồng nào được duyệt" in us.get("/producer/batches/new")
    assert "Chưa có lô hàng nào" in us.get("/producer/batches")


def test_every_page_of_a_batch_reads_in_english_too(us: Visit, batch: Batch) -> None:
    for path in ("", "/event", "/event?type=pack", "/ship", "/test"):
        page = us.get(f"/producer/batches/{batch.id}{path}{'&' if '?' in path else '?'}lang=en")
        assert 'lang="en"' in page


@pytest.fixture
def orchard(us: Visit, fields: dict[str, Any]) -> dict[str, Any]:
    """What else the producer of the harvest form grows: a second crop on two areas, one of them with a code."""
    near, far = (factories.area(us.database, us.producer, crop_id="green_skin_pomelo") for _ in range(2))
    factories.area_code(us.database, near, "VN-VLOR-9002")
    product = factories.product(us.database, us.producer, crop_id="green_skin_pomelo")
    factories.crop(us.database, "green_skin_pomelo", name_vi="Bưởi da xanh", kind="perennial_fruit")
    factories.crop(us.database, name_vi="Bưởi Năm Roi", kind="perennial_fruit")
    return {"near": near, "far": far, "product": product}


def test_where_several_crops_grow_each_area_and_code_names_its_crop(
    us: Visit, orchard: dict[str, Any]
) -> None:
    page = us.get("/producer/batches/new")
    assert f">{orchard['near'].name} · Bưởi da xanh<" in page
    assert f">VN-VLOR-9002 · Trung Quốc · {orchard['near'].name} · Bưởi da xanh<" in page
    assert ">VN-VLOR-9001 · Trung Quốc · Vùng bưởi số" in page
    assert page.count("· Bưởi Năm Roi<") == 2


@pytest.mark.browser
def test_the_areas_and_codes_offered_follow_the_product(
    us: Visit,
    app: Flask,
    fields: dict[str, Any],
    orchard: dict[str, Any],
    visitor: Callable[..., Page],
    serve: Callable[..., LiveServer],
) -> None:
    us.accepted("/producer/batches/new", **fields, area_code="VN-VLOR-9001")
    page = visitor(PHONE)
    server = serve(app)
    cookie = us.client.get_cookie("trace")
    assert cookie is not None
    page.context.add_cookies([{"name": "trace", "value": cookie.value, "url": server.url}])
    page.goto(f"{server.url}/producer/batches/new")

    def offered(field: str) -> list[str]:
        return [
            str(one.get_attribute("value"))
            for one in page.locator(f"#f-{field} option:not([disabled])").all()
            if one.get_attribute("value")
        ]

    area, code = page.locator("#f-area_id"), page.locator("#f-area_code")
    assert offered("area_id") == [fields["area_id"]]
    assert offered("area_code") == ["VN-VLOR-9001"]
    page.select_option("#f-product_id", orchard["product"].id)
    assert set(offered("area_id")) == {orchard["near"].id, orchard["far"].id}
    expect(area).to_have_value("")  # two would do: the clerk chooses
    expect(code).to_have_value("")
    assert offered("area_code") == ["VN-VLOR-9002"]
    page.select_option("#f-area_id", orchard["far"].id)
    assert offered("area_code") == []
    page.select_option("#f-product_id", fields["product_id"])
    expect(area).to_have_value(fields["area_id"])  # only one does
    assert offered("area_code") == ["VN-VLOR-9001"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.browser
def test_on_a_phone_without_scripts_a_harvest_takes_one_field_and_one_tap(
    us: Visit,
    app: Flask,
    fields: dict[str, Any],
    visitor: Callable[..., Page],
    serve: Callable[..., LiveServer],
) -> None:
    us.accepted("/producer/batches/new", **fields)  # the form begins with what was registered last
    page = visitor(PHONE, java_script_enabled=False)
    server = serve(app)
    cookie = us.client.get_cookie("trace")
    assert cookie is not None
    page.context.add_cookies([{"name": "trace", "value": cookie.value, "url": server.url}])
    page.goto(f"{server.url}/producer/batches/new")
    page.get_by_label("Khối lượng").fill("85,5")
    page.get_by_role("button", name="Lưu lô thu hoạch").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"L{today():%y%m%d}02")
    expect(page.locator("main")).to_contain_text("85,5")
    assert count(us) == 2
