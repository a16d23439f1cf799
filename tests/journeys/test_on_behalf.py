"""An agency records a harvest for a household without an account: both names stay with what was recorded."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.journeys.people import PASSWORD, Person, vi
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.clock import today

pytestmark = [pytest.mark.browser, SQLITE_ONLY]


def test_both_names_stay_with_a_harvest_recorded_on_behalf(
    database: Database, with_phone: Callable[..., Person], with_laptop: Callable[..., Person]
) -> None:
    household = factories.producer(database, name="Hộ ông Bảy (minh họa)")
    factories.area(database, household)
    factories.product(database, household)
    center = factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF)
    clerk = factories.account(database, center, password=PASSWORD, display_name="Trần Thị Nhập")
    inspector = factories.account(database, factories.agency(database, Permission.INSPECT), password=PASSWORD)

    writer = with_phone()
    writer.sign_in(clerk.username)
    writer.go("/producer/batches/new")
    writer.heading(vi("Enter data for a producer"))
    writer.page.get_by_role("searchbox").fill("ho ong bay")
    writer.page.keyboard.press("Enter")
    expect(writer.page.locator("main").get_by_text("Hộ ông Bảy (minh họa)").first).to_be_visible()
    writer.press("Record for it")
    writer.go("/producer/batches/new")
    writer.fill(kilograms="850,5", harvested_on=(today() - timedelta(days=1)).isoformat())
    writer.take_first("product_id", "area_id")
    writer.press("Register the harvest")
    writer.reads("850,5", "Trần Thị Nhập")
    lot = writer.page.get_by_role("heading", level=1).inner_text().split()[0]

    reader = with_laptop()
    reader.sign_in(inspector.username)
    reader.go("/inspector/search")
    reader.page.get_by_role("searchbox").fill(lot)
    reader.page.keyboard.press("Enter")
    reader.page.locator("main").get_by_role("link", name=lot).first.click()
    reader.heading(lot)
    reader.reads("Hộ ông Bảy (minh họa)", "Trần Thị Nhập", vi("on behalf of the producer"))
