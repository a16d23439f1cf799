"""How a test's browser comes in as a signed-in manager."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page

from tests import factories
from traceability.db import Database
from traceability.domain.producers import Producer


def entrance(app: Flask, url: str, database: Database, owner: Producer) -> Callable[[Page, str], None]:
    """Opens a page, served at `url`, as a manager of the producer; the sign-in itself takes no page."""
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, owner))
    cookie = client.get_cookie("trace")
    assert cookie is not None

    def open_page(page: Page, path: str) -> None:
        page.context.add_cookies([{"name": "trace", "value": cookie.value, "url": url}])
        page.goto(url + path)

    return open_page
