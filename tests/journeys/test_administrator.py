"""The administrator's room: a producer, its first account, a one-time link, and the person behind it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser import axe
from tests.databases import SQLITE_ONLY
from tests.journeys.people import PASSWORD, Person, vi
from traceability.db import Database

pytestmark = [pytest.mark.browser, SQLITE_ONLY]


@pytest.fixture
def administrator(database: Database, with_laptop: Callable[..., Person]) -> Person:
    account = factories.account(database, password=PASSWORD)
    person = with_laptop()
    person.sign_in(account.username)
    return person


def test_a_new_producer_gets_an_account_and_its_manager_signs_in(
    administrator: Person, with_phone: Callable[..., Person]
) -> None:
    administrator.go("/inspector/administration/producers/new")
    administrator.fill(
        name="Hợp tác xã Cam Xoàn (minh họa)",
        legal_form="cooperative",
        commune_name="Phường Cái Vồn",
        province_code="86",
    )
    administrator.page.locator("[name=categories]").first.check()
    administrator.press("Save the producer")
    administrator.heading("Hợp tác xã Cam Xoàn (minh họa)")
    administrator.press("Approve the producer")
    link = first_account(administrator, "cam-xoan", "Lê Văn Cam")

    person = with_phone()
    person.go(link)
    person.reads("cam-xoan", "Lê Văn Cam")
    axe.check_accessible(person.page)
    person.fill(password="quá ngắn", again="quá ngắn")
    person.press("Set the password")
    expect(person.page.locator("#f-password-error")).to_be_visible()
    person.fill(password=PASSWORD, again=PASSWORD)
    person.press("Set the password")
    person.sign_in("cam-xoan")
    expect(person.page.locator("body")).to_contain_text("Hợp tác xã Cam Xoàn (minh họa)")

    late = with_phone()
    late.go(link)
    expect(late.page.locator("[name=password]")).to_have_count(0)


def test_a_producer_without_an_account_becomes_one_with(
    administrator: Person, database: Database, with_phone: Callable[..., Person]
) -> None:
    household = factories.producer(database, name="Hộ bà Tư (minh họa)", stamps=False)
    administrator.go(f"/inspector/administration/producers/{household.id}")
    administrator.reads(vi("This producer has no account: an agency enters its data on its behalf."))
    link = first_account(administrator, "ba-tu", "Phạm Thị Tư", has_stamps=True)
    person = with_phone()
    person.go(link)
    person.fill(password=PASSWORD, again=PASSWORD)
    person.press("Set the password")
    person.sign_in("ba-tu")
    person.go("/producer/profile")
    person.reads("Hộ bà Tư (minh họa)")
    administrator.go(f"/inspector/administration/producers/{household.id}")
    administrator.reads("ba-tu", vi("Stamps: %(state)s", state=vi("may be ordered")))


def first_account(administrator: Person, username: str, name: str, *, has_stamps: bool = False) -> str:
    """Opens the first account of the producer on the page; answers the one-time link."""
    administrator.press("Give it an account")
    administrator.fill(username=username, display_name=name)
    if has_stamps:
        administrator.page.locator("[name=has_stamps]").check()
    administrator.press("Open the account and make the link")
    return administrator.page.locator("#one-time-link").input_value().strip()
