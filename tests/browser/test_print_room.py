"""The print room in a real browser: a roll activated by the phone's camera, a layout drawn while it is typed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qrcode
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from tests import factories
from tests.browser import axe
from tests.browser.entrance import entrance
from tests.browser.fixtures import PHONE, Visits, launch
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.producers import Producer
from traceability.domain.stamps import RangeState

pytestmark = [pytest.mark.browser, SQLITE_ONLY]

WIDTH, HEIGHT, RATE = 640, 480, 5


@pytest.fixture
def mint(database: Database, settings: Settings) -> Mint:
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def enter(
    app: Flask, settings: Settings, database: Database, owner: Producer, serve: Callable[..., Any]
) -> Callable[[Page, str], None]:
    """Opens a page as the signed-in manager of the producer."""
    return entrance(app, serve(app, settings.port).url, database, owner)


def frame(address: str) -> bytes:
    """One picture of the camera: a QR code on a sheet of white paper (Y, then U and V without colour)."""
    code = qrcode.QRCode(border=4, box_size=8)
    code.add_data(address)
    code.make(fit=True)
    symbol = np.kron(np.array(code.get_matrix(), dtype=bool), np.ones((8, 8), dtype=bool))
    grey = np.full((HEIGHT, WIDTH), 230, dtype=np.uint8)
    top, left = (HEIGHT - symbol.shape[0]) // 2, (WIDTH - symbol.shape[1]) // 2
    grey[top : top + symbol.shape[0], left : left + symbol.shape[1]][symbol] = 25
    return b"FRAME\n" + grey.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2)


def film(path: Path, addresses: list[str]) -> Path:
    """What the camera sees, over and over: each address for two seconds."""
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + b"".join(frame(address) * (2 * RATE) for address in addresses))
    return path


@pytest.fixture
def with_camera(playwright_driver: Any, visits: Visits) -> Any:
    """Makes the page of a phone whose camera sees a film."""
    browsers = []

    def come(seen: Path) -> Page:
        browser = launch(
            playwright_driver,
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={seen}",
        )
        browsers.append(browser)
        context: BrowserContext = browser.new_context(
            viewport=PHONE, has_touch=True, is_mobile=True, locale="vi-VN", permissions=["camera"]
        )
        context.set_default_timeout(30_000)
        visits.watch(context)
        return context.new_page()

    yield come
    visits.contexts.clear()
    for browser in browsers:
        browser.close()


def test_a_roll_is_activated_by_scanning_its_first_and_last_stamp(
    mint: Mint,
    owner: Producer,
    enter: Callable[[Page, str], None],
    with_camera: Callable[[Path], Page],
    tmp_path: Path,
    visits: Visits,
) -> None:
    order = mint.downloaded(mint.batch(owner=owner), 100)
    mint.void(order, 40, 44)
    codes = [mint.code(order, n) for n in (0, 99)]
    addresses = [order.url_prefix + code.replace("-", "") for code in codes]
    phone = with_camera(film(tmp_path / "roll.y4m", addresses))
    enter(phone, "/producer/stamp-orders/activate")
    phone.locator("[data-do=start]").click()
    first, last = phone.locator("#f-first_code"), phone.locator("#f-last_code")
    expect(last).not_to_have_value("", timeout=30_000)
    assert {first.input_value(), last.input_value()} == set(codes)
    phone.locator("main form button[type=submit]").last.click()
    expect(phone.locator(".big-count b")).to_have_text("95")
    expect(phone.locator("main")).to_contain_text(mint.code(order, 40))
    axe.check_accessible(phone)
    phone.locator("main form button[type=submit]").last.click()
    phone.wait_for_url("**/producer/stamp-orders/*")
    assert mint.ranges(order) == [
        (0, 39, RangeState.ACTIVE),
        (40, 44, RangeState.VOID),
        (45, 99, RangeState.ACTIVE),
    ]
    expect(phone.locator("main")).to_contain_text("Hoàn tác")
    axe.check_accessible(phone)
    assert visits.problems == []


def test_a_layout_is_drawn_while_it_is_typed(screen: Page, enter: Callable[[Page, str], None]) -> None:
    enter(screen, "/producer/layouts/new")
    axe.check_accessible(screen)
    expect(screen.locator(".drawn-outline")).to_have_count(65)
    screen.locator("#f-rows").fill("12")
    expect(screen.locator(".drawn-outline")).to_have_count(60)
    screen.locator("#f-stamp_width_mm").fill("70")
    expect(screen.locator("[data-drawing]")).to_contain_text("Chưa in được")


@pytest.mark.parametrize("path", ["close", "hand-over", "printed", ""])
def test_the_pages_of_an_order_are_accessible(
    screen: Page, mint: Mint, owner: Producer, enter: Callable[[Page, str], None], path: str
) -> None:
    order = mint.downloaded(mint.batch(owner=owner), 100)
    enter(screen, f"/producer/stamp-orders/{order.id}/{path}".rstrip("/"))
    axe.check_accessible(screen)
