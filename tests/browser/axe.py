"""What axe-core finds on a page. Serious and critical findings fail a test."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.fixtures import SCREENS

_SOURCE = Path(__file__).parent / "axe.min.js"


@cache
def _axe() -> str:
    return _SOURCE.read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """The serious and critical findings on the page as it stands, one line each: rule, help, the first elements."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_axe())
    answer: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{found['id']} ({found['impact']}): {found['help']}: "
        + " | ".join(node["html"][:160] for node in found["nodes"][:3])
        for found in answer["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def check_accessible(page: Page) -> None:
    """Fails if axe-core finds something serious on the open page, at 360x640 or at 1280x800."""
    before = page.viewport_size
    faults = []
    for screen, size in SCREENS.items():
        page.set_viewport_size(size)
        faults += [f"{screen}: {fault}" for fault in findings(page)]
        if page.evaluate("document.documentElement.clientWidth") > size["width"]:
            faults.append(f"{screen}: the page is not laid out for this screen (no viewport in its head)")
        elif page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            faults.append(f"{screen}: the page is wider than the screen")
    if before:
        page.set_viewport_size(before)
    assert not faults, f"{page.url}\n" + "\n".join(faults)
