"""A producer draws its area in a real browser: by mouse, by keyboard, by a table; and its pages are accessible."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser import axe
from tests.browser.entrance import entrance
from tests.databases import SQLITE_ONLY
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import areas
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.producers import Producer

pytestmark = [pytest.mark.browser, SQLITE_ONLY]


@pytest.fixture
def producer(database: Database) -> Producer:
    factories.crop(database, name_vi="Bưởi Năm Roi", name_en="Nam Roi pomelo")
    return factories.producer(database)


@pytest.fixture
def enter(
    app: Flask, settings: Settings, database: Database, producer: Producer, serve: Callable[..., Any]
) -> Callable[[Page, str], None]:
    """Opens a page as the signed-in manager of the producer."""
    return entrance(app, serve(app, settings.port).url, database, producer)


def the_area(database: Database, producer: Producer) -> GrowingArea:
    with database.reading(SYSTEM.scope) as session:
        (area,) = areas.all_of(session, producer.id)
        return area


def fill(page: Page, name: str = "Vùng vẽ tay") -> None:
    page.get_by_label("Tên vùng trồng").fill(name)
    page.get_by_label("Cây trồng").select_option(factories.POMELO)
    page.get_by_label("Diện tích khai báo").fill("5")


def drawn(page: Page) -> list[list[float]]:
    """The corners as the form would send them."""
    text = page.locator("input[name=geometry]").input_value()
    ring: list[list[float]] = json.loads(text)["coordinates"][0][:-1] if text else []
    return ring


def test_an_area_is_drawn_with_the_mouse(
    enter: Callable[[Page, str], None], laptop: Page, database: Database, producer: Producer
) -> None:
    factories.area(database, producer, name="Vùng bên cạnh")  # the map opens where the other areas lie
    enter(laptop, "/producer/areas/new")
    fill(laptop)
    chart = laptop.locator("[data-map]")
    chart.scroll_into_view_if_needed()
    for x, y in ((120, 120), (320, 110), (330, 260), (130, 270)):
        chart.click(position={"x": x, "y": y})
    expect(laptop.locator("[data-sum]")).to_contain_text("4 góc")
    before = drawn(laptop)
    laptop.locator("[data-corner='2']").drag_to(chart, target_position={"x": 380, "y": 300})
    after = drawn(laptop)
    assert [i for i in range(4) if before[i] != after[i]] == [2]
    laptop.get_by_role("button", name="Lưu vùng trồng").click()
    expect(laptop.get_by_role("heading", name="Vùng vẽ tay")).to_be_visible()
    with database.reading(SYSTEM.scope) as session:
        kept = next(area for area in areas.all_of(session, producer.id) if area.name == "Vùng vẽ tay")
    assert sorted(map(tuple, after)) == sorted(map(tuple, kept.geometry["coordinates"][0][:-1]))


def test_an_area_is_drawn_by_table_and_keyboard_on_a_phone(
    enter: Callable[[Page, str], None], phone: Page, database: Database, producer: Producer
) -> None:
    enter(phone, "/producer/areas/new")
    fill(phone)
    phone.get_by_text("Bảng tọa độ các góc").click()
    for latitude, longitude in ((10.015, 105.83), (10.015, 105.832), (10.017, 105.832), (10.017, 105.83)):
        phone.locator("[data-do=row]").click()
        row = phone.locator("[data-rows] tr").last
        row.locator("[data-lat]").fill(str(latitude).replace(".", ","))
        row.locator("[data-lon]").fill(str(longitude))
        row.locator("[data-lon]").press("Tab")
    expect(phone.locator("[data-sum]")).to_contain_text("4,85")
    axe.check_accessible(phone)
    corner = phone.locator("[data-corner='0']")
    corner.focus()
    corner.press("ArrowLeft")
    assert drawn(phone)[0][0] < 105.83
    phone.locator("[data-do=undo]").click()
    assert drawn(phone)[0] == [105.83, 10.015]
    phone.get_by_role("button", name="Lưu vùng trồng").click()
    expect(phone.get_by_role("heading", name="Vùng vẽ tay")).to_be_visible()
    assert the_area(database, producer).geometry == factories.square()


def test_the_boundary_is_walked_by_gps(enter: Callable[[Page, str], None], phone: Page) -> None:
    phone.context.grant_permissions(["geolocation"])
    enter(phone, "/producer/areas/new")
    walked = [(10.0700, 105.8200), (10.0700, 105.8220), (10.0716, 105.8221)]
    phone.context.set_geolocation({"latitude": walked[0][0], "longitude": walked[0][1], "accuracy": 4})
    phone.get_by_role("button", name="Đi dọc ranh bằng GPS").click()
    for number, (latitude, longitude) in enumerate(walked, 1):
        phone.context.set_geolocation({"latitude": latitude, "longitude": longitude, "accuracy": 3 + number})
        expect(phone.locator("[data-accuracy]")).to_contain_text(f"{3 + number} m")
        phone.get_by_role("button", name="Thêm góc tại chỗ đang đứng").click()
        expect(phone.locator("[data-sum]")).to_contain_text(f"{number} góc")
    assert drawn(phone) == [[longitude, latitude] for latitude, longitude in walked]


def test_a_refused_form_keeps_the_polygon(
    enter: Callable[[Page, str], None], laptop: Page, database: Database, producer: Producer
) -> None:
    area = factories.area(database, producer)
    enter(laptop, f"/producer/areas/{area.id}/edit")
    ring = drawn(laptop)
    laptop.get_by_label("Diện tích khai báo").fill("rất rộng")
    laptop.get_by_role("button", name="Lưu vùng trồng").click()
    expect(laptop.locator("#f-declared_ha-error")).to_be_visible()
    assert drawn(laptop) == ring
    assert laptop.get_by_label("Diện tích khai báo").input_value() == "rất rộng"
    laptop.get_by_label("Diện tích khai báo").fill("4,84")
    laptop.get_by_role("button", name="Lưu vùng trồng").click()
    expect(laptop.get_by_role("heading", name=area.name)).to_be_visible()
    assert the_area(database, producer).state is AreaState.APPROVED  # an unchanged boundary asks for nothing


def test_corners_too_few_for_a_boundary_are_kept_and_can_be_gone_on_with(
    enter: Callable[[Page, str], None], laptop: Page, database: Database, producer: Producer
) -> None:
    factories.area(database, producer, name="Vùng bên cạnh")  # the map opens where the other areas lie
    enter(laptop, "/producer/areas/new")
    fill(laptop)
    chart = laptop.locator("[data-map]")
    chart.scroll_into_view_if_needed()
    for x, y in ((120, 120), (320, 110)):
        chart.click(position={"x": x, "y": y})
    laptop.get_by_role("button", name="Lưu vùng trồng").click()
    expect(laptop.locator("#f-geometry-error")).to_contain_text("ba góc")
    expect(laptop.locator("[data-corner]")).to_have_count(2)
    chart.scroll_into_view_if_needed()
    chart.click(position={"x": 60, "y": 240})
    expect(laptop.locator("[data-sum]")).to_contain_text("3 góc")
    laptop.get_by_role("button", name="Lưu vùng trồng").click()
    expect(laptop.get_by_role("heading", name="Vùng vẽ tay")).to_be_visible()


def test_the_pages_of_places_are_accessible(
    enter: Callable[[Page, str], None], laptop: Page, database: Database, producer: Producer
) -> None:
    area = factories.area(database, producer)
    factories.area(database, producer, geometry=area.geometry, declared_ha="6", approved=False)
    factories.area_code(database, area, "vn vlor 9001")
    product = factories.product(database, producer)
    for path in (
        "", "profile", "profile/edit", "areas", f"areas/{area.id}", "areas/new", f"areas/{area.id}/codes/new",
        "packing-houses", "packing-houses/new", "products", f"products/{product.id}", "products/new",
        "certificates", "certificates/new",
    ):  # fmt: skip
        enter(laptop, f"/producer/{path}")
        axe.check_accessible(laptop)
