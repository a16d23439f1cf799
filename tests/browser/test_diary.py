"""The farm diary on a phone: few taps, the first lawful harvest while typing, and no signal."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from tests import factories
from tests.browser import axe
from tests.browser.entrance import entrance
from tests.browser.fixtures import FLAGS, PHONE, Visits, chromium_path
from tests.databases import SQLITE_ONLY
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import diary_entries, farm_inputs
from traceability.domain.actors import SYSTEM
from traceability.domain.amounts import Measure, parse_amount
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import today
from traceability.domain.diary import DiaryEntry, DiaryInput, DiaryTask, between
from traceability.domain.farm_inputs import FarmInputInput, InputLot, InputLotInput
from traceability.domain.producers import Producer
from traceability.domain.treatments import InputKind

pytestmark = [pytest.mark.browser, SQLITE_ONLY]


@pytest.fixture
def producer(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def ground(database: Database, producer: Producer) -> GrowingArea:
    return factories.area(database, producer)


@pytest.fixture
def lot(database: Database, producer: Producer, ground: GrowingArea) -> InputLot:
    """Ten litres of something with seven days before a harvest."""
    actor = factories.manager_of(producer)
    with database.transaction(actor) as session:
        label = FarmInputInput(
            name="Abamectin 3,6 EC",
            kind=InputKind.INSECTICIDE,
            measure=Measure.MILLILITRE,
            intervals={ground.crop_id: 7},
        )
        product = farm_inputs.register(session, actor, label)
        value = InputLotInput(
            farm_input_id=product.id, amount=parse_amount("10 l"), received_on=today() - timedelta(days=30)
        )
        return farm_inputs.receive(session, actor, value)


@pytest.fixture
def enter(
    app: Flask, settings: Settings, database: Database, producer: Producer, serve: Callable[..., Any]
) -> Callable[[Page, str], None]:
    """Opens a page as the signed-in manager of the producer."""
    return entrance(app, serve(app, settings.port).url, database, producer)


def entries(database: Database, ground: GrowingArea) -> list[DiaryEntry]:
    with database.reading(SYSTEM.scope) as session:
        return between(session, ground.id, today() - timedelta(days=30), today())


@pytest.fixture
def in_the_field(visits: Visits) -> Iterator[None]:
    """A browser grumbles about every request that finds no network; that is no fault of the page."""
    yield
    visits.problems[:] = [problem for problem in visits.problems if "net::ERR_" not in problem]


def silent(route: Route) -> None:
    """Nothing that is sent arrives."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def kill(profile: Path) -> None:
    """Kills the browser that uses this profile as a phone without a battery does: nothing is written on the way out."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        if f"--user-data-dir={profile}" in words and not any(word.startswith("--type=") for word in words):
            os.kill(int(process.name), signal.SIGKILL)


def fill(page: Page, amount: str) -> None:
    page.get_by_label("Công việc").select_option("spray")
    page.get_by_label("Lấy từ kho").select_option(index=1)
    page.get_by_label("Lượng dùng").fill(amount)


def save(page: Page) -> None:
    page.get_by_role("button", name="Ghi vào nhật ký").click()


def test_yesterdays_work_is_written_again_in_at_most_five_taps(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    actor = factories.manager_of(Producer(id=ground.producer_id))  # type: ignore[call-arg]
    with database.transaction(actor) as session:
        value = DiaryInput(
            area_id=ground.id,
            done_on=today() - timedelta(days=1),
            task=DiaryTask.SPRAY,
            input_lot_id=lot.id,
            amount=parse_amount("250 ml"),
        )
        diary_entries.record(session, actor, value)
    enter(phone, "/producer/")
    taps = [
        lambda: phone.locator(".nav-more summary").tap(),
        lambda: phone.locator(".nav-more").get_by_text("Nhật ký canh tác").tap(),
        lambda: phone.get_by_role("link", name="Ghi lại hôm nay").first.tap(),
        lambda: phone.get_by_role("button", name="Ghi vào nhật ký").tap(),
    ]
    for tap in taps:
        tap()
    assert len(taps) <= 5
    expect(phone.get_by_text("Đã ghi vào nhật ký")).to_be_visible()
    rows = entries(database, ground)
    assert [(row.done_on, row.drawn_q) for row in rows][-1] == (today(), 250_000)
    assert len(rows) == 2
    axe.check_accessible(phone)


def test_the_first_lawful_day_of_harvest_is_shown_while_typing(
    enter: Callable[[Page, str], None], phone: Page, lot: InputLot
) -> None:
    enter(phone, "/producer/diary/new")
    line = phone.locator("[data-earliest]")
    expect(line).to_be_hidden()
    fill(phone, "100 ml")
    expect(line).to_contain_text(f"{today() + timedelta(days=7):%d/%m/%Y}")
    earlier = today() - timedelta(days=3)
    phone.get_by_label("Ngày làm").fill(earlier.isoformat())
    expect(line).to_contain_text(f"{earlier + timedelta(days=7):%d/%m/%Y}")
    phone.get_by_label("Lấy từ kho").select_option("")
    expect(line).to_be_hidden()
    phone.get_by_text("Thông tin thêm").click()
    phone.get_by_label("Tên thương phẩm").fill("Thuốc lạ")
    expect(line).to_contain_text("chưa rõ")
    axe.check_accessible(phone)


KEPT = "Đang giữ trên máy: {}"
QUEUE = "[data-diary-queue]"
COPY_IS_LAID = "html[data-diary-copy=laid]"
WHAT_IS_KEPT = """async () => {
  const [name] = await caches.keys();
  return (await (await caches.open(name)).keys()).map((one) => one.url);
}"""
#: Writes so many entries as fast as the page takes them, each of another amount.
TYPE_MANY = """async (many) => {
  const form = document.getElementById('diary-form');
  for (let number = 0; number < many; number += 1) {
    form.elements.task.value = 'spray';
    form.elements.input_lot_id.selectedIndex = 1;
    form.elements.amount.value = `${100 + number} ml`;
    form.requestSubmit();
    const line = document.querySelector('[data-diary-queue]');
    while (!line.textContent.includes(`: ${number + 1} dòng`)) await new Promise((done) => setTimeout(done, 2));
  }
}"""


@pytest.mark.usefixtures("in_the_field")
def test_the_form_opens_and_opens_again_without_a_signal_though_the_diary_was_never_opened(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    enter(phone, "/producer/")
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    kept = phone.evaluate(
        "async () => (await (await caches.open((await caches.keys())[0])).keys()).map((one) => one.url)"
    )
    pages = [url for url in kept if "/static/" not in url]
    assert [url.partition("/producer")[2] for url in pages] == ["/diary/phone"]
    address, context = phone.url + "diary", phone.context
    context.set_offline(True)
    phone.close()
    for number, opened in enumerate((address, address + "/new", address + "/phone"), start=1):
        field = context.new_page()
        field.goto(opened)
        expect(field.get_by_label("Ngày làm")).to_have_value(today().isoformat())
        field.get_by_label("Lấy từ kho").select_option(index=1)
        expect(field.get_by_label("Lượng dùng")).to_have_attribute("placeholder", "lít, ml")
        fill(field, f"{number * 100} ml")
        expect(field.locator("[data-earliest]")).to_contain_text(f"{today() + timedelta(days=7):%d/%m/%Y}")
        save(field)
        expect(field.locator(QUEUE)).to_contain_text(KEPT.format(number))
        if number == 1:
            axe.check_accessible(field)
        field.close()
    assert entries(database, ground) == []
    context.set_offline(False)
    home = context.new_page()
    home.goto(address.removesuffix("diary"))
    home.wait_for_selector(COPY_IS_LAID, state="attached")
    expect(home.locator(QUEUE)).to_be_hidden()
    assert [row.drawn_q for row in entries(database, ground)] == [100_000, 200_000, 300_000]


def test_fifty_entries_of_a_browser_that_was_killed_without_a_signal_arrive_exactly_once(
    enter: Callable[[Page, str], None],
    playwright_driver: Any,
    tmp_path: Path,
    database: Database,
    ground: GrowingArea,
    lot: InputLot,
) -> None:
    def browse() -> BrowserContext:
        context: BrowserContext = playwright_driver.chromium.launch_persistent_context(
            tmp_path / "phone",
            executable_path=chromium_path(),
            args=list(FLAGS),
            viewport=PHONE,
            locale="vi-VN",
        )
        return context

    context = browse()
    page = context.new_page()
    enter(page, "/producer/")
    page.wait_for_selector(COPY_IS_LAID, state="attached")
    address = page.url + "diary/new"
    context.set_offline(True)
    page.goto(address)
    page.evaluate(TYPE_MANY, 50)
    kill(tmp_path / "phone")
    assert entries(database, ground) == []

    context = browse()
    page = context.new_page()
    heard = 0

    def deaf(route: Route) -> None:
        """Of some entries the server writes, and the phone never hears of it."""
        nonlocal heard
        heard += route.request.method == "POST"
        if route.request.method == "POST" and heard % 25 == 10:
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    page.route("**/producer/diary/new", deaf)
    enter(page, "/producer/diary")
    for _again in range(3):
        page.wait_for_selector(COPY_IS_LAID, state="attached")
        page.reload()
    page.wait_for_selector(COPY_IS_LAID, state="attached")
    expect(page.locator(QUEUE)).to_be_hidden()
    context.close()
    assert heard == 52, "two answers were lost, and those two entries sent again"
    assert sorted(row.drawn_q or 0 for row in entries(database, ground)) == [
        q * 1000 for q in range(100, 150)
    ]


@pytest.mark.usefixtures("in_the_field")
def test_a_list_of_before_the_signal_says_that_it_is_old_and_is_brought_up_to_date_by_itself(
    enter: Callable[[Page, str], None], phone: Page, ground: GrowingArea, lot: InputLot
) -> None:
    enter(phone, "/producer/diary/new")
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    phone.context.set_offline(True)
    fill(phone, "100 ml")
    save(phone)
    expect(phone.locator(QUEUE)).to_contain_text(KEPT.format(1))
    phone.route("**/producer/diary/new", silent)
    phone.context.set_offline(False)
    phone.goto(phone.url.replace("/new", ""))
    expect(phone.locator(QUEUE)).to_contain_text(KEPT.format(1))
    expect(phone.locator(QUEUE)).to_contain_text("Danh sách bên dưới có thể đã cũ")
    listed = phone.locator("[data-diary-list]")
    expect(listed).not_to_contain_text("Phun thuốc")
    phone.context.set_offline(True)
    expect(phone.locator(QUEUE)).to_contain_text("có thể đã cũ")
    phone.unroute_all()
    phone.context.set_offline(False)
    expect(listed).to_contain_text("Phun thuốc")
    expect(phone.locator(QUEUE)).to_be_hidden()
    assert phone.locator("h2", has_text=ground.name).count() == 1
    axe.check_accessible(phone)


@pytest.mark.usefixtures("in_the_field")
def test_a_phone_that_signed_out_keeps_no_copy_and_shows_nobody_elses_entries(
    enter: Callable[[Page, str], None],
    phone: Page,
    app: Flask,
    settings: Settings,
    database: Database,
    producer: Producer,
    ground: GrowingArea,
    lot: InputLot,
) -> None:
    enter(phone, "/producer/diary/new")
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    start = phone.url
    phone.context.set_offline(True)
    fill(phone, "100 ml")
    save(phone)
    expect(phone.locator(QUEUE)).to_contain_text(KEPT.format(1))
    phone.context.set_offline(False)
    phone.route(
        "**/producer/diary/new",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    phone.locator(".user-menu summary").tap()
    phone.get_by_role("button", name="Đăng xuất").tap()
    phone.wait_for_selector("[data-signed-out]", state="attached")
    assert phone.evaluate("caches.keys()") == []
    phone.context.set_offline(True)
    with pytest.raises(Error, match="ERR_"):
        phone.goto(start)
    phone.context.set_offline(False)
    phone.unroute_all()

    colleague = entrance(app, start.partition("/producer")[0], database, producer)
    colleague(phone, "/producer/diary/new")
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    expect(phone.locator(QUEUE)).to_be_hidden()
    assert entries(database, ground) == []
    assert len(phone.evaluate("caches.keys()")) == 1


@pytest.mark.usefixtures("in_the_field")
def test_an_entry_lost_on_its_way_is_kept_and_its_impatient_twin_is_the_same_entry(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    """The phone shows a signal, and nothing comes through: the entry is on the shelf before it is sent."""
    enter(phone, "/producer/diary/new")
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    here = phone.url

    def deaf(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    phone.route("**/producer/diary/new", deaf)
    fill(phone, "100 ml")
    save(phone)
    phone.wait_for_timeout(300)
    assert len(entries(database, ground)) == 1
    phone.unroute_all()
    phone.goto(here)
    phone.wait_for_selector(COPY_IS_LAID, state="attached")
    expect(phone.locator(QUEUE)).to_be_hidden()
    assert [row.drawn_q for row in entries(database, ground)] == [100_000]


@pytest.mark.usefixtures("in_the_field")
def test_an_entry_that_the_server_refuses_comes_back_into_the_form(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    enter(phone, "/producer/diary/new")
    phone.context.set_offline(True)
    fill(phone, "99 l")
    save(phone)
    phone.context.set_offline(False)
    expect(phone.locator("[data-diary-queue]")).to_contain_text("Bị từ chối: 1")
    phone.get_by_role("button", name="Mở").click()
    expect(phone.get_by_label("Lượng dùng")).to_have_value("99 l")
    phone.get_by_label("Lượng dùng").fill("9 l")
    save(phone)
    expect(phone.get_by_text("Đã ghi vào nhật ký")).to_be_visible()
    assert [row.drawn_q for row in entries(database, ground)] == [9_000_000]
