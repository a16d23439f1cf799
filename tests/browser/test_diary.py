"""The farm diary on a phone: few taps, the first lawful harvest while typing, and no signal."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests import factories
from tests.browser import axe
from tests.browser.entrance import entrance
from tests.browser.fixtures import Visits
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


@pytest.mark.usefixtures("in_the_field")
def test_five_entries_typed_without_a_signal_arrive_exactly_once(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    enter(phone, "/producer/diary/new")
    phone.context.set_offline(True)
    for number in range(5):
        fill(phone, f"{100 + number} ml")
        save(phone)
        expect(phone.locator("[data-diary-queue]")).to_contain_text(f"Đang giữ trên máy: {number + 1}")
    assert entries(database, ground) == []
    phone.context.set_offline(False)
    expect(phone.locator("[data-diary-queue]")).to_be_hidden()
    assert sorted(row.drawn_q or 0 for row in entries(database, ground)) == [
        q * 1000 for q in range(100, 105)
    ]
    phone.reload()
    phone.wait_for_load_state("networkidle")
    assert len(entries(database, ground)) == 5


@pytest.mark.usefixtures("in_the_field")
def test_a_phone_that_dies_before_the_answer_sends_again_and_nothing_is_written_twice(
    enter: Callable[[Page, str], None], phone: Page, database: Database, ground: GrowingArea, lot: InputLot
) -> None:
    enter(phone, "/producer/diary/new")
    phone.context.set_offline(True)
    for number in range(5):
        fill(phone, f"{100 + number} ml")
        save(phone)
    kept = phone.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('diary:'))")
    assert len(kept) == 5

    def deaf(route: Route) -> None:
        """The server writes, and the phone never hears of it."""
        if route.request.method == "POST":
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    phone.route("**/producer/diary/new", deaf)
    phone.context.set_offline(False)
    for _ in range(100):
        phone.wait_for_timeout(100)
        if entries(database, ground):
            break
    address, context = phone.url, phone.context
    phone.close()  # killed: what was sent but not heard of is still on its shelf
    assert 1 <= len(entries(database, ground)) <= 5
    again = context.new_page()
    again.goto(address)
    expect(again.locator("[data-diary-queue]")).to_be_hidden()
    assert len(entries(database, ground)) == 5
    # even the whole shelf of the dead phone, put back once more, makes nothing new
    again.evaluate("(kept) => kept.forEach(([key, text]) => localStorage.setItem(key, text))", kept)
    again.reload()
    expect(again.locator("[data-diary-queue]")).to_be_hidden()
    assert len(entries(database, ground)) == 5


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
