"""The site of a journey: an almost empty platform, served to real browsers."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize

from tests.browser.fixtures import LAPTOP, PHONE, LiveServer
from tests.journeys.people import Person
from traceability.config import Settings


@pytest.fixture
def site(app: Flask, settings: Settings, serve: Callable[..., LiveServer]) -> str:
    """The address of the platform."""
    return serve(app, settings.port).url


@pytest.fixture
def somebody(site: str, visitor: Callable[..., Page]) -> Callable[..., Person]:
    """A person with a browser of their own."""

    def come(screen: ViewportSize, **options: Any) -> Person:
        return Person(visitor(screen, **options), site)

    return come


@pytest.fixture
def with_phone(somebody: Callable[..., Person]) -> Callable[..., Person]:
    """A person with a small phone."""
    return lambda **options: somebody(PHONE, **options)


@pytest.fixture
def with_laptop(somebody: Callable[..., Person]) -> Callable[..., Person]:
    """A person with an old laptop."""
    return lambda **options: somebody(LAPTOP, **options)
