"""The main job, from the garden to the shopper and the inspector, as people do it in their browsers."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.journeys.people import PASSWORD, Person, vi
from tests.journeys.printed import scanned
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.producers import Producer

pytestmark = [pytest.mark.browser, SQLITE_ONLY]
PHOTO = Path(__file__).parents[2] / "seed" / "pictures" / "VLP001.webp"
STAMPS = 30
CORNERS = ((10.015, 105.83), (10.015, 105.832), (10.017, 105.832), (10.017, 105.83))


@pytest.fixture
def producer(database: Database) -> Producer:
    factories.crop(database, name_vi="Bưởi Năm Roi", name_en="Nam Roi pomelo")
    return factories.producer(database)


@pytest.fixture
def manager(database: Database, producer: Producer, with_phone: Callable[..., Person]) -> Person:
    account = factories.account(database, producer, password=PASSWORD)
    person = with_phone()
    person.sign_in(account.username)
    return person


@pytest.fixture
def officer(database: Database, with_laptop: Callable[..., Person]) -> Person:
    agency = factories.agency(
        database,
        Permission.APPROVE_FACILITY,
        Permission.APPROVE_AREA,
        Permission.INSPECT,
        Permission.VOID_STAMPS,
        Permission.REQUEST_RECALL,
    )
    account = factories.account(database, agency, password=PASSWORD)
    person = with_laptop()
    person.sign_in(account.username)
    return person


def test_from_the_garden_to_the_shopper_and_the_inspector(
    manager: Person, officer: Person, with_phone: Callable[..., Person], producer: Producer
) -> None:
    area = write_down_an_area(manager)
    product = write_down_a_product(manager)
    approve_all(officer)
    lot, harvested = harvest_pack_and_publish(manager)
    addresses = scanned(order_and_download(manager))
    assert len(set(addresses)) == STAMPS

    shopper = with_phone()
    shopper.go(addresses[0])
    shopper.heading(vi("This stamp is not activated yet"))
    activate(manager, addresses)
    shopper.page.reload()
    shopper.heading(vi("This stamp is active"))
    shopper.reads(product, producer.name, lot, harvested, area)

    code = addresses[0].rpartition("/")[2]
    find(officer, lot, code)
    officer.press("Suspend this stamp")
    officer.fill(reason="Nghi bị sao chép")
    officer.press("Do it")
    shopper.page.reload()
    shopper.heading(vi("This stamp is suspended for now"))
    other = with_phone()
    other.go(addresses[1])
    other.heading(vi("This stamp is active"))
    officer.go(f"/inspector/stamp-orders/code?code={code}")
    officer.press("Let this stamp go again")
    officer.fill(reason="Đã kiểm tra, tem thật")
    officer.press("Do it")
    shopper.page.reload()
    shopper.heading(vi("This stamp is active"))

    find(officer, lot)
    officer.press("Recall")
    officer.fill(
        decision_no="12/QĐ-CCQLCL",
        decided_on=today().isoformat(),
        reason="Dư lượng vượt mức",
        public_text="Mang trả lại nơi đã mua.",
    )
    officer.press("Open the recall", ask=True)
    expect(officer.page.locator("main")).to_contain_text(lot)
    for person in (shopper, other):
        person.page.reload()
        person.heading(vi("This lot is under recall"))
        person.reads("Mang trả lại nơi đã mua.")


def write_down_an_area(manager: Person) -> str:
    """Draws it by its corners and names the code it was given."""
    manager.go("/producer/areas/new")
    manager.fill(name="Vùng bưởi Mỹ Hòa", crop_id=factories.POMELO, declared_ha="4,84")
    manager.page.get_by_text(vi("Corners as a table")).click()
    for latitude, longitude in CORNERS:
        manager.page.locator("[data-do=row]").click()
        row = manager.page.locator("[data-rows] tr").last
        row.locator("[data-lat]").fill(str(latitude))
        row.locator("[data-lon]").fill(str(longitude))
        row.locator("[data-lon]").press("Tab")
    manager.press("Save the area")
    manager.heading("Vùng bưởi Mỹ Hòa")
    manager.press("Add a code")
    manager.fill(family="export", market="CN", code="VN-VLOR-9001", authority="Cục (minh họa)")
    manager.press("Save the code")
    manager.reads("VN-VLOR-9001")
    return "VN-VLOR-9001"


def write_down_a_product(manager: Person) -> str:
    """Writes a product down and takes its picture."""
    manager.go("/producer/products/new")
    manager.fill(
        name="Bưởi Năm Roi loại 1",
        category="buoi",
        crop_id=factories.POMELO,
        unit="trái",
        net_weight="1,4",
        shelf_life_days="45",
        standards__0__code="TCVN 12827:2023",
        commune_name="Phường Cái Vồn",
        province_code="86",
    )
    manager.press("Save the product")
    manager.heading("Bưởi Năm Roi loại 1")
    manager.page.locator("[name=picture]").set_input_files(PHOTO)
    manager.fill(alt="Ba trái bưởi trên lá")
    manager.press("Send the picture")
    expect(manager.page.get_by_role("img", name="Ba trái bưởi trên lá")).to_be_visible()
    return "Bưởi Năm Roi loại 1"


def approve_all(officer: Person) -> None:
    """Gives the agency's word for the area, its code and the product."""
    officer.go("/inspector/approvals")
    for message in ("Approve", "Confirm the grant", "Approve"):
        officer.press(message, ask=True)
        expect(officer.page.locator("[role=status], .notice").first).to_be_visible()
    officer.reads(vi("Nothing waits."))


def harvest_pack_and_publish(manager: Person) -> tuple[str, str]:
    """A harvest of yesterday, packed and published; answers the lot and the day as the page writes it."""
    yesterday = today() - timedelta(days=1)
    manager.go("/producer/batches/new")
    manager.fill(kilograms="1400", harvested_on=yesterday.isoformat(), picker="Tổ thu hái 2")
    manager.take_first("product_id", "area_id", "area_code")
    manager.press("Register the harvest")
    manager.press("Record an event")
    manager.press("goods are packed; the shelf life begins")
    manager.fill(output_kg="1390")
    manager.press("Save")
    lot = manager.page.get_by_role("heading", level=1).inner_text().strip()
    manager.press("Publish now")
    manager.reads(vi("Public page"))
    return lot.split()[0], f"{yesterday:%d/%m/%Y}"


def order_and_download(manager: Person) -> bytes:
    """Orders stamps and fetches the print file; the link to it is good once."""
    manager.press("Order stamps")
    manager.fill(quantity=str(STAMPS))
    manager.page.locator("[name=layout]").first.check()
    manager.press("Place the order")
    with manager.page.expect_download() as download:
        manager.press("Download the PDF")
    return download.value.path().read_bytes()


def activate(manager: Person, addresses: list[str]) -> None:
    """Activates the roll by its first and last code, pasted as addresses."""
    manager.page.reload()
    manager.press("Activate stamps")
    manager.fill(first_code=addresses[0], last_code=addresses[-1])
    manager.press("Show what it is")
    manager.reads(f"{STAMPS} tem")
    manager.press("Activate")
    manager.reads(vi("Stamps by state"))


def find(officer: Person, lot: str, code: str = "") -> None:
    """Finds the batch by its lot, or the stamp by its code."""
    officer.go("/inspector/search")
    officer.page.get_by_role("searchbox").fill(code or lot)
    officer.page.keyboard.press("Enter")
    if code:
        officer.press("Everything about this stamp")
    else:
        officer.page.locator("main").get_by_role("link", name=lot).first.click()
        officer.heading(lot)
