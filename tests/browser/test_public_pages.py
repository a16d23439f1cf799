"""The shopper's pages in a real browser: on a small phone, with axe, without a script."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from tests import factories, stamped
from tests.browser.axe import check_accessible
from tests.browser.fixtures import PHONE, LiveServer
from tests.databases import SQLITE_ONLY
from tests.domain.test_stamp_checks import with_pins
from tests.stamped import Lot
from traceability import picture_files
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import pictures, products, recalls
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.stamp_codes import group
from traceability.domain.stamps import RangeState, VoidReason
from traceability.i18n import LANGUAGES

pytestmark = SQLITE_ONLY
DRAWING = Path(__file__).parents[2] / "seed" / "pictures" / "VLP001.webp"
FIRST_VIEW = 30_000


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    """A published lot with a picture; stamp 0 is active, 1 void, 2 suspended, 3 still on the roll."""
    owner = factories.producer(database)
    product = factories.product(database, owner)
    stored = picture_files.store(DRAWING.read_bytes(), settings.data_dir / "pictures")
    actor = replace(SYSTEM, producer_id=owner.id)
    with database.transaction(actor) as session:
        kind = pictures.PictureKind.ILLUSTRATION
        picture = pictures.add(session, actor, stored, kind=kind, alt="Bưởi Năm Roi (hình vẽ)")
        products.set_picture(session, actor, product.id, picture)
    made = stamped.lot(database, settings.keyring(), producer=owner, product=product)
    stamped.put(database, made, 0, 0, RangeState.ACTIVE)
    stamped.put(database, made, 1, 1, RangeState.VOID, VoidReason.STOLEN)
    stamped.put(database, made, 2, 2, RangeState.SUSPENDED)
    return made


@pytest.fixture
def site(app: Flask, settings: Settings, serve: Callable[..., LiveServer]) -> str:
    return serve(app, settings.port).url


def recall(database: Database, lot: Lot) -> None:
    with database.transaction(SYSTEM) as session:
        value = RecallInput(
            batch_id=lot.batch.id,
            kind=RecallKind.COMPULSORY,
            reason="Dư lượng vượt mức",
            public_text="Mang trả lại nơi đã mua.",
            decision_no="12/QĐ",
            decided_on=today(),
        )
        recalls.open_recall(session, SYSTEM, value)


def test_no_public_page_has_a_serious_fault(site: str, phone: Page, database: Database, lot: Lot) -> None:
    with_pins(database, lot)
    for path in (
        "/",
        "/products",
        f"/products/{lot.product.code}",
        "/producers",
        f"/producers/{lot.producer.code}",
        f"/lots/{lot.product.code}/{lot.batch.lot}",
        f"/as-packed/{lot.product.code}/{lot.batch.lot}",
        f"/stamp-checks/new?code={lot.code(0)}",
        "/how-to-check",
        "/privacy",
        f"/s/{lot.code(0)}?lang=zh",
        f"/doubts/new?code={lot.code(0)}",
        "/s?code=XYZU",
        "/s/0000",
        *(f"/s/{lot.code(number)}" for number in range(4)),
    ):
        phone.goto(site + path)
        check_accessible(phone)
    stamped.expire(database, lot.batch)
    phone.goto(f"{site}/s/{lot.code(0)}")
    check_accessible(phone)
    recall(database, lot)
    phone.goto(f"{site}/s/{lot.code(0)}")
    check_accessible(phone)


def test_the_dark_pages_can_be_read(site: str, visitor: Callable[..., Page], lot: Lot) -> None:
    page = visitor(PHONE, color_scheme="dark")
    for number in range(4):
        page.goto(f"{site}/s/{lot.code(number)}")
        check_accessible(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_of_a_phone_says_what_matters(
    site: str, phone: Page, lot: Lot, language: str
) -> None:
    """State in words, icon and colour; product and picture; producer; lot and harvest day; in this order."""
    phone.goto(f"{site}/s/{lot.code(0)}?lang={language}")
    screen = PHONE["height"]
    named = lot.product.name if language == "vi" else lot.product.name_en
    above = 0.0
    for shown in (
        phone.get_by_role("heading", level=1),
        phone.get_by_role("heading", name=named, exact=True),
        phone.get_by_role("link", name=lot.producer.name).first,
        phone.get_by_text(lot.batch.lot, exact=True).first,
    ):
        box = shown.bounding_box()
        assert box is not None
        assert above <= box["y"], shown
        above = box["y"]
    for shown in (
        phone.locator(".answer .icon"),
        phone.locator(".goods img"),
        phone.locator(".goods figcaption"),
        phone.locator(".days > div").nth(0),
        phone.locator(".days > div").nth(1),
        phone.get_by_text(lot.batch.lot, exact=True).first,
    ):
        box = shown.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= screen, shown
    harvest = phone.locator(".days > div").nth(1).inner_text()
    assert str(lot.batch.harvested_on.year) in harvest
    assert phone.locator(".answer").evaluate("node => getComputedStyle(node).borderColor") != "rgb(0, 0, 0)"
    assert phone.evaluate("document.querySelector('.goods img').naturalWidth") > 0


def test_every_state_of_a_code_is_above_the_fold_with_its_product(site: str, phone: Page, lot: Lot) -> None:
    for number in range(4):
        phone.goto(f"{site}/s/{lot.code(number)}")
        for shown in (phone.locator("h1"), phone.locator(".answer .icon"), phone.locator(".goods h2")):
            box = shown.first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= PHONE["height"], (number, shown)


def test_nothing_runs_over_the_edge_at_twice_the_size(
    site: str, visitor: Callable[..., Page], database: Database, lot: Lot
) -> None:
    """WCAG 2.2, 1.4.10: 200 % of a small phone's page is 320 CSS pixels wide or less; no scrolling to the side."""
    with_pins(database, lot)
    page = visitor(ViewportSize(width=320, height=512))
    for path in (
        *(f"/s/{lot.code(number)}" for number in range(4)),
        f"/lots/{lot.product.code}/{lot.batch.lot}",
        f"/as-packed/{lot.product.code}/{lot.batch.lot}",
        f"/stamp-checks/new?code={lot.code(0)}",
        "/how-to-check",
        "/privacy",
    ):
        for language in LANGUAGES:
            page.goto(f"{site}{path}{'&' if '?' in path else '?'}lang={language}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, (path, language)


def test_a_printed_page_is_black_on_white_and_leaves_out_what_cannot_be_tapped(
    site: str, visitor: Callable[..., Page], lot: Lot
) -> None:
    phone = visitor(PHONE, color_scheme="dark")
    phone.emulate_media(media="print")
    phone.goto(f"{site}/s/{lot.code(0)}")
    for paper in ("body", ".panel", ".answer", ".days div"):
        colour = phone.locator(paper).first.evaluate("node => getComputedStyle(node).backgroundColor")
        assert colour == "rgb(255, 255, 255)", paper
    assert phone.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for hidden in (".languages", ".foot-links", ".btn"):
        assert not phone.locator(hidden).first.is_visible(), hidden
    for shown in ("h1", ".goods h2", ".days", ".timeline", ".vouch"):
        assert phone.locator(shown).first.is_visible(), shown


def test_the_first_view_weighs_at_most_30_kilobytes(site: str, phone: Page, lot: Lot) -> None:
    wire = phone.context.new_cdp_session(phone)
    wire.send("Network.enable")
    sizes: list[float] = []

    def count(event: dict[str, Any]) -> None:
        sizes.append(event["encodedDataLength"])

    wire.on("Network.loadingFinished", count)
    phone.goto(f"{site}/s/{lot.code(0)}", wait_until="networkidle")
    assert len(sizes) == 2, "the page and its picture, nothing else"
    assert sum(sizes) <= FIRST_VIEW


def test_a_mistyped_code_is_found_before_it_is_sent(site: str, phone: Page, lot: Lot) -> None:
    phone.goto(site)
    box = phone.get_by_label("Nhập mã trên tem")
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(request.url))
    box.fill("U" + lot.code(0)[1:])
    phone.get_by_role("button", name="Tra cứu tem").click()
    expect(phone.get_by_role("alert")).to_contain_text("không có trong mã tem: U")
    assert sent == []
    box.fill(group(lot.code(0)).lower())
    phone.get_by_role("button", name="Tra cứu tem").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Tem đang hiệu lực")
    assert phone.url == f"{site}/s/{lot.code(0)}"


def test_everything_works_without_a_script(site: str, visitor: Callable[..., Page], lot: Lot) -> None:
    page = visitor(PHONE, java_script_enabled=False)
    page.goto(site)
    page.get_by_label("Nhập mã trên tem").fill(lot.code(0))
    page.get_by_role("button", name="Tra cứu tem").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tem đang hiệu lực")
    page.get_by_role("link", name="Gửi phản ánh").click()
    page.get_by_role("button", name="Hàng trông khác với hình trên trang").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("PA-")
    page.goto(f"{site}/s/{lot.code(0)}")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This stamp is active")
